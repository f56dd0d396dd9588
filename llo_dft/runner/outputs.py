"""The driver's side of the JobStore: what jobs stored, and what a job needs of it.

Only the driver touches the store. A MemoryStore cannot be shared between processes, and a
JSONStore with two writers loses documents without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobflow.core.reference import find_and_get_references

from llo_dft.documents.decoding.named_objects import decode, names_in
from llo_dft.runner.messages import decode_document, encode

if TYPE_CHECKING:
    from jobflow import Job, JobStore


class Outputs:
    """Writes documents to a connected store and reads back those that a job's references need."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        #: Names of the types in all jobs and outputs of this run.
        self.trusted: frozenset[str] = frozenset()
        #: Index and text of what was read or written: asking a store takes ever longer.
        self._kept: dict[str, tuple[int, str]] = {}

    def trust(self, job: Job) -> None:
        """Let data name the types that a job in memory is made of."""
        self.trusted |= names_in(job)

    def write(self, job: Job, documents: tuple[str, ...]) -> Any:  # noqa: ANN401  # any output
        """Store what a job stored in its worker, as JSON.

        Returns
        -------
        Any
            The job's output, its objects restored and its references as they are.

        Raises
        ------
        ValueError
            If the store has no additional store of a name that the job's keywords ask for.
        """
        output = None
        save = {name: "output" if keys is True else keys for name, keys in job._kwargs.items()}  # noqa: SLF001
        for text in documents:
            document = decode_document(text, self.trusted)
            own = (document["uuid"], document["index"]) == (job.uuid, job.index)
            if own:
                output = decode(document["output"], self.trusted, "the output of a job")
            self._store.update(document, key=["uuid", "index"], save=save if own else None)
            self._keep(document["uuid"], document["index"], text)
        return output

    def needed_by(self, job: Job, job_text: str) -> tuple[str, ...]:
        """Collect the documents that the references of a job, also given as JSON, resolve to.

        An output may itself refer to others, as that of a replaced job does. What is not in the
        store is left out: the job then does as its ``on_missing_references`` says.
        """
        if not (job.config.resolve_references or job.config.expose_store):
            return ()
        needed: dict[str, str] = {}
        waiting = list(job.input_uuids) if _has_references(job_text) else []
        seen = set(waiting)
        while waiting:
            uuid = waiting.pop()
            text = self._read(uuid)
            if text is None:
                continue
            needed[uuid] = text
            if _has_references(text):
                found = {
                    ref.uuid for ref in find_and_get_references(decode_document(text, self.trusted))
                }
                waiting.extend(found - seen)
                seen |= found
        return tuple(needed.values())

    def _read(self, uuid: str) -> str | None:
        if uuid not in self._kept:
            document = self._store.query_one({"uuid": uuid}, sort={"index": -1}, load=True)
            if document is None:
                return None
            document.pop("_id", None)
            self._keep(uuid, document["index"], encode(document))
        return self._kept[uuid][1]

    def _keep(self, uuid: str, index: int, text: str) -> None:
        if index >= self._kept.get(uuid, (index, ""))[0]:
            self._kept[uuid] = (index, text)


def _has_references(text: str) -> bool:
    return '"OutputReference"' in text
