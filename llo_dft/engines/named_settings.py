"""Settings of an engine as named data: a preset, and overrides that replace some of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from llo_dft.engines.base import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails


class NamedSettings(BaseModel):
    """Settings of every calculation of a study; each engine has its own kind."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


#: Largest force on a relaxed atom (eV/angstrom) with which a crossing may be stated, and the spread
#: of the displacement (angstrom) that its energy must have survived. Relaxed from 0.10 to 0.02
#: eV/angstrom a charged slab falls by 0.2 eV: as much as is to be told apart.
CROSSING_FORCE: Final = 0.02
CROSSING_RATTLE: Final = 0.1


def why_no_crossings(force_tolerance: float, rattle: float | None = None) -> str | None:
    """Return why results state neither a crossing nor a difference of coated and bare.

    Parameters
    ----------
    force_tolerance
        Largest force at the end of a relaxation, eV/angstrom.
    rattle
        Spread of the displacement after which a slab is relaxed again, angstrom; None: the engine
        leaves that to the start of its vacancies.

    Returns
    -------
    None if the settings are good for both.
    """
    lacks = []
    if force_tolerance > CROSSING_FORCE:
        lacks.append(f"forces reach {force_tolerance:g} eV/angstrom (at most {CROSSING_FORCE:g})")
    if rattle is not None and rattle < CROSSING_RATTLE:
        lacks.append(f"slabs are displaced by {rattle:g} angstrom (at least {CROSSING_RATTLE:g})")
    if not lacks:
        return None
    return f"not stated by these settings: {' and '.join(lacks)}; take protocol balanced"


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
