"""One host of a study: its energy, its vacancies and what their relaxation rebuilt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llo_dft.analysis.comparability.fingerprints import ComparabilityError, check_comparable
from llo_dft.analysis.interface.adhesion import interface_bonds
from llo_dft.analysis.vacancy.formation_energy import formation_energy_ev
from llo_dft.analysis.vacancy.structure_check import check_relaxed
from llo_dft.documents.labels import relaxed_file
from llo_dft.documents.study_result import HostResult, VacancyResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llo_dft.analysis.oxygen.reservoir import OxygenReservoir
    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.documents.plan import PlannedHost, PlannedVacancy, StudyPlan
    from llo_dft.documents.sites import OxygenEnvironment


@dataclass(frozen=True)
class HostCalculations:
    """The calculations of one host; what left no result is there with its reason.

    Attributes
    ----------
    host
        Its own.
    vacancies
        One for each of its planned vacancies.
    bonded
        For each termination the O bonded to a former of the coating, by their numbers, as indices
        of the pristine bare slab; None where its interface has no structure.
    """

    host: CalculationDocument
    vacancies: Sequence[CalculationDocument]
    bonded: Mapping[str, Sequence[int] | None]


def host_result(
    plan: StudyPlan, planned: PlannedHost, made: HostCalculations, reservoir: OxygenReservoir
) -> HostResult:
    """Return a host with those of its vacancies that have a site.

    A vacancy planned at an O bonded to the coating is left out where the relaxed interface
    has no such bond; where that is not known it stays, with the reason.
    """
    n_bonds = bonds_to_former(plan, planned, made.host)
    vacancies = []
    for vacancy, calculation in zip(planned.vacancies, made.vacancies, strict=True):
        site = vacancy.site
        if vacancy.bonded is not None:
            bonded = made.bonded[vacancy.bonded.termination]
            if bonded is not None and vacancy.bonded.order >= len(bonded):
                continue
            site = None if bonded is None else bonded[vacancy.bonded.order]
        one = _Vacancy(planned, vacancy, site, calculation)
        vacancies.append(_vacancy_result(one, made.host, n_bonds, reservoir))
    return HostResult(
        system=planned.system,
        termination=planned.termination,
        lithium_fraction=planned.lithium_fraction,
        n_li=planned.n_li_layer + planned.n_tm_layer,
        n_li_removed=len(planned.removed),
        requested_lithium_fraction=planned.requested_lithium_fraction,
        energy_ev=made.host.energy_ev,
        status=made.host.status,
        reason=made.host.reason,
        structure=None if made.host.structure is None else relaxed_file(planned.label),
        flags=_flags(made.host, None),
        bonded_to_former=sorted(n_bonds),
        calculation=made.host.key or None,
        vacancies=vacancies,
    )


@dataclass(frozen=True)
class _Vacancy:
    """A planned vacancy with the site that it turned out to have, and its calculation."""

    host: PlannedHost
    planned: PlannedVacancy
    site: int | None
    calculation: CalculationDocument


def _vacancy_result(
    vacancy: _Vacancy,
    host: CalculationDocument,
    n_bonds: Mapping[int, int],
    reservoir: OxygenReservoir,
) -> VacancyResult:
    planned, site, made = vacancy.planned, vacancy.site, vacancy.calculation
    status, reason = made.status, made.reason
    value: float | None = None
    alternatives: dict[str, float] = {}
    if made.status == "completed":
        try:
            if host.status != "completed":
                raise ComparabilityError(f"its host is {host.status} ({host.reason})")
            if reservoir.chosen is None:
                raise ComparabilityError(reservoir.problem)
            check_comparable(host, made)
            value, _ = formation_energy_ev(host, made, reservoir.chosen.mu_ev)
            alternatives = {
                name: formation_energy_ev(host, made, other.mu_ev)[0]
                for name, other in reservoir.others.items()
            }
        except ValueError as error:
            status, reason = "skipped", f"no formation energy: {error}"
    return VacancyResult(
        site=site,
        pair=planned.pair,
        site_class=planned.site_class if site is None else vacancy.host.classes[site],
        environment=_environment(vacancy, n_bonds),
        n_removed=max(1, len(planned.removed)),
        formation_energy_ev=value,
        alternatives_ev=alternatives,
        status=status,
        reason=reason,
        flags=_flags(made, host),
        calculation=made.key or None,
    )


def _environment(vacancy: _Vacancy, n_bonds: Mapping[int, int]) -> OxygenEnvironment | None:
    """Return the environment of its site, with the formers bonded to it in the relaxed host."""
    if vacancy.site is None:
        return None
    around = vacancy.host.environments[vacancy.site]
    return around.model_copy(update={"n_former": n_bonds.get(vacancy.site, 0)})


def bonds_to_former(
    plan: StudyPlan, planned: PlannedHost, host: CalculationDocument
) -> dict[int, int]:
    """Return how many formers of the coating are bonded to each O of a relaxed host."""
    if planned.termination is None or host.structure is None:
        return {}
    bonds = interface_bonds(
        host.structure, plan.positions(planned), plan.coating_positions(planned)
    )
    counts: dict[int, int] = {}
    for bond in bonds:
        counts[bond.oxygen] = counts.get(bond.oxygen, 0) + 1
    return counts


def _flags(calculation: CalculationDocument, host: CalculationDocument | None) -> list[str]:
    """Return what the relaxation rebuilt; moments are held against those of the host."""
    if calculation.structure is None or calculation.initial_structure is None:
        return []
    before: list[float] | None = None
    if host is not None and host.structure is not None and host.magmoms_mu_b is not None:
        before = _without_vacancy(host, calculation)
    return check_relaxed(
        calculation.initial_structure,
        calculation.structure,
        before,
        calculation.magmoms_mu_b if before is not None else None,
    )


def _without_vacancy(host: CalculationDocument, vacancy: CalculationDocument) -> list[float] | None:
    """Return the host's moments on the sites that the vacancy's cell still has.

    The vacancy starts from the relaxed host less some sites, so the sites that stayed are
    found by their coordinates.
    """
    if host.structure is None or vacancy.initial_structure is None or host.magmoms_mu_b is None:
        return None
    there = {
        tuple(site.frac_coords): m
        for site, m in zip(host.structure, host.magmoms_mu_b, strict=True)
    }
    moments = [there.get(tuple(site.frac_coords)) for site in vacancy.initial_structure]
    kept = [moment for moment in moments if moment is not None]
    return kept if len(kept) == len(moments) else None
