"""llo-dft report: one page with all results of a study, or of several side by side."""

from pathlib import Path

import typer

from llo_dft.cli.options import check_figure
from llo_dft.errors import InputError
from llo_dft.study.drawn.study_report import write_report


def report(
    folders: list[Path] = typer.Argument(help="Folder of a study; several are compared."),
    output: Path | None = typer.Option(
        None, "-o", "--output", help="File to write (default: report.html in the study's folder)."
    ),
) -> None:
    """Write one HTML page with all results, which opens offline.

    It also shows a study that is still running or was stopped. Nothing is computed.
    """
    check_figure(output, (".html",), "-o")
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise InputError("a folder is named twice; name each study once")
    written = write_report(folders, output)
    typer.echo(f"wrote {written} ({written.stat().st_size / 1e6:.1f} MB); open it in a browser")
