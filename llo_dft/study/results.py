"""What a study leaves behind: results.json, results.csv, relaxed structures and the figure."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pymatgen.io.cif import CifWriter

from llo_dft.documents.study import StudyResult
from llo_dft.study.folder import StudyFolderError, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from llo_dft.cache import CalculationCache
    from llo_dft.study.folder import StudyFolder

#: Name of the figure of E_f against lithium content.
FIGURE = "vacancy_energy.png"


def write_results(result: StudyResult, cache: CalculationCache, folder: StudyFolder) -> StudyResult:
    """Write all files of a result; return it with the files of its structures."""
    from llo_dft.plotting.vacancy_curve import save_vacancy_curve  # noqa: PLC0415 (matplotlib)

    result = _with_relaxed_structures(result, cache, folder.path)
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
        raise StudyFolderError(
            f"{path} is not a result of this version ({error.error_count()} faults); "
            "run the study again, its calculations are kept"
        ) from error


def results_table(result: StudyResult) -> str:
    """Return the vacancies as CSV, a line each, with units in the header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    schemes = sorted({s for h in result.hosts for v in h.vacancies for s in v.alternatives_ev})
    scheme = result.oxygen.scheme if result.oxygen is not None else "none"
    writer.writerow(
        [
            *("engine", "system", "lithium_fraction", "site", "site_class", "n_tm", "n_li", "n_p"),
            *("n_li_interlayer", "layer", "side", f"formation_energy_ev ({scheme})"),
            *(f"formation_energy_ev ({other})" for other in schemes),
            *("status", "reason", "flags"),
        ]
    )
    for host in result.hosts:
        for vacancy in host.vacancies:
            around = vacancy.environment
            writer.writerow(
                [
                    *(result.engine, host.system, host.lithium_fraction, vacancy.pair),
                    *(vacancy.site_class, around.n_tm, around.n_li, around.n_p),
                    *(around.n_li_interlayer, around.layer, around.side),
                    vacancy.formation_energy_ev,
                    *(vacancy.alternatives_ev.get(other) for other in schemes),
                    *(vacancy.status, vacancy.reason, "; ".join(vacancy.flags)),
                ]
            )
    return text.getvalue()


def results_schema() -> str:
    """Return the JSON schema of results.json."""
    return json.dumps(StudyResult.model_json_schema(), indent=1) + "\n"


def with_failures(result: StudyResult, reasons: Mapping[str, str]) -> StudyResult:
    """Return the result with the reason of each calculation that left no document."""
    hosts = []
    for host in result.hosts:
        label = host.label
        vacancies = [
            vacancy.model_copy(update={"reason": reasons[f"{label}_vac_{vacancy.pair}"]})
            if vacancy.status == "missing" and f"{label}_vac_{vacancy.pair}" in reasons
            else vacancy
            for vacancy in host.vacancies
        ]
        update: dict[str, object] = {"vacancies": vacancies}
        if host.status == "missing" and label in reasons:
            update["reason"] = reasons[label]
        hosts.append(host.model_copy(update=update))
    return result.model_copy(update={"hosts": hosts})


def _with_relaxed_structures(
    result: StudyResult, cache: CalculationCache, folder: Path
) -> StudyResult:
    """Write the relaxed hosts and vacancies as CIF, and name the hosts' files in the result."""
    target = folder / "relaxed"
    target.mkdir(exist_ok=True)
    hosts = []
    for host in result.hosts:
        file = f"relaxed/{host.label}.cif"
        written = _write_relaxed(cache, host.calculation, folder / file)
        for vacancy in host.vacancies:
            name = f"{host.label}_vac_{vacancy.pair}.cif"
            _write_relaxed(cache, vacancy.calculation, target / name)
        hosts.append(host.model_copy(update={"structure": file if written else None}))
    return result.model_copy(update={"hosts": hosts})


def _write_relaxed(cache: CalculationCache, key: str | None, path: Path) -> bool:
    calculation = cache.completed(key) if key else None
    if calculation is None or calculation.structure is None:
        return False
    write_whole(path, str(CifWriter(calculation.structure, significant_figures=10)))
    return True
