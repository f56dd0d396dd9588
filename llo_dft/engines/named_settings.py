"""Settings of an engine as named data: a preset, and overrides that replace some of it."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)
from pydantic_core import ErrorDetails

from llo_dft.chemistry.element_table import ELEMENTS, MATERIALS_PROJECT_U_EV
from llo_dft.engines.base import EngineError
from llo_dft.typing import MagneticOrder


class NamedSettings(BaseModel):
    """Settings of every calculation of a study; each engine has its own kind."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _has_d_shell(element: str) -> str:
    if element not in ELEMENTS or not ELEMENTS[element].has_d_shell:
        known = ", ".join(sorted(name for name, entry in ELEMENTS.items() if entry.has_d_shell))
        raise ValueError(f"{element} has no d shell for a U to act on; expected one of {known}")
    return element


class PlaneWaveProtocol(NamedSettings):
    """What the settings of every plane-wave program hold, beside its own."""

    k_spacing: PositiveFloat
    """Largest distance of k-points, 1/angstrom with 2 pi; half of it for a metal."""
    force_tolerance: PositiveFloat
    cell_force_tolerance: PositiveFloat
    """force_tolerance, cell_force_tolerance: largest force at the end of a relaxation, eV/angstrom,
    and the same where the cell moves; tighter, since every slab is cut from that cell."""
    max_steps: PositiveInt
    """Steps of a relaxation."""
    u_values_ev: dict[
        Annotated[str, AfterValidator(_has_d_shell)], Annotated[float, Field(ge=0, lt=20)]
    ] = Field(default_factory=lambda: dict(MATERIALS_PROJECT_U_EV))
    """U - J on d by element, eV; those of absent elements are left out."""
    magnetic_order: MagneticOrder = "ferro"
    """How moments start: "ferro", "rows" that alternate, or "lower": both are computed of the
    pristine slab, and the one of lower energy goes on."""
    electron_placements: NonNegativeInt = 0
    """Pairs of metals beside a removed O onto which its two electrons are put to start with, each a
    relaxation of its own, beside the one that starts with the host's moments. The lowest counts."""
    o2_unpaired_electrons: NonNegativeInt = 2
    """Fixed moment of molecules: 2, the triplet that O2 is."""

    def acting_u(self, elements: Iterable[str]) -> dict[str, float]:
        """Return the U that act on some elements, eV; those of zero are none."""
        return {e: self.u_values_ev[e] for e in elements if self.u_values_ev.get(e)}


def with_usual_u(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return overrides whose U are merged with the Materials Project's, where these are used."""
    asked = overrides.get("u_values_ev", {})
    if isinstance(asked, Mapping) and overrides.get("functional", "PBE+U") == "PBE+U":
        asked = {**MATERIALS_PROJECT_U_EV, **asked}
    return {**overrides, "u_values_ev": asked}


def check_asked_u(overrides: Mapping[str, Any], elements: Iterable[str]) -> None:
    """Raise ``EngineError`` if a U was asked for an element that a study does not have."""
    there = sorted(set(elements))
    for element in overrides.get("u_values_ev", ()):
        if element not in there:
            raise EngineError(
                f"engine.overrides.u_values_ev names {element}, which this study does not have; "
                f"expected some of {', '.join(there)}"
            )


#: Largest force on a relaxed atom (eV/angstrom) with which a crossing may be stated, and the spread
#: of the displacement (angstrom) that its energy must have survived. Relaxed from 0.10 to 0.02
#: eV/angstrom a charged slab falls by 0.2 eV: as much as is to be told apart.
CROSSING_FORCE: Final = 0.02
CROSSING_RATTLE: Final = 0.1


def why_no_crossings(force_tolerance: float, rattle: float | None = None) -> str | None:
    """Return why results state neither a crossing nor a difference of coated and bare.

    ``force_tolerance`` is the largest force at the end of a relaxation, eV/angstrom, ``rattle`` the
    spread of the displacement after which a slab is relaxed again, angstrom; None: the engine
    leaves that to the start of its vacancies.

    The answer is None if the settings are good for both.
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

    Raises ``EngineError`` if the protocol or a setting is unknown, or a value does not fit; in one
    line.
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
