"""llo-dft status: what of a study is done, running, failed and why."""

from __future__ import annotations

from pathlib import Path

import typer

from llo_dft.cli.common import COMPLETE, INCOMPLETE, bad_input_in_one_line, print_json


def status(
    folder: Path = typer.Argument(help="Folder of the study."),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON."),  # noqa: FBT001, FBT003
) -> None:
    """Tell what of a study is done, running, failed and why, or missing."""
    from llo_dft.study.folder import StudyFolder  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.study.status import study_status  # noqa: PLC0415

    with bad_input_in_one_line():
        found = study_status(StudyFolder(folder))
    if as_json:
        print_json(found.as_json())
    else:
        counts = ", ".join(f"{number} {state}" for state, number in found.counts.items() if number)
        typer.echo(f"{found.study}: {counts} of {len(found.calculations)} calculations")
        if found.driver is not None:
            typer.echo(f"driver: {found.driver}")
        for calculation in found.calculations:
            if calculation.state != "completed":
                reason = f": {calculation.reason}" if calculation.reason else ""
                typer.echo(f"  {calculation.state:9} {calculation.label}{reason}")
    raise typer.Exit(COMPLETE if found.is_complete else INCOMPLETE)
