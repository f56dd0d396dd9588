"""Distinct Li orderings: known numbers, pymatgen's matcher, and the search against all of them."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lowest_delithiation import delithiate
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.cathode.bulk import tm_layer_sites
from llo_dft.builders.ordering import arrangement_search
from llo_dft.builders.ordering.arrangement_search import ewald_matrix
from llo_dft.builders.ordering.distinct_orderings import (
    DelithiationError,
    DistinctOrdering,
    count_distinct_orderings,
    delithiated,
    distinct_orderings,
    ordering_energies,
)
from llo_dft.builders.surface.symmetry import top_bottom_permutations
from llo_dft.chemistry.formal_charges import formal_charges
from llo_dft.errors import InputError
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from llo_dft.builders.ordering.delithiation import LithiumRemoval
    from llo_dft.typing import IntArray

CELLS = ["primitive", "conventional", "36 atoms", "48 atoms"]
ENERGY_TOLERANCE_EV = 1e-6

#: A fifth of what delithiate takes.


@cache
def cell(name: str) -> Structure:
    conventional = load_structure("Li2MnO3")
    primitive = conventional.get_primitive_structure()
    return {
        "primitive": primitive,
        "conventional": conventional,
        "36 atoms": primitive * (1, 1, 3),
        "48 atoms": primitive * (2, 2, 1),
        "96 atoms": primitive * (2, 2, 2),
    }[name]


def lithium_of(structure: Structure) -> list[int]:
    return [i for i, site in enumerate(structure) if site.specie.symbol == "Li"]


def matcher(*, primitive: bool) -> StructureMatcher:
    """Return a matcher that only maps lattices isometrically and neither scales nor repeats."""
    return StructureMatcher(
        ltol=0.01,
        angle_tol=0.5,
        stol=0.02,
        scale=False,
        attempt_supercell=False,
        primitive_cell=primitive,
    )


@pytest.mark.parametrize(
    ("name", "number"),
    [("primitive", 4), ("conventional", 24), ("36 atoms", 102), ("48 atoms", 946)],
)
def test_half_the_lithium_of_li2mno3(name: str, number: int) -> None:
    structure = cell(name)
    half = len(lithium_of(structure)) // 2
    assert count_distinct_orderings(structure, half) == number
    assert len(distinct_orderings(structure, half)) == number


def test_primitive_cell_by_hand() -> None:
    """Sites 2b, 2c and a pair 4h. Of six pairs, those of 2b or 2c with either 4h are alike."""
    structure = cell("primitive")
    names = {}
    for site in lithium_of(structure):
        _, y, z = cell("conventional").lattice.get_fractional_coords(structure[site].coords) % 1
        in_sheet = abs(z - round(z)) < 0.1
        names[site] = "b" if in_sheet else "h" if abs(2 * y - round(2 * y)) > 0.1 else "c"
    found = {
        "".join(sorted(names[i] for i in o.removed)): (o.degeneracy, o.n_li_layer, o.n_tm_layer)
        for o in distinct_orderings(structure, 2)
    }
    assert found == {"bc": (1, 2, 0), "bh": (2, 2, 0), "ch": (2, 1, 1), "hh": (1, 1, 1)}


@given(name=st.sampled_from(CELLS), data=st.data())
@settings(max_examples=40, deadline=None)
def test_degeneracies_sum_to_all_ways_and_complements_are_as_many(
    name: str, data: st.DataObject
) -> None:
    structure = cell(name)
    sheet = set(tm_layer_sites(structure))
    every = lithium_of(structure)
    lithium = data.draw(st.sampled_from([every, sorted(set(every) - sheet), every[1:]]))
    n_removed = data.draw(st.integers(0, len(lithium)))
    found = distinct_orderings(structure, n_removed, lithium=lithium)
    assert sum(o.degeneracy for o in found) == comb(len(lithium), n_removed)
    for count in (n_removed, len(lithium) - n_removed):
        assert count_distinct_orderings(structure, count, lithium=lithium) == len(found)
    assert [o.removed for o in found] == sorted(o.removed for o in found)
    for o in found:
        assert set(o.removed) <= set(lithium)
        kept = set(lithium) - set(o.removed)
        assert (o.n_li_layer, o.n_tm_layer) == (len(kept - sheet), len(kept & sheet))


@pytest.mark.parametrize("name", ["primitive", "conventional"])
def test_no_two_of_the_list_are_alike_to_pymatgen(name: str) -> None:
    structure = cell(name)
    n_removed = len(lithium_of(structure)) // 2
    found = [delithiated(structure, o.removed) for o in distinct_orderings(structure, n_removed)]
    assert len(matcher(primitive=False).group_structures(found)) == len(found)


def test_pymatgen_groups_all_ways_into_the_same_orbits() -> None:
    structure = cell("conventional")
    ways = list(combinations(lithium_of(structure), 2))
    emptied = [delithiated(structure, way) for way in ways]
    order = {id(s): way for s, way in zip(emptied, ways, strict=True)}
    groups = matcher(primitive=False).group_structures(emptied)
    peer = {min(order[id(s)] for s in group): len(group) for group in groups}
    assert peer == {o.removed: o.degeneracy for o in distinct_orderings(structure, 2)}


def test_a_supercell_does_not_know_operations_that_it_has_lost() -> None:
    """Twice a against four times b: rows emptied along a and along b are one crystal.

    No operation of this cell takes one into the other, and no isometry of its lattice does,
    but in their smaller primitive cells pymatgen sees it.
    """
    structure = load_structure("LiCoO2").get_primitive_structure() * (2, 4, 1)
    found = [delithiated(structure, o.removed) for o in distinct_orderings(structure, 4)]
    assert len(found) == 10
    assert len(matcher(primitive=False).group_structures(found)) == 10
    assert len(matcher(primitive=True).group_structures(found)) == 9


def test_too_many_are_counted_and_refused() -> None:
    structure = cell("96 atoms")
    assert count_distinct_orderings(structure, 16) == 18_833_770
    with pytest.raises(
        DelithiationError,
        match=r"16 of 32 Li leave Li32 Mn16 O48 in 18833770 distinct ways, more than "
        r"max_orderings = 100000.*let delithiate search",
    ):
        distinct_orderings(structure, 16)
    with pytest.raises(DelithiationError, match=r"24 distinct ways.*max_orderings = 23"):
        distinct_orderings(cell("conventional"), 4, max_orderings=23)


def test_sites_and_numbers_that_do_not_fit_are_refused() -> None:
    structure = cell("primitive")
    with pytest.raises(DelithiationError, match=r"expected Li sites of .*, got also \[4, 11\]"):
        distinct_orderings(structure, 1, lithium=[0, 4, 11])
    for n_removed in (-1, 5):
        with pytest.raises(DelithiationError, match=rf"{n_removed} Li can't leave .*: .* 0 to 4"):
            count_distinct_orderings(structure, n_removed)


def test_without_oxygen_there_is_no_energy() -> None:
    metal = Structure(Lattice.cubic(3.5), ["Li"], [[0, 0, 0]])
    with pytest.raises(InputError, match="Li1 has no O to take up the charge"):
        ordering_energies(metal, [DistinctOrdering((0,), 1, 0, 0)])


def test_delithiated_leaves_the_pristine_cell_alone() -> None:
    structure = cell("conventional")
    ordering = distinct_orderings(structure, 4)[0]
    assert delithiated(structure, ordering.removed).formula == "Li4 Mn4 O12"
    assert structure.formula == "Li8 Mn4 O12"


def energies_of_all(structure: Structure, ways: list[tuple[int, ...]]) -> np.ndarray:
    """Return q M q with the charges written out: Li that leaves is paid for by all O."""
    symbols = [site.specie.symbol for site in structure]
    charges = np.array([formal_charges(symbols)] * len(ways))
    for row, way in zip(charges, ways, strict=True):
        row[list(way)] = 0.0
        row[np.array(symbols) == "O"] += len(way) / symbols.count("O")
    matrix = ewald_matrix(structure)
    return np.einsum("ni,ij,nj->n", charges, matrix, charges, optimize=True)


def test_equivalent_ways_have_one_energy() -> None:
    structure = cell("conventional")
    found = distinct_orderings(structure, 4)
    energies = ordering_energies(structure, found)
    every = energies_of_all(structure, list(combinations(lithium_of(structure), 4)))
    expected = np.repeat(energies, [o.degeneracy for o in found])
    assert np.sort(every) == pytest.approx(np.sort(expected), abs=ENERGY_TOLERANCE_EV)


def test_energies_do_not_depend_on_the_company(monkeypatch: pytest.MonkeyPatch) -> None:
    structure = cell("primitive")
    found = [o for n in range(5) for o in distinct_orderings(structure, n)]
    expected = ordering_energies(structure, found)
    monkeypatch.setattr("llo_dft.builders.ordering.distinct_orderings.ENERGIES_AT_ONCE", 3)
    assert ordering_energies(structure, found) == pytest.approx(expected)
    assert expected[-1] == pytest.approx(
        energies_of_all(structure, [tuple(lithium_of(structure))])[0]
    )


def ways_that_keep(structure: Structure, n: int, turn: IntArray | None) -> list[tuple[int, ...]]:
    ways = combinations(lithium_of(structure), n)
    return [w for w in ways if turn is None or {int(turn[i]) for i in w} == set(w)]


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("name", "n_removed"),
    [
        ("primitive", 1),
        ("primitive", 2),
        ("conventional", 2),
        ("conventional", 4),
        ("conventional", 6),
        ("36 atoms", 4),
        ("36 atoms", 6),
        ("36 atoms", 9),
        ("48 atoms", 8),
        ("48 atoms", 12),
    ],
)
def test_search_and_comparison_reach_the_lowest_of_all_ways(
    monkeypatch: pytest.MonkeyPatch, name: str, n_removed: int, *, turned: bool
) -> None:
    structure = cell(name)
    lithium = lithium_of(structure)
    turn = top_bottom_permutations(structure)[-1] if turned else None
    ways = ways_that_keep(structure, n_removed, turn)
    energies = energies_of_all(structure, ways)
    lowest = energies.min()
    tied = [ways[i] for i in np.flatnonzero(energies < lowest + ENERGY_TOLERANCE_EV)]

    def solve() -> LithiumRemoval:
        fraction = 1 - n_removed / len(lithium)
        return delithiate(structure, lithium, [fraction], turn_over=turn, seed=1)[0]

    compared = solve()
    assert compared.removed == max(tied)  # the first Li stay, as the search has it
    monkeypatch.setattr(arrangement_search, "EXACT_BLOCKS", 0)
    searched = solve()
    for found in (compared, searched):
        assert found.removed in ways
        assert found.energy_ev == pytest.approx(lowest, abs=ENERGY_TOLERANCE_EV)
    if turn is None:
        distinct = distinct_orderings(structure, n_removed)
        assert ordering_energies(structure, distinct).min() == pytest.approx(
            lowest, abs=ENERGY_TOLERANCE_EV
        )


def test_where_all_are_compared_the_seed_does_not_matter() -> None:
    structure = cell("conventional")
    lithium = lithium_of(structure)
    found = {
        delithiate(structure, lithium, [0.5], turn_over=None, seed=seed)[0] for seed in range(4)
    }
    assert len(found) == 1


def test_an_ordering_is_a_value() -> None:
    first = distinct_orderings(cell("primitive"), 1)[0]
    assert first == DistinctOrdering((first.removed[0],), 1, first.n_li_layer, first.n_tm_layer)
