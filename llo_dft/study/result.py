"""The result of a study from its folder; it is made nowhere else."""

from collections.abc import Sequence

from llo_dft.analysis.study_analysis import analyze_study
from llo_dft.analysis.study_calculations import StudyCalculations
from llo_dft.calculations.cache import CalculationCache
from llo_dft.documents.electrons.electronic import CalculationSummary
from llo_dft.documents.labels import BASAL
from llo_dft.documents.oxygen import OxygenSettings
from llo_dft.documents.plan import PlannedHost, StudyPlan
from llo_dft.documents.sites import OxygenEnvironment
from llo_dft.documents.study_result import StudyResult
from llo_dft.engines.registry import engine_from
from llo_dft.recipe import Recipe, parse_recipe
from llo_dft.study.folder import StudyFolder
from llo_dft.study.planning.hosts import host_environments
from llo_dft.study.planning.oxygen_settings import oxygen_settings
from llo_dft.study.planning.planned_interfaces import coating_plane
from llo_dft.study.study_electrons import Electrons, read_electrons
from llo_dft.study.study_files import read_results, stored_plan


def study_result(
    folder: StudyFolder, oxygen: OxygenSettings | None = None, electrons: Electrons | None = None
) -> StudyResult:
    """Return the result of a study, which depends only on its folder and the oxygen.

    ``oxygen`` is the reservoir that the O goes to; None: the one that the folder's recipe asks for.
    ``electrons`` are the results of the static calculations, if already read.

    Raises ``InputError`` if there is no plan of this version, a stored calculation was changed by
    hand, or the recipe's O2 scheme does not apply to its engine.
    """
    recipe = folder.recipe()
    study = stored_calculations(folder)
    electrons = electrons or read_electrons(study, folder)
    engine = engine_from(recipe.engine)
    result = analyze_study(
        study,
        oxygen or oxygen_settings(recipe, engine.oxygen),
        engine=recipe.engine.name,
        protocol=recipe.engine.protocol,
        no_crossings=engine.no_crossings,
        band_centers=electrons.band_centers,
        charge_differences=electrons.charge_differences,
    )
    remarks = engine.remarks(min(host.lithium_fraction for host in study.plan.hosts))
    return with_planes(result, recipe, study.plan).model_copy(
        update={
            "engine_bias": list(engine.known_bias),
            "notes": [*result.notes, *_pre_relaxed(recipe, study), *remarks],
        }
    )


def with_planes(result: StudyResult, recipe: Recipe, plan: StudyPlan) -> StudyResult:
    """Return a result with the planes of its study, which older results lack."""
    planes: dict[str, object] = {"slab_miller": recipe.slab.miller}
    if recipe.coating is not None and recipe.coating.setting is None:
        plane = recipe.coating.miller or coating_plane(plan)  # chosen where none is named
        if plane != BASAL:
            planes["coating_miller"] = plane
    return result.model_copy(update=planes)


def _pre_relaxed(recipe: Recipe, study: StudyCalculations) -> list[str]:
    """Return how many relaxation steps a potential made in place of the engine."""
    documents = study.documents.values()
    n_before = sum(one.n_pre_steps for one in documents)
    choice = recipe.engine
    if not n_before:
        return []
    own = sum(one.n_steps or 0 for one in documents)
    first = choice.start_from or (choice.pre_relax and choice.pre_relax.name)
    engine = choice.name
    return [f"{first} made {n_before} steps of the relaxations, {engine} the last {own}"]


def stored_calculations(folder: StudyFolder) -> StudyCalculations:
    """Return the plan of a study and what is known about each calculation.

    Raises ``InputError`` as for ``study_result``.
    """
    plan = stored_plan(folder)
    cache = CalculationCache(folder.calculations)
    documents = cache.documents(plan.labels)

    def surroundings(host: PlannedHost, gone: Sequence[int]) -> dict[int, OxygenEnvironment]:
        return host_environments(plan.pristine_structure(host), plan.slab, plan.sheets, gone)

    return StudyCalculations(plan, documents, surroundings, cache.documents(plan.potential_labels))


def study_summaries(folder: StudyFolder) -> list[CalculationSummary]:
    """Return each calculation of a study, by label.

    Raises ``InputError`` as for ``study_result``.
    """
    return [
        CalculationSummary(
            path=label,
            formula=None if one.structure is None else one.structure.composition.formula,
            n_atoms=None if one.structure is None else len(one.structure),
            n_ionic_steps=one.n_steps,
            energy_ev=one.energy_ev,
            fingerprint=one.fingerprint,
            max_force_ev_per_angstrom=one.max_force_ev_per_angstrom,
            wall_s=one.wall_s,
            problems=[] if one.status == "completed" else [f"{one.status}: {one.reason}"],
            notes=[*one.corrections, *one.notes],
            mock=one.mock,
        )
        for label, one in stored_calculations(folder).documents.items()
    ]


def reanalyze(
    folder: StudyFolder,
    *,
    scheme: str | None = None,
    oxide_kind: str | None = None,
    temperature_k: float | None = None,
    pressure_bar: float | None = None,
) -> StudyResult:
    """Return the result of a finished study under another reservoir; nothing is written.

    Of the recipe's [oxygen] the given fields are changed.

    Raises ``InputError`` if there are no results, or the scheme does not apply to the engine.
    """
    recipe = folder.recipe()
    before = read_results(folder.results)
    fields = recipe.model_dump(mode="json")
    changes = {
        "scheme": scheme,
        "oxide_kind": oxide_kind,
        "temperature": temperature_k,
        "pressure": pressure_bar,
    }
    fields["oxygen"] |= {key: value for key, value in changes.items() if value is not None}
    recipe = parse_recipe(fields, str(folder.path))
    oxygen = oxygen_settings(recipe, engine_from(recipe.engine).oxygen)
    return study_result(folder, oxygen, _unchanged_electrons(folder, before))


def _unchanged_electrons(folder: StudyFolder, before: StudyResult) -> Electrons | None:
    """Return the electronic results of results.json, if its static calculations are unchanged.

    Grids take a minute to read, and the oxygen reservoir does not affect them.
    """
    study = stored_calculations(folder)
    was = {record.label: (record.status, record.key) for record in before.calculations}
    for static in study.plan.statics:
        now = study.documents[static.label]
        if was.get(static.label) != (now.status, now.key or None):
            return None
    return Electrons(before.band_centers, before.charge_differences)
