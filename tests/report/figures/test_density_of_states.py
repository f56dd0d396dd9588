from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from llo_dft.analysis.electronic.site_band_centers import SiteDensities, band_centers
from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.electrons.electronic import BandEdges
from llo_dft.report.figures.density_of_states import plot_density_of_states, save_density_of_states

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

EDGES = BandEdges(
    vbm_ev=1.0,
    cbm_ev=1.75,
    gap_ev=0.75,
    fermi_ev=1.2,
    is_metal=False,
    spin_gaps_ev=[0.75, 0.75],
    valence_tops_ev=[1.375, 1.375],
)

#: Two O of 3TM and one without states, from -2 to 1 eV about the VBM.
ENERGIES = np.array([-1.0, 0.0, 1.0, 2.0])
UP, DOWN, NONE = [0.0, 1.0, 0.5, 0.0], [0.0, 0.25, 0.0, 0.0], [0.0] * 4


def densities(energies: np.ndarray = ENERGIES, *atoms: list[list[float]]) -> SiteDensities:
    made = atoms or ([UP, DOWN], [UP, DOWN], [NONE, NONE])
    classes = {0: "3TM", 1: "3TM", 2: "free"}
    return SiteDensities("O", "p", energies, np.array(made), range(len(made)), classes)


def drawn(one: SiteDensities | None = None, **fields: object) -> Axes:
    one = one or densities()
    centers = band_centers("slab", one, EDGES).model_copy(update=fields)
    return plot_density_of_states(one, centers, Figure().add_subplot())


def test_curves_and_centres_are_drawn_as_they_are():
    axes = drawn()
    lines = [np.asarray(line.get_xydata()).tolist() for line in axes.lines]
    assert [[-2.0, 0.0], [-1.0, 1.0], [0.0, 0.5], [1.0, 0.0]] in lines
    assert [[-2.0, 0.0], [-1.0, -0.25], [0.0, 0.0], [1.0, 0.0]] in lines  # spin down hangs
    (dotted,) = (line for line in axes.lines if line.get_linestyle() == ":")
    center = band_centers("slab", densities(), EDGES).classes["3TM"].centers.both.valence.center_ev
    assert dotted.get_xdata()[0] == center
    legend = axes.get_legend()
    assert legend is not None
    texts = [entry.get_text() for entry in legend.get_texts()]
    assert texts == ["gap", "3TM (2)", "free (1)"]
    (label,) = axes.texts
    assert label.get_text().strip() == f"3TM: {center:.2f} eV"
    assert label.get_color() == dotted.get_color()
    assert axes.get_xlabel() == "E - E(VBM) (eV)"


def test_energies_without_states_are_left_out_but_not_the_gap():
    # O 2p near the valence band, of a calculation whose energies begin at Li 1s
    energies = np.arange(-45.0, 20.0, 0.5)
    states = [[float(-5.0 <= e <= 1.0) for e in energies]]
    low, high = drawn(densities(energies, states)).get_xlim()
    assert -9.0 < low < -6.0
    assert 0.75 < high < 4.0
    nothing = densities(energies, [[0.0] * len(energies)])
    assert drawn(nothing).get_xlim()[1] > 0.75


def test_the_title_says_what_computed_it():
    settings = Fingerprint(engine="vasp", engine_version="6.4.2", functional="HSE06")
    title = drawn(fingerprint=settings, mock=True).get_title(loc="left")
    assert title.splitlines() == [
        "MOCK OUTPUTS - NOT A RESULT",
        "slab, centres of the valence window",
        "vasp 6.4.2, HSE06",
    ]


def test_a_figure_is_written(tmp_path: Path):
    one = densities()
    save_density_of_states(one, band_centers("slab", one, EDGES), tmp_path / "dos.png", "full")
    assert (tmp_path / "dos.png").read_bytes().startswith(b"\x89PNG")


def test_names_stand_at_their_lines_which_cross_no_other_name():
    states = [[[0.0, 1.0, 0.0, 0.0]], [[1.0, 0.0, 0.0, 0.0]]]
    axes = drawn(SiteDensities("O", "p", ENERGIES, np.array(states), range(2), {0: "3TM", 1: "P"}))
    lines = sorted(one.get_xydata()[1].tolist() for one in axes.lines if one.get_linestyle() == ":")
    names = sorted((*text.get_position(), text.get_text().strip()) for text in axes.texts)
    assert [name[:2] for name in names] == [tuple(line) for line in lines]
    assert [name[2].split(":")[0] for name in names] == ["P", "3TM"]
    assert names[0][1] > names[1][1]  # what is to the left ends above
    assert names[0][1] < axes.get_ylim()[1]
