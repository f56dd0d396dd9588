"""llo-dft status: what of a study is done, running, failed and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from llo_dft.cli.options import AsJson, StudyPath
from llo_dft.cli.output.common import COMPLETE, INCOMPLETE, bad_input_in_one_line, print_json

if TYPE_CHECKING:
    from llo_dft.study.folder import StudyFolder


def status(folder: StudyPath, *, as_json: AsJson = False) -> None:
    """Show which calculations are completed, running, failed (and why) or missing."""
    from llo_dft.cli.output.phrases import built_lines  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.study.folder import StudyFolder  # noqa: PLC0415
    from llo_dft.study.remote.submission_record import read_submission  # noqa: PLC0415
    from llo_dft.study.study_status import study_status  # noqa: PLC0415

    study = StudyFolder(folder)
    with bad_input_in_one_line():
        found = study_status(study)
        if read_submission(folder) is not None:
            from llo_dft.study.remote.queue_status import with_queue  # noqa: PLC0415 (seconds)

            found = with_queue(found, study)
    if as_json:
        print_json(found.as_json())
    else:
        counts = ", ".join(f"{number} {state}" for state, number in found.counts.items() if number)
        typer.echo(f"{found.study}: {counts} of {len(found.calculations)} calculations")
        for line in built_lines(found.built, found.notes):
            typer.echo(line)
        if found.lacking:
            typer.echo(f"result: {found.lacking}")
        if found.driver is not None:
            typer.echo(f"driver: {found.driver}")
        for line in found.queue.lines() if found.queue is not None else []:
            typer.echo(line)
        for calculation in found.calculations:
            if calculation.status != "completed":
                reason = f": {calculation.reason}" if calculation.reason else ""
                where = f" ({_link(study, calculation.folder)})" if calculation.folder else ""
                typer.echo(f"  {calculation.status:9} {calculation.label}{reason}{where}")
            for correction in calculation.corrections:
                typer.echo(f"  corrected {calculation.label}: {correction}")
    raise typer.Exit(COMPLETE if found.is_complete else INCOMPLETE)


def _link(study: StudyFolder, folder: str) -> Path:
    """Return the folder of a calculation: in the study's cache, or where its job runs."""
    return study.calculations / folder
