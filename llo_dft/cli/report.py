"""llo-dft report: one page with all that a study found, or several beside each other."""

from pathlib import Path

import typer

from llo_dft.cli.output.common import bad_input_in_one_line
from llo_dft.errors import InputError


def report(
    folders: list[Path] = typer.Argument(help="Folder of a study; several are compared."),
    output: Path | None = typer.Option(
        None, "-o", "--output", help="The page (default: report.html in the study's folder)."
    ),
) -> None:
    """Write one HTML page that opens anywhere without a network: answer, figures, structures.

    Also of a study that runs or was ended. Nothing is computed.
    """
    with bad_input_in_one_line():
        from llo_dft.study.drawn.study_report import write_report  # noqa: PLC0415 (keeps --help fast)

        if output is not None and output.suffix.lower() != ".html":
            raise InputError(f"-o {output}: expected a name that ends in .html")
        if output is not None and not output.parent.is_dir():
            raise InputError(f"-o {output}: there is no folder {output.parent}")
        if len({folder.resolve() for folder in folders}) < len(folders):
            raise InputError("a folder is named twice; name each study once")
        written = write_report(folders, output)
    typer.echo(f"wrote {written} ({written.stat().st_size / 1e6:.1f} MB); open it in a browser")
