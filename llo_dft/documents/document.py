"""What every stored document has in common."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, field_validator
from pymatgen.core.structure import Structure

from llo_dft.documents.decoding.stored_structure import structure_from
from llo_dft.errors import cut, printable

#: In one line: longest text of a value, and most items of a list.
_LONGEST_TEXT: Final = 60
_MOST_ITEMS: Final = 4

#: In a notebook: most rows of a list of documents, and longest text of each.
_MOST_ROWS: Final = 12
_LONGEST_ROW: Final = 160


class _Shown:
    """A value in its short form, which ``repr`` also returns."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


class Document(BaseModel):
    """A stored record: immutable; unknown keys and NaN are errors.

    Its ``repr`` is one line: long lists shown by their length, structures by their formula, empty
    fields and defaults left out. A notebook shows a table with the meaning of each field.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, arbitrary_types_allowed=True
    )

    @field_validator("*", mode="after")
    @classmethod
    def _without_control_characters(cls, value: Any) -> Any:  # noqa: ANN401 (of any field)
        if isinstance(value, str):
            return printable(value)
        if isinstance(value, list) and value and isinstance(value[0], str):
            return [printable(one) if isinstance(one, str) else one for one in value]
        return value

    def _filled(self) -> Iterator[tuple[str, str, Any]]:
        """Yield name, meaning and value of the fields that are neither empty nor default."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            empty = value is None or (isinstance(value, str | list | tuple | dict) and not value)
            if not empty and value is not field.default:
                yield name, field.description or "", value

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """Yield these fields in their short form."""
        return ((name, _Shown(short(value))) for name, _, value in self._filled())

    def _repr_html_(self) -> str:
        """Return a table for a notebook."""
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th>"
            f"<td style='text-align:left'>{_html(value)}</td>"
            f"<td style='text-align:left;color:gray'>{escape(about)}</td></tr>"
            for name, about, value in self._filled()
        )
        return f"<b>{escape(type(self).__name__)}</b><table>{rows}</table>"


def short(value: object) -> str:
    """Return a value on one short line: numbers to six digits, long lists by their length."""
    if isinstance(value, Document):
        return f"{type(value).__name__}(...)"
    if isinstance(value, Structure):
        return f"<{value.composition.formula}>"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        text = ", ".join(f"{key}: {short(item)}" for key, item in value.items())
        return _or_count(value, f"{{{text}}}")
    if isinstance(value, list | tuple):
        return _or_count(value, f"[{', '.join(map(short, value))}]")
    return cut(repr(value), _LONGEST_TEXT)


def _or_count(value: dict[Any, Any] | list[Any] | tuple[Any, ...], text: str) -> str:
    """Return the text if it is short enough, otherwise the number and kind of its items."""
    if len(value) <= _MOST_ITEMS and len(text) <= _LONGEST_TEXT:
        return text
    items = list(value.values()) if isinstance(value, dict) else list(value)
    kinds = {type(item).__name__ for item in items}
    return f"<{len(items)} {kinds.pop() if len(kinds) == 1 else 'items'}>"


def _html(value: object) -> str:
    """Return a value as HTML; nested documents can be unfolded."""
    if isinstance(value, Document):
        return f"<details><summary>{escape(short(value))}</summary>{value._repr_html_()}</details>"
    if isinstance(value, list) and value and all(isinstance(item, Document) for item in value):
        lines = [f"<li>{escape(cut(repr(item), _LONGEST_ROW))}</li>" for item in value[:_MOST_ROWS]]
        if len(value) > _MOST_ROWS:
            lines.append(f"<li>and {len(value) - _MOST_ROWS} more</li>")
        head = f"{len(value)} {type(value[0]).__name__}"
        return f"<details><summary>{escape(head)}</summary><ol>{''.join(lines)}</ol></details>"
    return escape(short(value))


def _structure_from(value: Any) -> Any:  # noqa: ANN401 (pydantic hands over whatever it was given)
    return structure_from(value) if isinstance(value, dict) else value


#: A pymatgen Structure that JSON stores and restores unchanged.
StoredStructure: TypeAlias = Annotated[
    Structure, BeforeValidator(_structure_from), PlainSerializer(Structure.as_dict)
]


@dataclass(frozen=True)
class Finding:
    """One check: its subject, its state, what was found, and what to do if that is missing.

    "optional" marks what only some studies need.
    """

    what: str
    state: Literal["ok", "missing", "optional"]
    found: str
    remedy: str = ""
