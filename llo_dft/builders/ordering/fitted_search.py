"""Search for the arrangement of lowest energy by an engine, with few single points.

The energy of an arrangement is modelled as slope * electrostatics + one term for each block and
species, fitted to the arrangements computed so far. Those that the model predicts lowest are
computed next. On a slab of Li1.2(Mn,Ni,Co)0.8O2 with 14 Li the model leaves 0.02 to 0.09 eV of a
spread of 1 eV, where the electrostatics alone puts the best of 168 arrangements in place 95
(benchmarks/orderings.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from llo_dft.builders.ordering.arrangement_search import (
    OrderingProblem,
    lowest_arrangements,
    random_arrangements,
    search,
)
from llo_dft.typing import FloatArray, IntArray

#: Fraction of the computed arrangements that is drawn at random: these separate the terms.
RANDOM_SHARE: Final = 0.4

#: How many of the model's lowest are computed before it is refitted.
BATCH: Final = 8

#: Weight of a term's square, (eV/site)^2 to eV^2 of the misfit: it keeps unknown terms small.
RIDGE: Final = 0.3

#: The same for the slope, in units of the electrostatic energy (eV).
SLOPE_RIDGE: Final = 1e-3


def fitted_search(
    problem: OrderingProblem,
    first: Sequence[IntArray],
    energies_ev: Callable[[Sequence[IntArray]], Sequence[float]],
    *,
    budget: int,
    seed: int,
    repulsion_ev: FloatArray | None = None,
) -> dict[tuple[int, ...], float]:
    """Return the energies of the computed arrangements, most likely including the lowest of all.

    The ``first`` are computed first, such as the electrostatically lowest, by ``energies_ev``, eV;
    in all ``budget``, at most all there are. ``seed`` is that of the random arrangements and of the
    searches. ``repulsion_ev`` (n_blocks, n_blocks) is added to the model's energy, for Li that
    can't be so near, eV: only arrangements without any are computed.
    """
    done: dict[tuple[int, ...], float] = {}

    def compute(some: Sequence[IntArray], most: int = budget) -> int:
        every = dict.fromkeys(tuple(map(int, one)) for one in some)
        new = [one for one in every if one not in done][: min(most, budget - len(done))]
        arrays = [np.array(one, dtype=np.int64) for one in new]
        done.update(zip(new, map(float, energies_ev(arrays)), strict=True))
        return len(new)

    compute(first)
    if repulsion_ev is None:
        compute(random_arrangements(problem, count=round(RANDOM_SHARE * budget), seed=seed))
    else:
        n_random = round(RANDOM_SHARE * (budget - len(done)))
        compute(_random_apart(problem, repulsion_ev, n_random, seed))
    for round_ in range(budget):
        if len(done) >= budget:
            break
        model = _fitted(problem, done)
        if repulsion_ev is not None:
            model = replace(model, coupling=model.coupling + repulsion_ev)
        lowest = lowest_arrangements(model, count=len(done) + BATCH, seed=seed + round_)
        if repulsion_ev is not None:
            lowest = [one for one in lowest if _apart(problem, one, repulsion_ev)]
        if not compute(lowest, BATCH):
            break
    return done


def _random_apart(
    problem: OrderingProblem, repulsion_ev: FloatArray, count: int, seed: int
) -> list[IntArray]:
    """Return the lowest arrangements in random fields that leave no Li too near to another."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        field = rng.normal(size=len(problem.sizes)) * problem.sizes
        random = replace(problem, coupling=repulsion_ev, field=field)
        found.append(search(random, seed=seed, starts=1))
    return [one for one in found if _apart(problem, one, repulsion_ev)]


def _apart(problem: OrderingProblem, arrangement: IntArray, repulsion_ev: FloatArray) -> bool:
    charges = problem.charges[arrangement]
    return not (charges @ repulsion_ev @ charges).any()


def _fitted(problem: OrderingProblem, done: dict[tuple[int, ...], float]) -> OrderingProblem:
    """Return a problem whose energies are the fitted ones, up to a constant."""
    arrangements = np.array(list(done), dtype=np.int64)
    energies = np.array(list(done.values()))
    charged = np.flatnonzero(problem.charges)
    electrostatic = np.array([problem.energy_ev(one) for one in arrangements])
    terms = [(arrangements == species) * problem.sizes for species in charged]
    features = np.column_stack([electrostatic, *terms])
    features = features - features.mean(axis=0)
    weights = np.diag([SLOPE_RIDGE] + [RIDGE] * (features.shape[1] - 1))
    fit = np.linalg.solve(
        features.T @ features + weights, features.T @ (energies - energies.mean())
    )
    slope, by_block = fit[0], fit[1:].reshape(len(charged), -1) * problem.sizes
    if len(charged) != 1:
        raise ValueError(f"expected Li and empty sites, got {len(charged)} charged species")
    return replace(
        problem,
        coupling=slope * problem.coupling,
        field=slope * problem.field + by_block[0] / problem.charges[charged[0]],
    )
