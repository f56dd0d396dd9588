"""The results of a study again, under another O2 scheme, temperature or pressure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.analysis.study import StudyCalculations, study_result
from llo_dft.cache import CalculationCache
from llo_dft.documents.plan import StudyPlan
from llo_dft.engines.registry import oxygen_reference
from llo_dft.jobs.calculate import skipped
from llo_dft.recipe import parse_recipe
from llo_dft.study.folder import StudyFolderError
from llo_dft.study.oxygen import oxygen_settings
from llo_dft.study.results import read_results, with_failures

if TYPE_CHECKING:
    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.documents.study import HostResult, StudyResult, VacancyResult
    from llo_dft.study.folder import StudyFolder


def reanalyze(
    folder: StudyFolder,
    *,
    scheme: str | None = None,
    temperature_k: float | None = None,
    pressure_bar: float | None = None,
) -> StudyResult:
    """Return the study's result from its stored calculations.

    Parameters
    ----------
    folder
        Folder of a study that was run.
    scheme, temperature_k, pressure_bar
        What to change of the recipe's [oxygen].

    Raises
    ------
    InputError
        If there are no results, or the scheme does not go with the engine.
    """
    recipe = folder.recipe()
    before = read_results(folder.results)
    fields = recipe.model_dump(mode="json")
    changes = {"scheme": scheme, "temperature": temperature_k, "pressure": pressure_bar}
    fields["oxygen"] |= {key: value for key, value in changes.items() if value is not None}
    recipe = parse_recipe(fields, "llo-dft analyze vacancy")
    oxygen = oxygen_settings(recipe, oxygen_reference(recipe.engine))
    cache = CalculationCache(folder.calculations)
    calculations = StudyCalculations(
        molecule=_stored(cache, before.o2_calculation),
        bulk=_stored(cache, before.bulk_calculation),
        hosts=[_calculation(cache, host, host.label, before) for host in before.hosts],
        vacancies=[
            [
                _calculation(cache, made, _vacancy_label(host, made), before)
                for made in host.vacancies
            ]
            for host in before.hosts
        ],
    )
    result = study_result(
        _plan(folder), oxygen, calculations, engine=before.engine, protocol=before.protocol
    )
    return _with_files(with_failures(result, _reasons(before)), before)


def _plan(folder: StudyFolder) -> StudyPlan:
    """Return the plan that was run: a newer version might make another from the recipe."""
    try:
        return StudyPlan.model_validate_json(folder.plan.read_bytes())
    except FileNotFoundError as error:
        raise StudyFolderError(
            f"there is no {folder.plan}; run the study again, its calculations are kept"
        ) from error


def _stored(cache: CalculationCache, key: str | None) -> CalculationDocument | None:
    return None if key is None else cache.completed(key) or cache.failed(key)


def _calculation(
    cache: CalculationCache, record: HostResult | VacancyResult, label: str, before: StudyResult
) -> CalculationDocument | None:
    """Return a calculation, or what stands for one that was not tried."""
    if record.calculation is None and record.status == "skipped":
        return skipped(label, "slab_relax", before.protocol, record.reason or "no reason is known")
    return _stored(cache, record.calculation)


def _vacancy_label(host: HostResult, vacancy: VacancyResult) -> str:
    return f"{host.label}_vac_{vacancy.pair}"


def _reasons(before: StudyResult) -> dict[str, str]:
    """Return why calculations left nothing, as the run had it."""
    hosts = {host.label: host.reason for host in before.hosts}
    vacancies = {
        _vacancy_label(host, vacancy): vacancy.reason
        for host in before.hosts
        for vacancy in host.vacancies
        if vacancy.status == "missing"
    }
    return {label: reason for label, reason in (hosts | vacancies).items() if reason}


def _with_files(result: StudyResult, before: StudyResult) -> StudyResult:
    """Return the result with the files of the relaxed hosts, which stay as they are."""
    hosts = [
        host.model_copy(update={"structure": was.structure})
        for host, was in zip(result.hosts, before.hosts, strict=True)
    ]
    return result.model_copy(update={"hosts": hosts})
