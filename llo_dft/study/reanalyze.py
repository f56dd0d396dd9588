"""The results of a study again, under another O2 scheme, temperature or pressure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.analysis.study import StudyCalculations, study_result
from llo_dft.cache import CalculationCache
from llo_dft.engines.registry import oxygen_reference
from llo_dft.recipe import parse_recipe
from llo_dft.study.assemble import oxygen_settings
from llo_dft.study.plan import make_plan
from llo_dft.study.results import read_results

if TYPE_CHECKING:
    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.documents.study import StudyResult
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
    cache = CalculationCache(folder.calculations)

    def stored(key: str | None, *, failed: bool) -> CalculationDocument | None:
        if key is None:
            return None
        return cache.failed(key) if failed else cache.completed(key)

    hosts = [stored(host.calculation, failed=host.status == "failed") for host in before.hosts]
    made = [
        [stored(v.calculation, failed=v.status == "failed") for v in host.vacancies]
        for host in before.hosts
    ]
    calculations = StudyCalculations(
        molecule=stored(before.o2_calculation, failed=False),
        bulk=stored(before.bulk_calculation, failed=False),
        hosts=hosts,
        vacancies=made,
    )
    return study_result(
        make_plan(recipe, folder.path),
        oxygen_settings(recipe, oxygen_reference(recipe.engine)),
        calculations,
        engine=before.engine,
        protocol=before.protocol,
    )
