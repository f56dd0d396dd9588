"""Jobs, responses and documents as JSON text, to cross from one process to another.

Functions wrapped by jobflow's ``@job`` do not pickle reliably; monty's JSON names them by
module and qualified name, and the worker imports them. So all inputs and outputs of a job must
survive JSON, as with every jobflow manager that has a database: a tuple arrives as a list, and
the keys of a dict as strings.
"""

import base64
import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

from jobflow import Flow, Job, JobStore, Response
from jobflow.core.reference import find_and_get_references
from monty.json import MontyEncoder, MSONable

from llo_dft.documents.decoding.named_objects import (
    check_named,
    decode,
    decode_text,
    with_bytes,
)

#: The module of values that jobflow keeps as they are in its documents (``allow_bson``).
_BSON_MODULES = frozenset({"datetime", "bson.objectid", "bson.dbref"})


#: Fields of a response that are flows, and those that are plain data.
_FLOWS = ("replace", "detour", "addition")
_PLAIN = ("stored_data", "stop_children", "stop_jobflow")


@dataclass(frozen=True)
class Task:
    """What a worker needs to run one job.

    The job and the JobStore documents that its references resolve to, as JSON, and which types
    these may name (``names_in``).
    """

    job: str
    documents: tuple[str, ...]
    trusted: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RaisedError:
    """An exception as text, since not every exception can be pickled."""

    error_type: str
    message: str
    traceback: str = ""


@dataclass(frozen=True)
class JobOutcome:
    """What a worker sends back, as JSON: the job's response and the documents that it stored.

    The output is in the job's own document only, and all data are in their documents (nothing is
    split off to additional stores). ``names`` are those of the types in it.
    """

    response: str
    documents: tuple[str, ...]
    names: frozenset[str] = frozenset()


class _Encoder(MontyEncoder):
    def default(self, o: Any) -> Any:  # noqa: ANN401  # as json has it
        """Encode bytes and enums as monty's decoder reads them; the rest as monty does."""
        if isinstance(o, bytes):
            return {"$binary": {"base64": base64.b64encode(o).decode(), "subType": "00"}}
        if isinstance(o, Enum):
            # jobflow's own enums have an as_dict that returns a string, which monty can't handle.
            kind = type(o)
            return {"@module": kind.__module__, "@class": kind.__qualname__, "value": o.value}
        return super().default(o)


def encode(value: object) -> str:
    """Write a value as JSON text.

    Raises ``TypeError`` or ``AttributeError`` if something in it has no JSON form.
    """
    return json.dumps(value, cls=_Encoder)


def decode_document(text: str, trusted: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Read a JobStore document: plain data, objects in it left as the dicts they are stored as.

    jobflow creates them when it resolves a reference, so what is not ``trusted`` is refused here.

    Raises ``NamedObjectError`` if it names a type that is neither trusted nor on the list.
    """

    def plain(found: dict[str, Any]) -> Any:  # noqa: ANN401  # a dict, or a BSON value
        if str(found.get("@module")) in _BSON_MODULES:
            return decode(found)
        return with_bytes(found)

    document: dict[str, Any] = json.loads(text, object_hook=plain)
    check_named(document, trusted, "the output of a job")
    return document


def encode_job(job: Job) -> str:
    """Write a job as JSON text.

    Not by ``Job.as_dict``, which turns arrays into lists and enum members into their values.
    """
    return encode(MSONable.as_dict(job))


def encode_response(response: Response) -> str:
    """Write a response, without its output and folder, as JSON text."""
    flows = {name: _flow_dict(getattr(response, name)) for name in _FLOWS}
    return encode(flows | {name: getattr(response, name) for name in _PLAIN})


def decode_response(text: str, output: object, trusted: frozenset[str] = frozenset()) -> Response:
    """Assemble a response from what `encode_response` wrote and the output left out there."""
    return Response(output=output, **decode_text(text, trusted, "the response of a job"))


def _flow_dict(flow: Flow | Job | None) -> dict[str, Any] | None:
    # A DecoratedFlow (jobflow's @flow) would, when read back, call its function again and get new
    # jobs, so all flows are sent as what they contain.
    if flow is None or not isinstance(flow, Flow):
        return None if flow is None else MSONable.as_dict(flow)
    names = ("output", "name", "order", "uuid", "hosts", "metadata", "metadata_updates")
    fields = {name: getattr(flow, name) for name in names}
    jobs = [_flow_dict(job) for job in flow.jobs]
    return {"@module": Flow.__module__, "@class": Flow.__name__, "jobs": jobs, **fields}


class Outputs:
    """Writes documents to a connected store and reads back those that a job's references need."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        #: Names of the types in all jobs and outputs of this run.
        self.trusted: frozenset[str] = frozenset()
        #: Index and text of what was read or written: queries to a store get ever slower.
        self._kept: dict[str, tuple[int, str]] = {}

    def write(self, job: Job, documents: tuple[str, ...]) -> Any:  # noqa: ANN401  # any output
        """Store what a job stored in its worker, as JSON.

        Returns its output, the objects in it restored and its references as they are.

        Raises ``ValueError`` if the store has no additional store of a name that the job's keywords
        ask for.
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
        store is left out: the job then follows its ``on_missing_references``.
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
