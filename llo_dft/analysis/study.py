"""From the calculations of a study to its result."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from llo_dft.analysis.comparability import ComparabilityError, check_comparable
from llo_dft.analysis.oxygen import oxygen_chemical_potential
from llo_dft.analysis.structure_check import check_relaxed
from llo_dft.analysis.turning_point import turning_point
from llo_dft.analysis.turning_temperature import turning_temperature
from llo_dft.analysis.vacancy import formation_energy_ev
from llo_dft.documents.study import (
    HostResult,
    OxygenChemicalPotential,
    StudyResult,
    VacancyResult,
)
from llo_dft.typing import OxygenScheme, System

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.documents.oxygen import OxygenSettings
    from llo_dft.documents.plan import PlannedHost, PlannedVacancy, StudyPlan
    from llo_dft.typing import Status

#: Reason given for a calculation whose job left nothing behind.
NO_RESULT = "its job ended without a result"


@dataclass(frozen=True)
class StudyCalculations:
    """The calculations of a plan, in its order; None where a job left no document.

    Attributes
    ----------
    molecule, bulk
        O2 and the bulk.
    hosts
        One for each planned host.
    vacancies
        For each host, one for each of its planned vacancies.
    """

    molecule: CalculationDocument | None
    bulk: CalculationDocument | None
    hosts: Sequence[CalculationDocument | None]
    vacancies: Sequence[Sequence[CalculationDocument | None]]

    def all(self) -> list[CalculationDocument | None]:
        """Return every calculation of the study."""
        made = [calculation for row in self.vacancies for calculation in row]
        return [self.molecule, self.bulk, *self.hosts, *made]


@dataclass(frozen=True)
class _Reservoir:
    """The chosen chemical potential, the others that may be used, and why not the rest."""

    chosen: OxygenChemicalPotential | None
    others: dict[str, OxygenChemicalPotential]
    notes: dict[str, str]
    problem: str


def study_result(
    plan: StudyPlan,
    oxygen: OxygenSettings,
    calculations: StudyCalculations,
    *,
    engine: str,
    protocol: str,
) -> StudyResult:
    """Collect hosts, formation energies and turning points of a study.

    A number whose calculation failed, was skipped or is missing is None, with the reason
    beside it. Energies are subtracted only if their fingerprints and cells agree.
    """
    reservoir = _reservoir(oxygen, calculations.molecule)
    hosts = [
        _host_result(planned, host, made, reservoir)
        for planned, host, made in zip(
            plan.hosts, calculations.hosts, calculations.vacancies, strict=True
        )
    ]
    documents = calculations.all()
    done = [document for document in documents if document is not None]
    systems = [s for s in get_args(System) if any(host.system == s for host in hosts)]
    chosen = reservoir.chosen
    return StudyResult(
        study=plan.study,
        engine=engine,
        protocol=protocol,
        fingerprint=next((d.fingerprint for d in done if d.fingerprint is not None), None),
        seed=plan.seed,
        composition=plan.composition,
        requested_composition=plan.requested_composition,
        oxygen=chosen,
        other_schemes={
            **{name: f"{other.mu_ev:.4f} eV per O" for name, other in reservoir.others.items()},
            **reservoir.notes,
        },
        hosts=hosts,
        turning_points=[]
        if chosen is None
        else [
            turning_point(
                system,
                [(h.lithium_fraction, _energies(h)) for h in hosts if h.system == system],
                {name: other.mu_ev - chosen.mu_ev for name, other in reservoir.others.items()},
            )
            for system in systems
        ],
        turning_temperatures=[]
        if chosen is None
        else [
            turning_temperature(h.system, h.lithium_fraction, _energies(h), chosen) for h in hosts
        ],
        counts=dict(Counter(_status(document) for document in documents)),
        o2_calculation=_key(calculations.molecule),
        bulk_calculation=_key(calculations.bulk),
        mock=any(document.mock for document in done),
    )


def _reservoir(oxygen: OxygenSettings, molecule: CalculationDocument | None) -> _Reservoir:
    computed = None if molecule is None else molecule.energy_ev
    problem = f"O2 {_status(molecule)}: {_reason(molecule)}" if computed is None else ""
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
    return _Reservoir(chosen, found, notes, f"no chemical potential of oxygen: {reason}")


def _host_result(
    planned: PlannedHost,
    host: CalculationDocument | None,
    made: Sequence[CalculationDocument | None],
    reservoir: _Reservoir,
) -> HostResult:
    return HostResult(
        system=planned.system,
        lithium_fraction=planned.lithium_fraction,
        requested_lithium_fraction=planned.requested_lithium_fraction,
        energy_ev=None if host is None else host.energy_ev,
        status=_status(host),
        reason=_reason(host),
        flags=_flags(host, None),
        calculation=_key(host),
        vacancies=[
            _vacancy_result(vacancy, host, calculation, reservoir)
            for vacancy, calculation in zip(planned.vacancies, made, strict=True)
        ],
    )


def _vacancy_result(
    planned: PlannedVacancy,
    host: CalculationDocument | None,
    vacancy: CalculationDocument | None,
    reservoir: _Reservoir,
) -> VacancyResult:
    status, reason = _status(vacancy), _reason(vacancy)
    value: float | None = None
    alternatives: dict[str, float] = {}
    if vacancy is not None and vacancy.status == "completed":
        try:
            if host is None:
                raise ComparabilityError("its host has no result")
            if reservoir.chosen is None:
                raise ComparabilityError(reservoir.problem)
            check_comparable(host, vacancy)
            value, _ = formation_energy_ev(host, vacancy, reservoir.chosen.mu_ev)
            alternatives = {
                name: formation_energy_ev(host, vacancy, other.mu_ev)[0]
                for name, other in reservoir.others.items()
            }
        except ValueError as error:
            status, reason = "skipped", f"no formation energy: {error}"
    return VacancyResult(
        site=planned.site,
        pair=planned.pair,
        site_class=planned.site_class,
        environment=planned.environment,
        n_removed=len(planned.removed),
        formation_energy_ev=value,
        alternatives_ev=alternatives,
        status=status,
        reason=reason,
        flags=_flags(vacancy, host),
        calculation=_key(vacancy),
    )


def _flags(calculation: CalculationDocument | None, host: CalculationDocument | None) -> list[str]:
    """Return what the relaxation rebuilt; moments are held against those of the host."""
    if (
        calculation is None
        or calculation.structure is None
        or calculation.initial_structure is None
    ):
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


def _energies(host: HostResult) -> list[float]:
    return [v.formation_energy_ev for v in host.vacancies if v.formation_energy_ev is not None]


def _key(calculation: CalculationDocument | None) -> str | None:
    return None if calculation is None else calculation.key or None


def _status(calculation: CalculationDocument | None) -> Status:
    return "missing" if calculation is None else calculation.status


def _reason(calculation: CalculationDocument | None) -> str | None:
    return NO_RESULT if calculation is None else calculation.reason
