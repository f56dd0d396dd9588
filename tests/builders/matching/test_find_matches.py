"""Lattice matching, against hand-worked cases, singular values and pymatgen's search."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from plane_lattices import bases, unimodular
from pymatgen.analysis.elasticity.strain import Strain
from pymatgen.analysis.interfaces.zsl import ZSLGenerator, ZSLMatch

from llo_dft.builders.matching.find_matches import LatticeMatch, NoMatchError, find_matches
from llo_dft.builders.matching.lattice2d import (
    hermite_normal_forms,
    in_plane_basis,
    lattice_point_group,
    reduction,
)
from llo_dft.builders.surface.surface_lattice import SurfaceLattice, surface_lattice
from llo_dft.chemistry.strain import von_mises_strain
from llo_dft.errors import InputError
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.typing import FloatArray, IntArray

EXACT = 1e-9

SQUARE = np.eye(2)
HEXAGONAL = np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])

#: (structure, Miller index in the setting of its file) of the coatings.
COATINGS = {
    "beta": ("Li3PO4_beta", (0, 1, 0)),
    "gamma Pmnb (010)": ("Li3PO4_gamma", (0, 1, 0)),
    "gamma Pnma (010)": ("Li3PO4_gamma", (1, 0, 0)),
}


@cache
def surface(name: str, miller_index: tuple[int, int, int]) -> SurfaceLattice:
    return surface_lattice(load_structure(name), miller_index)


def llo() -> SurfaceLattice:
    return surface("Li2MnO3", (0, 0, 1))


@cache
def coating_matches(
    coating: str, max_strain: float, strain_share: float = 1.0
) -> list[LatticeMatch]:
    return find_matches(
        surface(*COATINGS[coating]).vectors,
        llo().vectors,
        max_area=400,
        max_strain=max_strain,
        strain_share=strain_share,
    )


def figures(matches: Sequence[LatticeMatch]) -> FloatArray:
    """(n, 3) area and principal strains: what does not depend on bases."""
    return np.array([(m.area_a2, *m.principal_strains) for m in matches]).reshape(-1, 3)


def same_rows(one: FloatArray, two: FloatArray, tolerance: float = 1e-6) -> bool:
    """Whether two tables hold the same rows in any order (sorting floats would not do)."""
    left = list(two)
    for row in one:
        apart = [np.abs(row - other).max() for other in left]
        if not apart or min(apart) > tolerance:
            return False
        left.pop(int(np.argmin(apart)))
    return not left


def rotation(degrees: float) -> FloatArray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s], [s, c]])


def limits(film: FloatArray, substrate: FloatArray) -> dict[str, float]:
    """Limits that give a handful of matches."""
    areas = [abs(np.linalg.det(basis)) for basis in (film, substrate)]
    return {"max_area": 4 * max(areas), "max_strain": 0.12}


def found(film: FloatArray, substrate: FloatArray, **options: float) -> list[LatticeMatch]:
    try:
        return find_matches(film, substrate, **{**limits(film, substrate), **options})
    except NoMatchError:
        return []


# --- matches known by hand


def test_a_square_lattice_on_one_sqrt2_larger_turns_by_45_degrees() -> None:
    best = find_matches(SQUARE, np.sqrt(2) * SQUARE, max_area=2.1, max_strain=0.01)
    assert len(best) == 1
    assert best[0].area_a2 == pytest.approx(2)
    assert best[0].max_strain == pytest.approx(0, abs=EXACT)
    assert abs(best[0].rotation_angle) == pytest.approx(45)
    assert abs(round(np.linalg.det(best[0].film_transformation))) == 2


def test_a_hexagonal_2x2_cell_on_a_sqrt3_cell_turns_by_30_degrees() -> None:
    film, substrate = HEXAGONAL, 2 / np.sqrt(3) * HEXAGONAL
    best = find_matches(film, substrate, max_area=3.5, max_strain=0.01)
    assert len(best) == 1
    assert abs(best[0].rotation_angle) == pytest.approx(30)
    dets = [
        np.linalg.det(best[0].film_transformation),
        np.linalg.det(best[0].substrate_transformation),
    ]
    assert np.abs(dets) == pytest.approx([4, 3])


def test_the_coincidence_lattices_of_a_square_lattice_with_itself() -> None:
    # Sigma = 1, 5, 13, 17, 25, ...: the odd numbers that are norms of primitive Gaussian integers
    matches = find_matches(SQUARE, SQUARE, max_area=30, max_strain=1e-6)
    assert [round(m.area_a2) for m in matches] == [1, 5, 13, 17, 25, 29]
    angles = [2 * np.degrees(np.arctan(t)) for t in (0, 1 / 2, 2 / 3, 1 / 4, 3 / 4, 2 / 5)]
    expected = [min(angle, 90 - angle) for angle in angles]
    assert [abs(m.rotation_angle) for m in matches] == pytest.approx(expected, abs=1e-6)
    assert [m.on_front for m in matches] == [True] + 5 * [False]


def test_a_match_on_the_limit_is_in_and_one_beyond_is_not() -> None:
    assert len(find_matches(SQUARE, 1.05 * SQUARE, max_area=1.05**2, max_strain=0.05)) == 1
    with pytest.raises(NoMatchError, match="no common cell within"):
        find_matches(SQUARE, 1.05 * SQUARE, max_area=1.05**2, max_strain=0.0499)


def deformations(gradient: FloatArray, share: float) -> tuple[FloatArray, FloatArray]:
    """R U^share of the film and V^(share - 1) of the substrate, where F = R U = V R."""
    u, s, vt = np.linalg.svd(gradient)
    return u @ np.diag(s**share) @ vt, u @ np.diag(s ** (share - 1)) @ u.T


@pytest.mark.parametrize(("share", "film", "substrate"), [(1, 0.1, 0), (0, 0, 0.1 / 1.1)])
def test_one_side_takes_all_of_the_strain(share: float, film: float, substrate: float) -> None:
    match = find_matches(SQUARE, 1.1 * SQUARE, max_area=1.3, max_strain=0.11, strain_share=share)[0]
    assert match.max_strain == pytest.approx(max(film, substrate))
    cells = match.film_transformation @ SQUARE, match.substrate_transformation @ (1.1 * SQUARE)
    sides = deformations(np.linalg.solve(*cells).T, share)
    assert sides[0] == pytest.approx((1 + film) * np.eye(2), abs=EXACT)
    assert sides[1] == pytest.approx((1 - substrate) * np.eye(2), abs=EXACT)


def test_equal_shares_meet_at_the_geometric_mean() -> None:
    match = find_matches(SQUARE, 1.21 * SQUARE, max_area=2, max_strain=0.11, strain_share=0.5)[0]
    assert match.area_a2 == pytest.approx(1.21)
    assert match.max_strain == pytest.approx(0.1)


def test_atoms_of_the_common_cell_are_counted() -> None:
    substrate = 2 / np.sqrt(3) * HEXAGONAL
    match = find_matches(HEXAGONAL, substrate, max_area=3.5, max_strain=0.01, atom_counts=(5, 7))[0]
    assert match.n_atoms == 4 * 5 + 3 * 7


def test_von_mises_strain_is_that_of_three_dimensions_without_strain_along_the_normal() -> None:
    for e1, e2 in [(0.05, 0.0), (0.03, 0.03), (0.04, -0.02)]:
        peer = Strain(np.diag([e1, e2, 0.0])).von_mises_strain
        assert float(von_mises_strain(e1, e2)) == pytest.approx(peer)


OBLIQUE = np.array([[1.0, 0.0], [0.31, 1.27]])


def test_the_mirror_image_of_an_oblique_film_is_another_lattice() -> None:
    mirrored = OBLIQUE @ np.diag([1.0, -1.0])
    with pytest.raises(NoMatchError, match="no common cell within"):
        find_matches(OBLIQUE, mirrored, max_area=1.3, max_strain=0.01)


# --- properties of any match


@settings(deadline=None, max_examples=25)
@given(film=bases(), substrate=bases(), share=st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_figures_follow_from_the_integer_matrices(
    film: FloatArray, substrate: FloatArray, share: float
) -> None:
    options = limits(film, substrate)
    for match in found(film, substrate, strain_share=share):
        film_cell = match.film_transformation @ film
        substrate_cell = match.substrate_transformation @ substrate
        gradient = np.linalg.solve(film_cell, substrate_cell).T
        stretches = np.linalg.svd(gradient, compute_uv=False)
        assert match.principal_strains == pytest.approx(stretches - 1, abs=EXACT)
        deformed = deformations(gradient, share)
        cells = film_cell @ deformed[0].T, substrate_cell @ deformed[1].T
        assert cells[0] == pytest.approx(cells[1], abs=1e-7)  # both sides get one cell
        assert match.area_a2 == pytest.approx(np.linalg.det(cells[0]))
        assert match.area_a2 <= options["max_area"] * (1 + 1e-6)
        sides = [np.linalg.svd(f, compute_uv=False) - 1 for f in deformed]
        assert match.max_strain == pytest.approx(np.abs(sides).max(), abs=1e-8)
        assert match.max_strain <= options["max_strain"] * (1 + 1e-6)
        angle = rotation(match.rotation_angle)
        stretch = angle.T @ gradient  # F = R U, with U symmetric and positive
        assert stretch == pytest.approx(stretch.T, abs=1e-7)
        assert np.linalg.eigvalsh(stretch).min() > 0


@settings(deadline=None, max_examples=25)
@given(
    film=bases(),
    substrate=bases(),
    changes=st.tuples(unimodular(), unimodular()),
    turns=st.tuples(st.floats(0, 360), st.floats(0, 360)),
)
def test_neither_basis_nor_orientation_of_the_lattices_matters(
    film: FloatArray,
    substrate: FloatArray,
    changes: tuple[IntArray, IntArray],
    turns: tuple[float, float],
) -> None:
    other = found(
        changes[0] @ film @ rotation(turns[0]).T, changes[1] @ substrate @ rotation(turns[1]).T
    )
    assert same_rows(figures(found(film, substrate)), figures(other))


@settings(deadline=None, max_examples=25)
@given(film=bases(), substrate=bases(), share=st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_swapping_the_sides_inverts_the_stretches(
    film: FloatArray, substrate: FloatArray, share: float
) -> None:
    forward = found(film, substrate, strain_share=share)
    backward = found(substrate, film, strain_share=1 - share)
    inverted = figures(forward)
    inverted[:, 1:] = 1 / (1 + inverted[:, :0:-1]) - 1
    assert same_rows(inverted, figures(backward))


@settings(deadline=None, max_examples=8)
@given(film=bases(), substrate=bases())
def test_nothing_is_missed_that_trying_every_pair_of_sublattices_finds(
    film: FloatArray, substrate: FloatArray
) -> None:
    """Brute force: all Hermite forms of both sides, all unimodular matrices with entries to 3."""
    options = limits(film, substrate)
    forms = [np.concatenate([hermite_normal_forms(n) for n in range(1, 5)]) for _ in range(2)]
    grid = np.array(list(product(range(-3, 4), repeat=4))).reshape(-1, 2, 2)
    changes = grid[np.round(np.linalg.det(grid)).astype(int) == 1]
    expected = set()
    for bare_f, bare_s in product(*forms):
        f, s = reduction(bare_f @ film) @ bare_f, reduction(bare_s @ substrate) @ bare_s
        if abs(np.linalg.det(s @ substrate)) > options["max_area"] * (1 - 1e-9):
            continue
        gradients = np.linalg.inv(f @ film) @ changes @ (s @ substrate)
        stretches = np.linalg.svd(gradients, compute_uv=False)
        assume((np.abs(np.abs(stretches - 1).max(axis=1) - 0.12) > 1e-7).all())
        for k in np.flatnonzero((np.abs(stretches - 1) <= 0.12).all(axis=1)):
            expected.add(tuple(np.round(np.linalg.inv(f) @ changes[k] @ s, 6).ravel() + 0.0))
    # ours only holds the smallest cell of each map, and one map of each orbit
    ours = {key for match in found(film, substrate) for key in _orbit(_map(match), film, substrate)}
    assert expected <= ours


def _map(match: LatticeMatch) -> FloatArray:
    """The rational matrix that takes film vectors to substrate vectors; no cell enters it."""
    result: FloatArray = np.linalg.solve(match.film_transformation, match.substrate_transformation)
    return result


def _orbit(matrix: FloatArray, film: FloatArray, substrate: FloatArray) -> set[tuple[float, ...]]:
    groups = [lattice_point_group(in_plane_basis(v)) for v in (film, substrate)]
    return {tuple(np.round((p @ matrix @ q).ravel(), 6) + 0.0) for p, q in product(*groups)}


# --- against pymatgen, and the recorded figures


PYMATGEN_LIMITS = {
    "max_area": 400.0,
    "max_area_ratio_tol": 0.1,
    "max_length_tol": 0.05,
    "max_angle_tol": 0.05,
    "bidirectional": True,
}


def _largest_strain_pymatgen_allows() -> float:
    """Bound of the principal strains for lengths and reduced angle (60 to 90) within 5 %.

    With a reduced basis of angle t, lengths times r1 and r2, and angle times r3, the metric
    of unit vectors goes from [[1, cos t], [cos t, 1]] to [[r1^2, r1 r2 c], [., r2^2]]. Its
    lengths' ratio drops out. The inverse is allowed as well.
    """
    worst = 0.0
    factors = (0.95, 1.0, 1.05)
    for angle, r1, r2, r3 in product(np.linspace(60, 90, 7), factors, factors, factors):
        c, d = np.cos(np.radians(angle)), np.cos(np.radians(angle * r3))
        before = np.array([[1, c], [c, 1]])
        after = np.array([[r1 * r1, r1 * r2 * d], [r1 * r2 * d, r2 * r2]])
        squares = np.linalg.eigvals(np.linalg.solve(before, after)).real
        stretches = np.sqrt(squares)
        worst = max(worst, *np.abs(stretches - 1), *np.abs(1 / stretches - 1))
    return worst


@dataclass(frozen=True)
class Peer:
    maps: list[FloatArray]
    strains: list[float]


@cache
def pymatgen_matches(coating: str) -> Peer:
    film, substrate = surface(*COATINGS[coating]).vectors, llo().vectors
    found = list(ZSLGenerator(**PYMATGEN_LIMITS)(film, substrate))
    return Peer([_pymatgen_map(m) for m in found], [_pymatgen_strain(m) for m in found])


def _pymatgen_map(match: ZSLMatch) -> FloatArray:
    """Its map of film vectors to substrate vectors, from its own reduced supercell vectors."""
    film = _coordinates(match.film_sl_vectors, match.film_vectors)
    substrate = _coordinates(match.substrate_sl_vectors, match.substrate_vectors)
    result: FloatArray = np.linalg.solve(film, substrate)
    return result


def _coordinates(vectors: Sequence[FloatArray], basis: FloatArray) -> IntArray:
    solved = np.array(vectors) @ np.linalg.pinv(np.array(basis))
    assert solved == pytest.approx(np.round(solved), abs=1e-6)
    return np.round(solved).astype(np.int64)


def _pymatgen_strain(match: ZSLMatch) -> float:
    metrics = [
        np.array(v) @ np.array(v).T for v in (match.film_sl_vectors, match.substrate_sl_vectors)
    ]
    squares = np.linalg.eigvals(np.linalg.solve(*metrics)).real
    return float(np.abs(np.sqrt(squares) - 1).max())


def test_bound_of_the_strain_that_pymatgen_allows() -> None:
    bound = _largest_strain_pymatgen_allows()
    assert bound < 0.115
    for coating in COATINGS:
        assert max(pymatgen_matches(coating).strains) < bound


@pytest.mark.parametrize("coating", COATINGS)
def test_every_match_that_pymatgen_finds_is_one_of_ours(coating: str) -> None:
    film, substrate = surface(*COATINGS[coating]).vectors, llo().vectors
    ours: dict[tuple[float, ...], int] = {}
    for number, match in enumerate(coating_matches(coating, 0.115)):
        for key in _orbit(_map(match), film, substrate):
            assert ours.setdefault(key, number) == number  # no match is listed twice
    peer = pymatgen_matches(coating)
    hit = [ours.get(tuple(np.round(m.ravel(), 6) + 0.0)) for m in peer.maps]
    assert None not in hit
    orbits = {min(_orbit(matrix, film, substrate)) for matrix in peer.maps}
    assert len(set(hit)) == len(orbits) < len(hit)  # it lists most of them several times
    strains = [m.max_strain for m in coating_matches(coating, 0.115)]
    assert [strains[number] for number in hit if number is not None] == pytest.approx(peer.strains)


@pytest.mark.parametrize(
    ("coating", "max_strain", "film_cells", "substrate_cells"),
    [
        ("beta", 0.05, 4, 6),
        ("gamma Pmnb (010)", 0.05, 4, 6),
        ("gamma Pnma (010)", 0.05, 4, 10),
        ("beta", 0.10, 3, 4),
        ("gamma Pmnb (010)", 0.10, 3, 4),
    ],
)
def test_smallest_common_cells_of_coatings_on_llo(
    coating: str, max_strain: float, film_cells: int, substrate_cells: int
) -> None:
    """The noted 126.4, 210.6 and 84.2 A^2 are 6, 10 and 4 cells of 21.06 A^2.

    That is the (001) plane of another Li2MnO3 refinement (4.937 x 8.532 A / 2); ours has
    20.98 A^2, so the same matches have 125.9, 209.8 and 83.9 A^2.
    """
    matches = coating_matches(coating, max_strain)
    smallest = matches[0]
    assert smallest.area_a2 == pytest.approx(min(match.area_a2 for match in matches))
    assert abs(round(np.linalg.det(smallest.film_transformation))) == film_cells
    assert abs(round(np.linalg.det(smallest.substrate_transformation))) == substrate_cells
    assert smallest.area_a2 == pytest.approx(substrate_cells * 4.9246 * 8.5216 / 2, rel=1e-6)


def test_the_smallest_match_shared_strains_each_side_half_as_much() -> None:
    alone, shared = coating_matches("beta", 0.10)[0], coating_matches("beta", 0.05, 0.5)[0]
    assert shared.principal_strains == pytest.approx(alone.principal_strains)
    assert alone.max_strain == pytest.approx(0.0703, abs=1e-4)
    # the film shrinks along the second axis: by sqrt(1 - 0.0703); the substrate grows
    assert shared.max_strain == pytest.approx((1 - alone.max_strain) ** -0.5 - 1)


# --- ranking, near misses, invalid input


def test_the_front_comes_first_and_is_what_nothing_beats() -> None:
    matches = coating_matches("beta", 0.10)
    flags = [match.on_front for match in matches]
    assert flags == sorted(flags, reverse=True)
    for match in matches:
        beaten = any(
            other.area_a2 <= match.area_a2 + 1e-6
            and other.max_strain <= match.max_strain + 1e-9
            and (other.area_a2 < match.area_a2 - 1e-6 or other.max_strain < match.max_strain - 1e-7)
            for other in matches
        )
        assert match.on_front != beaten
    for part in (True, False):
        areas = [round(m.area_a2, 6) for m in matches if m.on_front == part]
        assert areas == sorted(areas)


def test_where_nothing_fits_the_nearest_misses_are_named() -> None:
    film, substrate = surface(*COATINGS["beta"]).vectors, llo().vectors
    with pytest.raises(
        NoMatchError,
        match=r"smallest strain is 0\.0703 \(83\.9 A\^2\).*smallest area is 125\.9 A\^2 "
        r"\(strain 0\.0452\)",
    ) as caught:
        find_matches(film, substrate, max_area=100, max_strain=0.05)
    # they are what a search within the wider limits puts first
    strain, area = caught.value.smallest_strain, caught.value.smallest_area
    assert strain is not None
    assert area is not None
    assert strain.max_strain == pytest.approx(
        min(m.max_strain for m in coating_matches("beta", 0.10) if m.area_a2 < 100)
    )
    assert area.area_a2 == pytest.approx(min(m.area_a2 for m in coating_matches("beta", 0.05)))


def test_where_no_cell_is_small_enough_the_cells_are_named() -> None:
    with pytest.raises(
        NoMatchError, match=r"the film has 9\.0 A\^2, of the substrate 1\.0"
    ) as caught:
        find_matches(3 * SQUARE, SQUARE, max_area=2, max_strain=0.01)
    assert caught.value.smallest_strain is None
    assert caught.value.smallest_area is None


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("max_area", 0, "max_area must be a positive area"),
        ("max_area", float("nan"), "max_area must be a positive area"),
        ("max_area", float("inf"), "max_area must be a positive area"),
        ("max_strain", 0, "max_strain must lie between 0 and 1"),
        ("max_strain", -0.1, "max_strain must lie between 0 and 1"),
        ("max_strain", 5, r"0\.05 is 5 %"),
        ("strain_share", 1.1, "strain_share must lie between 0"),
    ],
)
def test_limits_that_make_no_sense_are_refused(limit: str, value: float, message: str) -> None:
    options = {"max_area": 10, "max_strain": 0.1, limit: value}
    with pytest.raises(ValueError, match=message):
        find_matches(SQUARE, SQUARE, **options)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ([[1, 2], [2, 4]], "two vectors of the film are collinear"),
        ([[1, 2, 0], [-2, -4, 0]], "two vectors of the film are collinear"),
        ([[0, 0], [1, 0]], "collinear"),
        ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], r"the film needs two finite vectors .* \(3, 3\)"),
        ([[1, 0], [float("nan"), 1]], "finite"),
    ],
)
def test_vectors_that_span_no_plane_are_refused(vectors: list[list[float]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_matches(vectors, SQUARE, max_area=10, max_strain=0.1)
