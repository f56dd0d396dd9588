"""llo-dft analyze potential: vacuum levels, work functions and alignment from LOCPOT."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from llo_dft.cli.options.figure_file import check_figure
from llo_dft.cli.output.common import (
    BAD_INPUT,
    COMPLETE,
    INCOMPLETE,
    bad_input_in_one_line,
    print_json,
)

if TYPE_CHECKING:
    from llo_dft.documents.charge import PotentialAlignment
    from llo_dft.documents.local_potential import Face, PotentialSummary

AXES = "abc"

_REGION = "--region must be LO:HI in angstrom"
_NOT_ALIGNED = (
    "not aligned to the first: a vacuum level is lacking; name a part that both cells have, "
    "--region LO:HI"
)


def potential(
    paths: list[Path] = typer.Argument(help="VASP run folders with a LOCPOT, or LOCPOT files."),
    axis: str = typer.Option("c", help="Lattice vector that leads out of the slab: a, b or c."),
    window: list[float] | None = typer.Option(
        None,
        help="Window of the macroscopic average, angstrom; twice at an interface (default: the "
        "distance of the oxide's layers).",
    ),
    region: str | None = typer.Option(
        None, help="Align to the first path by this part, LO:HI in angstrom along the normal."
    ),
    face: Literal["lower", "upper"] = typer.Option(
        "lower", help="Align to the first path by the vacuum in front of this face."
    ),
    figure: Path | None = typer.Option(None, help="Draw all of them to this file."),
    as_json: bool = typer.Option(False, "--json", help="Print them as a JSON list."),  # noqa: FBT001, FBT003
) -> None:
    """Vacuum level of both faces, work function, and alignment of several to the first.

    The work function needs a vasprun.xml (or vaspout.h5) beside the LOCPOT. A level is only read
    where the potential is flat.
    """
    from llo_dft.cli.options.limits import parse_limits  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.documents.document import Document  # noqa: PLC0415
    from llo_dft.errors import InputError  # noqa: PLC0415
    from llo_dft.runs.potential_levels import potential_of  # noqa: PLC0415

    with bad_input_in_one_line():
        if axis not in tuple(AXES):
            raise InputError(f"--axis must be a, b or c, got {axis!r}")
        check_figure(figure)
        limits = None if region is None else parse_limits(region, _REGION)
    found: list[PotentialSummary | dict[str, object]] = []
    for path in paths:
        try:
            found.append(potential_of(path, axis=AXES.index(axis), windows_angstrom=window))
        except InputError as error:
            typer.echo(f"llo-dft: {error}", err=True)
            found.append({"path": str(path), "problems": [str(error)]})
    with bad_input_in_one_line():
        found = _aligned(found, limits, face)
        good = [one for one in found if isinstance(one, Document)]
        if figure is not None and good:
            _draw(good, figure)
    if as_json:
        print_json(
            [one.model_dump(mode="json") if isinstance(one, Document) else one for one in found]
        )
    else:
        for one in good:
            _print(one)
    if not good:
        raise typer.Exit(BAD_INPUT)
    complete = len(good) == len(found) and not any(one.problems for one in good)
    raise typer.Exit(COMPLETE if complete else INCOMPLETE)


def _aligned(
    found: list[PotentialSummary | dict[str, object]],
    region: tuple[float, float] | None,
    face: Face,
) -> list[PotentialSummary | dict[str, object]]:
    """Align all to the first, by a region if one is given, else by the vacuum of a face."""
    from llo_dft.documents.document import Document  # noqa: PLC0415 (keeps --help fast)

    first = found[0]
    if not isinstance(first, Document):
        return found
    aligned: list[PotentialSummary | dict[str, object]] = [first]
    for one in found[1:]:
        if not isinstance(one, Document):
            aligned.append(one)
            continue
        shift = _alignment(first, one, region, face)
        notes = one.notes if shift is not None else [*one.notes, _NOT_ALIGNED]
        aligned.append(one.model_copy(update={"alignment": shift, "notes": notes}))
    return aligned


def _alignment(
    first: PotentialSummary,
    other: PotentialSummary,
    region: tuple[float, float] | None,
    face: Face,
) -> PotentialAlignment | None:
    from llo_dft.analysis.electronic.potential_alignment import align_by_vacuum, align_in_region  # noqa: PLC0415

    if region is not None:
        return align_in_region(first.profile, other.profile, region)
    if face not in first.faces or face not in other.faces:
        return None
    return align_by_vacuum(first.faces[face].vacuum, other.faces[face].vacuum)


def _draw(found: list[PotentialSummary], path: Path) -> None:
    from llo_dft.errors import InputError  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.report.figures.potential_profile import save_potential  # noqa: PLC0415

    try:
        save_potential(found, path)
    except (OSError, ValueError) as error:
        raise InputError(f"--figure {path} can't be written: {error}") from error


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
        by = "vacuum" if one.alignment.method == "vacuum" else "region"
        typer.echo(f"  add {one.alignment.shift_ev:+.3f} eV to its levels (aligned by {by})")
    for problem in one.problems:
        typer.echo(f"  problem: {problem}")
    for note in one.notes:
        typer.echo(f"  note: {note}")
