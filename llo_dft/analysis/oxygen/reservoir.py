"""The oxygen reservoir of a study: the chosen chemical potential and the others beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from llo_dft.analysis.oxygen.chemical_potential import oxygen_chemical_potential
from llo_dft.typing import OxygenScheme

if TYPE_CHECKING:
    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.documents.oxygen import OxygenSettings
    from llo_dft.documents.study_result import OxygenChemicalPotential


@dataclass(frozen=True)
class OxygenReservoir:
    """The chosen chemical potential, the others that may be used, and why not the rest.

    Attributes
    ----------
    chosen
        None if it can't be had; ``problem`` says why.
    others
        Under the other schemes that may be used with the engine, by scheme.
    notes
        Why each remaining scheme is not used.
    """

    chosen: OxygenChemicalPotential | None
    others: dict[str, OxygenChemicalPotential]
    notes: dict[str, str]
    problem: str

    def described(self) -> dict[str, str]:
        """Return for each scheme that was not chosen its mu_O, or why there is none."""
        values = {name: f"{other.mu_ev:.4f} eV per O" for name, other in self.others.items()}
        return {**values, **self.notes}


def oxygen_reservoir(oxygen: OxygenSettings, molecule: CalculationDocument) -> OxygenReservoir:
    """Return mu_O under every scheme that goes with an engine.

    Parameters
    ----------
    oxygen
        What the study asks, and what the engine says of O2.
    molecule
        The calculation of O2.
    """
    computed = molecule.energy_ev
    problem = f"O2 {molecule.status}: {molecule.reason}"
    notes: dict[str, str] = {}
    found: dict[str, OxygenChemicalPotential] = {}
    for scheme in get_args(OxygenScheme):
        energy, source = (None if computed is None else computed / 2), "O2 by the engine itself"
        if scheme == "potential":
            energy, source = oxygen.label_energy_ev_per_atom, oxygen.label_source
        if scheme in oxygen.refused:
            notes[scheme] = f"not used: {oxygen.refused[scheme]}"
        elif energy is None:
            missing = "the engine has no labels of its own" if scheme == "potential" else problem
            notes[scheme] = f"not used: {missing}"
        else:
            found[scheme] = oxygen_chemical_potential(
                scheme, energy, source, oxygen.temperature_k, oxygen.pressure_bar
            )
    chosen = found.pop(oxygen.scheme, None)
    reason = notes.pop(oxygen.scheme, "")
    return OxygenReservoir(chosen, found, notes, f"no chemical potential of oxygen: {reason}")
