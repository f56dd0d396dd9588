"""INCAR, read as VASP reads it: strictly where VASP is strict, and no further."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llo_dft.testing.standin_vasp.reading.tags import (
    FLOAT,
    INT,
    KINDS,
    LISTS,
    LOGICAL,
    LOGICAL_OR_WORD,
    PER_ION,
    PER_KIND,
)
from llo_dft.testing.standin_vasp.stops import InputRefused, reading_item

if TYPE_CHECKING:
    from pathlib import Path

Scalar = str | int | float | bool
IncarValue = Scalar | list[int] | list[float] | list[bool]

_STATEMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.DOTALL)
_REPEATED = re.compile(r"(\d+)\*(\S+)")
_LOGICALS = re.compile(r"\.?([TF])", re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?\d+")


@dataclass
class Incar:
    """The settings that are asked for.

    Attributes
    ----------
    values
        By tag in capitals.
    warnings
        What VASP would grumble about: tags it doesn't know, tags given twice.
    """

    values: dict[str, IncarValue] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def number(self, name: str, default: float) -> float:
        """Return a number, or what VASP takes without the tag."""
        return float(self.values.get(name, default))  # type: ignore[arg-type]

    def whole(self, name: str, default: int) -> int:
        """Return a whole number, or what VASP takes without the tag."""
        return int(self.values.get(name, default))  # type: ignore[arg-type]

    def logical(self, name: str, *, default: bool = False) -> bool:
        """Return a flag, or what VASP takes without the tag."""
        return self.values.get(name, default) is True

    def word(self, name: str, default: str = "") -> str:
        """Return the first word of a text, or what VASP takes without the tag."""
        words = str(self.values.get(name, default)).split()
        return words[0] if words else default


def read_incar(path: Path) -> Incar:
    """Read an INCAR.

    Raises
    ------
    VaspStop
        If there is none, or a value is not of its tag's type.
    """
    if not path.is_file():
        raise InputRefused("No INCAR found, STOPPING")
    found = Incar()
    for name, text in _statements(path.read_text(encoding="latin-1")):
        if name not in KINDS:
            found.warnings.append(f"The tag {name} in the INCAR file is not known and is ignored.")
        elif name in found.values:
            found.warnings.append(
                f"The tag {name} is given more than once in the INCAR file; the first one counts."
            )
        else:
            found.values[name] = _value(name, text)
    return found


def check_counts(incar: Incar, n_ions: int, n_kinds: int) -> None:
    """Refuse lists that don't fit the atoms.

    VASP itself takes too long a list and cuts it; here that is refused too, since no input of
    ours should have one.
    """
    for names, expected in ((PER_ION, n_ions), (PER_KIND, n_kinds)):
        for name in names:
            values = incar.values.get(name)
            if isinstance(values, list) and len(values) != expected:
                raise reading_item(name, expected, len(values))


def _statements(text: str) -> list[tuple[str, str]]:
    """Return tags and what is written behind them; a backslash goes on on the next line."""
    lines = [re.split(r"[#!]", line, maxsplit=1)[0] for line in text.splitlines()]
    joined = re.sub(r"\\\s*\n", " ", "\n".join(lines))
    matches = [_STATEMENT.match(part.strip()) for part in re.split(r"[;\n]", joined)]
    return [(match[1].upper(), match[2].strip().strip('"')) for match in matches if match]


def _value(name: str, text: str) -> IncarValue:
    kind = KINDS[name]
    if kind == "string":
        return text
    tokens = [one for token in text.split() for one in _repeat(token)]
    if not tokens:
        raise reading_item(name)
    if kind == LOGICAL_OR_WORD:
        return _logical(name, tokens[0]) if _LOGICALS.match(tokens[0]) else tokens[0]
    if name not in LISTS:
        return _scalar(name, kind, tokens[0])
    return [_scalar(name, kind, token) for token in tokens]  # type: ignore[return-value]


def _repeat(token: str) -> list[str]:
    """Return what 3*0.6 stands for."""
    match = _REPEATED.fullmatch(token)
    return int(match[1]) * [match[2]] if match else [token]


def _scalar(name: str, kind: str, token: str) -> Scalar:
    if kind == LOGICAL:
        return _logical(name, token)
    try:
        if kind == INT and _INTEGER.fullmatch(token):
            return int(token)
        if kind == FLOAT:
            return float(token.lower().replace("d", "e"))
    except ValueError as error:
        raise reading_item(name) from error
    raise reading_item(name)


def _logical(name: str, token: str) -> bool:
    match = _LOGICALS.match(token)
    if match is None:
        raise reading_item(name)
    return match[1].upper() == "T"
