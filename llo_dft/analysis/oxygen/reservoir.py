"""The oxygen reservoir: the chosen chemical potential and the alternatives."""

from dataclasses import dataclass, field
from typing import get_args

from llo_dft.analysis.oxygen.chemical_potential import oxygen_chemical_potential
from llo_dft.documents.oxygen import OxygenSettings
from llo_dft.documents.study_result import OxygenChemicalPotential
from llo_dft.typing import OxideKind, OxygenScheme


@dataclass(frozen=True)
class OxygenReservoir:
    """The chosen chemical potential, the other allowed ones, and why the rest are not used."""

    chosen: OxygenChemicalPotential | None
    """None if unavailable; ``problem`` says why."""
    others: dict[str, OxygenChemicalPotential]
    """Under the other schemes allowed for the engine, by scheme."""
    notes: dict[str, str]
    """Why each remaining scheme is not used."""
    problem: str
    if_oxidised: dict[str, OxygenChemicalPotential] = field(default_factory=dict)
    """Scheme mp2020 for other kinds of removed O: a band where O is oxidised."""

    def described(self) -> dict[str, str]:
        """Return mu_O for each scheme that was not chosen, or why there is none."""
        values = {name: f"{other.mu_ev:.4f} eV per O" for name, other in self.others.items()}
        return {**values, **self.notes}


def oxygen_reservoir(
    oxygen: OxygenSettings, o2_ev_per_atom: float | None, source: str, problem: str
) -> OxygenReservoir:
    """Return mu_O under every scheme that applies to the energies.

    Raises ``ValueError`` if there is no data for O2 at the temperature and pressure.

    ``oxygen`` is what is requested, and what the engine states about O2; ``o2_ev_per_atom`` half
    the energy of O2 with the settings of the hosts, eV, and ``source`` where it comes from, for the
    reader. None if there is none, and ``problem`` says why.
    """
    notes: dict[str, str] = {}
    found: dict[str, OxygenChemicalPotential] = {}
    conditions = oxygen.temperature_k, oxygen.pressure_bar
    for scheme in get_args(OxygenScheme):
        energy, whence = o2_ev_per_atom, source
        if scheme == "potential":
            energy, whence = oxygen.label_energy_ev_per_atom, oxygen.label_source
        if scheme in oxygen.refused:
            notes[scheme] = f"not used: {oxygen.refused[scheme]}"
        elif energy is None:
            missing = "the engine has no labels of its own" if scheme == "potential" else problem
            notes[scheme] = f"not used: {missing}"
        else:
            found[scheme] = oxygen_chemical_potential(
                scheme, energy, whence, *conditions, oxygen.oxide_kind
            )
    corrected = found.get("mp2020")
    band = {
        f"mp2020_{kind}": oxygen_chemical_potential(
            "mp2020", corrected.o2_energy_ev_per_atom, source, *conditions, kind
        )
        for kind in get_args(OxideKind)
        if corrected is not None and kind != corrected.oxide_kind
    }
    chosen = found.pop(oxygen.scheme, None)
    reason = notes.pop(oxygen.scheme, "")
    problem = f"no chemical potential of oxygen: {reason}"
    return OxygenReservoir(chosen, found, notes, problem, band)
