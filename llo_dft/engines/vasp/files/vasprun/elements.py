"""The small parts of vasprun.xml: as elements, with numbers read strictly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias
from xml.etree import ElementTree as ET

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    from llo_dft.engines.vasp.files.file_errors import Fault
    from llo_dft.engines.vasp.files.vasprun.stream import ByteStream
    from llo_dft.typing import FloatArray

#: A number as VASP writes it: no leading zeros, digits on both sides of the point, at most 8 after.
_FLOAT: Final = re.compile(r"-?(?:0|[1-9][0-9]*)\.([0-9]{1,8})(?:E[+-][0-9]{2,3})?")
_INT: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
#: Settings that VASP writes once, or always the same.
UNIQUE: Final = frozenset({"NELM", "NSW", "ISPIN", "ISMEAR", "NEDOS", "ENMAX", "NELECT"})

_LOGICAL: Final = {"T": True, "F": False}
_NOT_A_NUMBER: Final = re.compile(r"\*\*|nan|inf", re.IGNORECASE)

Value: TypeAlias = str | int | float | bool | list[str] | list[int] | list[float] | list[bool]


def parse_part(stream: ByteStream, text: bytes, offset: int, section: str) -> ET.Element:
    """Return a piece of the file as elements.

    Raises
    ------
    VaspFileError
        refused: it declares something (<!DOCTYPE, <!ENTITY), which VASP never does. corrupt:
        tags that don't fit, or characters that XML does not allow.
    """
    declared = text.find(b"<!")
    if declared >= 0:
        name = text[declared : declared + 12].decode("latin-1")
        what = f"{name!r}: declarations, entities and comments are not VASP's, and not read"
        raise stream.error("refused", what, section, offset + declared)
    parser = ET.XMLParser(encoding="ISO-8859-1")  # noqa: S314 (it has no declarations)
    try:
        parser.feed(text)
        return parser.close()
    except ET.ParseError as error:
        line, column = error.position
        what = f"line {line} of this part, column {column}: {error.msg.split(':')[0]}"
        raise stream.error("corrupt", what, section, offset) from error


def as_float(stream: ByteStream, text: str, section: str) -> float:
    """Return a number written by Fortran; NaN, stars and damage are named as that."""
    token = text.strip(" ")
    if not _FLOAT.fullmatch(token):
        fault: Fault = "not_a_number" if _NOT_A_NUMBER.search(token) else "corrupt"
        raise stream.error(fault, f"{token!r} where a number is expected", section)
    return float(token)


def as_int(stream: ByteStream, text: str, section: str) -> int:
    """Return a whole number written by Fortran."""
    token = text.strip(" ")
    if not _INT.fullmatch(token):
        fault: Fault = "not_a_number" if _NOT_A_NUMBER.search(token) else "corrupt"
        raise stream.error(fault, f"{token!r} where a whole number is expected", section)
    return int(token)


def vectors(stream: ByteStream, element: ET.Element, width: int, section: str) -> FloatArray:
    """Return the rows of a <varray>, shape (n_rows, width)."""
    where = f"{section}, {element.get('name', element.tag)}"
    decimals: set[int] = set()
    rows: list[list[float]] = []
    for row in element:
        tokens = (row.text or "").split()
        if row.tag != "v" or len(row) or len(tokens) != width or (row.tail or "").strip():
            what = f"row {len(rows) + 1} has not {width} numbers: {(row.text or '')!r}"
            raise stream.error("corrupt", what, where)
        for token in tokens:
            if not _FLOAT.fullmatch(token):
                as_float(stream, token, where)  # raises, and says what it is
            decimals.add(len(token) - token.index("."))
        rows.append([float(token) for token in tokens])
    if len(decimals) > 1 or (element.text or "").strip():
        raise stream.error("corrupt", "numbers with different numbers of decimals", where)
    return np.array(rows, dtype=np.float64).reshape(-1, width)


def child(stream: ByteStream, parent: ET.Element, path: str, section: str) -> ET.Element:
    """Return an element that has to be there, once."""
    found = parent.findall(path)
    if len(found) != 1:
        what = f"{len(found)} elements {path} instead of one"
        raise stream.error("corrupt", what, section)
    return found[0]


def refuse_near_miss(stream: ByteStream, name: str, present: Collection[str], section: str) -> None:
    """Refuse a name that is missing where another differs from it in one character only."""
    if name in present:
        return
    for other in present:
        if len(other) != len(name):
            continue
        if sum(a != b for a, b in zip(other, name, strict=True)) == 1:
            raise stream.error("corrupt", f"{other!r} where {name!r} is expected", section)


def settings(stream: ByteStream, element: ET.Element, section: str) -> dict[str, Value]:
    """Return the named values below an element; of a name that comes twice, the first.

    "response functions" are left out: VASP repeats names there (NELM, for example) with other
    meanings, and nothing here needs the rest. So are stars (a RANDOM_SEED too long for its
    columns).

    Raises
    ------
    VaspFileError
        If a value is not of its type, or one of ``UNIQUE`` comes twice with different values.
    """
    found: dict[str, Value] = {}
    responses = set(element.iterfind(".//separator[@name='response functions']/*"))
    for item in element.iter():
        name = (item.get("name") or "").strip()
        if item.tag not in {"i", "v"} or item in responses:
            continue
        if not name:
            raise stream.error("corrupt", f"a value without a name, {item.text!r}", section)
        text = item.text or ""
        kind = item.get("type", "float")
        if "**" in text:
            continue
        where = f"{section}, {name}"
        value: Value
        if item.tag == "i":
            value = _value(stream, text.strip(), kind, where)
        else:
            value = [_value(stream, token, kind, where) for token in text.split()]  # type: ignore[assignment]
        if found.setdefault(name, value) != value and name in UNIQUE:
            raise stream.error("corrupt", f"{found[name]!r} and {value!r}", where)
    return found


def _value(stream: ByteStream, token: str, kind: str, where: str) -> str | int | float | bool:
    if kind == "string":
        return token
    if kind == "logical":
        if token not in _LOGICAL:
            raise stream.error("corrupt", f"{token!r} where T or F is expected", where)
        return _LOGICAL[token]
    if kind == "int":
        return as_int(stream, token, where)
    if kind == "float":
        return as_float(stream, token, where)
    raise stream.error("corrupt", f"a value of type {kind!r}", where)
