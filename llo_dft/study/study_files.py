"""What a study leaves behind: results.json, results.csv, relaxed structures and the figure."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError
from pymatgen.io.cif import CifWriter

from llo_dft.documents.plan import StudyPlan
from llo_dft.documents.study_result import (
    SCHEMA_VERSION,
    CalculationRecord,
    HostResult,
    InterfaceCandidate,
    StudyResult,
    VacancyResult,
    host_label,
)
from llo_dft.study.folder import StudyFolderError, write_whole
from llo_dft.study.study_electrons import with_electrons

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from llo_dft.calculations.cache import CalculationCache
    from llo_dft.documents.study_result import InterfaceResult, OxygenEnvironment
    from llo_dft.study.folder import StudyFolder

_Told = TypeVar("_Told", HostResult, VacancyResult, InterfaceCandidate, CalculationRecord)

#: Name of the figure of E_f against lithium content.
FIGURE = "vacancy_energy.png"


def write_results(result: StudyResult, cache: CalculationCache, folder: StudyFolder) -> StudyResult:
    """Write all files of a result; return it with the files of its structures and electrons."""
    from llo_dft.report.figures.formation_energy_curve import save_vacancy_curve  # noqa: PLC0415 (matplotlib)

    result = _with_relaxed_structures(result, cache, folder.path)
    result = with_electrons(result, stored_plan(folder), cache, folder.path)
    write_whole(folder.path / "results.csv", results_table(result))
    save_vacancy_curve(result, folder.path / FIGURE)
    # last: where it is, all of it is
    write_whole(folder.results, result.model_dump_json(indent=1) + "\n")
    return result


def read_results(path: Path) -> StudyResult:
    """Read results.json.

    Raises
    ------
    StudyFolderError
        If it is not there yet, or is not of this package's format.
    """
    try:
        return StudyResult.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StudyFolderError(f"there is no {path}: run the study first") from error
    except ValidationError as error:
        if found := [e["input"] for e in error.errors() if e["loc"] == ("schema_version",)]:
            raise StudyFolderError(
                f"{path} is a result in format {found[0]!r}, and this version reads format "
                f"{SCHEMA_VERSION}; run the study again, its calculations are kept"
            ) from error
        raise StudyFolderError(
            f"{path} is not a result of this version ({error.error_count()} faults); "
            "run the study again, its calculations are kept"
        ) from error


def stored_plan(folder: StudyFolder) -> StudyPlan:
    """Return the plan that was run: a newer version might make another from the recipe.

    Raises
    ------
    StudyFolderError
        If there is none, or it is not of this version's format.
    """
    try:
        return StudyPlan.model_validate_json(folder.plan.read_bytes())
    except FileNotFoundError as error:
        raise StudyFolderError(
            f"there is no {folder.plan}; run the study again, its calculations are kept"
        ) from error
    except ValidationError as error:
        raise StudyFolderError(
            f"{folder.plan} is not a plan of this version ({error.error_count()} faults); "
            "run the study again, its calculations are kept"
        ) from error


def results_table(result: StudyResult) -> str:
    """Return the vacancies as CSV, a line each, with units in the header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    schemes = sorted({s for h in result.hosts for v in h.vacancies for s in v.alternatives_ev})
    scheme = result.oxygen.scheme if result.oxygen is not None else "none"
    mark = "MOCK " if result.mock else ""
    writer.writerow(
        [
            *("engine", "system", "termination", "lithium_fraction", "n_li_removed"),
            *("site", "site_class", "n_tm", "n_li", "n_former", "n_li_interlayer", "layer", "side"),
            f"formation_energy_ev ({scheme})",
            *(f"formation_energy_ev ({other})" for other in schemes),
            *("status", "reason", "rebuilt", "flags"),
        ]
    )
    for host in result.hosts:
        for vacancy in host.vacancies:
            around = vacancy.environment
            writer.writerow(
                [
                    *(f"{mark}{result.engine}", host.system, host.termination),
                    *(host.lithium_fraction, host.n_li_removed, vacancy.pair, vacancy.site_class),
                    *_environment_cells(around),
                    vacancy.formation_energy_ev,
                    *(vacancy.alternatives_ev.get(other) for other in schemes),
                    *(vacancy.status, vacancy.reason, vacancy.rebuilt, "; ".join(vacancy.flags)),
                ]
            )
    return text.getvalue()


def _environment_cells(around: OxygenEnvironment | None) -> list[object]:
    if around is None:
        return [None] * 6
    counts = [around.n_tm, around.n_li, around.n_former, around.n_li_interlayer]
    return [*counts, around.layer, around.side]


def results_schema() -> str:
    """Return the JSON schema of results.json."""
    return json.dumps(StudyResult.model_json_schema(), indent=1) + "\n"


def with_failures(result: StudyResult, reasons: Mapping[str, str]) -> StudyResult:
    """Return the result with the reason of each calculation that left no document."""
    if not reasons:
        return result
    interfaces = [_interface_with_reasons(one, reasons) for one in result.interfaces]
    # a coated pristine host is the best of its interfaces, and no calculation of its own
    known = dict(reasons) | {
        host_label("coated", 1.0, one.termination): one.reason
        for one in interfaces
        if one.status == "missing" and one.reason is not None
    }
    hosts = [
        _with_reason(host, host.label, known).model_copy(
            update={
                "vacancies": [
                    _with_reason(vacancy, f"{host.label}_vac_{vacancy.pair}", reasons)
                    for vacancy in host.vacancies
                ]
            }
        )
        for host in result.hosts
    ]
    records = [_with_reason(record, record.label, reasons) for record in result.calculations]
    return result.model_copy(
        update={"hosts": hosts, "interfaces": interfaces, "calculations": records}
    )


def _interface_with_reasons(one: InterfaceResult, reasons: Mapping[str, str]) -> InterfaceResult:
    labels = [f"interface_{one.termination}_{candidate.rank}" for candidate in one.candidates]
    candidates = [
        _with_reason(candidate, label, reasons)
        for candidate, label in zip(one.candidates, labels, strict=True)
    ]
    update: dict[str, object] = {"candidates": candidates}
    if one.status == "missing":
        told = [f"{label}: {reasons[label]}" for label in labels if label in reasons]
        update["reason"] = "; ".join(told) or one.reason
    return one.model_copy(update=update)


def _with_reason(one: _Told, label: str, reasons: Mapping[str, str]) -> _Told:
    """Return what is missing with the reason that is known of its label."""
    if one.status != "missing" or label not in reasons:
        return one
    return one.model_copy(update={"reason": reasons[label]})


def _with_relaxed_structures(
    result: StudyResult, cache: CalculationCache, folder: Path
) -> StudyResult:
    """Write what was relaxed as CIF, and name the files of hosts and interfaces in the result."""
    target = folder / "relaxed"
    target.mkdir(exist_ok=True)
    written: set[str] = set()
    for record in result.calculations:
        file = f"relaxed/{record.label}.cif"
        if record.status == "completed" and _write_relaxed(cache, record.key, folder / file):
            written.add(file)
    hosts = []
    for host in result.hosts:
        file = f"relaxed/{host.label}.cif"
        # a coated pristine host is the best of its interfaces, and written under this name too
        if file not in written and _write_relaxed(cache, host.calculation, folder / file):
            written.add(file)
        hosts.append(host.model_copy(update={"structure": file if file in written else None}))
    interfaces = []
    for one in result.interfaces:
        file = f"relaxed/interface_{one.termination}_{one.rank}.cif"
        interfaces.append(one.model_copy(update={"structure": file if file in written else None}))
    return result.model_copy(update={"hosts": hosts, "interfaces": interfaces})


def _write_relaxed(cache: CalculationCache, key: str | None, path: Path) -> bool:
    calculation = cache.completed(key) if key else None
    if calculation is None or calculation.structure is None:
        return False
    write_whole(path, str(CifWriter(calculation.structure, significant_figures=10)))
    return True
