"""Results of plain runs that nobody made."""

from __future__ import annotations

from typing import Any

from llo_dft.documents.study_result import HostResult, StudyResult, VacancyResult


def plain_host(run: str, *energies_ev: float | None, x: float | None = None) -> HostResult:
    """A bare host with a vacancy of each of these energies."""
    fields: dict[str, Any] = {"site": None, "site_class": "", "environment": None}
    vacancies = [
        VacancyResult(run=f"{run}/{n}", status="completed", formation_energy_ev=energy, **fields)
        for n, energy in enumerate(energies_ev)
    ]
    return HostResult(
        run=run, status="completed", system="bare", lithium_fraction=x, vacancies=vacancies
    )


def plain_result(**fields: Any) -> StudyResult:
    base: dict[str, Any] = {
        "study": None,
        "engine": "vasp",
        "protocol": "as found",
        "fingerprint": None,
        "composition": "Li4 Mn2 O6",
        "oxygen": None,
        "hosts": [],
        "counts": {},
        "calculations": [],
    }
    return StudyResult(**base | fields)
