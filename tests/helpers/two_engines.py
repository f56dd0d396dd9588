"""Two engines of one cell: a cheap one, and a dear one that has another energy for each O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llo_dft.testing.fake_engine import FakeCalculation, FakeEngine

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from llo_dft.documents.calculation import Fingerprint
    from llo_dft.typing import CalculationKind

#: By how much E_f of the dear engine lies above the cheap one's at the middle of the slab, and how
#: that falls towards its faces, eV and eV/angstrom.
OFFSET_EV = 0.4
PER_ANGSTROM_EV = -0.15

#: What tells the sites apart for both engines, eV times 0 to 12.
CHEAP_EV = 0.05

#: What depends on nothing that the model knows, eV times 0 to 6.
SCATTER_EV = 0.02


@dataclass
class SiteCalculation(FakeCalculation):
    """Each O of a slab has a binding energy of its own, of which the cheap engine knows a part."""

    cheap: bool = False

    def settings(self) -> dict[str, Any]:
        # as a program that computes one point of the potential's geometry: it has no other minima
        own = {"cheap": True} if self.cheap else {"cheap": False, "then": "static"}
        return super().settings() | own

    def fingerprint(self, structure: Structure) -> Fingerprint:
        found = super().fingerprint(structure)
        return found.model_copy(update={"functional": "cheap" if self.cheap else "dear"})

    def _energy_ev(self, structure: Structure) -> float:
        energy = super()._energy_ev(structure)
        if "bare_site" not in structure.site_properties:
            return energy
        metals = [site.coords[2] for site in structure if site.specie.is_transition_metal]
        if not metals:  # a coating alone
            return energy
        middle = sum(metals) / len(metals)
        for site in structure:
            if site.specie.symbol == "O":
                number = site.properties["bare_site"]
                energy -= CHEAP_EV * (number * 7 % 13)
                if not self.cheap:
                    height = abs(site.coords[2] - middle)
                    energy -= OFFSET_EV + PER_ANGSTROM_EV * height + SCATTER_EV * (number * 5 % 7)
        return float(energy)


class DearEngine(FakeEngine):
    def maker(self, kind: CalculationKind) -> SiteCalculation:
        return SiteCalculation(kind, self.protocol, self.counter, self.faults, cheap=False)


class CheapEngine(FakeEngine):
    def maker(self, kind: CalculationKind) -> SiteCalculation:
        return SiteCalculation(kind, self.protocol, self.counter, self.faults, cheap=True)
