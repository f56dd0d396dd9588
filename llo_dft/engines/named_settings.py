"""Settings of an engine as named data: a preset, and overrides that replace some of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from llo_dft.engines.base import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails


class NamedSettings(BaseModel):
    """Settings of every calculation of a study; each engine has its own kind."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


Settings = TypeVar("Settings", bound=NamedSettings)


def with_overrides(
    presets: Mapping[str, Settings], protocol: str, overrides: Mapping[str, Any]
) -> Settings:
    """Return a named preset with some settings replaced.

    Raises
    ------
    EngineError
        If the protocol or a setting is unknown, or a value does not fit; in one line.
    """
    if protocol not in presets:
        raise EngineError(
            f"engine.protocol = {protocol!r} is unknown; expected {', '.join(presets)}"
        )
    chosen = presets[protocol]
    try:
        return type(chosen).model_validate({**chosen.model_dump(), **overrides})
    except ValidationError as error:
        faults = "; ".join(
            _fault(fault, sorted(type(chosen).model_fields)) for fault in error.errors()
        )
        raise EngineError(faults) from error


def _fault(fault: ErrorDetails, known: list[str]) -> str:
    where = ".".join(str(part) for part in fault["loc"] if part != "[key]")
    if fault["type"] == "extra_forbidden":
        return f"unknown key {where!r} in [engine.overrides]; expected {', '.join(known)}"
    text = fault["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    return f"engine.overrides.{where} = {fault['input']!r}; {text}" if where else text
