"""Whether a run converged, decided as VASP decides it, from what vasprun.xml keeps.

Electronic: VASP leaves the loop when energy and band energy change by less than EDIFF, or
after NELM steps. So a last ionic step of NELM or more electronic steps is not converged;
nor is one that ended earlier with its free energy still changing by more (stopped by LABORT).

Ionic: VASP leaves the loop when the largest force is below |EDIFFG| (EDIFFG < 0) or the energy
changes by less than EDIFFG (> 0), or after NSW steps. So NSW steps are not converged, and
neither are fewer that don't meet the criterion (stopped by LSTOP). With EDIFFG = 0, and in
molecular dynamics, NSW steps are the aim. One point (NSW 0 or 1) and finite differences have
nothing to converge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llo_dft.engines.vasp.files.vasprun.elements import Value
    from llo_dft.engines.vasp.files.vasprun.ionic_steps import Step

#: Times EDIFF by which the last change of the free energy may exceed it: VASP's own test is on
#: two other energies as well, which vasprun.xml does not keep.
_EDIFF_SLACK: Final = 10.0

#: Rounding of printed energies and forces.
_ROUNDING: Final = 1e-7

_MOLECULAR_DYNAMICS: Final = 0
_RELAXATIONS: Final = frozenset({1, 2, 3})


@dataclass(frozen=True)
class Convergence:
    """Whether both loops converged, and by what that was decided."""

    electronic: bool
    ionic: bool
    electronic_reason: str
    ionic_reason: str


def convergence(
    incar: Mapping[str, Value], parameters: Mapping[str, Value], steps: Sequence[Step]
) -> Convergence:
    """Decide whether a finished run converged."""
    electronic = _electronic(incar, parameters, steps[-1])
    ionic = _ionic(parameters, steps)
    return Convergence(electronic[0], ionic[0], electronic[1], ionic[1])


def _int(parameters: Mapping[str, Value], name: str, default: int) -> int:
    value = parameters.get(name, default)
    return int(value) if isinstance(value, int | float) else default


def _float(parameters: Mapping[str, Value], name: str, default: float) -> float:
    value = parameters.get(name, default)
    return float(value) if isinstance(value, int | float) else default


def _electronic(
    incar: Mapping[str, Value], parameters: Mapping[str, Value], step: Step
) -> tuple[bool, str]:
    n, allowed = len(step.electronic_ev), _int(parameters, "NELM", 60)
    algorithm = str(incar.get("ALGO", "")).strip().split(" ")[0].lower()
    if algorithm in {"exact", "eigenval", "none", "nothing"} and allowed == 1:
        return True, f"ALGO = {algorithm} has one step and nothing to converge"
    if incar.get("LEPSILON") is True or incar.get("ML_LMLFF") is True:
        return True, "linear response or machine-learned forces: not decided by the step count"
    if not n:
        return False, "no electronic step was written"
    if n >= allowed:
        return False, f"{n} steps, and NELM is {allowed}"
    limit = _float(parameters, "EDIFF", 1e-4)
    if n > 1:
        change = abs(float(step.electronic_ev[-1] - step.electronic_ev[-2]))
        if change > _EDIFF_SLACK * limit + _ROUNDING:
            return False, (
                f"ended after {n} of {allowed} steps with the energy still changing by "
                f"{change:.2g} eV (EDIFF {limit:.2g})"
            )
    return True, f"{n} of at most {allowed} steps: EDIFF {limit:.2g} eV was reached"


def _ionic(parameters: Mapping[str, Value], steps: Sequence[Step]) -> tuple[bool, str]:
    n, allowed = len(steps), _int(parameters, "NSW", 0)
    kind = _int(parameters, "IBRION", -1 if allowed <= 1 else 0)
    limit = _float(parameters, "EDIFFG", 0.0)
    if allowed <= 1 or kind == -1:
        return True, "one point: nothing to converge"
    if kind == _MOLECULAR_DYNAMICS or (
        kind in _RELAXATIONS and "EDIFFG" in parameters and not limit
    ):
        return n == allowed, f"{n} of the {allowed} steps asked for"
    if kind not in _RELAXATIONS:
        return True, f"IBRION = {kind}: {n} displacements, nothing to converge"
    if n >= allowed:
        return False, f"{n} steps, and NSW is {allowed}"
    unmet = _criterion_unmet(limit, steps) if "EDIFFG" in parameters else None
    if unmet is not None:
        return False, f"ended after {n} of {allowed} steps with {unmet}"
    return True, f"{n} of at most {allowed} steps: EDIFFG {limit:.2g} was reached"


def _criterion_unmet(limit: float, steps: Sequence[Step]) -> str | None:
    """Return what is above EDIFFG at the last step; None if nothing is, or it can't be told."""
    last = steps[-1]
    if limit < 0 and last.forces_ev_per_angstrom is not None:
        forces = last.forces_ev_per_angstrom
        if last.movable is not None:
            forces = forces * last.movable
        largest = float(np.linalg.norm(forces, axis=1).max(initial=0.0))
        if largest > abs(limit) + _ROUNDING:
            return f"a force of {largest:.3g} eV/A (EDIFFG {limit:.2g})"
    if limit > 0 and len(steps) > 1:
        first, second = steps[-2].energy_ev, last.energy_ev
        if first is not None and second is not None:
            change = abs(second - first)
            if change > _EDIFF_SLACK * limit + _ROUNDING:
                return f"the energy still changing by {change:.2g} eV (EDIFFG {limit:.2g})"
    return None
