"""The results of a study again, under another O2 scheme, temperature or pressure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.analysis.study_analysis import study_result
from llo_dft.calculations.cache import CalculationCache
from llo_dft.engines.registry import oxygen_reference
from llo_dft.jobs.calculate import skipped
from llo_dft.recipe import parse_recipe
from llo_dft.study.planning.oxygen_settings import oxygen_settings
from llo_dft.study.study_files import read_results, stored_plan, with_failures

if TYPE_CHECKING:
    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.documents.study_result import CalculationRecord, StudyResult
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
    result = study_result(
        stored_plan(folder),
        oxygen,
        {record.label: _stored(cache, record, before.protocol) for record in before.calculations},
        engine=before.engine,
        protocol=before.protocol,
    )
    return _with_files(with_failures(result, _reasons(before)), before)


def _stored(
    cache: CalculationCache, record: CalculationRecord, protocol: str
) -> CalculationDocument | None:
    """Return a calculation, or what stands for one that was not tried."""
    if record.key is not None:
        return cache.completed(record.key) or cache.failed(record.key)
    if record.status == "skipped":
        return skipped(record.label, "slab_relax", protocol, record.reason or "no reason is known")
    return None


def _reasons(before: StudyResult) -> dict[str, str]:
    """Return why calculations left nothing, as the run had it."""
    return {
        record.label: record.reason
        for record in before.calculations
        if record.status == "missing" and record.reason
    }


def _with_files(result: StudyResult, before: StudyResult) -> StudyResult:
    """Return the result with what an O2 scheme does not change."""
    hosts = [
        host.model_copy(update={"structure": was.structure})
        for host, was in zip(result.hosts, before.hosts, strict=True)
    ]
    interfaces = [
        one.model_copy(update={"structure": was.structure})
        for one, was in zip(result.interfaces, before.interfaces, strict=True)
    ]
    kept = {
        "hosts": hosts,
        "interfaces": interfaces,
        "band_centers": before.band_centers,
        "charge_differences": before.charge_differences,
    }
    return result.model_copy(update=kept)
