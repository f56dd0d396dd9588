"""The results of one study by several engines, compared.

A spread is the largest less the smallest of the engines' values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from llo_dft.analysis.engines.engine_spread import matched, spread, spread_summary
from llo_dft.analysis.engines.vacancy_comparison import (
    compared_hosts,
    compared_pairs,
    missing_numbers,
)
from llo_dft.documents.comparison import (
    ComparedEngine,
    ComparedInterface,
    ComparedTurningPoint,
    ComparedVoltage,
    EngineInterface,
    EngineTurningPoint,
    EngineVoltage,
    StudyComparison,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llo_dft.documents.study_result import StudyResult, TurningPoint, VoltageResult
    from llo_dft.typing import System

#: Fewest studies that can be compared.
MIN_STUDIES: Final = 2

OF_POTENTIALS: Final = (
    "the spread is the model's uncertainty: of these potentials, and not of DFT; "
    "the true value may lie outside it"
)
OF_SETTINGS: Final = "the spread is that of one engine's settings, and not a model's uncertainty"
OF_ENGINES: Final = (
    "the spread is how far these engines are apart, and not the uncertainty of any of them"
)


def compare_studies(results: Mapping[str, StudyResult]) -> StudyComparison:
    """Compare the results of one study by several engines.

    Each formation energy is under its own engine's O2 scheme. What one of them lacks is named
    in ``missing``; the spread is over those that have the number.

    Parameters
    ----------
    results
        By the folder of each. All are of the same plan; the caller has seen to it.

    Raises
    ------
    ValueError
        If there are fewer than two.
    """
    if len(results) < MIN_STUDIES:
        raise ValueError(f"a comparison needs two studies or more, got {len(results)}")
    engines = _engines(results)
    studies = dict(zip((e.name for e in engines), results.values(), strict=True))
    first = next(iter(studies.values()))
    hosts, pairs = compared_hosts(studies), compared_pairs(studies)
    vacancies = [vacancy for host in hosts for vacancy in host.vacancies]
    return StudyComparison(
        study=first.study,
        composition=first.composition,
        meaning=_meaning(engines),
        engines=engines,
        hosts=hosts,
        pairs=pairs,
        interfaces=_interfaces(studies),
        turning_points=_turning_points(studies),
        voltages=_voltages(studies),
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
            oxygen_scheme="" if result.oxygen is None else result.oxygen.scheme,
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


def _interfaces(studies: Mapping[str, StudyResult]) -> list[ComparedInterface]:
    every = {name: study.interfaces for name, study in studies.items()}
    found: list[ComparedInterface] = []
    for termination, by_engine in matched(every, lambda one: one.termination).items():
        made = [
            EngineInterface(
                engine=name,
                rank=one.rank,
                n_bonds=len(one.bonds),
                work_of_adhesion_j_per_m2=one.energy.work_of_adhesion_j_per_m2,
                reason=one.reason or one.energy.reason,
            )
            for name, one in by_engine.items()
            if one is not None
        ]
        ranks = [one.rank for one in made if one.rank is not None]
        found.append(
            ComparedInterface(
                termination=termination,
                interfaces=made,
                same_registry=len(set(ranks)) == 1 if len(ranks) > 1 else None,
                spread_j_per_m2=spread(one.work_of_adhesion_j_per_m2 for one in made),
            )
        )
    return found


def _turning_points(studies: Mapping[str, StudyResult]) -> list[ComparedTurningPoint]:
    every = {name: study.turning_points for name, study in studies.items()}
    found: list[ComparedTurningPoint] = []
    for (system, termination), by_engine in matched(every, _system).items():
        points = [
            EngineTurningPoint(engine=name, lithium_fraction=None, reason="O2 has no energy")
            if point is None
            else EngineTurningPoint(
                engine=name, **point.model_dump(exclude={"system", "termination"})
            )
            for name, point in by_engine.items()
        ]
        x0 = spread(point.lithium_fraction for point in points)
        found.append(
            ComparedTurningPoint(system=system, termination=termination, points=points, spread=x0)
        )
    return found


def _voltages(studies: Mapping[str, StudyResult]) -> list[ComparedVoltage]:
    every = {name: study.voltages for name, study in studies.items()}
    found: list[ComparedVoltage] = []
    for (system, termination), by_engine in matched(every, _system).items():
        voltages = [
            EngineVoltage(
                engine=name,
                average_v=None if one.curve is None else one.curve.average_v,
                steps=[] if one.curve is None else one.curve.steps,
                reason=one.reason,
            )
            for name, one in by_engine.items()
            if one is not None
        ]
        volts = spread(one.average_v for one in voltages)
        found.append(
            ComparedVoltage(
                system=system, termination=termination, voltages=voltages, spread_v=volts
            )
        )
    return found


def _system(one: TurningPoint | VoltageResult) -> tuple[System, str | None]:
    return one.system, one.termination
