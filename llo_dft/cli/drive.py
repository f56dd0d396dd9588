"""llo-dft drive: one round of a driver that is in the queue; only its job calls it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from llo_dft.cli.output.common import COMPLETE, INCOMPLETE, bad_input_in_one_line

if TYPE_CHECKING:
    from llo_dft.study.folder import StudyFolder
    from llo_dft.submit.dask.submission import Submission

#: How long the run of the round before may hold the folder: a file server that lost a node
#: keeps its locks for a while, s.
_LOCK_PATIENCE_S = 180.0


def drive(folder: Path = typer.Argument(help="Folder of the study.")) -> None:
    """Do one round of a submitted study."""
    from llo_dft.cli.run import run_on_cluster  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.study.folder import StudyFolder  # noqa: PLC0415
    from llo_dft.study.rounds import how_far  # noqa: PLC0415
    from llo_dft.study.run_study import prepare_run  # noqa: PLC0415
    from llo_dft.submit.dask import driver  # noqa: PLC0415

    study = StudyFolder(folder)
    incomplete = False

    def work(submission: Submission) -> None:
        nonlocal incomplete
        _wait_for(study)
        prepared = prepare_run(
            study.recipe(), Path(submission.recipe_folder), study, computes_here=False
        )
        incomplete = not run_on_cluster(prepared, submission.config).is_complete

    with bad_input_in_one_line():
        ended = driver.drive(folder, work, lambda: how_far(study))
        typer.echo(f"{folder}: {ended}", err=True)
    raise typer.Exit(INCOMPLETE if incomplete else COMPLETE)


def _wait_for(study: StudyFolder) -> None:
    end = time.monotonic() + _LOCK_PATIENCE_S
    while study.is_running() and time.monotonic() < end:
        time.sleep(1)
