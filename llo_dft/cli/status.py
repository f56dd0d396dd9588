"""llo-dft status: which calculations of a study are completed, running or failed, and why."""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import typer

from llo_dft.cli.options import AsJson, StudyPath
from llo_dft.cli.output.common import COMPLETE, INCOMPLETE, print_json
from llo_dft.cli.output.phrases import built_lines
from llo_dft.cli.output.terminal import print_table
from llo_dft.study.folder import StudyFolder
from llo_dft.study.remote.queue_status import with_queue
from llo_dft.study.study_files import studies_in
from llo_dft.study.study_status import StudyStatus, study_status
from llo_dft.typing import Status


def status(folder: StudyPath, *, as_json: AsJson = False) -> None:
    """Show which calculations are completed, running or failed, and why.

    For a screen, or a study in several cells: one line per study.
    """
    studies = studies_in(folder)
    folders = {name: StudyFolder(path) for name, path in studies.items()}
    found = {name: with_queue(study_status(one), one) for name, one in folders.items()}
    alone = found[folder.name] if list(studies.values()) == [folder] else None
    if as_json:
        records = {name: one.as_json() for name, one in found.items()}
        print_json(records if alone is None else records[folder.name])
    elif alone is None:
        _print_several(found)
    else:
        _print(alone, folder)
    complete = all(one.is_complete for one in found.values())
    raise typer.Exit(COMPLETE if complete else INCOMPLETE)


def _print_several(several: Mapping[str, StudyStatus]) -> None:
    states = [state for state in get_args(Status) if any(o.counts[state] for o in several.values())]
    rows = [
        [name, *(str(one.counts[state]) for state in states), one.lacking or "complete"]
        for name, one in several.items()
    ]
    print_table(["<study", *states, "<result"], rows, title="Calculations")


def _print(found: StudyStatus, folder: Path) -> None:
    counts = ", ".join(f"{number} {state}" for state, number in found.counts.items() if number)
    number = sum(found.counts.values())
    typer.echo(f"{found.study}: {counts} of {number} calculations{found.not_needed}")
    for line in built_lines(found.built, found.notes):
        typer.echo(line)
    if found.lacking:
        typer.echo(f"result: {found.lacking}")
    if found.driver is not None:
        typer.echo(f"driver: {found.driver}")
    for line in found.queue.lines() if found.queue is not None else []:
        typer.echo(line)
    for calculation in found.calculations:
        if calculation.applicable and calculation.status != "completed":
            reason = f": {calculation.reason}" if calculation.reason else ""
            made = folder / "calculations" / calculation.folder if calculation.folder else None
            where = f" ({made})" if made else ""
            typer.echo(f"  {calculation.status:9} {calculation.label}{reason}{where}")
        for correction in calculation.corrections:
            typer.echo(f"  corrected {calculation.label}: {correction}")
