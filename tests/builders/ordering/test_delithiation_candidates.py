"""Several ways to reach a lithium fraction, ranked by Ewald energy, against all ways there are."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from lowest_delithiation import delithiate as lowest_delithiation

from llo_dft.builders.ordering import arrangement_search
from llo_dft.builders.ordering.arrangement_search import ewald_matrix
from llo_dft.builders.ordering.delithiation import delithiate
from llo_dft.builders.surface.symmetry import top_bottom_permutations
from llo_dft.chemistry.formal_charges import formal_charges
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.builders.ordering.delithiation import LithiumRemoval
    from llo_dft.typing import IntArray

ENERGY_TOLERANCE_EV = 1e-6


@cache
def cell(name: str) -> Structure:
    conventional = load_structure("Li2MnO3")
    primitive = conventional.get_primitive_structure()
    return {
        "primitive": primitive,
        "conventional": conventional,
        "36 atoms": primitive * (1, 1, 3),
        "48 atoms": primitive * (2, 2, 1),
    }[name]


def lithium_of(structure: Structure) -> list[int]:
    return [i for i, site in enumerate(structure) if site.specie.symbol == "Li"]


def candidates(structure: Structure, count: int, fraction: float = 0.5) -> list[LithiumRemoval]:
    (ways,) = delithiate(
        structure, lithium_of(structure), [fraction], n_candidates=count, turn_over=None, seed=0
    )
    return ways


def energies_of_all(structure: Structure, ways: list[tuple[int, ...]]) -> np.ndarray:
    """Return q M q with the charges written out: Li that leaves is paid for by all O."""
    symbols = [site.specie.symbol for site in structure]
    charges = np.array([formal_charges(symbols)] * len(ways))
    for row, way in zip(charges, ways, strict=True):
        row[list(way)] = 0.0
        row[np.array(symbols) == "O"] += len(way) / symbols.count("O")
    matrix = ewald_matrix(structure)
    return np.einsum("ni,ij,nj->n", charges, matrix, charges, optimize=True)


def test_candidates_are_the_lowest_of_all_ways() -> None:
    oxide = cell("conventional")
    energies = np.sort(energies_of_all(oxide, list(combinations(lithium_of(oxide), 4))))
    levels = energies[np.concatenate([[True], np.diff(energies) > 1e-5])]
    found = [candidate.energy_ev for candidate in candidates(oxide, 5)]
    np.testing.assert_allclose(found, levels[:5], atol=ENERGY_TOLERANCE_EV)


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
        return lowest_delithiation(structure, lithium, [fraction], turn_over=turn, seed=1)[0]

    compared = solve()
    assert compared.removed == max(tied)  # the first Li stay, as the search has it
    monkeypatch.setattr(arrangement_search, "EXACT_BLOCKS", 0)
    searched = solve()
    for found in (compared, searched):
        assert found.removed in ways
        assert found.energy_ev == pytest.approx(lowest, abs=ENERGY_TOLERANCE_EV)


def test_where_all_are_compared_the_seed_does_not_matter() -> None:
    structure = cell("conventional")
    lithium = lithium_of(structure)
    found = {
        lowest_delithiation(structure, lithium, [0.5], turn_over=None, seed=seed)[0]
        for seed in range(4)
    }
    assert len(found) == 1


def test_the_first_does_not_depend_on_how_many_are_asked_for() -> None:
    oxide = cell("conventional")
    assert candidates(oxide, 3)[:1] == candidates(oxide, 1)


def test_the_search_gives_distinct_candidates_beyond_the_exact_limit() -> None:
    large = cell("conventional") * (3, 1, 1)
    found = candidates(large, 4)
    energies = [candidate.energy_ev for candidate in found]
    assert len(found) == 4
    assert all(np.diff(energies) > 1e-6)
    assert {candidate.lithium_fraction for candidate in found} == {0.5}


def test_there_may_be_fewer_than_asked_for() -> None:
    assert len(candidates(cell("conventional"), 10, fraction=0.0)) == 1
