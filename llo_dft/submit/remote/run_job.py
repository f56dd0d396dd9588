"""What a job of jobflow-remote starts: ``python -m llo_dft.submit.remote.run_job FOLDER``.

It does what ``jf execution run`` does, but reads no project: a node that computes needs neither
the database nor its password. And where one job came into the queue twice, since the runner was
killed between submitting it and noting so, the second waits for the first and finds it done.
"""

from __future__ import annotations

import fcntl
import json
import sys
import warnings
from contextlib import suppress
from pathlib import Path


def run_job(folder: Path) -> None:
    """Run the job whose files are in a folder, unless it has run to its end there."""
    from jobflow_remote.jobs.data import OUT_FILENAME  # noqa: PLC0415 (seconds)
    from jobflow_remote.jobs.run import run_remote_job  # noqa: PLC0415

    with (folder / ".llo_dft.lock").open("w") as file:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        if not _has_ended(folder / OUT_FILENAME):
            run_remote_job(folder)


def _has_ended(output: Path) -> bool:
    try:
        return "end_time" in json.loads(output.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


if __name__ == "__main__":
    # the last line of a job's log is to be what ended it
    warnings.simplefilter("ignore", FutureWarning)
    run_job(Path(sys.argv[1]))
