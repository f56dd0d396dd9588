from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.electronic import DensityCurve, ProjectedDensities
from llo_dft.report.figures.density_of_states import plot_density_of_states, save_density_of_states

if TYPE_CHECKING:
    from pathlib import Path

DENSITIES = ProjectedDensities(
    label="slab",
    element="O",
    orbital="p",
    reference="vbm",
    window="occupied",
    energies_ev=[-2.0, -1.0, 0.0, 1.0],
    vbm_ev=0.0,
    cbm_ev=0.75,
    curves={
        "3TM": DensityCurve(
            n_sites=2, up=[0.0, 1.0, 0.5, 0.0], down=[0.0, 0.25, 0.0, 0.0], center_ev=-0.9
        ),
        "free": DensityCurve(n_sites=1, up=[0.0] * 4, center_ev=None),
    },
)


def test_curves_and_centres_are_drawn_as_they_are():
    axes = plot_density_of_states(DENSITIES, Figure().add_subplot())
    lines = [np.asarray(line.get_xydata()).tolist() for line in axes.lines]
    assert [[-2.0, 0.0], [-1.0, 1.0], [0.0, 0.5], [1.0, 0.0]] in lines
    assert [[-2.0, 0.0], [-1.0, -0.25], [0.0, 0.0], [1.0, 0.0]] in lines  # spin down hangs
    dotted = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert [line.get_xdata()[0] for line in dotted] == [-0.9]
    legend = axes.get_legend()
    assert legend is not None
    texts = [entry.get_text() for entry in legend.get_texts()]
    assert texts == ["gap", "3TM (2), centre -0.90 eV", "free (1), no centre"]


def test_energies_without_states_are_left_out_but_not_the_gap():
    # O 2p near the valence band, of a calculation whose energies begin at Li 1s
    energies = np.arange(-45.0, 20.0, 0.5)
    states = DensityCurve(n_sites=1, up=[float(-6.0 <= e <= 0.0) for e in energies], center_ev=-3.0)
    deep = DENSITIES.model_copy(
        update={"energies_ev": energies.tolist(), "cbm_ev": 3.0, "curves": {"3TM": states}}
    )
    low, high = plot_density_of_states(deep, Figure().add_subplot()).get_xlim()
    assert -9.0 < low < -6.0
    assert 3.0 < high < 6.0
    nothing = deep.model_copy(update={"curves": {}})
    assert plot_density_of_states(nothing, Figure().add_subplot()).get_xlim()[1] > 3.0


def test_the_title_says_what_computed_it():
    settings = Fingerprint(engine="vasp", engine_version="6.4.2", functional="HSE06")
    made = DENSITIES.model_copy(update={"fingerprint": settings, "mock": True})
    title = plot_density_of_states(made, Figure().add_subplot()).get_title(loc="left")
    assert title.splitlines() == [
        "MOCK OUTPUTS - NOT A RESULT",
        "slab, centres of the occupied window",
        "vasp 6.4.2, HSE06",
    ]


def test_a_figure_is_written(tmp_path: Path):
    save_density_of_states(DENSITIES, tmp_path / "dos.png")
    assert (tmp_path / "dos.png").read_bytes().startswith(b"\x89PNG")
