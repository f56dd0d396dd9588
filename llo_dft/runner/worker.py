"""What runs in a worker: one job, with a private store that holds only what the job needs."""

import re
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

from jobflow import JobStore
from maggma.stores import MemoryStore
from monty.json import jsanitize

from llo_dft.documents.decoding.named_objects import decode_text, names_in
from llo_dft.plain_files import pass_over_matplotlibrc
from llo_dft.runner.messages import (
    JobOutcome,
    RaisedError,
    Task,
    decode_document,
    encode,
    encode_response,
)


def run_job(task: Task) -> JobOutcome | RaisedError:
    """Run one job; return its response and the documents to store, or its error as text."""
    try:
        pass_over_matplotlibrc()
        job = decode_text(task.job, task.trusted, "a job")
        documents = [decode_document(text, task.trusted) for text in task.documents]
        store = WorkerStore(documents)
        with _working_directory(job.name) as folder:
            response = job.run(store=store, job_dir=folder)
            return JobOutcome(
                response=encode_response(response),
                documents=tuple(encode(document) for document in store.written),
                names=names_in(vars(response)),
            )
    # A job may raise anything, or call sys.exit: that is this job's failure, not the worker's.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        return raised_error(error)


def raised_error(error: BaseException) -> RaisedError:
    """Write an exception down as text."""
    trace = "".join(traceback.format_exception(error))
    return RaisedError(type(error).__name__, str(error), trace)


class WorkerStore(JobStore):
    """A JobStore in memory that keeps in `written` what a job stores.

    Additional stores are left to the driver: here all data stay in their document. It starts with
    one document, the last, for each uuid.
    """

    def __init__(self, documents: list[dict[str, Any]]) -> None:
        super().__init__(MemoryStore())
        self.connect()
        self.written: list[dict[str, Any]] = []
        self._documents: dict[str, dict[str, Any]] = {doc["uuid"]: doc for doc in documents}
        if documents:
            self.docs_store._collection.insert_many([dict(doc) for doc in documents])  # noqa: SLF001

    def query_one(
        self,
        criteria: dict[str, Any] | None = None,
        properties: dict[str, Any] | list[str] | None = None,
        sort: dict[str, Any] | None = None,
        load: object = None,
    ) -> dict[str, Any] | None:
        """Look up by uuid directly: jobflow resolves references only by such calls.

        A MemoryStore reads all its documents for each call, and a job that gathers n results
        makes several calls for each of them.
        """
        if criteria is not None and set(criteria) == {"uuid"}:
            document = self._documents.get(criteria["uuid"])
            if document is not None:
                return document
        found: dict[str, Any] | None = super().query_one(criteria, properties, sort, load)
        return found

    def update(
        self,
        docs: list[Any] | object,
        key: list[str] | str | None = None,
        save: object = None,  # noqa: ARG002  # the driver splits the data
    ) -> None:
        """Store documents, and remember that the job did."""
        found = docs if isinstance(docs, list) else [docs]
        plain = [jsanitize(doc, strict=True, allow_bson=True) for doc in found]
        self.written.extend(plain)
        for document in plain:
            self._documents[document["uuid"]] = document
        super().update(plain, key=key, save=False)


@contextmanager
def _working_directory(name: str) -> Iterator[Path]:
    """Change to a temporary folder of the job.

    A process has one working directory, so a job that runs in a thread beside others (a thread
    executor, a Dask worker) stays in the process's folder.
    """
    if threading.current_thread() is not threading.main_thread():
        yield Path.cwd()
        return
    prefix = re.sub(r"[^\w.+=-]+", "_", name)[:80] + "-"
    with (
        tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder,
        chdir(folder),
    ):
        yield Path(folder)
