"""Studies on the engine vasp with the stand-in, in this process, and their numbers side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from llo_dft.report.figures.formation_energy_curve import plot_vacancy_curve
from llo_dft.study.folder import StudyFolder
from llo_dft.study.run_study import PreparedRun, prepare_run, run_study

if TYPE_CHECKING:
    from llo_dft.documents.study_result import StudyResult
    from llo_dft.engines.base import Engine
    from llo_dft.recipe import Recipe

#: Fields of results.json that say how a number was come by, and are not numbers of the study.
_NOT_NUMBERS = {"fingerprint", "calculations", "seed", "schema_version", "counts"}

#: Names of atoms in a list that is sorted by lengths, some of which are equal.
_NAMES = {"former", "oxygen"}

#: What only VASP's files give.
_ELECTRONS = {"band_centers", "charge_differences"}


def vasp_table(**overrides: Any) -> dict[str, Any]:
    """The [engine] of a recipe: few k-points and one start, the stand-in is no better with more."""
    few = {"k_spacing": 1.0, "magnetic_order": "ferro", "electron_placements": 0}
    return {"name": "vasp", "protocol": "fast", "overrides": few | overrides}


def prepared_study(recipe: Recipe, folder: Path, engine: Engine | None = None) -> PreparedRun:
    """Check and plan a study as the command does; another engine may take the place of its own."""
    prepared = prepare_run(recipe, Path(), StudyFolder(folder))
    if engine is None:
        return prepared
    return replace(prepared, engine=engine, plan=prepared.plan.model_copy(update={"statics": []}))


def run_here(prepared: PreparedRun, folder: Path | None = None) -> StudyResult:
    """Run a study, one calculation at a time: custodian changes this process's folder."""
    if folder is not None:
        prepared = replace(prepared, folder=StudyFolder(folder))
    return run_study(prepared, workers=1, executor=nullcontext(lambda: ThreadPoolExecutor(1)))


def numbers(result: StudyResult) -> dict[str, float]:
    """Every number of results.json by its path, but for those of the electrons."""
    found: dict[str, float] = {}
    _walk("", result.model_dump(mode="json", exclude=_NOT_NUMBERS | _ELECTRONS), found)
    return found


def largest_difference(result: StudyResult, other: StudyResult) -> tuple[str, float]:
    """Where two results differ most, and by how much; both must have the same numbers."""
    ours, theirs = numbers(result), numbers(other)
    assert not ours.keys() ^ theirs.keys()
    where = max(ours, key=lambda name: abs(ours[name] - theirs[name]))
    return where, abs(ours[where] - theirs[where])


def words(result: StudyResult) -> dict[str, Any]:
    """What else results.json says of hosts, vacancies and interfaces, moments left out."""
    about: dict[str, Any] = {}
    for host in result.hosts:
        about[host.label] = (host.status, _lattice(host.flags), host.bonded_to_former)
        for one in host.vacancies:
            about[f"{host.label} {one.pair}"] = (one.status, one.site, _lattice(one.flags))
    for one in result.interfaces:
        bonds = sorted((bond.former, bond.oxygen) for bond in one.bonds)
        about[one.termination] = (one.status, one.rank, _lattice(one.flags), bonds)
    return about


def formation_energies(result: StudyResult) -> dict[str, float | None]:
    """E_f of every vacancy by its host and site."""
    return {
        f"{host.label} {one.pair}": one.formation_energy_ev
        for host in result.hosts
        for one in host.vacancies
    }


def drawn(result: StudyResult) -> list[tuple[str, str, list[tuple[float, float]]]]:
    """What the figure shows: label, marker and points of each line in it."""
    axes = plot_vacancy_curve(result, Figure().add_subplot())
    return [
        (str(line.get_label()), str(line.get_marker()), [(float(x), float(y)) for x, y in points])
        for line in axes.get_lines()
        for points in [np.transpose(line.get_data())]
    ]


def _lattice(flags: list[str]) -> list[str]:
    """Flags without their lengths, in which two runs may differ in the last digit."""
    return [flag.split(" ")[0] for flag in flags if not flag.startswith("moment")]


def _walk(path: str, value: object, found: dict[str, float]) -> None:
    if isinstance(value, dict):
        for name, item in value.items():
            if name not in _NAMES or isinstance(item, dict):
                _walk(f"{path}.{name}", item, found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _walk(f"{path}[{index}]", item, found)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found[path] = float(value)
