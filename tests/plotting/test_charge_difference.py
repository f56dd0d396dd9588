"""Figures of a charge difference: what is drawn is what the document holds."""

from __future__ import annotations

import numpy as np
import pytest
from charge_models import CELL, LOWER, UPPER, transfer
from matplotlib.figure import Figure
from pymatgen.core import Structure

from llo_dft.analysis import charge_difference as analysis
from llo_dft.documents.charge import ChargeDifference
from llo_dft.plotting.charge_difference import (
    plot_atom_planes,
    plot_bonds,
    plot_planar_average,
    save_bonds,
    save_isosurface,
    save_planar_average,
)
from llo_dft.plotting.isosurface import isosurface

GRID = transfer(0.4)


@pytest.fixture(scope="module")
def document():
    atoms = [*LOWER, *UPPER]
    whole, *parts = (
        Structure(CELL, [n for n, _ in some], [p for _, p in some])
        for some in (atoms, LOWER, UPPER)
    )
    owners, shift = analysis.assign_parts(whole, *parts)
    return ChargeDifference(
        whole_file="runs/AB/CHGCAR",
        a_file="runs/A/CHGCAR",
        b_file="runs/B/CHGCAR",
        structure=whole,
        part_of_atom=owners,
        grid_shape=GRID.shape,
        electrons_whole=24.0,
        electrons_a=12.0,
        electrons_b=12.0,
        residual_e=1e-9,
        absolute_e=0.3,
        largest_atom_shift_angstrom=shift,
        planar=analysis.planar_profile(GRID, whole),
        bonds=[
            analysis.bond_profile(GRID, whole, owners, bond)
            for bond in analysis.interface_bonds(whole, owners)
        ],
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
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["P4-O2, 1.60 Å"]
    without = document.model_copy(update={"bonds": []})
    axes = plot_bonds(without, Figure().subplots())
    assert axes.texts[0].get_text() == "no P-O bond across"


@pytest.mark.parametrize("level", [None, 0.02, 5.0])
def test_figures_are_written(document, tmp_path, level):
    save_planar_average(document, tmp_path / "planar.png")
    save_bonds(document, tmp_path / "bonds.png")
    save_isosurface(document, GRID, tmp_path / "isosurface.png", level)
    for path in tmp_path.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")


def test_a_difference_of_nothing_can_be_drawn(document, tmp_path):
    save_isosurface(document, np.zeros_like(GRID), tmp_path / "isosurface.png")
    assert (tmp_path / "isosurface.png").exists()


class TestIsosurface:
    axis = np.linspace(-1.5, 1.5, 25)
    squares = axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2
    step = axis[1] - axis[0]

    def triangles(self, sign=1.0):
        found = isosurface(sign * (1.0 - self.squares), 0.0)
        return found * self.step - 1.5

    def test_a_sphere_has_its_area_and_volume(self):
        a, b, c = np.moveaxis(self.triangles(), 1, 0)
        normals = np.cross(b - a, c - a) / 2
        assert np.linalg.norm(normals, axis=1).sum() == pytest.approx(4 * np.pi, rel=0.01)
        # the divergence theorem needs every triangle to face outwards, and no hole
        volume = np.einsum("ij,ij->", normals, (a + b + c) / 3) / 3
        assert volume == pytest.approx(4 * np.pi / 3, rel=0.02)  # corners on a sphere: within it
        assert np.abs(normals.sum(axis=0)).max() < 1e-12

    def test_every_point_lies_on_the_surface(self):
        radii = np.linalg.norm(self.triangles(), axis=-1)
        assert radii.min() > 0.99
        assert radii.max() < 1.0 + 1e-12

    def test_nothing_above_the_level(self):
        assert isosurface(self.squares, 100.0).shape == (0, 3, 3)
