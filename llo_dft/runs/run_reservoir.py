"""The oxygen reservoir beside plain VASP runs: mu_O under each scheme that goes with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from llo_dft.analysis.oxygen.chemical_potential import oxygen_chemical_potential
from llo_dft.analysis.oxygen.schemes import refused_schemes
from llo_dft.errors import InputError
from llo_dft.typing import OxygenScheme

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llo_dft.documents.study_result import OxygenChemicalPotential
    from llo_dft.runs.plain_runs import PlainRun
    from llo_dft.runs.references import Reference


@dataclass(frozen=True)
class OxygenRequest:
    """The oxygen reservoir that is asked for; O2 as a run or as eV per molecule."""

    scheme: OxygenScheme
    temperature_k: float
    pressure_bar: float
    o2: Path | None = None
    o2_energy_ev: float | None = None


@dataclass(frozen=True)
class RunReservoir:
    """mu_O under the schemes that go with the runs.

    Attributes
    ----------
    chosen
        None where O2 has no energy; ``reason`` says why.
    others
        Under the other schemes that may be used.
    notes
        Why each remaining scheme may not.
    """

    chosen: OxygenChemicalPotential | None
    others: dict[OxygenScheme, OxygenChemicalPotential]
    notes: dict[str, str]
    reason: str | None = None

    def described(self) -> dict[str, str]:
        """Return for each scheme that was not chosen its mu_O, or why there is none."""
        values = {str(name): f"{one.mu_ev:.4f} eV per O" for name, one in self.others.items()}
        return {**values, **self.notes}


def run_reservoir(
    oxygen: OxygenRequest, reference: Reference, hosts: Sequence[PlainRun]
) -> RunReservoir:
    """Return mu_O under the chosen scheme and the others that go with the runs' functional.

    Raises
    ------
    InputError
        If the chosen one does not, or nothing is known of O2 at the temperature and pressure.
    """
    if oxygen.scheme not in get_args(OxygenScheme):
        raise InputError(
            f"O2 scheme {oxygen.scheme!r} is unknown; exactly one of "
            f"{', '.join(get_args(OxygenScheme))} is expected"
        )
    known = [one.run for one in (*hosts, reference.run) if one is not None and one.run is not None]
    fingerprint = known[0].calculation.fingerprint if known else None
    refused = {} if fingerprint is None else refused_schemes(fingerprint)
    if oxygen.scheme in refused:
        raise InputError(f"O2 scheme {oxygen.scheme!r}: {refused[oxygen.scheme]}")
    notes = {str(scheme): f"not used: {why}" for scheme, why in refused.items()}
    energy = reference.energy_ev_per_atom
    if energy is None:
        reason = None if reference.run is None else reference.run.reason
        return RunReservoir(None, {}, notes, f"O2 has no energy: {reason}")
    found: dict[OxygenScheme, OxygenChemicalPotential] = {}
    for scheme in get_args(OxygenScheme):
        if scheme in refused:
            continue
        try:
            found[scheme] = oxygen_chemical_potential(
                scheme, energy, reference.source, oxygen.temperature_k, oxygen.pressure_bar
            )
        except ValueError as error:
            raise InputError(f"no chemical potential of oxygen: {error}") from error
    return RunReservoir(found.pop(oxygen.scheme), found, notes)
