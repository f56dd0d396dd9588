"""llo-dft analyze charge-difference: where electrons move when an interface forms."""

from pathlib import Path

import typer

from llo_dft.cli.options import Allow, AsJson, Axis, axis_index
from llo_dft.cli.output.common import COMPLETE, print_json
from llo_dft.cli.output.study_tables import report_allowed
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.electrons.charge import ChargeDifference
from llo_dft.errors import InputError
from llo_dft.report.titles import MOCK, settings_text
from llo_dft.runs import charge_difference as study
from llo_dft.study.folder import StudyFolder
from llo_dft.study.result import stored_calculations
from llo_dft.study.study_electrons import interface_densities
from llo_dft.study.study_files import is_study


def charge_difference(  # noqa: PLR0913 (each is an argument or option of the command)
    whole: Path = typer.Argument(help="AB: a VASP folder, a CHGCAR (also .gz, .xz), or a study."),
    a: Path | None = typer.Argument(None, help="A: one part of AB, its atoms at the same places."),
    b: Path | None = typer.Argument(None, help="B: the other part."),
    *,
    output: Path = typer.Option(..., "-o", "--output", help="New folder for the results."),
    axis: Axis = "c",
    max_residual: float = typer.Option(1e-3, help="Largest integral of the difference, e."),
    allow: Allow = None,
    level: float | None = typer.Option(None, help="Isosurface, e/A^3 (default: 0.05 of the peak)."),
    as_json: AsJson = False,
) -> None:
    """Charge-density difference rho(AB) - rho(A) - rho(B) of an interface.

    Writes CHGCAR, cube, npz, figures and charge_difference.json; all of them or nothing. The
    settings of the three are compared if a vasprun.xml or vaspout.h5 is beside each CHGCAR.
    """
    across = axis_index(axis)
    _check_options(output, level)
    made: list[CalculationDocument] = []
    if is_study(whole) and a is None and b is None:
        files, made = _of_study(whole)
    elif a is None or b is None:
        raise InputError("expected the folder of a study, or AB, A and B")
    else:
        files = (whole, a, b)
    document, difference = study.charge_difference(
        files,
        axis=across,
        coating="b" if made else None,
        max_residual=max_residual,
        allow=allow or [],
        calculations=made,
    )
    study.write_charge_difference(output, document, difference, level)
    if as_json:
        print_json(document.model_dump(mode="json"))
    else:
        typer.echo(_summary(document))
        typer.echo(f"written to {output}")
    report_allowed(document.allowed_differences)
    raise typer.Exit(COMPLETE)


def _of_study(path: Path) -> tuple[tuple[Path, Path, Path], list[CalculationDocument]]:
    """Return the densities of a study's interface and of its parts, and their calculations."""
    folder = StudyFolder(path)
    study = stored_calculations(folder)
    names = {one.host for one in study.plan.statics if one.part == "coating"}
    hosts = [host for host in study.plan.hosts if host.label in names]
    if len(hosts) != 1:
        raise InputError(
            f"{path} has the densities of {len(hosts)} interfaces, expected one: they are computed "
            "with electronic.density = true, and of several each has a folder in the study"
        )
    return interface_densities(study, folder, hosts[0])


def _check_options(output: Path, level: float | None) -> None:
    if level is not None and not 0.0 < level < float("inf"):
        raise InputError(f"--level must be larger than 0 e/A^3, got {level}")
    if output.is_symlink() or (output.exists() and not output.is_dir()):
        raise InputError(f"{output} is not a folder; name another one with -o")
    if output.is_dir() and any(output.iterdir()):
        raise InputError(f"{output} already exists and is not empty; name another one with -o")


def _summary(document: ChargeDifference) -> str:
    electrons = f"AB {document.electrons_whole:.4f}, A {document.electrons_a:.4f}"
    largest = max(map(abs, document.planar.cumulative_e))
    lines = [
        *([MOCK] if document.mock else []),
        *([settings_text(document.fingerprint)] if document.fingerprint is not None else []),
        f"{document.structure.composition.formula}, grid {document.grid_shape}",
        f"electrons: {electrons}, B {document.electrons_b:.4f}; residual {document.residual_e:.2e}",
        f"moved: {document.absolute_e:.4f} e; largest |Q(z)| {largest:.4f} e",
    ]
    lines.extend(
        f"{document.bond_name(bond)} across the interface: "
        f"{bond.length_angstrom:.3f} A, difference at most "
        f"{max(bond.difference_e_per_a3):.4f} e/A^3"
        for bond in document.bonds
    )
    if not document.bonds:
        lines.append("no bond across the interface")
    return "\n".join([*lines, *document.notes])
