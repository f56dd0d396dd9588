"""The small parts of vasprun.xml: as elements, with numbers as Fortran writes them."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import numpy as np

from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.typing import FloatArray

#: Digits and exponent; Fortran omits the E before an exponent of three digits.
_FLOAT: Final = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[EeDd]([+-]?\d{1,3})|([+-]\d{3}))?")
_INT: Final = re.compile(r"[+-]?\d+")
_NOT_A_NUMBER: Final = re.compile(r"\*\*|nan|inf", re.IGNORECASE)

_LOGICAL: Final = {"T": True, "F": False}

#: Texts of INCAR (SYSTEM), which VASP writes as they are: '&' and '<' too.
_TEXT: Final = re.compile(rb'(<i type="string"[^>]*>)([^\n]*)(</i>)')

Value: TypeAlias = str | int | float | bool | list[str] | list[int] | list[float] | list[bool]


def as_float(stream: ByteStream, text: str, section: str) -> float:
    """Return a number written by Fortran; NaN, stars and damage are errors with that name."""
    token = text.strip()
    match = _FLOAT.fullmatch(token)
    if match is None:
        raise _no_number(stream, token, "a number", section)
    return float(f"{match[1]}e{match[2] or match[3] or 0}")


def as_int(stream: ByteStream, text: str, section: str) -> int:
    """Return a whole number written by Fortran."""
    token = text.strip()
    if not _INT.fullmatch(token):
        raise _no_number(stream, token, "a whole number", section)
    return int(token)


def _no_number(stream: ByteStream, token: str, what: str, section: str) -> Exception:
    fault = "not_a_number" if _NOT_A_NUMBER.search(token) else "corrupt"
    return stream.error(fault, f"{token!r}; expected {what}", section)  # type: ignore[arg-type]


@dataclass(frozen=True)
class XmlPart:
    """An element, and its name in errors; every method raises ``VaspFileError``."""

    stream: ByteStream
    element: ET.Element
    name: str

    def corrupt(self, what: str) -> Exception:
        """Return an error: VASP does not write this."""
        return self.stream.error("corrupt", what, self.name)

    def find(self, path: str, name: str = "") -> XmlPart | None:
        """Return the first element of a path, under another name if one is given."""
        found = self.element.find(path)
        return None if found is None else XmlPart(self.stream, found, name or self.name)

    def child(self, path: str, name: str = "") -> XmlPart:
        """Return the first element of a path, which must exist."""
        found = self.find(path, name)
        if found is None:
            raise self.corrupt(f"no element {path}")
        return found

    def number(self, text: str, item: str = "") -> float:
        """Return a number in the part."""
        return as_float(self.stream, text, f"{self.name}, {item}" if item else self.name)

    def vectors(self, width: int = 3) -> FloatArray:
        """Return the rows of a <varray>, shape (n_rows, width)."""
        name = self.element.get("name", self.element.tag)
        rows: list[list[float]] = []
        for row in self.element:
            tokens = (row.text or "").split()
            if row.tag != "v" or len(tokens) != width:
                what = f"row {len(rows) + 1} does not have {width} numbers: {(row.text or '')!r}"
                raise self.stream.error("corrupt", what, f"{self.name}, {name}")
            rows.append([self.number(token, name) for token in tokens])
        return np.array(rows, dtype=np.float64).reshape(-1, width)

    def settings(self) -> dict[str, Value]:
        """Return the named values below; of a repeated name, the first.

        "response functions" are left out: VASP repeats names there (NELM, for example) with other
        meanings, and the rest is not needed. So are stars (a RANDOM_SEED too long for its
        columns).
        """
        found: dict[str, Value] = {}
        responses = set(self.element.iterfind(".//separator[@name='response functions']/*"))
        for item in self.element.iter():
            name, text = (item.get("name") or "").strip(), item.text or ""
            if item.tag not in {"i", "v"} or not name or item in responses or "**" in text:
                continue
            kind, where = item.get("type", "float"), f"{self.name}, {name}"
            value: Value
            if item.tag == "i":
                value = _value(self.stream, text.strip(), kind, where)
            else:
                value = [_value(self.stream, token, kind, where) for token in text.split()]  # type: ignore[assignment]
            found.setdefault(name, value)
        return found


def parse_part(stream: ByteStream, text: bytes, offset: int, name: str) -> XmlPart:
    """Return a piece of the file as elements.

    Raises ``VaspFileError``: refused: it has declarations (<!DOCTYPE, <!ENTITY), which VASP never
    writes. corrupt: tags that don't fit, or characters that XML does not allow.
    """
    declared = text.find(b"<!")
    if declared >= 0:
        declaration = text[declared : declared + 12].decode("latin-1")
        what = f"{declaration!r}: declarations, entities and comments are not VASP's"
        raise stream.error("refused", what, name, offset + declared)
    try:
        return XmlPart(stream, _parsed(text), name)
    except ET.ParseError as error:
        escaped = _TEXT.sub(lambda found: found[1] + _escaped(found[2]) + found[3], text)
        with suppress(ET.ParseError):
            return XmlPart(stream, _parsed(escaped), name)
        line, column = error.position
        what = f"line {line} of this part, column {column}: {error.msg.split(':')[0]}"
        raise stream.error("corrupt", what, name, offset) from error


def _parsed(text: bytes) -> ET.Element:
    parser = ET.XMLParser(encoding="ISO-8859-1")  # noqa: S314 (it has no declarations)
    parser.feed(text)
    return parser.close()


def _escaped(text: bytes) -> bytes:
    return escape(text.decode("latin-1")).encode("latin-1")


def _value(stream: ByteStream, token: str, kind: str, where: str) -> str | int | float | bool:
    if kind == "int":
        return as_int(stream, token, where)
    if kind == "float":
        return as_float(stream, token, where)
    if kind == "logical":
        if token not in _LOGICAL:
            raise stream.error("corrupt", f"{token!r}; expected T or F", where)
        return _LOGICAL[token]
    return token
