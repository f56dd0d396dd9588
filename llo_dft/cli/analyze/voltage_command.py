"""llo-dft analyze voltage: the delithiation voltage of plain VASP runs, or of a study."""

from pathlib import Path

import typer

from llo_dft.cli.options import Allow, AsJson, CoatingLi, LithiumFull, check_figure
from llo_dft.cli.output.common import COMPLETE, INCOMPLETE, print_document
from llo_dft.cli.output.study_tables import print_voltages, report_problems
from llo_dft.errors import InputError
from llo_dft.report.figures.voltage_steps import save_voltage
from llo_dft.runs.run_voltage import voltage_runs
from llo_dft.study.folder import StudyFolder
from llo_dft.study.result import study_result
from llo_dft.study.study_files import is_study


def voltage(  # noqa: PLR0913 (each is an option of the command)
    paths: list[Path] = typer.Argument(
        help="VASP runs of hosts at several lithium contents, or the folder of one study."
    ),
    *,
    li: Path | None = typer.Option(None, help="VASP run of Li metal."),
    li_energy: float | None = typer.Option(None, help="Or the energy of Li metal, eV per atom."),
    lithium_full: LithiumFull = None,
    coating_li: CoatingLi = 0,
    allow: Allow = None,
    figure: Path | None = typer.Option(None, help="Draw voltage and hull to this file."),
    as_json: AsJson = False,
) -> None:
    """Delithiation voltage between stable lithium contents, and its average.

    For hosts that differ only in Li, at 0 K: which lie on the convex hull, and the voltage
    between neighbours on it.
    """
    check_figure(figure)
    if len(paths) == 1 and is_study(paths[0]):
        if li or li_energy is not None or lithium_full is not None or coating_li or allow:
            raise InputError(
                "a study has its own Li metal, lithium contents and settings: give only "
                "its folder and --figure"
            )
        result = study_result(StudyFolder(paths[0]))
    else:
        result = voltage_runs(
            paths,
            li,
            li_energy,
            lithium_full=lithium_full,
            coating_li=coating_li,
            allow=allow or [],
        )
    missing = [voltage.reason for voltage in result.voltages if voltage.curve is None]
    if figure is not None and missing:
        typer.echo(f"llo-dft: {figure} not drawn: {missing[0]}", err=True)
    elif figure is not None:
        save_voltage(result, figure)
    print_document(result, print_voltages, as_json=as_json)
    report_problems(result)
    raise typer.Exit(COMPLETE if result.is_complete and not missing else INCOMPLETE)
