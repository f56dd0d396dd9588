"""Jobs, responses and documents as JSON text, to cross from one process to another.

Functions wrapped by jobflow's ``@job`` do not pickle reliably; monty's JSON names them by
module and qualified name, and the worker imports them. So everything a job takes or gives must
survive JSON, as with every jobflow manager that has a database: a tuple arrives as a list, and
the keys of a dict as strings.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from jobflow import Flow, Response
from monty.json import MontyEncoder, MSONable

from llo_dft.documents.decoding.named_objects import check_named, decode, decode_text, with_bytes

if TYPE_CHECKING:
    from jobflow import Job

#: The module of values that jobflow keeps as they are in its documents (``allow_bson``).
_BSON_MODULES = frozenset({"datetime", "bson.objectid", "bson.dbref"})


@dataclass(frozen=True)
class Task:
    """What a worker needs to run one job.

    The job and the JobStore documents that its references resolve to, as JSON, where to make the
    job's folder (None for a temporary one), and which types these may name (``names_in``).
    """

    job: str
    documents: tuple[str, ...]
    root_dir: str | None
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
    split off to additional stores). ``job_dir`` is None if it was temporary and is gone. ``names``
    are those of the types in it.
    """

    response: str
    documents: tuple[str, ...]
    job_dir: str | None
    names: frozenset[str] = frozenset()


class _Encoder(MontyEncoder):
    def default(self, o: Any) -> Any:  # noqa: ANN401  # as json has it
        """Encode bytes and all enums too, as monty's decoder reads them; the rest as monty does."""
        if isinstance(o, bytes):
            return {"$binary": {"base64": base64.b64encode(o).decode(), "subType": "00"}}
        if isinstance(o, Enum):
            # jobflow's own enums have an as_dict that gives a string, which monty trips over.
            kind = type(o)
            return {"@module": kind.__module__, "@class": kind.__qualname__, "value": o.value}
        return super().default(o)


def encode(value: object) -> str:
    """Write a value as JSON text.

    Raises
    ------
    TypeError, AttributeError
        If something in it has no JSON form.
    """
    return json.dumps(value, cls=_Encoder)


def decode_document(text: str, trusted: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Read a JobStore document: plain data, objects in it left as the dicts they are stored as.

    jobflow makes them when it resolves a reference, so what is not ``trusted`` is refused here.

    Raises
    ------
    NamedObjectError
        If it names a type that is neither trusted nor on the list.
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
    """Write a response, but for its output and folder, as JSON text."""
    return encode(
        {
            "replace": _flow_dict(response.replace),
            "detour": _flow_dict(response.detour),
            "addition": _flow_dict(response.addition),
            "stored_data": response.stored_data,
            "stop_children": response.stop_children,
            "stop_jobflow": response.stop_jobflow,
        }
    )


def decode_response(
    text: str, output: object, job_dir: str | None, trusted: frozenset[str] = frozenset()
) -> Response:
    """Put a response together from what `encode_response` wrote and what was left out there."""
    fields = decode_text(text, trusted, "the response of a job")
    return Response(output=output, job_dir=job_dir, **fields)


def _flow_dict(flow: Flow | Job | None) -> dict[str, Any] | None:
    # A DecoratedFlow (jobflow's @flow) would, when read back, call its function again and so
    # get new jobs: all flows travel as what they contain.
    if flow is None or not isinstance(flow, Flow):
        return None if flow is None else MSONable.as_dict(flow)
    return {
        "@module": Flow.__module__,
        "@class": Flow.__name__,
        "jobs": [_flow_dict(job) for job in flow.jobs],
        "output": flow.output,
        "name": flow.name,
        "order": flow.order,
        "uuid": flow.uuid,
        "hosts": flow.hosts,
        "metadata": flow.metadata,
        "metadata_updates": flow.metadata_updates,
    }
