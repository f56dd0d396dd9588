"""The results of one study by several engines, compared.

A spread is the largest minus the smallest of the engines' values.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from llo_dft.analysis.engines.vacancy_comparison import (
    compared_hosts,
    compared_pairs,
    matched,
    missing_numbers,
    spread,
    spread_summary,
)
from llo_dft.documents.comparison import ComparedEngine, ComparedResult, Result, StudyComparison
from llo_dft.documents.state_of_charge import TurningPoint
from llo_dft.documents.study_result import InterfaceResult, StudyResult
from llo_dft.documents.voltage import VoltageResult
from llo_dft.typing import VoltageSystem

OF_POTENTIALS: Final = (
    "the spread is the model's uncertainty: of these potentials, and not of DFT; "
    "the true value may lie outside it"
)
OF_SETTINGS: Final = "the spread is that of one engine's settings, not a model's uncertainty"
OF_ENGINES: Final = (
    "the spread is the difference between these engines, not the uncertainty of any of them"
)


def compare_studies(results: Mapping[str, StudyResult]) -> StudyComparison:
    """Compare the results of one study by several engines.

    Each formation energy is under its own engine's O2 scheme. What an engine lacks is named in
    ``missing``; the spread is over the engines that have the number.

    The results are by folder, two or more of the same plan, which the caller has checked.
    """
    engines = _engines(results)
    studies = dict(zip((e.name for e in engines), results.values(), strict=True))
    first = next(iter(studies.values()))
    hosts, pairs = compared_hosts(studies), compared_pairs(studies)
    vacancies = [vacancy for host in hosts for vacancy in host.vacancies]
    return StudyComparison(
        study=first.study,
        composition=first.composition,
        slab_miller=first.slab_miller,
        meaning=_meaning(engines),
        engines=engines,
        hosts=hosts,
        pairs=pairs,
        interfaces=_by_system(
            {name: study.interfaces for name, study in studies.items()},
            lambda one: one.energy.coating_energy_j_per_m2,
        ),
        turning_points=_by_system(
            {
                name: [one for one in study.turning_points if one.site is None]
                for name, study in studies.items()
            },
            lambda one: None if one.at is None else one.at.position,
        ),
        voltages=_by_system(
            {name: study.voltages for name, study in studies.items()},
            lambda one: None if one.curve is None else one.curve.average_v,
        ),
        spread=spread_summary(v.spread_ev for v in vacancies),
        spread_not_rebuilt=spread_summary(v.spread_ev for v in vacancies if not v.rebuilt),
        spread_of_pairs=spread_summary(pair.spread_ev for pair in pairs),
        missing=missing_numbers(studies, hosts),
        mock=any(engine.mock for engine in engines),
    )


def _engines(results: Mapping[str, StudyResult]) -> list[ComparedEngine]:
    names = [_name(result) for result in results.values()]
    return [
        ComparedEngine(
            name=name if names.count(name) == 1 else f"{name}, {folder}",
            folder=folder,
            engine=result.engine,
            protocol=result.protocol,
            fingerprint=result.fingerprint,
            oxygen=result.oxygen,
            mock=result.mock,
        )
        for name, (folder, result) in zip(names, results.items(), strict=True)
    ]


def _name(result: StudyResult) -> str:
    """Return engine, model and protocol in words."""
    model = "" if result.fingerprint is None else result.fingerprint.model
    return f"{' '.join(filter(None, (result.engine, model)))} ({result.protocol})"


def _meaning(engines: Sequence[ComparedEngine]) -> str:
    models = {(e.engine, "" if e.fingerprint is None else e.fingerprint.model) for e in engines}
    if len(models) == 1:
        return OF_SETTINGS
    return OF_POTENTIALS if all(engine.is_potential for engine in engines) else OF_ENGINES


def _by_system(
    found: Mapping[str, Sequence[Result]], value: Callable[[Result], float | None]
) -> list[ComparedResult[Result]]:
    """Match one result of each system by the names of the engines; ``value`` gives its number."""
    return [
        ComparedResult(
            system=system,
            termination=termination,
            by_engine=by_engine,
            spread=spread(None if one is None else value(one) for one in by_engine.values()),
        )
        for (system, termination), by_engine in matched(found, _system).items()
    ]


def _system(
    one: TurningPoint | VoltageResult | InterfaceResult,
) -> tuple[VoltageSystem, str | None]:
    return ("coated" if isinstance(one, InterfaceResult) else one.system), one.termination
