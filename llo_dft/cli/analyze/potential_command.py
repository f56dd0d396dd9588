"""llo-dft analyze potential: vacuum levels, work functions and alignment from LOCPOT."""

from functools import partial
from pathlib import Path
from typing import Final, Literal

import typer

from llo_dft.analysis.electronic.potential_alignment import align_by_vacuum, align_in_region
from llo_dft.cli.options import AsJson, Axis, axis_index, check_figure, parse_limits
from llo_dft.cli.output.common import Unread, as_record, leave, print_json, print_remarks, read_each
from llo_dft.documents.electrons.local_potential import Face, PotentialSummary
from llo_dft.errors import InputError
from llo_dft.report.figures.potential_profile import save_potential
from llo_dft.runs.potential_levels import potential_of
from llo_dft.study.folder import StudyFolder
from llo_dft.study.result import stored_calculations
from llo_dft.study.study_electrons import static_potential
from llo_dft.study.study_files import is_study

_NOT_ALIGNED: Final = (
    "not aligned to the first: a vacuum level is missing; name a region that both cells have, "
    "--region LO:HI"
)


def potential(
    paths: list[Path] = typer.Argument(
        help="VASP run folders with a LOCPOT, LOCPOT files, or folders of studies."
    ),
    *,
    axis: Axis = "c",
    window: list[float] | None = typer.Option(
        None,
        help="Window of the macroscopic average, angstrom; give two for an interface (default: "
        "the layer spacing of the oxide).",
    ),
    region: str | None = typer.Option(
        None, help="Align to the first path in this region, LO:HI in angstrom along the normal."
    ),
    face: Literal["lower", "upper"] = typer.Option(
        "lower", help="Align to the first path by the vacuum above this face."
    ),
    figure: Path | None = typer.Option(None, help="Draw all potentials to this file."),
    as_json: AsJson = False,
) -> None:
    """Vacuum level of both faces, work function, and alignment to the first of several paths.

    The work function needs a vasprun.xml (or vaspout.h5) beside the LOCPOT. A level is read only
    where the potential is flat. For a study: every host and part with a static calculation.
    """
    across = axis_index(axis)
    check_figure(figure)
    limits = None
    if region is not None:
        limits = parse_limits(region, "--region must be LO:HI in angstrom")
    found: list[PotentialSummary | Unread] = []
    for path in paths:
        if is_study(path):
            found += _of_study(path, across, window)
        else:
            read = partial(potential_of, axis=across, windows_angstrom=window)
            found += read_each([path], read)
    found = _aligned(found, limits, face)
    good = [one for one in found if not isinstance(one, Unread)]
    if figure is not None and good:
        save_potential(good, figure)
    if as_json:
        print_json([as_record(one) for one in found])
    else:
        for one in good:
            _print(one)
    leave(found)


def _of_study(
    path: Path, axis: int, windows_angstrom: list[float] | None
) -> list[PotentialSummary | Unread]:
    """Return the potentials of a study's static calculations: hosts, and parts of interfaces."""
    folder = StudyFolder(path)
    study = stored_calculations(folder)
    labels = [one.label for one in study.plan.statics]
    if not labels:
        raise InputError(f"{path} has no potentials: electronic.dos = true gives them")
    return read_each(
        labels, lambda label: static_potential(study, folder, label, axis, windows_angstrom)
    )


def _aligned(
    found: list[PotentialSummary | Unread], region: tuple[float, float] | None, face: Face
) -> list[PotentialSummary | Unread]:
    """Align all to the first, by a region if one is given, else by the vacuum of a face."""
    first = found[0]
    if isinstance(first, Unread):
        return found

    def aligned(one: PotentialSummary) -> PotentialSummary:
        shift = None
        if region is not None:
            shift = align_in_region(first.profile, one.profile, region)
        elif face in first.faces and face in one.faces:
            shift = align_by_vacuum(first.faces[face].vacuum, one.faces[face].vacuum)
        notes = one.notes if shift is not None else [*one.notes, _NOT_ALIGNED]
        return one.model_copy(update={"alignment": shift, "notes": notes})

    return [first, *(one if isinstance(one, Unread) else aligned(one) for one in found[1:])]


def _print(one: PotentialSummary) -> None:
    typer.echo(f"{one.path}: {one.structure.composition.formula}")
    for face, levels in one.faces.items():
        start, end = levels.vacuum.region_angstrom
        text = f"  {face} face: vacuum {levels.vacuum.level_ev:.3f} eV ({start:.1f} to {end:.1f} A)"
        if levels.work_function_ev is not None:
            text += f", work function {levels.work_function_ev:.3f} eV"
        if levels.ionization_energy_ev is not None:
            text += f", ionization energy {levels.ionization_energy_ev:.3f} eV"
        typer.echo(text)
    if one.alignment is not None:
        shift = one.alignment.shift_ev
        typer.echo(f"  add {shift:+.3f} eV to its levels (aligned by {one.alignment.method})")
    print_remarks(one.problems, one.notes, indent="  ")
