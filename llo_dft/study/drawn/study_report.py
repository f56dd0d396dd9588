"""The report of a study's folder: the data are read here, and drawn in report/page."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft import __version__
from llo_dft.analysis.study_calculations import StudyCalculations
from llo_dft.documents.electrons.charge import ChargeDifference
from llo_dft.documents.labels import system_name
from llo_dft.documents.study_result import StudyResult
from llo_dft.errors import InputError
from llo_dft.report.figures.figure_parts import VECTOR_SUFFIXES
from llo_dft.report.figures.formation_energy_curve import save_vacancy_curve
from llo_dft.report.figures.structure_picture import save_side_by_side
from llo_dft.report.figures.voltage_steps import save_voltage
from llo_dft.report.page.methods_text import recipe_text
from llo_dft.report.page.page_content import (
    CalculationRow,
    ChargeMesh,
    Densities,
    Drawing,
    PageContent,
    charge_mesh,
)
from llo_dft.report.page.render_page import comparison_page, study_page
from llo_dft.report.page.structure_views import decisive_vacancy, shown_hosts
from llo_dft.runs.charge_difference import DOCUMENT
from llo_dft.study.contacts.study_reactions import stored_reactions
from llo_dft.study.folder import StudyFolder, write_whole
from llo_dft.study.result import stored_calculations, study_result, with_planes
from llo_dft.study.study_electrons import host_densities
from llo_dft.study.study_files import changed_files, read_results
from llo_dft.study.study_status import StudyStatus, study_status

#: Name of the page in a study's folder.
REPORT: Final = "report.html"


def write_report(folders: Sequence[Path], output: Path | None = None) -> Path:
    """Write the page of a study, or of several side by side; return its path.

    Raises ``InputError`` if one is not a study that was run.

    The studies may be incomplete; the folder of a screen, or of a study in several cells, means all
    studies in it. ``output`` is the file to write; None: ``REPORT`` in the folder, or in the
    current one if there are several.
    """
    series = len(folders) == 1 and not (folders[0] / "study.json").is_file()
    studies = sorted(one.parent for one in folders[0].glob("*/plan.json")) if series else []
    every = {folder: StudyFolder(folder) for folder in studies or folders}
    for study in every.values():
        study.recipe()  # each is found to be a study before the first is drawn
    contents = {folder: page_content(study) for folder, study in every.items()}
    if not studies and len(contents) == 1:
        ((folder, content),) = contents.items()
        target, text = output or folder / REPORT, study_page(content)
    else:
        names = _names(list(contents))
        target = output or (folders[0] if studies else Path()) / REPORT
        text = comparison_page({names[folder]: one for folder, one in contents.items()})
    write_whole(target, text)
    return target


def page_content(folder: StudyFolder) -> PageContent:
    """Return what a study's page shows; for a running or killed study what exists so far.

    Raises ``InputError`` as for ``study_result``.
    """
    recipe = folder.recipe()
    status = study_status(folder)
    stored = folder.results.is_file() and not folder.is_running()
    result = read_results(folder.results) if stored else study_result(folder)
    study = stored_calculations(folder)
    result = with_planes(result, recipe, study.plan)
    relaxed = _relaxed(result, study)
    reactions, no_reactions = None, ""
    try:
        reactions = stored_reactions(folder)
    except InputError as error:
        no_reactions = str(error)
    return PageContent(
        result=result,
        plan=study.plan,
        recipe_toml=recipe_text(recipe.model_dump(mode="json", exclude_defaults=True)),
        state=_state(status),
        calculations=_rows(status, study),
        relaxed=relaxed,
        densities=_densities(folder, study, result),
        meshes=_meshes(folder, result),
        drawings=_drawings(result, relaxed) | _written(folder, result),
        reactions=reactions,
        no_reactions=no_reactions,
        version=__version__,
    )


def _names(folders: Sequence[Path]) -> dict[Path, str]:
    """Return a name for each folder: its own, or its path where two have the same."""
    own = [folder.resolve().name for folder in folders]
    return {
        folder: name if own.count(name) == 1 else str(folder)
        for folder, name in zip(folders, own, strict=True)
    }


def _state(status: StudyStatus) -> str:
    if status.is_complete:
        return "complete"
    parts = [f"{number} {state}" for state, number in status.counts.items() if number]
    number = sum(status.counts.values())
    return f"not complete: {', '.join(parts)} of {number} calculations"


def _rows(status: StudyStatus, study: StudyCalculations) -> list[CalculationRow]:
    rows = []
    for one in (calculation for calculation in status.calculations if calculation.applicable):
        remarks = [*([one.reason] if one.reason else []), *one.corrections]
        row = CalculationRow(label=one.label, status=one.status, remarks=remarks)
        if (found := study.documents.get(one.label)) is not None:
            force = found.max_force_ev_per_angstrom
            row = replace(row, wall_s=found.wall_s, force_ev_per_angstrom=force)
            if found.status == "completed":
                row = replace(
                    row,
                    kind=f"{found.kind} ({found.protocol})",
                    n_atoms=None if found.structure is None else len(found.structure),
                    n_evaluations=found.n_evaluations,
                )
        rows.append(row)
    return rows


def _relaxed(result: StudyResult, study: StudyCalculations) -> dict[str, Structure]:
    """Return the relaxed structures that the page shows, by the key of their calculation."""
    decisive = decisive_vacancy(result)
    keys = {host.calculation for host in shown_hosts(result)}
    keys |= set() if decisive is None else {one.calculation for one in decisive}
    return {
        one.key: one.structure
        for one in study.documents.values()
        if one.structure is not None and one.key in keys
    }


def _densities(
    folder: StudyFolder, study: StudyCalculations, result: StudyResult
) -> list[Densities]:
    hosts = {
        (host.system, host.termination, host.lithium_fraction): host for host in study.plan.hosts
    }
    found = []
    for one in result.band_centers:
        if one.centers is None:
            continue
        host = hosts[one.system, one.termination, one.lithium_fraction]
        centers, densities = host_densities(study, folder, host)
        energies = np.asarray(densities.energies_ev)
        title = f"{system_name(one.system, one.termination)}, x = {one.lithium_fraction:.3f}"
        found.append(Densities(host.label, title, centers, energies, densities.class_means()))
    return found


def _meshes(folder: StudyFolder, result: StudyResult) -> list[ChargeMesh]:
    meshes = []
    for one in result.charge_differences:
        if one.folder is None:
            continue
        place = folder.path / Path(one.folder).name
        try:
            _check_written(folder, result, place)
            document = ChargeDifference.model_validate_json((place / DOCUMENT).read_bytes())
            with np.load(place / "difference.npz", allow_pickle=False) as grids:
                density = np.asarray(grids["difference_e_per_a3"], dtype=np.float64)
        except (OSError, ValueError, KeyError) as error:
            raise InputError(
                f"{place} lacks the charge difference that results.json names ({error}); "
                "run the study again, its calculations are kept"
            ) from error
        meshes.append(charge_mesh(one.termination, document, density))
    return meshes


def _check_written(folder: StudyFolder, result: StudyResult, place: Path) -> None:
    """Raise ``ValueError`` if a file of a charge difference was changed since its result."""
    for name in changed_files(result, folder.path):
        if name.startswith(place.name):
            raise ValueError(f"{name} was changed after it was written")


def _written(folder: StudyFolder, result: StudyResult) -> dict[str, Drawing]:
    """Return the figures of electrons that ``run`` wrote beside results.json, by their chart."""
    figures = {
        Path(one.figure).stem: folder.path / Path(one.figure).name
        for one in result.band_centers
        if one.figure is not None
    } | {
        f"charge_{one.termination}": folder.path / Path(one.folder).name / "planar_average"
        for one in result.charge_differences
        if one.folder is not None
    }
    drawings = {}
    for chart, figure in figures.items():
        svg, pdf = map(figure.with_suffix, VECTOR_SUFFIXES)
        if svg.is_file() and pdf.is_file():  # older versions wrote only PNG
            text = svg.read_text(encoding="utf-8")
            drawings[chart] = Drawing(chart, text, pdf.read_bytes())
    return drawings


def _drawings(result: StudyResult, relaxed: Mapping[str, Structure]) -> dict[str, Drawing]:
    """Return the non-empty figures as files."""
    draw: dict[str, tuple[str, Callable[..., None]]] = {}
    if any(host.formation_energies_ev for host in result.hosts):
        draw["energies"] = "vacancy_energy", partial(save_vacancy_curve, result)
    hosts = {
        f"{system_name(host.system, host.termination)}, {host.charge.text}": relaxed[key]
        for host in shown_hosts(result)
        if (key := host.calculation or "") in relaxed
    }
    if hosts:
        decisive = decisive_vacancy(result)
        site = None if decisive is None else decisive[1].site
        draw["structures"] = "structures", partial(save_side_by_side, hosts, site)
    if result.voltages and result.voltages[0].curve is not None:
        draw["voltage"] = "voltage", partial(save_voltage, result)
    drawings = {}
    with tempfile.TemporaryDirectory() as work:
        for section, (name, save) in draw.items():
            svg, pdf = (Path(work) / f"{name}.{end}" for end in ("svg", "pdf"))
            save(svg, also=[".pdf"])
            drawings[section] = Drawing(name, svg.read_text(encoding="utf-8"), pdf.read_bytes())
    return drawings
