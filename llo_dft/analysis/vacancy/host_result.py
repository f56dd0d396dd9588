"""One host, of a study or a plain run: energy, vacancies and structures rebuilt on relaxing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from llo_dft.analysis.comparability.fingerprints import ComparabilityError
from llo_dft.analysis.oxygen.dimers import may_be_oxidised
from llo_dft.analysis.oxygen.reservoir import OxygenReservoir
from llo_dft.analysis.vacancy.formation_energy import formation_energy_ev
from llo_dft.analysis.vacancy.structure_check import host_flags, vacancy_flags
from llo_dft.analysis.vacancy.turning_lines import lowest_oxygens
from llo_dft.analysis.vacancy.vacancy_map import turning_temperature
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.sites import RemovedOxygen
from llo_dft.documents.study_result import HostResult, VacancyResult


@dataclass(frozen=True)
class MadeVacancy:
    """A vacancy as computed."""

    calculation: CalculationDocument
    """Its calculation; without a result it carries the reason."""
    removed: Sequence[RemovedOxygen]
    """The removed O, as far as they are known, first the one that names it."""
    n_removed: int = 1
    """Their number."""
    site_class: str = ""
    """Its class where no site is known."""
    pair: str = ""
    """Identity shared with its partner when coated; '' in plain runs."""
    run: str | None = None
    """Path of a plain run."""


def host_result(
    made: CalculationDocument,
    vacancies: Sequence[MadeVacancy],
    reservoir: OxygenReservoir,
    allow: Collection[str] = (),
    framework_flags: Sequence[str] = (),
    **about: Any,  # noqa: ANN401 (fields of the result)
) -> HostResult:
    """Return a host with the formation energies of its vacancies.

    A number that is unavailable is None, with the reason given.

    ``made`` is its calculation, and the O goes to the ``reservoir``; ``allow`` are names of
    differences to accept (``analysis.comparability``). ``framework_flags`` say where its metals lie
    elsewhere than in the pristine slab (``framework_moved``), ``about`` are the fields of the
    result that no calculation has.
    """
    found = [
        _vacancy_result(one, made, framework_flags, reservoir, allow=allow) for one in vacancies
    ]
    result = HostResult(
        **about,
        energy_ev=made.energy_ev,
        status=made.status,
        reason=made.reason,
        flags=[*host_flags(made), *framework_flags],
        rattle_gain_ev=made.rattle_gain_ev,
        calculation=made.key or None,
        lowest=next(iter(lowest_oxygens(found)), None),
        vacancies=found,
    )
    if reservoir.chosen is None:
        return result
    kelvin, reason = turning_temperature(result.kept_energies_ev, reservoir.chosen)
    return result.model_copy(
        update={
            "turning_temperature_k": kelvin,
            "turning_temperature_reason": reason,
            "turning_temperature_with_rebuilt_k": turning_temperature(
                result.formation_energies_ev, reservoir.chosen
            )[0],
        }
    )


def without_crossing(host: HostResult, reason: str) -> HostResult:
    """Return a host without the temperatures at which its E_f crosses zero."""
    return host.model_copy(
        update={
            "turning_temperature_k": None,
            "turning_temperature_with_rebuilt_k": None,
            "turning_temperature_reason": reason,
        }
    )


def _vacancy_result(
    vacancy: MadeVacancy,
    host: CalculationDocument,
    framework_flags: Sequence[str],
    reservoir: OxygenReservoir,
    *,
    allow: Collection[str],
) -> VacancyResult:
    made, status, reason = vacancy.calculation, vacancy.calculation.status, None
    value: float | None = None
    alternatives: dict[str, float] = {}
    try:
        if status != "completed":
            reason = made.reason
        elif host.status != "completed":
            raise ComparabilityError(f"its host is {host.status} ({host.reason})")
        elif reservoir.chosen is None:
            raise ComparabilityError(reservoir.problem)
        else:
            pair = host, made
            value, _ = formation_energy_ev(*pair, reservoir.chosen.mu_ev, allow=allow)
            relaxed = [one.structure for one in pair if one.structure is not None]
            oxidised = any(map(may_be_oxidised, relaxed))
            others = reservoir.others | (reservoir.if_oxidised if oxidised else {})
            alternatives = {
                name: formation_energy_ev(*pair, other.mu_ev, allow=allow)[0]
                for name, other in others.items()
            }
    except ValueError as error:
        status, reason = "skipped", f"no formation energy: {error}"
    first = vacancy.removed[0] if vacancy.removed else None
    return VacancyResult(
        run=vacancy.run,
        site=None if first is None else first.site,
        pair=vacancy.pair,
        site_class=vacancy.site_class if first is None else first.site_class,
        environment=None if first is None else first.environment,
        n_removed=vacancy.n_removed,
        also_removed=list(vacancy.removed[1:]),
        formation_energy_ev=value,
        alternatives_ev=alternatives,
        status=status,
        reason=reason,
        flags=[*(f"host_{flag}" for flag in framework_flags), *vacancy_flags(host, made)],
        rattle_gain_ev=made.rattle_gain_ev,
        calculation=made.key or None,
    )
