"""Interfaces: both slabs whole, the bare slab inside, strain, stacking."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.cell_checks import is_symmetric
from llo_dft.builders.coating.film import CoatingFilm, film_terminations
from llo_dft.builders.interface.interface_search import Assembly, RankedInterface
from llo_dft.builders.matching.common_cell import InterfaceError, share_cell
from llo_dft.builders.matching.find_matches import find_matches
from llo_dft.builders.surface.slab import SlabModel, build_slab
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.strain import von_mises_strain
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from llo_dft.builders.matching.find_matches import LatticeMatch

VACUUM = 15.0
LENGTH_TOLERANCE = 1e-8
MATCHES = {
    # one cell of the oxide, and two of them
    "one": {"supercell": (1, 2), "strain_share": 1.0, "max_strain": 0.08},
    "two": {"supercell": (1, 1), "strain_share": 1.0, "max_strain": 0.08},
    "shared": {"supercell": (1, 1), "strain_share": 0.5, "max_strain": 0.04},
}


@cache
def oxide(supercell: tuple[int, int] = (1, 1)) -> SlabModel:
    bulk = load_structure("Li2MnO3")
    bulk.make_supercell([*supercell, 1])
    return build_slab(bulk, tm_layers=1, vacuum=VACUUM, seed=7)


@cache
def films() -> dict[str, CoatingFilm]:
    found = film_terminations(load_structure("Li3PO4_beta"), (0, 1, 0), layers=1, vacuum=VACUUM)
    return {film.bottom.name: film for film in found}


WHOLE = "flat-Li2-PO4"
NAMES = sorted(films())


@cache
def matched(name: str) -> tuple[Structure, LatticeMatch]:
    options = dict(MATCHES[name])
    llo = oxide(options.pop("supercell")).structure
    match, *_ = find_matches(
        films()[WHOLE].structure.lattice.matrix[:2],
        llo.lattice.matrix[:2],
        max_area=90,
        **options,
    )
    return llo, match


def build_interface(
    llo: Structure,
    coating: Structure,
    match: LatticeMatch,
    *,
    gap: float,
    registry: tuple[float, float] = (0.0, 0.0),
    vacuum: float,
) -> RankedInterface:
    return RankedInterface(Assembly(share_cell(llo, coating, match), vacuum), registry, gap, 0.0)


def built(name: str = "two", film: str = WHOLE, gap: float = 2.0, **options) -> RankedInterface:
    llo, match = matched(name)
    options = options or {"vacuum": VACUUM}
    return build_interface(llo, films()[film].structure, match, gap=gap, **options)


def part(model: RankedInterface, sites: np.ndarray) -> Structure:
    return Structure.from_sites([model.structure[int(i)] for i in sites])


def cells(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the principal strains that take one 2D cell to another, from their metrics."""
    change = np.linalg.solve(start @ start.T, end @ end.T)
    return np.sort(np.sqrt(np.linalg.eigvals(change).real))[::-1] - 1


unit = st.floats(0, 1, exclude_max=True)


@settings(max_examples=30, deadline=None)
@given(
    name=st.sampled_from(sorted(MATCHES)),
    film=st.sampled_from(NAMES),
    registry=st.tuples(unit, unit),
    gap=st.floats(-0.5, 4),
)
def test_both_slabs_are_in_it_whole(name, film, registry, gap) -> None:
    llo, match = matched(name)
    coating = films()[film].structure
    model = build_interface(llo, coating, match, registry=registry, gap=gap, vacuum=VACUUM)
    repeats = [
        abs(round(np.linalg.det(t)))
        for t in (match.substrate_transformation, match.film_transformation)
    ]
    assert (
        model.structure.composition
        == llo.composition * repeats[0] + coating.composition * repeats[1]
    )
    sites = np.concatenate([model.assembly.llo_sites, model.assembly.coating_sites])
    assert sorted(sites.tolist()) == list(range(len(model.structure)))
    assert symbols_of(model.structure) == symbols_of(model.structure.get_sorted_structure())
    inside = part(model, model.assembly.llo_sites)
    bare = model.assembly.cell.llo
    assert symbols_of(inside) == symbols_of(bare)
    # as if each were alone: the vacuum's width must not matter, so give both the same
    alone = Structure(
        inside.lattice, symbols_of(inside), bare.cart_coords, coords_are_cartesian=True
    )
    assert np.abs(inside.distance_matrix - alone.distance_matrix).max() < LENGTH_TOLERANCE
    moved = inside.cart_coords - bare.cart_coords
    assert np.abs(moved - moved[0]).max() < LENGTH_TOLERANCE
    assert np.abs(moved[:, :2]).max() < LENGTH_TOLERANCE


@pytest.mark.parametrize("name", ["one", "two"])
def test_the_bare_slab_is_the_given_one_where_the_coating_takes_the_strain(name: str) -> None:
    llo, match = matched(name)
    model = built(name)
    bare, atoms = model.assembly.cell.llo, model.assembly.cell.llo_atoms
    oxide_cell = match.substrate_transformation @ llo.lattice.matrix[:2]
    assert np.abs(cells(oxide_cell, model.structure.lattice.matrix[:2])).max() < 1e-7
    assert [symbols_of(llo)[i] for i in atoms] == symbols_of(bare)
    if name == "one":
        assert atoms.tolist() == list(range(len(llo)))
        assert np.abs(bare.lattice.matrix - llo.lattice.matrix).max() < LENGTH_TOLERANCE
        assert np.abs(bare.cart_coords - llo.cart_coords).max() < LENGTH_TOLERANCE
    else:
        for copy, atom in enumerate(atoms):
            apart = bare[copy].coords - llo[int(atom)].coords
            cell = np.linalg.solve(llo.lattice.matrix.T, apart)
            assert np.abs(cell - np.round(cell)).max() < LENGTH_TOLERANCE


def test_the_oxide_keeps_its_own_axes_whatever_basis_the_match_names() -> None:
    llo, match = matched("one")
    change = np.array([[2, 1], [1, 1]])
    other = replace(
        match,
        film_transformation=change @ match.film_transformation,
        substrate_transformation=change @ match.substrate_transformation,
    )
    coating = films()[WHOLE].structure
    first, second = (share_cell(llo, coating, m) for m in (match, other))
    assert np.abs(second.llo.lattice.matrix - llo.lattice.matrix).max() < LENGTH_TOLERANCE
    assert np.abs(second.llo.cart_coords - llo.cart_coords).max() < LENGTH_TOLERANCE
    apart = first.coating.lattice.get_all_distances(
        first.coating.frac_coords, second.coating.frac_coords
    )
    assert apart.min(axis=1).max() < 1e-7


@pytest.mark.parametrize("name", sorted(MATCHES))
def test_strains_are_those_of_the_cells_and_of_the_match(name: str) -> None:
    llo, match = matched(name)
    model = built(name)
    cell = model.structure.lattice.matrix[:2]
    film = match.film_transformation @ films()[WHOLE].structure.lattice.matrix[:2]
    substrate = match.substrate_transformation @ llo.lattice.matrix[:2]
    # the metric of the cell does not depend on which basis it is written in here
    assert np.linalg.norm(np.cross(*cell)) == pytest.approx(match.area_a2)
    strain, oxide_strain = model.assembly.cell.coating_strain, cells(substrate, cell)
    assert strain == pytest.approx(cells(film, cell), abs=1e-9)
    assert max(map(abs, (*strain, *oxide_strain))) == pytest.approx(match.max_strain)
    sides = [float(von_mises_strain(*side)) for side in (strain, oxide_strain)]
    assert max(sides) == pytest.approx(match.von_mises_strain)
    if match.strain_share == 1.0:
        assert strain == pytest.approx(match.principal_strains)


def test_the_gap_lies_between_the_outermost_atoms() -> None:
    for gap in (-0.4, 0.0, 2.3):
        model = built(gap=gap)
        low, high = (
            model.structure.cart_coords[s, 2]
            for s in (model.assembly.llo_sites, model.assembly.coating_sites)
        )
        assert high.min() - low.max() == pytest.approx(gap)
        z = model.structure.cart_coords[:, 2]
        assert model.structure.lattice.c - np.ptp(z) == pytest.approx(VACUUM)
        assert z.min() == pytest.approx(VACUUM / 2)


@settings(max_examples=15, deadline=None)
@given(
    registry=st.tuples(unit, unit),
    steps=st.tuples(st.integers(-2, 2), st.integers(-2, 2)),
    name=st.sampled_from(["two", "shared"]),
    side=st.sampled_from(["llo", "coating"]),
)
def test_a_shift_by_a_lattice_vector_of_either_side_changes_nothing(
    registry, steps, name, side
) -> None:
    _, match = matched(name)
    transformation = match.substrate_transformation if side == "llo" else match.film_transformation
    moved = np.array(registry) + np.array(steps) @ np.linalg.inv(transformation)
    one, other = (
        built(name, registry=tuple(r), vacuum=VACUUM) for r in (np.array(registry), moved)
    )
    distances = [
        np.sort(
            m.structure.distance_matrix[
                np.ix_(m.assembly.llo_sites, m.assembly.coating_sites)
            ].ravel()
        )
        for m in (one, other)
    ]
    assert np.abs(distances[0] - distances[1]).max() < 1e-7


def test_one_face_alone_has_a_dipole() -> None:
    model = built("two")
    assert not is_symmetric(model.structure)


def flat(symbols: list[str], coords: list[tuple[float, float, float]]) -> Structure:
    lattice = Lattice.orthorhombic(3.0, 4.0, 20.0)
    return Structure(lattice, symbols, coords, coords_are_cartesian=True)


def own_match(llo: Structure, coating: Structure) -> LatticeMatch:
    match, *_ = find_matches(
        coating.lattice.matrix[:2], llo.lattice.matrix[:2], max_area=13, max_strain=0.01
    )
    return match


def test_phosphorus_above_oxygen_by_hand() -> None:
    llo = flat(["Mn", "O"], [(1.5, 2, 5), (0, 0, 6)])
    coating = flat(["P", "O"], [(1.0, 1.0, 8), (1.0, 1.0, 9.5)])
    model = build_interface(
        llo, coating, own_match(llo, coating), registry=(-1 / 3, -1 / 4), gap=1.55, vacuum=10.0
    )
    (bond,) = model.bonds
    assert bond.length == pytest.approx(1.55)
    assert symbols_of(model.structure)[bond.cation] == "P"
    assert bond.anion == model.assembly.llo_sites[1]
    assert not model.assembly.contacts(model.registry, model.gap)
    closer = build_interface(
        llo, coating, own_match(llo, coating), registry=(-1 / 3, -1 / 4), gap=1.2, vacuum=10.0
    )
    contacts = closer.assembly.contacts(closer.registry, closer.gap)
    assert [contact.kind for contact in contacts] == ["former-anion"]


def test_a_slab_across_the_cell_boundary_is_put_together() -> None:
    llo, match = matched("two")
    coating = films()[WHOLE].structure
    moved = coating.copy()
    moved.translate_sites(range(len(moved)), [0, 0, 0.47], to_unit_cell=True)
    assert np.ptp(moved.cart_coords[:, 2]) > np.ptp(coating.cart_coords[:, 2]) + 1
    one, other = (
        build_interface(llo, film, match, gap=2.0, vacuum=VACUUM).structure
        for film in (coating, moved)
    )
    assert np.abs(one.distance_matrix - other.distance_matrix).max() < 1e-8


def test_a_gap_that_would_pass_one_slab_through_the_other_is_refused() -> None:
    llo, match = matched("two")
    model = build_interface(llo, films()[WHOLE].structure, match, gap=-30.0, vacuum=9.0)
    with pytest.raises(InterfaceError, match="one slab would pass through the other"):
        _ = model.structure


def test_slabs_with_other_axes_are_refused() -> None:
    llo, match = matched("two")
    film = films()[WHOLE].structure
    matrix = film.lattice.matrix.copy()
    matrix[2, 0] += 1.0
    leaning = Structure(Lattice(matrix), symbols_of(film), film.frac_coords)
    with pytest.raises(InterfaceError, match="expected c along the normal of a and b"):
        share_cell(llo, leaning, match)
    left = Structure(
        Lattice(film.lattice.matrix[[1, 0, 2]]), symbols_of(film), film.frac_coords[:, [1, 0, 2]]
    )
    with pytest.raises(InterfaceError, match="left-handed; exchange a and b"):
        share_cell(llo, left, match)


def test_a_crystal_is_no_slab() -> None:
    llo, match = matched("two")
    film = films()[WHOLE].structure
    squeezed = film.lattice.matrix.copy()
    squeezed[2, 2] -= VACUUM - 1.5
    crystal = Structure(
        Lattice(squeezed), symbols_of(film), film.cart_coords, coords_are_cartesian=True
    )
    with pytest.raises(InterfaceError, match="has no vacuum: the widest gap along c"):
        share_cell(llo, crystal, match)
