"""A calculation that takes no time; workers import it by its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monty.json import MSONable

from llo_dft.documents.calculation import Fingerprint
from llo_dft.engines.base import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core import Structure

    from llo_dft.typing import CalculationKind


@dataclass
class TinyCalculation(MSONable):
    """Implements ``CalculationMaker``: gives the structure back, with no energy to speak of."""

    kind: CalculationKind = "bulk_relax"
    protocol: str = "balanced"

    def settings(self) -> dict[str, Any]:
        """Return none: nothing can be set."""
        return {}

    def fingerprint(self, structure: Structure) -> Fingerprint:
        """Return what names this calculation."""
        del structure
        return Fingerprint(engine="tiny", engine_version="1", functional="none")

    def read_back(self, folder: Path) -> None:
        """Return None: it leaves no files."""
        del folder

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        """Return the structure as it is."""
        del folder
        return Outcome(
            structure=structure,
            energy_ev=0.0,
            max_force_ev_per_angstrom=0.0,
            magmoms_mu_b=None,
            n_steps=0,
            n_evaluations=0,
        )
