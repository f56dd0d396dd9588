"""The picture of an interface: its surfaces, atoms and bonds lie where they should."""

from __future__ import annotations

import numpy as np
import pytest
from charge_models import transfer
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d import proj3d

from llo_dft.report.figures import interface_picture
from llo_dft.report.figures.interface_picture import save_isosurface

GRID = transfer(0.4)


@pytest.fixture
def axes(document, tmp_path, monkeypatch):
    """The axes of a picture that was written."""
    made = []

    def new_figure(*size):
        made.append(Figure(figsize=size))
        return made[0]

    monkeypatch.setattr(interface_picture, "new_figure", new_figure)
    save_isosurface(document, GRID, tmp_path / "isosurface.png", 0.02)
    (found,) = made[0].axes
    return found


@pytest.mark.parametrize("level", [None, 0.02, 5.0])
def test_it_is_written_whether_there_is_a_surface_or_not(document, tmp_path, level):
    save_isosurface(document, GRID, tmp_path / "isosurface.png", level)
    assert (tmp_path / "isosurface.png").read_bytes().startswith(b"\x89PNG")


def test_a_difference_of_nothing_can_be_drawn(document, tmp_path):
    save_isosurface(document, np.zeros_like(GRID), tmp_path / "isosurface.png")
    assert (tmp_path / "isosurface.png").exists()


def test_what_is_drawn_is_named_with_its_units(axes):
    named = [text.get_text() for text in axes.get_legend().get_texts()]
    assert named == ["Li", "Mn", "O", "P", "+0.02 e/Å$^3$", "-0.02 e/Å$^3$"]
    lengths = [text.get_text() for text in axes.texts]
    assert lengths[0] == "5.0 Å of a"
    assert [text.rpartition(" of ")[2] for text in lengths] == ["a", "b", "c"]


def test_the_bond_goes_from_p_to_its_o(axes, document):
    sticks = [line for line in axes.lines if line.get_linewidth() == 2.0]
    (bond,) = document.bonds
    for stick in sticks:
        ends = np.array(stick.get_data_3d()).T
        assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(bond.length_angstrom)
        for end, symbol in zip(ends, "PO", strict=True):
            site = document.structure[bond.former if symbol == "P" else bond.oxygen]
            shift = document.structure.lattice.get_fractional_coords(end) - site.frac_coords
            assert shift == pytest.approx(np.rint(shift), abs=1e-9)
    assert sticks


def test_the_box_with_its_labels_is_within_the_picture(axes):
    figure = axes.get_figure()
    figure.canvas.draw()
    for text in axes.texts:
        x, y, _ = proj3d.proj_transform(*text.get_position_3d(), axes.get_proj())
        inside = figure.transFigure.inverted().transform(axes.transData.transform((x, y)))
        assert np.all((inside > 0) & (inside < 1))
