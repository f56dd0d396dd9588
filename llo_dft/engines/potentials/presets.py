"""Settings of the engines as named data: fast, balanced, stringent."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

from llo_dft.engines.base import EngineError


@dataclass(frozen=True)
class RelaxationProtocol:
    """How far and how a potential relaxes a structure.

    Attributes
    ----------
    force_tolerance
        Largest force on an atom at the end, eV/angstrom.
    cell_force_tolerance
        The same where the cell moves too, for atoms and cell (stress times volume, eV); tighter,
        since every slab of a study is cut from that cell.
    max_steps
        Steps after which a relaxation counts as not converged.
    optimizer
        Name of ASE's optimiser, as atomate2 knows it.
    """

    description: str
    force_tolerance: float
    cell_force_tolerance: float
    max_steps: int
    optimizer: str


#: BFGS with a line search needs a third of the evaluations of FIRE on these slabs (48 atoms,
#: largest force 0.05 eV/A: pristine 15 against 39, half delithiated 17 against 46, with a
#: vacancy 15 against 47; plain BFGS 24, 35 and 36), to the same energies within 5 meV.
FORCE_FIELD_PROTOCOLS: Final = {
    "fast": RelaxationProtocol("a first look", 0.10, 0.03, 300, "BFGSLineSearch"),
    "balanced": RelaxationProtocol(
        "for ranking sites and fractions", 0.05, 0.02, 500, "BFGSLineSearch"
    ),
    "stringent": RelaxationProtocol(
        "for comparing small differences", 0.01, 0.005, 1500, "BFGSLineSearch"
    ),
}

#: Optimisers of ASE that atomate2's makers know by name and that suit a relaxation.
OPTIMIZERS: Final = ("BFGSLineSearch", "BFGS", "LBFGS", "LBFGSLineSearch", "FIRE")


def relaxation_protocol(name: str, overrides: dict[str, Any]) -> RelaxationProtocol:
    """Return a named protocol with some settings replaced.

    Raises
    ------
    EngineError
        If the protocol or a setting is unknown, or a value is of the wrong kind.
    """
    if name not in FORCE_FIELD_PROTOCOLS:
        raise EngineError(
            f"engine.protocol = {name!r} is unknown; expected {', '.join(FORCE_FIELD_PROTOCOLS)}"
        )
    chosen = FORCE_FIELD_PROTOCOLS[name]
    known = {field.name for field in fields(chosen)} - {"description"}
    for key, value in overrides.items():
        if key not in known:
            raise EngineError(
                f"unknown key {key!r} in [engine.overrides]; expected {', '.join(sorted(known))}"
            )
        default = getattr(chosen, key)
        number = (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and 0 < value < float("inf")
        )
        whole = isinstance(value, int) or not isinstance(default, int)
        if isinstance(default, str) != isinstance(value, str) or (
            not isinstance(default, str) and not (number and whole)
        ):
            raise EngineError(
                f"engine.overrides.{key} = {value!r}; expected something like {default!r}"
            )
    optimizer = overrides.get("optimizer", chosen.optimizer)
    if optimizer not in OPTIMIZERS:
        raise EngineError(
            f"engine.overrides.optimizer = {optimizer!r}; expected one of {', '.join(OPTIMIZERS)}"
        )
    return RelaxationProtocol(
        description=chosen.description,
        force_tolerance=float(overrides.get("force_tolerance", chosen.force_tolerance)),
        cell_force_tolerance=float(
            overrides.get("cell_force_tolerance", chosen.cell_force_tolerance)
        ),
        max_steps=int(overrides.get("max_steps", chosen.max_steps)),
        optimizer=optimizer,
    )
