"""An engine that likes Li in the tetrahedral sites beside empty sites of the metal layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from llo_dft.builders.ordering.dumbbells import HEIGHT_ANGSTROM
from llo_dft.testing.fake_engine import FakeCalculation, FakeEngine

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from llo_dft.typing import CalculationKind


def n_beside(structure: Structure) -> int:
    """Number of Li so high over a metal layer; the Li layers are 2.4 angstrom from it."""
    heights = structure.cart_coords[:, 2]
    metals = heights[[site.specie.symbol in {"Mn", "Co", "Ni"} for site in structure]]
    lithium = heights[list(structure.indices_from_symbol("Li"))]
    if not len(metals) or not len(lithium):
        return 0
    over = np.abs(np.subtract.outer(lithium, metals)).min(axis=1)
    return int((np.abs(over - HEIGHT_ANGSTROM) < 0.25).sum())


class LikesTetrahedra(FakeCalculation):
    """Each Li there is worth 10 eV, and others are the worse the nearer two of them are."""

    def _energy_ev(self, structure: Structure) -> float:
        lithium = structure.indices_from_symbol("Li")
        between = structure.distance_matrix[np.ix_(lithium, lithium)]
        nearest = float(between[np.triu_indices(len(lithium), 1)].min(initial=10.0))
        return super()._energy_ev(structure) - 10.0 * n_beside(structure) + 0.1 / nearest

    def energies_ev(self, structures: Any) -> list[float]:
        return [self._energy_ev(structure) for structure in structures]


class EngineOfTetrahedra(FakeEngine):
    def maker(self, kind: CalculationKind) -> FakeCalculation:
        return LikesTetrahedra(kind, self.protocol, self.counter, self.faults)
