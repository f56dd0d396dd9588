"""The oxygen reservoir of a study, its O2 energies, and E_f over its temperature and pressure."""

from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import Field

from llo_dft.chemistry.element_table import MATERIALS_PROJECT_U_EV
from llo_dft.documents.document import Document
from llo_dft.typing import OxideKind, OxygenScheme, System

#: Functional whose energies the corrections were fitted to, with or without a Hubbard U.
FITTED_FUNCTIONAL: Final = "PBE"


def schemes_not_fitted(
    functional: str, u_values_ev: Mapping[str, float], elements: Iterable[str], dispersion: str
) -> dict[OxygenScheme, str]:
    """Return the O2 schemes that were fitted to energies of other settings, and why.

    ``wang2006`` and ``mp2020`` were fitted to PBE's error for O2. Other functionals have other
    errors: HSE06 and SCAN overbind O2 by a fraction of PBE's error. ``mp2020`` was
    fitted together with the Materials Project's U and without a dispersion correction.

    ``functional`` is as in a fingerprint, for example "PBE+U"; U by element is in eV, 0 where there
    is none, and only that of ``elements`` counts; ``dispersion`` is empty without a correction.
    """
    if functional.partition("+U")[0] != FITTED_FUNCTIONAL:
        reason = (
            f"it was fitted to {FITTED_FUNCTIONAL} and {FITTED_FUNCTIONAL}+U energies, and these "
            f"are {functional}; use 'none'"
        )
        return {"wang2006": reason, "mp2020": reason}
    for element in sorted(set(elements) & MATERIALS_PROJECT_U_EV.keys()):
        expected, found = MATERIALS_PROJECT_U_EV[element], u_values_ev.get(element, 0.0)
        if found != expected:
            reason = (
                f"it was fitted with U({element}) {expected:g} eV, and here it is {found:g} eV; "
                "use 'wang2006'"
            )
            return {"mp2020": reason}
    if dispersion:
        reason = f"it was fitted without a dispersion correction, and these have {dispersion}"
        return {"mp2020": f"{reason}; use 'wang2006' or 'none'"}
    return {}


class OxygenSettings(Document):
    """Scheme, temperature and pressure, and what the engine states about O2."""

    scheme: OxygenScheme
    temperature_k: float
    pressure_bar: float
    oxide_kind: OxideKind = Field(
        "oxide", description="What scheme mp2020 takes the removed O to be"
    )
    label_energy_ev_per_atom: float | None = Field(
        None, description="Half the energy of O2 on the scale of a potential's training labels, eV"
    )
    label_source: str = ""
    refused: dict[OxygenScheme, str] = Field(
        default_factory=dict, description="Schemes that don't apply to the engine, and why"
    )


class HostMap(Document):
    """Lowest E_f of one host at each temperature and pressure."""

    label: str
    system: System
    lithium_fraction: float | None
    formation_energies_ev: list[list[float]] = Field(
        description="Rows: temperatures; columns: pressures; eV per O"
    )


class VacancyMap(Document):
    """E_f(T, p) of the hosts that have a vacancy."""

    temperatures_k: list[float]
    pressures_bar: list[float]
    hosts: list[HostMap]
