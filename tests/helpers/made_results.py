"""Results that tests make up: what of them a test does not name is the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llo_dft.documents.study_result import OxygenChemicalPotential, StudyResult

if TYPE_CHECKING:
    from llo_dft.documents.study_result import HostResult


def made_result(*hosts: HostResult, **fields: Any) -> StudyResult:
    """A study's result of these hosts."""
    return StudyResult(
        **{
            "study": "s",
            "engine": "fake",
            "protocol": "fast",
            "fingerprint": None,
            "seed": 0,
            "composition": "Li2MnO3",
            "requested_composition": "Li2MnO3",
            "oxygen": None,
            "hosts": list(hosts),
            "counts": {},
            "calculations": [],
        }
        | fields
    )


def made_potential(mu_ev: float) -> OxygenChemicalPotential:
    """An oxygen chemical potential of scheme "none"."""
    return OxygenChemicalPotential(
        scheme="none",
        temperature_k=298.15,
        pressure_bar=1.0,
        o2_energy_ev_per_atom=mu_ev,
        o2_energy_source="made up",
        correction_ev=0.0,
        delta_mu_ev=0.0,
        delta_mu_reference_k=0.0,
        pressure_term_ev=0.0,
        mu_ev=mu_ev,
    )
