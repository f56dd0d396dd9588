"""What a job of jobflow-remote starts: ``python -m llo_dft.submit.remote.run_job FOLDER``.

It does what ``jf execution run`` does, but reads no project: a compute node needs neither the
database nor its password. And if a job was submitted twice, because the runner was killed between
submitting and recording it, the second waits for the first and finds it done.
"""

import fcntl
import json
import sys
import warnings
from contextlib import suppress
from pathlib import Path

#: What jobflow-remote's file of a job has besides the job: where its output goes, and what it
#: requested.
_STORES = frozenset(
    {
        "jobflow.core.store:JobStore",
        "jobflow_remote.remote.data:MinimalORJSONStore",
        "jobflow_remote.remote.data:StdJSONStore",
        "maggma.stores.mongolike:JSONStore",
        "qtoolkit.core.data_objects:ProcessPlacement",
        "qtoolkit.core.data_objects:QResources",
    }
)

#: jobflow's own job that gives what a job became, where that replaced itself.
_OF_JOBFLOW = frozenset({"jobflow.core.job:store_inputs"})

_OF_THE_QUEUE = frozenset({"store", "job_doc"})


def run_job(folder: Path) -> None:
    """Run the job whose files are in a folder, unless it has already finished there."""
    from llo_dft.errors import InputError  # noqa: PLC0415
    from llo_dft.plain_files import pass_over_matplotlibrc  # noqa: PLC0415

    pass_over_matplotlibrc()
    from jobflow_remote.jobs.data import OUT_FILENAME  # noqa: PLC0415 (seconds)
    from jobflow_remote.jobs.run import run_remote_job  # noqa: PLC0415

    with (folder / ".llo_dft.lock").open("w") as file:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        if not _has_ended(folder / OUT_FILENAME):
            try:
                for asked in sorted(folder.glob("*.json")):
                    _check(asked)
            except InputError as error:
                sys.exit(str(error))
            run_remote_job(folder)


def _check(asked: Path) -> None:
    """Refuse a job, or an output that it refers to, that names types that are not on the list.

    jobflow and jobflow-remote would import and call it.

    Raises ``NamedObjectError``, with the name. A file that is not JSON is left to jobflow-remote to
    report.
    """
    from jobflow_remote.jobs.data import IN_FILENAME  # noqa: PLC0415 (seconds)

    from llo_dft.documents.decoding.named_objects import check_named  # noqa: PLC0415

    try:
        found = json.loads(asked.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    about = found if asked.name == IN_FILENAME and isinstance(found, dict) else {}
    for name in _OF_THE_QUEUE & about.keys():
        check_named(about.pop(name), _STORES, str(asked))
    check_named(found, _OF_JOBFLOW, str(asked))


def _has_ended(output: Path) -> bool:
    try:
        return "end_time" in json.loads(output.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


if __name__ == "__main__":
    # the last line of a job's log must be what ended it
    warnings.simplefilter("ignore", FutureWarning)
    run_job(Path(sys.argv[1]))
