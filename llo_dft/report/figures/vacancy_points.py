"""The points of a vacancy curve, whether of a study or of plain runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from llo_dft.documents.labels import system_name
from llo_dft.documents.plain_run_results import VacancyRuns
from llo_dft.report.titles import oxygen_text, settings_text, title_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llo_dft.documents.plain_run_results import RunVacancy
    from llo_dft.documents.sites import OxygenEnvironment
    from llo_dft.documents.study_result import StudyResult, TurningPoint

#: Class of an O whose surroundings were not asked for.
ANY_CLASS: Final = "any class"


@dataclass(frozen=True)
class VacancyPoint:
    """One vacancy: E_f in eV per O, the class of its O, and what is to be marked of it."""

    energy_ev: float
    site_class: str
    bonded_to_former: bool
    rebuilt: bool


@dataclass(frozen=True)
class HostPoints:
    """The vacancies of one host, and how many of them have no E_f."""

    system: str
    lithium_fraction: float
    points: tuple[VacancyPoint, ...]
    n_without: int


@dataclass(frozen=True)
class CurvePoints:
    """All that a vacancy curve shows."""

    hosts: tuple[HostPoints, ...]
    turning_points: tuple[TurningPoint, ...]
    title: str

    @property
    def points(self) -> list[VacancyPoint]:
        """Every point."""
        return [point for host in self.hosts for point in host.points]


def curve_points(result: StudyResult | VacancyRuns) -> CurvePoints:
    """Return the points of a study, or of those plain runs whose lithium fraction is known."""
    return _of_runs(result) if isinstance(result, VacancyRuns) else _of_study(result)


def _of_study(result: StudyResult) -> CurvePoints:
    hosts = []
    for host in result.hosts:
        points = tuple(
            VacancyPoint(v.formation_energy_ev, v.site_class, _bonded([v.environment]), v.rebuilt)
            for v in host.vacancies
            if v.formation_energy_ev is not None
        )
        name = system_name(host.system, host.termination)
        without = len(host.vacancies) - len(points)
        hosts.append(HostPoints(name, host.lithium_fraction, points, without))
    settings = settings_text(result.fingerprint) or f"engine {result.engine}"
    lines = [
        f"{result.composition} (001), {settings} ({result.protocol})",
        oxygen_text(result.oxygen),
    ]
    title = title_text(lines, mock=result.mock)
    return CurvePoints(tuple(hosts), tuple(result.turning_points), title)


def _of_runs(result: VacancyRuns) -> CurvePoints:
    hosts = []
    for host in result.hosts:
        if host.lithium_fraction is None:
            continue
        points = tuple(
            VacancyPoint(
                v.formation_energy_ev,
                _class(v),
                _bonded(one.environment for one in v.removed or ()),
                v.rebuilt,
            )
            for v in host.vacancies
            if v.formation_energy_ev is not None
        )
        without = len(host.vacancies) - len(points)
        hosts.append(HostPoints(host.system, host.lithium_fraction, points, without))
    fingerprint = next((host.fingerprint for host in result.hosts if host.fingerprint), None)
    fullest = max(result.hosts, key=lambda host: (host.system == "bare", host.n_lithium or 0))
    named = [fullest.formula or "", settings_text(fingerprint)]
    lines = [", ".join(part for part in named if part), oxygen_text(result.oxygen)]
    title = title_text(lines, allowed=result.allowed, mock=result.mock)
    return CurvePoints(tuple(hosts), tuple(result.turning_points), title)


def _class(vacancy: RunVacancy) -> str:
    classes = dict.fromkeys(one.site_class for one in vacancy.removed or () if one.site_class)
    return " and ".join(classes) or ANY_CLASS


def _bonded(environments: Iterable[OxygenEnvironment | None]) -> bool:
    return any(one is not None and one.n_former > 0 for one in environments)
