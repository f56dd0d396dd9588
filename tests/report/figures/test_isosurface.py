"""Triangles of an isosurface lie on it, close it, and have its area."""

from __future__ import annotations

import numpy as np
import pytest

from llo_dft.report.figures.isosurface import isosurface


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
