"""The search with few single points, on energies that are known for every arrangement."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest

from llo_dft.builders.ordering import arrangement_search
from llo_dft.builders.ordering.delithiation import lithium_sites
from llo_dft.builders.ordering.fitted_search import fitted_search
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pymatgen.core import Structure

    from llo_dft.builders.ordering.arrangement_search import OrderingProblem
    from llo_dft.typing import IntArray


def cell() -> Structure:
    """Li2MnO3 with 16 Li."""
    large: Structure = load_structure("Li2MnO3") * (2, 1, 1)
    return large


def half() -> OrderingProblem:
    structure = cell()
    lithium = list(structure.indices_from_symbol("Li"))
    problem, _ = lithium_sites(structure, lithium, None).problem(8)
    return problem


def engine(problem: OrderingProblem, scale: float, seed: int = 1) -> Callable[..., list[float]]:
    """An engine that screens the electrostatics and has a preference of its own for each site."""
    own = np.random.default_rng(seed).normal(0.0, scale, len(problem.sizes))

    def energies(arrangements: Sequence[IntArray]) -> list[float]:
        return [0.05 * problem.energy_ev(one) + float(own[one == 0].sum()) for one in arrangements]

    return energies


def every(problem: OrderingProblem) -> list[IntArray]:
    n = len(problem.sizes)
    found = []
    for filled in combinations(range(n), int(problem.counts[0])):
        one = np.ones(n, dtype=np.int64)
        one[list(filled)] = 0
        found.append(one)
    return found


@pytest.mark.parametrize("scale", [0.0, 0.3, 1.0])
def test_the_lowest_of_all_is_found_with_few_single_points(scale: float) -> None:
    """12,870 arrangements, of which 40 are computed."""
    problem = half()
    energies = engine(problem, scale)
    found = fitted_search(problem, [], energies, budget=40, seed=0)
    assert len(found) == 40
    assert min(found.values()) == pytest.approx(min(energies(every(problem))), abs=1e-6)


def test_beyond_the_exact_limit_the_search_finds_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = half()
    energies = engine(problem, 0.5)
    monkeypatch.setattr(arrangement_search, "EXACT_BLOCKS", 0)
    found = fitted_search(problem, [], energies, budget=48, seed=0)
    assert min(found.values()) == pytest.approx(min(energies(every(problem))), abs=1e-6)


def test_what_is_asked_for_is_computed_and_each_arrangement_once() -> None:
    problem = half()
    asked = every(problem)[5000:5003]
    seen: list[tuple[int, ...]] = []

    def energies(arrangements: Sequence[IntArray]) -> list[float]:
        seen.extend(tuple(map(int, one)) for one in arrangements)
        return engine(problem, 0.3)(arrangements)

    found = fitted_search(problem, [*asked, asked[0]], energies, budget=20, seed=0)
    assert len(seen) == len(set(seen)) == 20
    assert {tuple(one) for one in asked} <= set(seen)
    assert energies([np.array(one) for one in found]) == pytest.approx(list(found.values()))


def test_a_small_budget_is_kept_and_few_arrangements_are_all_computed() -> None:
    problem = half()
    energies = engine(problem, 0.3)
    few = fitted_search(problem, every(problem)[:9], energies, budget=5, seed=0)
    assert len(few) == 5
    structure = cell()
    lithium = list(structure.indices_from_symbol("Li"))
    one_out, _ = lithium_sites(structure, lithium, None).problem(1)
    found = fitted_search(one_out, [], engine(one_out, 0.3), budget=40, seed=0)
    # the model tells no two arrangements of one energy apart; all of different energy are there
    assert min(found.values()) == pytest.approx(min(engine(one_out, 0.3)(every(one_out))))


def test_the_same_seed_computes_the_same() -> None:
    problem = half()
    first, second = (
        fitted_search(problem, [], engine(problem, 0.3), budget=24, seed=5) for _ in range(2)
    )
    assert first == second
