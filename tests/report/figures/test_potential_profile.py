from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from slab_runs import HEIGHT, HEIGHTS, write_slab

from llo_dft.report.figures.potential_profile import plot_planes, plot_potential
from llo_dft.runs.potential_levels import potential_of


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    return potential_of(write_slab(tmp_path_factory.mktemp("runs") / "slab", (5.5, 5.0)))


def test_lines_are_the_document(summary):
    axes = plot_potential(summary, Figure().subplots())
    lines = {line.get_label(): line for line in axes.get_lines()}
    planar = lines["planar average"].get_ydata()
    np.testing.assert_array_equal(planar[:-1], summary.profile.planar_ev)
    assert planar[-1] == planar[0]  # the period is closed
    assert "macroscopic average over 4.74 Å" in lines
    labels = axes.get_legend_handles_labels()[1]
    work = 5.5 - summary.fermi_ev
    assert f"vacuum, upper face: 5.50 eV, W = {work:.2f} eV" in labels
    levels = {float(line.get_ydata()[0]) for line in axes.get_lines() if len(line.get_ydata()) == 2}
    assert levels == {5.5, 5.0, summary.fermi_ev}
    assert axes.get_xlim() == pytest.approx((0.0, HEIGHT))


def test_the_title_says_what_computed_it(summary):
    title = plot_potential(summary, Figure().subplots()).get_title(loc="left")
    assert title.endswith("/slab\nvasp 6.4.2, PBE, 520 eV")
    made = summary.model_copy(update={"mock": True})
    marked = plot_potential(made, Figure().subplots()).get_title(loc="left")
    assert marked.startswith("MOCK OUTPUTS - NOT A RESULT\n")


def test_planes_are_where_the_atoms_are(summary):
    axes = plot_planes(summary, Figure().subplots())
    drawn = np.concatenate([line.get_xdata() for line in axes.get_lines()])
    np.testing.assert_allclose(np.sort(drawn), HEIGHTS, atol=1e-5)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Li", "Mn", "O"]
