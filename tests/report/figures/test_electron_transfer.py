"""Figures of a charge difference: what is drawn is what the document holds."""

from __future__ import annotations

import numpy as np
from charge_models import LOWER, UPPER
from matplotlib.figure import Figure

from llo_dft.documents.calculation import Fingerprint
from llo_dft.report.figures.electron_transfer import (
    charge_title,
    largest_gain,
    plot_atom_planes,
    plot_bonds,
    plot_planar_average,
    save_bonds,
    save_planar_average,
)


def test_planar_average_shows_both_curves_with_zero_at_one_height(document):
    axes = plot_planar_average(document, Figure().subplots())
    (line, _) = axes.lines
    np.testing.assert_array_equal(line.get_ydata(), document.planar.line_density_e_per_angstrom)
    second = next(one for one in axes.figure.axes if one is not axes)
    np.testing.assert_array_equal(second.lines[0].get_ydata(), document.planar.cumulative_e)
    for one in (axes, second):
        low, high = one.get_ylim()
        assert low == -high
    assert axes.get_ylabel().endswith("(e/Å)")
    assert second.get_ylabel() == "Q(z) (e): gained below z"


def test_every_atom_has_its_plane_on_the_line_of_its_part(document):
    axes = plot_atom_planes(document, Figure().subplots())
    drawn = [(round(x, 6), y > -1.0) for line in axes.lines for x, y in line.get_xydata()]
    expected = [(round(16 * p[2], 6), True) for _, p in LOWER]
    expected += [(round(16 * p[2], 6), False) for _, p in UPPER]
    assert sorted(drawn) == sorted(expected)


def test_bonds_are_named_with_their_length(document):
    axes = plot_bonds(document, Figure().subplots())
    assert axes.get_legend_handles_labels()[1] == ["P4-O2, 1.60 Å"]
    without = document.model_copy(update={"bonds": []})
    axes = plot_bonds(without, Figure().subplots())
    assert axes.texts[0].get_text() == "no bond across the interface"


def test_the_largest_gain_is_between_the_atoms_of_a_bond(document):
    (bond,) = document.bonds
    fields = {
        "length_angstrom": 1.6,
        "distance_angstrom": [-0.1, 0.8, 1.0, 1.7],
        "difference_e_per_a3": [0.9, 0.25, 0.1, 0.8],
    }
    other = fields | {"difference_e_per_a3": [0.9, 0.2, 0.125, 0.8]}
    bonds = [bond.model_copy(update=one) for one in (other, fields)]
    assert largest_gain(document.model_copy(update={"bonds": bonds})) == (0.25, 0.8)


def test_figures_are_written(document, tmp_path):
    save_planar_average(document, tmp_path / "planar.png")
    save_bonds(document, tmp_path / "bonds.png")
    for path in tmp_path.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")


def test_the_title_says_what_computed_it_and_what_may_not_be_compared(document):
    assert charge_title(document).splitlines()[0] == "Li1 Mn1 P1 O3, settings not known"
    settings = Fingerprint(engine="vasp", engine_version="6.4.2", functional="HSE06")
    fields = {"fingerprint": settings, "allowed": ["functional"], "mock": True}
    lines = charge_title(document.model_copy(update=fields)).splitlines()
    assert lines[0] == "MOCK OUTPUTS - NOT A RESULT"
    assert lines[1].endswith(", vasp 6.4.2, HSE06")
    assert lines[-1] == "allowed to differ: functional"


def test_the_title_names_the_parts_by_what_they_are(document):
    assert charge_title(document).splitlines()[1] == (
        "density of the whole less those of Mn1 O2 and Li1 P1 O1"
    )
