"""The verbs of ``from llo_dft import ...``: one study from a formula to its numbers.

A study is named alike everywhere (``StudySource``): a recipe (the name of one of this package, a
file, a ``Recipe``), its plan, the folder that it ran in, or for what is built a formula or
structure file. Keywords are the keys of the recipe's table that the verb belongs to. Paths are str
or Path, a folder or a file.
"""

import re
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from pymatgen.core.structure import Structure

from llo_dft.documents.electrons.charge import ChargeDifference, ChargeDifferenceResult
from llo_dft.documents.electrons.electronic import BandCenterResult, BandCenters, CalculationSummary
from llo_dft.documents.plan import StudyPlan
from llo_dft.documents.study_result import StudyResult
from llo_dft.documents.voltage import VoltageResult
from llo_dft.engines.registry import named_by_user
from llo_dft.errors import InputError
from llo_dft.recipe import Recipe, load_recipe, parse_recipe
from llo_dft.resources import recipe_path
from llo_dft.study.folder import StudyFolder
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.study.result import reanalyze, study_result
from llo_dft.study.study_files import is_study, read_results, stored_plan
from llo_dft.typing import OxygenScheme

AnyPath: TypeAlias = str | Path
StudySource: TypeAlias = str | Path | Recipe | StudyPlan

#: What is taken for a formula where no recipe has that name.
_FORMULA: Final = re.compile(r"([A-Z][a-z]?[\d.]*){2,}")

#: The rest of a recipe where a formula is all that is given.
_LEAST: Final[dict[str, Any]] = {
    "study": {"name": "notebook"},
    "delithiation": {"fractions": [1.0]},
    "oxygen": {"scheme": "potential"},
    "engine": {"name": "chgnet"},
}


def plan(source: StudySource, **tables: dict[str, Any]) -> StudyPlan:
    """Return the plan of a study: every structure, before anything is computed.

    Raises ``InputError`` if there is no such recipe, or it asks for what can't be built.

    For ``source`` see the module; ``tables`` are keys to change of the recipe's tables:
    ``cathode={"supercell": (1, 1)}``.
    """
    if isinstance(source, StudyPlan):
        if any(tables.values()):
            raise InputError("a plan is built already; give its recipe to change it")
        return source
    if not isinstance(source, Recipe) and is_study(Path(source)) and not any(tables.values()):
        return stored_plan(StudyFolder(Path(source)))
    recipe, folder = _recipe(source, tables)
    return make_plan(recipe, folder)


def build_bulk(source: StudySource, **cathode: Any) -> Structure:  # noqa: ANN401 (keys of the recipe)
    """Return the ordered crystal of the cathode, lengths in angstrom; keywords of [cathode]."""
    return plan(source, cathode=cathode).bulk


def build_slab(source: StudySource, **slab: Any) -> Structure:  # noqa: ANN401
    """Return the pristine bare slab, cut from the unrelaxed crystal; keywords of [slab]."""
    return plan(source, slab=slab).slab


def build_interface(source: StudySource, **coating: Any) -> dict[str, Structure]:  # noqa: ANN401
    """Return the coated slab of each termination, the best registry; keywords of [coating].

    Raises ``InputError`` if the study has no coating, or it can't be laid.
    """
    interfaces = plan(source, coating=coating).interfaces
    if not interfaces:
        raise InputError(f"{source} has no coating; expected a recipe with [coating], or its keys")
    return {one.termination: one.structure for one in reversed(interfaces)}


def delithiate(source: StudySource, **delithiation: Any) -> dict[float, Structure]:  # noqa: ANN401
    """Return the bare slab at each lithium fraction; keywords of [delithiation].

    The keys are Li left in the oxide over Li of the pristine slab, as whole Li atoms allow.
    """
    found = plan(source, delithiation=delithiation)
    bare = [host for host in found.hosts if host.termination is None]
    return {host.lithium_fraction: found.host_structure(host) for host in bare}


def vacancies(source: StudySource, **keys: Any) -> dict[str, Structure]:  # noqa: ANN401
    """Return each slab and interface without an O that the study removes, by the vacancy's label.

    Those of the O that a coating's former bonds to are known only once the interface is relaxed,
    and are not among them. Keywords of [vacancies].
    """
    found = plan(source, vacancies=keys)
    made = {
        host.vacancy_label(vacancy): found.vacancy_structure(host, vacancy)
        for host in found.hosts
        for vacancy in host.vacancies
    }
    return {label: structure for label, structure in made.items() if structure is not None}


def run(
    source: str | Path | Recipe,
    folder: AnyPath,
    workers: int | None = None,
    **tables: dict[str, Any],
) -> StudyResult:
    """Compute a study in a folder, or what is missing of it, and return its result.

    Raises ``InputError`` if the recipe can't be built, the engine can't be used, or the folder is
    another's.

    ``source`` and ``tables`` are those of ``plan``; an existing folder of the same study is
    resumed. ``workers`` calculations run at a time; None: one a processor, as memory allows.
    """
    from llo_dft.study.machine import default_workers  # noqa: PLC0415 (jobflow: seconds)
    from llo_dft.study.run_study import prepare_run, run_study  # noqa: PLC0415

    recipe, recipe_folder = _recipe(source, tables)
    prepared = prepare_run(recipe, recipe_folder, StudyFolder(Path(folder)))
    # a worker would run the user's script again, from its first line, and needs nothing of it
    script = vars(sys.modules["__main__"])
    file = script.pop("__file__", None)
    try:
        return run_study(prepared, workers=workers or default_workers())
    finally:
        if file is not None:
            script["__file__"] = file


def read_run(path: AnyPath) -> CalculationSummary:
    """Return what a finished VASP run is: a folder, vasprun.xml or vaspout.h5.

    Raises ``InputError`` if it can't be read, or is damaged.
    """
    from llo_dft.runs.run_summary import summarize  # noqa: PLC0415

    return summarize(Path(path))


def vacancy_energies(
    study: AnyPath | None = None,
    *,
    hosts: Sequence[AnyPath] = (),
    vacancies: Sequence[AnyPath] = (),
    scheme: OxygenScheme | None = None,
    temperature_k: float | None = None,
    pressure_bar: float | None = None,
    **known: Any,  # noqa: ANN401
) -> StudyResult:
    """Return vacancy formation energies, eV per O: of a study, or of plain VASP runs.

    Raises ``InputError`` if neither or both are given, a file is not there, or energies don't
    belong together.

    ``study`` is the folder of a study that was run; ``hosts`` and ``vacancies`` are run folders,
    and each vacancy goes to the host that it is less O. The reservoir is by default the recipe's,
    and of plain runs at 298.15 K and 1 bar. ``known`` is of plain runs: ``o2``, ``o2_energy_ev``,
    and fields of ``VacancyOptions``.
    """
    if (study is None) == (not hosts):
        raise InputError("expected the folder of one study, or hosts=[...] and vacancies=[...]")
    if study is not None:
        _none_of_runs(list(known) + ["vacancies"] * bool(vacancies))
        return reanalyze(
            StudyFolder(Path(study)),
            scheme=scheme,
            temperature_k=temperature_k,
            pressure_bar=pressure_bar,
        )
    from llo_dft.runs.run_vacancies import OxygenRequest, VacancyOptions, vacancy_runs  # noqa: PLC0415

    if scheme is None:
        raise InputError("plain runs need an O2 scheme: wang2006 or mp2020 for PBE and PBE+U")
    o2 = known.pop("o2", None)
    request = OxygenRequest(
        scheme,
        298.15 if temperature_k is None else temperature_k,
        1.0 if pressure_bar is None else pressure_bar,
        o2=None if o2 is None else Path(o2),
        o2_energy_ev=known.pop("o2_energy_ev", None),
    )
    options = VacancyOptions(**known)
    return vacancy_runs(list(map(Path, hosts)), list(map(Path, vacancies)), request, options)


def band_centers(path: AnyPath, **choices: Any) -> list[BandCenterResult] | BandCenters:  # noqa: ANN401
    """Return O 2p band centres, eV: of each host of a study, or of one VASP run.

    Of a run ``element``, ``orbital``, ``reference``, ``fixed`` (a window, eV) and ``tm_layers``.
    """
    if is_study(Path(path)):
        return _of_study(path, choices).band_centers
    from llo_dft.runs.orbital_centers import centers_of_run  # noqa: PLC0415

    wanted = (choices.pop("element", "O"), choices.pop("orbital", "p"))
    reference, fixed = choices.pop("reference", "vbm"), choices.pop("fixed", None)
    return centers_of_run(Path(path), wanted, reference, fixed, **choices)[0]


def charge_difference(
    whole: AnyPath,
    a: AnyPath | None = None,
    b: AnyPath | None = None,
    **options: Any,  # noqa: ANN401
) -> list[ChargeDifferenceResult] | ChargeDifference:
    """Return the charge density difference of a study's interfaces, or of AB, A and B.

    ``options`` are those of ``runs.charge_difference.charge_difference``.
    """
    if a is None and b is None:
        return _of_study(whole, options).charge_differences
    if a is None or b is None:
        raise InputError("expected the folder of a study, or the densities of AB, A and B")
    from llo_dft.runs.charge_difference import charge_difference as of_runs  # noqa: PLC0415

    return of_runs((Path(whole), Path(a), Path(b)), **options)[0]


def voltage(*paths: AnyPath, li: AnyPath | None = None, **known: Any) -> list[VoltageResult]:  # noqa: ANN401
    """Return the delithiation voltage, V: of a study, or of hosts at several lithium contents.

    Of runs, ``li`` is that of Li metal; or ``li_energy_ev``, eV per atom.
    """
    if len(paths) == 1 and is_study(Path(paths[0])):
        return _of_study(paths[0], known).voltages
    from llo_dft.runs.run_voltage import voltage_runs  # noqa: PLC0415

    metal = None if li is None else Path(li)
    return voltage_runs(list(map(Path, paths)), metal, **known).voltages


def _of_study(folder: AnyPath, options: dict[str, Any]) -> StudyResult:
    _none_of_runs(options)
    return study_result(StudyFolder(Path(folder)))


def _none_of_runs(options: Collection[str]) -> None:
    if options:
        raise InputError(f"{', '.join(options)}: for plain runs; a study has its own")


def _recipe(source: str | Path | Recipe, tables: dict[str, dict[str, Any]]) -> tuple[Recipe, Path]:
    """Return a recipe with some keys changed, and the folder that its files are looked for in."""
    folder = Path()
    if isinstance(source, Recipe):
        fields = source.model_dump(mode="json", exclude_none=True)
    elif Path(source).suffix.lower() in {"", ".toml"} and (path := _recipe_file(source)):
        fields = load_recipe(path).model_dump(mode="json", exclude_none=True)
        folder = path.resolve().parent
    else:
        key = "cif" if Path(source).is_file() else "composition"
        fields = {**_LEAST, "cathode": {key: str(source)}}
    for name, table in tables.items():
        if table:
            changed = isinstance(table, dict)  # anything else is refused below
            fields[name] = {**fields.get(name, {}), **table} if changed else table
    recipe = parse_recipe(fields, "the recipe")
    named_by_user(recipe.engine)
    return recipe, folder


def _recipe_file(source: AnyPath) -> Path | None:
    """Return the file of a recipe; None of a formula."""
    try:
        return recipe_path(str(source))
    except InputError:
        if _FORMULA.fullmatch(str(source)):
            return None
        raise


__all__ = [
    "band_centers",
    "build_bulk",
    "build_interface",
    "build_slab",
    "charge_difference",
    "delithiate",
    "plan",
    "read_results",
    "read_run",
    "run",
    "vacancies",
    "vacancy_energies",
    "voltage",
]
