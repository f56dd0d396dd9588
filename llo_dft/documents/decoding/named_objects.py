"""Objects in plain data, which names their types: only types on a list are created.

monty's JSON, which jobflow uses everywhere, names classes and functions by module and name, and its
decoder imports and calls whatever is named. Data that others can write (a study's folder, outputs
of jobs, a queue, files on a cluster) are compared with this list before anything is decoded.
"""

import base64
import dataclasses
import importlib
import os
import re
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np
from pydantic import BaseModel

from llo_dft.documents.decoding.stored_structure import structure_from
from llo_dft.documents.document import Document
from llo_dft.errors import InputError
from llo_dft.plain_files import from_json

_MARKS: Final = ("@module", "@class", "@callable", "@bound")

#: Environment variable that lists a user's own modules of makers to be sent through a queue.
TRUST: Final = "LLO_DFT_TRUSTED_MODULES"

#: Types of other packages that jobs and documents are made of.
_TYPES: Final[dict[str, frozenset[str]]] = {
    "jobflow.core.job": frozenset({"Job", "JobConfig"}),
    "jobflow.core.flow": frozenset({"Flow", "JobOrder"}),
    "jobflow.core.schemas": frozenset({"JobStoreDocument"}),
    "jobflow.core.reference": frozenset({"OnMissing", "OutputReference", "ResolvedReference"}),
    "pymatgen.core.structure": frozenset({"Structure"}),
    "pymatgen.core.lattice": frozenset({"Lattice"}),
    "pymatgen.core.sites": frozenset({"PeriodicSite"}),
    "pymatgen.core.periodic_table": frozenset({"Element", "Species"}),
    "pymatgen.core.composition": frozenset({"Composition"}),
    "numpy": frozenset({"array"}),
    "datetime": frozenset({"datetime"}),
    "uuid": frozenset({"UUID"}),
    "pathlib": frozenset({"Path"}),
    "bson.objectid": frozenset({"ObjectId"}),
}

#: Folders of this package whose documents, makers and jobs may be named.
_ROOMS: Final = re.compile(r"llo_dft\.(documents|engines|flows|jobs|study\.remote)(\.[a-z0-9_]+)+")

#: Elements of an array from plain data: numbers and Booleans.
_NUMBERS: Final = re.compile(r"(bool|u?int|float|complex)\d*")


class NamedObjectError(InputError):
    """The data name something that is not on the list; none of them were decoded."""


def check_named(plain: object, trusted: Collection[str] = (), where: str = "the data") -> None:
    """Refuse plain data that name anything but the types on the list.

    The data are dicts, lists and scalars, as JSON has them; ``trusted`` is what else may be named,
    as "module:name", taken from objects in memory (``names_in``), and ``where`` what the data are,
    for messages.

    Raises ``NamedObjectError``, with the name and where it was found.
    """
    waiting: list[tuple[object, str]] = [(plain, "")]
    while waiting:
        one, place = waiting.pop()
        if isinstance(one, dict):
            if any(mark in one for mark in _MARKS) and not _is_listed(one, trusted):
                named = ", ".join(
                    f"{mark} {str(one[mark])[:60]!r}" for mark in _MARKS if mark in one
                )
                raise NamedObjectError(
                    f"{where} can't be read: {named}{f' at {place[1:]}' if place else ''} is not "
                    "allowed in stored data; nothing was decoded"
                )
            waiting += [(value, f"{place}.{str(key)[:60]}") for key, value in one.items()]
        elif isinstance(one, list | tuple):
            waiting += [(value, f"{place}.{number}") for number, value in enumerate(one)]


def _is_listed(fields: dict[Any, Any], trusted: Collection[str]) -> bool:
    module, kind = fields.get("@module"), fields.get("@class")
    function, bound = fields.get("@callable"), fields.get("@bound")
    name = kind if function is None else function
    if not isinstance(module, str) or not isinstance(name, str) or (kind and function):
        return False
    if f"{module}:{name}" in trusted or module in os.environ.get(TRUST, "").split():
        # what it is bound to is checked like any other value; a name alone would be imported
        return bound is None or isinstance(bound, dict)
    if bound is not None:
        return False
    if function is None and name in _TYPES.get(module, ()):
        return True
    found = _own(module, name)
    return found is not None and (isinstance(found, type) or function is not None)


@cache
def _own(module: str, name: str) -> Any:  # noqa: ANN401 (a class or a job)
    """Return a document, a maker or a job of this package by its name; None for any other name."""
    if not _ROOMS.fullmatch(module) or not name.isidentifier():
        return None
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None
    if getattr(found, "__module__", None) != module:
        return None
    if isinstance(found, type):
        is_maker = dataclasses.is_dataclass(found) and hasattr(found, "from_dict")
        return found if is_maker or issubclass(found, Document) else None
    return found if hasattr(found, "original") else None  # made by jobflow's @job


def decode(plain: object, trusted: Collection[str] = (), where: str = "the data") -> Any:  # noqa: ANN401 (whatever was stored)
    """Return the objects that plain data describe.

    Parameters are those of ``check_named``.

    Raises ``NamedObjectError`` if something is named that is not on the list; ``ValueError`` if an
    object can't be made of its fields.
    """
    check_named(plain, trusted, where)
    return _made(plain)


def decode_text(text: str, trusted: Collection[str] = (), where: str = "the data") -> Any:  # noqa: ANN401 (whatever was stored)
    """Return the objects that JSON text describes; see ``decode``."""
    return decode(from_json(text, with_bytes), trusted, where)


def with_bytes(fields: dict[str, Any]) -> Any:  # noqa: ANN401 (a dict, or bytes)
    """Decode bytes that are in JSON in BSON's form: an ``object_hook`` for ``json.loads``."""
    if set(fields) == {"$binary"}:
        return base64.b64decode(fields["$binary"]["base64"])
    return fields


def _made(plain: Any) -> Any:  # noqa: ANN401 (data that were checked)
    if isinstance(plain, list):
        return [_made(one) for one in plain]
    if not isinstance(plain, dict):
        return plain
    if "@callable" in plain:
        owner = None if plain.get("@bound") is None else _made(plain["@bound"])
        return _named(plain["@module"], plain["@callable"], owner)
    if "@class" in plain:
        return _object(plain)
    return {key: _made(value) for key, value in plain.items()}


def _object(plain: dict[str, Any]) -> Any:  # noqa: ANN401 (of any class on the list)
    fields = {key: value for key, value in plain.items() if not key.startswith("@")}
    special = _SPECIAL.get((plain["@module"], plain["@class"]))
    if special is not None:
        return special(fields)
    found = _named(plain["@module"], plain["@class"])
    if issubclass(found, Enum):
        return found(plain["value"])
    if hasattr(found, "from_dict"):
        return found.from_dict(fields)
    if issubclass(found, BaseModel) or dataclasses.is_dataclass(found):
        return found(**{key: _made(value) for key, value in fields.items()})
    return plain


def _named(module: str, name: str, owner: object = None) -> Any:  # noqa: ANN401 (class or function)
    """Return what a module has under a name, or an object under the last part of the name."""
    found = importlib.import_module(module) if owner is None else owner
    for part in name.split(".") if owner is None else name.split(".")[1:]:
        found = getattr(found, part)
    return found


def _array(fields: dict[str, Any]) -> Any:  # noqa: ANN401
    if not _NUMBERS.fullmatch(fields["dtype"]):
        raise ValueError(f"an array of {fields['dtype']!r}, which are not numbers")
    if fields["dtype"].startswith("complex"):
        real, imaginary = (np.array(part) for part in fields["data"])
        return (real + 1j * imaginary).astype(fields["dtype"])
    return np.array(fields["data"], dtype=fields["dtype"])


def _object_id(fields: dict[str, Any]) -> Any:  # noqa: ANN401 (an ObjectId)
    from bson.objectid import ObjectId  # noqa: PLC0415 (comes with the stores that use it)

    return ObjectId(fields["oid"])


_SPECIAL: Final[dict[tuple[str, str], Callable[[dict[str, Any]], Any]]] = {
    ("pymatgen.core.structure", "Structure"): structure_from,
    ("numpy", "array"): _array,
    ("datetime", "datetime"): lambda fields: datetime.fromisoformat(fields["string"]),
    ("bson.objectid", "ObjectId"): _object_id,
    ("uuid", "UUID"): lambda fields: UUID(fields["string"]),
    ("pathlib", "Path"): lambda fields: Path(fields["string"]),
}


def names_in(live: object) -> frozenset[str]:
    """Return "module:name" of every type and function in an object in memory.

    They are already imported, so data with the same names may be decoded as well.
    """
    found: set[str] = set()
    seen: dict[int, object] = {}
    waiting = [live]
    while waiting:
        one = waiting.pop()
        plain = one is None or isinstance(one, str | bytes | bool | int | float)
        if (plain and not isinstance(one, Enum)) or id(one) in seen:
            continue
        seen[id(one)] = one  # kept, so that no other object gets its number
        waiting += _parts(one)
        if not isinstance(one, dict | list | tuple | set | frozenset):
            kind: Any = one if hasattr(one, "__qualname__") else type(one)
            module = getattr(kind, "__module__", "")
            found |= {f"{module}:{name}" for name in (kind.__qualname__, kind.__name__)}
    return frozenset(found)


def _parts(one: Any) -> Iterator[object]:  # noqa: ANN401
    """Yield the parts of an object."""
    if isinstance(one, dict):
        yield from one.keys()
        yield from one.values()
    elif isinstance(one, list | tuple | set | frozenset):
        yield from one
    elif hasattr(one, "__qualname__"):  # a class, a function or a method
        yield getattr(one, "__self__", None)
    elif type(one).__module__.partition(".")[0] not in {"pymatgen", "numpy"}:
        yield from getattr(one, "__dict__", {}).values()
