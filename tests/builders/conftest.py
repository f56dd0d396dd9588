from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest

from llo_dft.builders.cathode.bulk import build_bulk
from llo_dft.builders.surface.slab import SlabModel, build_slab
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.builders.ordering.arrangement_search import OrderingProblem

SEED = 7
VACUUM = 15.0


class MakeBulk(Protocol):
    def __call__(self, name: str) -> Structure: ...


class MakeSlab(Protocol):
    def __call__(self, name: str, tm_layers: int = ...) -> SlabModel: ...


class BruteForce(Protocol):
    def __call__(self, problem: OrderingProblem) -> float | None: ...


@cache
def _bulk(name: str) -> Structure:
    li2mno3 = load_structure("Li2MnO3")
    if name in {"LiCoO2", "LiNiO2"}:
        parent = load_structure(name)
        parent.make_supercell([2, 1, 1])
        return parent
    formula, supercell, ordering = {
        "Li2MnO3": ("Li2MnO3", (1, 1), "honeycomb"),
        "NCM": ("Li1.2Mn0.54Ni0.13Co0.13O2", (1, 1), "honeycomb"),
        "LNMO": ("Li1.2Mn0.6Ni0.2O2", (1, 2), "ewald"),
        "Al-doped": ("Li1.2Mn0.54Ni0.2Al0.06O2", (2, 1), "honeycomb"),
        "Ti-doped": ("Li1.2Mn0.5Ti0.1Ni0.2O2", (3, 1), "honeycomb"),
    }[name]
    return build_bulk(
        li2mno3,
        formula,
        supercell=supercell,
        ordering=ordering,  # type: ignore[arg-type]
        seed=SEED,
        tolerance=0.1,
    ).structure


@cache
def _slab(name: str, tm_layers: int) -> SlabModel:
    return build_slab(_bulk(name), tm_layers=tm_layers, vacuum=VACUUM, seed=SEED)


@pytest.fixture(scope="session")
def li2mno3() -> Structure:
    return load_structure("Li2MnO3")


@pytest.fixture(scope="session")
def make_bulk() -> MakeBulk:
    """Return a bulk by name; a copy, so that a test may change it."""
    return lambda name: _bulk(name).copy()


@pytest.fixture(scope="session")
def make_slab() -> MakeSlab:
    """Return the slab of a named bulk; built once, so it must not be changed."""
    return lambda name, tm_layers=1: _slab(name, tm_layers)


@pytest.fixture(scope="session")
def brute_force() -> BruteForce:
    """Return the lowest energy of all assignments that satisfy the counts, or None."""

    def lowest(problem: OrderingProblem) -> float | None:
        n_blocks, n_species = problem.allowed.shape
        energies = []
        for species in product(range(n_species), repeat=n_blocks):
            assignment = np.array(species, dtype=np.int64)
            taken = np.bincount(assignment, weights=problem.sizes, minlength=n_species)
            if all(problem.allowed[np.arange(n_blocks), assignment]) and all(
                taken == problem.counts
            ):
                energies.append(problem.energy_ev(assignment))
        return min(energies, default=None)

    return lowest
