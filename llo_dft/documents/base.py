"""What every stored document has in common."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer
from pymatgen.core.structure import Structure


class Document(BaseModel):
    """A stored record: immutable, an unknown key is an error, and so is NaN."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, arbitrary_types_allowed=True
    )


def _structure_from(value: Any) -> Any:  # noqa: ANN401 (pydantic hands over whatever it was given)
    return Structure.from_dict(value) if isinstance(value, dict) else value


def _structure_to(value: Structure) -> dict[str, Any]:
    fields: dict[str, Any] = value.as_dict()
    return fields


#: A pymatgen Structure that goes to JSON and comes back the same.
StoredStructure: TypeAlias = Annotated[
    Structure, BeforeValidator(_structure_from), PlainSerializer(_structure_to)
]
