"""Hosts, vacancies and coated-bare pairs of one study by several engines, matched by name.

Engines share the plan, so a host's label and a vacancy's pair name mean the same in all. Only an O
that the coating bonds to is found in each engine's own relaxed interface, so there the sites are
compared too.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any, TypeVar

from llo_dft.documents.comparison import (
    ComparedHost,
    ComparedPair,
    ComparedVacancy,
    EngineVacancy,
    MissingNumber,
    SpreadSummary,
)
from llo_dft.documents.labels import vacancy_label
from llo_dft.documents.study_result import HostResult, StudyResult, VacancyPair, VacancyResult

Item = TypeVar("Item")
Key = TypeVar("Key", bound="Hashable")

#: Why an engine lacks a vacancy that another one has.
NO_SUCH_O = "its relaxed structure has no such O"
NOT_THERE = "it is not part of its study"


def compared_hosts(studies: Mapping[str, StudyResult]) -> list[ComparedHost]:
    """Match hosts and vacancies of all studies, given by the names of their engines."""
    hosts = matched({name: study.hosts for name, study in studies.items()}, lambda one: one.label)
    return [_host(by_engine, studies) for by_engine in hosts.values()]


def compared_pairs(studies: Mapping[str, StudyResult]) -> list[ComparedPair]:
    """Match the coated-bare pairs of all studies, given by the names of their engines."""
    pairs = matched(
        {name: study.pairs for name, study in studies.items()},
        lambda pair: (pair.termination, pair.n_holes, pair.pair, pair.bare_site),
    )
    return [_pair(by_engine) for by_engine in pairs.values()]


def missing_numbers(
    studies: Mapping[str, StudyResult], hosts: Iterable[ComparedHost]
) -> list[MissingNumber]:
    """Name every calculation that did not complete, and every other missing E_f."""
    missing = {
        (name, record.label): MissingNumber(
            engine=name, label=record.label, status=record.status, reason=record.reason
        )
        for name, study in studies.items()
        for record in study.calculations
        if record.applicable and record.status != "completed"
    }
    for host in hosts:
        for vacancy in host.vacancies:
            for one in vacancy.energies:
                if one.applicable and one.formation_energy_ev is None:
                    label = vacancy_label(host.label, vacancy.pair)
                    lacking = MissingNumber(
                        engine=one.engine, label=label, status=one.status, reason=one.reason
                    )
                    missing.setdefault((one.engine, label), lacking)
    return sorted(missing.values(), key=lambda one: list(studies).index(one.engine))


def _host(
    hosts: Mapping[str, HostResult | None], studies: Mapping[str, StudyResult]
) -> ComparedHost:
    first = next(host for host in hosts.values() if host is not None)
    vacancies = {name: [] if host is None else host.vacancies for name, host in hosts.items()}
    return ComparedHost(
        system=first.system,
        termination=first.termination,
        charge=first.charge,
        vacancies=[
            _vacancy(pair, by_engine, vacancy_label(first.label, pair), studies)
            for pair, by_engine in matched(vacancies, lambda vacancy: vacancy.pair).items()
        ],
    )


def _vacancy(
    pair: str,
    vacancies: Mapping[str, VacancyResult | None],
    label: str,
    studies: Mapping[str, StudyResult],
) -> ComparedVacancy:
    there = {name: vacancy for name, vacancy in vacancies.items() if vacancy is not None}
    sites = {name: v.site for name, v in there.items() if v.site is not None}
    energies = [
        _of_engine(name, vacancy, label, studies[name]) for name, vacancy in vacancies.items()
    ]
    layers = {v.environment.layer for v in there.values() if v.environment is not None}
    known = [v.site_class for v in there.values() if v.site is not None]
    return ComparedVacancy(
        **_at_one_site(sites, [one.formation_energy_ev for one in energies]),
        pair=pair,
        site_class=" or ".join(dict.fromkeys(known or [v.site_class for v in there.values()])),
        layer=layers.pop() if len(layers) == 1 else None,
        energies=energies,
        rebuilt=any(one.rebuilt for one in energies),
    )


def _of_engine(
    name: str, vacancy: VacancyResult | None, label: str, study: StudyResult
) -> EngineVacancy:
    if vacancy is not None:
        return EngineVacancy(
            engine=name,
            site=vacancy.site,
            formation_energy_ev=vacancy.formation_energy_ev,
            status=vacancy.status,
            reason=vacancy.reason,
            rebuilt=vacancy.rebuilt,
        )
    record = next((r for r in study.calculations if r.label == label), None)
    if record is None or record.applicable:
        return EngineVacancy(engine=name, status="missing", reason=NOT_THERE)
    return EngineVacancy(engine=name, status="skipped", reason=NO_SUCH_O, applicable=False)


def _at_one_site(sites: Mapping[str, int], values: Sequence[float | None]) -> dict[str, Any]:
    """Return the site of all engines and the spread of their values; else what differs."""
    if len(set(sites.values())) == 1:
        return {
            "site": next(iter(sites.values())),
            "spread_ev": spread(values),
            "same_sign": same_sign(values),
        }
    each = ", ".join(f"O{site} in {name}" for name, site in sites.items())
    remark = f"not the same O: {each}" if sites else None
    return {"site": None, "spread_ev": None, "same_sign": None, "remark": remark}


def _pair(pairs: dict[str, VacancyPair | None]) -> ComparedPair:
    there = {name: pair for name, pair in pairs.items() if pair is not None}
    sites = {name: pair.site for name, pair in there.items()}
    return ComparedPair(
        **_at_one_site(sites, [pair.difference_ev for pair in there.values()]),
        site_class=" or ".join(dict.fromkeys(pair.site_class for pair in there.values())),
        by_engine=pairs,
    )


def matched(
    by_engine: Mapping[str, Iterable[Item]], key: Callable[[Item], Key]
) -> dict[Key, dict[str, Item | None]]:
    """Return each engine's results by key; None in the place of an engine without one."""
    found: dict[Key, dict[str, Item | None]] = {}
    for name, items in by_engine.items():
        for item in items:
            found.setdefault(key(item), dict.fromkeys(by_engine))[name] = item
    return found


def spread(values: Iterable[float | None]) -> float | None:
    """Return the largest minus the smallest of the known values; None for fewer than two."""
    there = [value for value in values if value is not None]
    return max(there) - min(there) if len(there) > 1 else None


def same_sign(values: Iterable[float | None]) -> bool | None:
    """Return whether all known values have the same sign; None for fewer than two.

    Zero counts as a separate sign.
    """
    signs = [(value > 0) - (value < 0) for value in values if value is not None]
    return len(set(signs)) == 1 if len(signs) > 1 else None


def spread_summary(spreads_ev: Iterable[float | None]) -> SpreadSummary:
    """Return number, median and maximum of the known spreads, eV."""
    there = [value for value in spreads_ev if value is not None]
    return SpreadSummary(
        n=len(there),
        median_ev=median(there) if there else None,
        largest_ev=max(there, default=None),
    )
