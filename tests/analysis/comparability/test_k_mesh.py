from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llo_dft.analysis.comparability.k_mesh import KMesh, as_dense, one_density, same_mesh

lengths = st.tuples(*[st.floats(0.15, 3.0)] * 3)
spacings = st.floats(0.1, 0.6)
strains = st.tuples(*[st.floats(0.95, 1.05)] * 3)


def asked_for(spacing: float, reciprocal: tuple[float, ...], *, gamma: bool = True) -> KMesh:
    """The mesh that VASP makes of KSPACING."""
    a, b, c = (max(1, math.ceil(length / spacing)) for length in reciprocal)
    x, y, z = reciprocal
    return KMesh((a, b, c), (x, y, z), gamma)


def test_spacings_by_hand() -> None:
    mesh = KMesh((4, 2, 1), (1.2, 0.8, 0.3), gamma_centred=True)
    assert mesh.spacings_per_angstrom == pytest.approx((0.3, 0.4, 0.3))
    assert str(mesh) == "0.3000 x 0.4000 x 0.3000 (4 x 2 x 1, with Gamma)"


@given(spacings, lengths)
def test_one_division_more_is_another_mesh(
    spacing: float, reciprocal: tuple[float, float, float]
) -> None:
    mesh = asked_for(spacing, reciprocal)
    assert mesh.divisions is not None
    a, b, c = mesh.divisions
    for other in ((a + 1, b, c), (a, b + 1, c), (a, b, c + 1)):
        changed = KMesh(other, reciprocal, gamma_centred=True)
        assert not same_mesh(mesh, changed)
        assert not one_density(mesh, changed)
        assert not one_density(changed, mesh)
    assert not same_mesh(mesh, KMesh((a, b, c), reciprocal, gamma_centred=False))


@given(spacings, lengths, strains)
def test_a_spacing_asked_for_twice_is_one_density(
    spacing: float, reciprocal: tuple[float, float, float], strain: tuple[float, ...]
) -> None:
    """Whatever the divisions are rounded to in a cell that relaxed."""
    first = asked_for(spacing, reciprocal)
    second = asked_for(spacing, tuple(b * s for b, s in zip(reciprocal, strain, strict=True)))
    barely = any(  # a division that only just was, or was not, needed
        abs(b * s / spacing - n) < 0.01 * n
        for b, s, n in zip(reciprocal, strain, second.divisions or (), strict=True)
    ) or any(
        abs(b / spacing - n) < 0.01 * n
        for b, n in zip(reciprocal, first.divisions or (), strict=True)
    )
    assert barely or one_density(first, second)


@given(spacings, lengths, lengths)
def test_another_crystal_is_as_dense_if_asked_for_alike(
    spacing: float, host: tuple[float, ...], metal: tuple[float, ...]
) -> None:
    longest = [b for b in host if b > spacing]
    if not longest or all(b < spacing for b in metal):
        return  # one point only says little of what was asked for
    assert as_dense(asked_for(spacing, host), asked_for(spacing, metal))
    assert as_dense(asked_for(spacing, host), asked_for(spacing / 3, metal))


def test_a_metal_that_is_too_coarse() -> None:
    slab = KMesh((4, 3, 1), (1.2, 0.9, 0.25), gamma_centred=True)  # 0.3 by 0.3 and vacuum
    assert as_dense(slab, KMesh((6, 6, 6), (1.83, 1.83, 1.83), gamma_centred=True))
    assert not as_dense(slab, KMesh((4, 4, 4), (1.83, 1.83, 1.83), gamma_centred=True))
    assert not as_dense(slab, KMesh((1, 1, 1), (1.83, 1.83, 1.83), gamma_centred=True))


def test_a_single_point_asks_of_the_metal_what_its_cell_does() -> None:
    large = KMesh((1, 1, 1), (0.3, 0.3, 0.3), gamma_centred=True)
    assert as_dense(large, KMesh((7, 7, 7), (1.83, 1.83, 1.83), gamma_centred=True))
    assert not as_dense(large, KMesh((2, 2, 2), (1.83, 1.83, 1.83), gamma_centred=True))


def test_lists_of_points() -> None:
    points = ((0.0, 0.0, 0.0, 0.25), (0.5, 0.0, 0.0, 0.75))
    listed = KMesh(None, (1.0, 1.0, 1.0), gamma_centred=True, points=points)
    other = (points[0], (0.4, 0.0, 0.0, 0.75))
    moved = KMesh(None, (1.0, 1.0, 1.0), gamma_centred=True, points=other)
    shorter = KMesh(None, (1.0, 1.0, 1.0), gamma_centred=True, points=points[:1])
    grid = KMesh((2, 1, 1), (1.0, 1.0, 1.0), gamma_centred=True)
    assert same_mesh(listed, listed)
    assert one_density(listed, listed)
    for agree in (same_mesh, one_density):
        assert not agree(listed, moved)
        assert not agree(listed, grid)
        assert not agree(grid, listed)
        assert not agree(listed, shorter)
    assert not as_dense(listed, grid)
    assert not as_dense(grid, listed)
    assert str(listed) == "a list of 2 points"
    assert listed.spacings_per_angstrom == ()
