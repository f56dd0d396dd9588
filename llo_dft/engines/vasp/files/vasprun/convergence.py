"""Whether a run converged, decided as VASP does, from what its output keeps.

Electronic: VASP leaves the loop when energy and band energy change by less than EDIFF, or
after NELM steps. So a last ionic step of NELM or more electronic steps is not converged;
nor is one that ended earlier with its free energy still changing by more (stopped by LABORT).
Linear response writes its own steps after those of the ground state, which then has converged if
its energy settled within its NELM steps.

Ionic: VASP leaves the loop when the largest force is below |EDIFFG| (EDIFFG < 0) or the free
energy changes by less than EDIFFG (> 0), or after NSW steps. So NSW steps are not converged, and
neither are fewer that don't meet the criterion (stopped by LSTOP). With EDIFFG = 0, and in
molecular dynamics, NSW steps are the goal. A single point (NSW 0 or 1) and finite differences have
nothing to converge.

OUTCAR states both; if it is beside the run, it decides (``own_word``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from llo_dft.engines.vasp.files.vasprun.elements import Value
from llo_dft.engines.vasp.files.vasprun.ionic_steps import Step

#: Factor by which the last change of the free energy may exceed EDIFF: VASP also tests two other
#: energies, which vasprun.xml does not keep.
_EDIFF_SLACK: Final = 10.0

#: Rounding of printed energies and forces.
_ROUNDING: Final = 1e-7

#: Text used if only OUTCAR knows.
DOES_NOT_SAY: Final = "does not say whether the electrons converged: keep OUTCAR beside it"

_MOLECULAR_DYNAMICS: Final = 0
_RELAXATIONS: Final = frozenset({1, 2, 3})

#: IBRION of finite differences and perturbation theory.
_PHONONS: Final = frozenset({5, 6, 7, 8})


@dataclass(frozen=True)
class Convergence:
    """Whether both loops converged, and on what grounds."""

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


def _number(parameters: Mapping[str, Value], name: str, default: float) -> float:
    value = parameters.get(name, default)
    return value if isinstance(value, int | float) else default


def own_word(
    decided: Convergence, *, electronic: bool | None = None, ionic: bool | None = None
) -> Convergence:
    """Replace what was decided without OUTCAR by VASP's own statement there.

    ``decided`` is the decision from the steps; ``electronic`` and ``ionic`` are whether VASP says
    that the loop converged, None if it says nothing.
    """
    unknown = DOES_NOT_SAY in decided.electronic_reason
    if electronic is not None and (unknown or electronic != decided.electronic):
        words = "OUTCAR: EDIFF is reached" if electronic else "OUTCAR: EDIFF was not reached"
        decided = replace(decided, electronic=electronic, electronic_reason=words)
    if ionic and not decided.ionic:
        words = "OUTCAR: reached required accuracy"
        decided = replace(decided, ionic=True, ionic_reason=words)
    return decided


def _electronic(
    incar: Mapping[str, Value], parameters: Mapping[str, Value], step: Step
) -> tuple[bool, str]:
    n, allowed = len(step.electronic_ev), int(_number(parameters, "NELM", 60))
    algorithm = str(incar.get("ALGO", "")).strip().split(" ")[0].lower()
    if incar.get("ML_LMLFF") is True or (
        allowed == 1 and algorithm in {"exact", "eigenval", "none", "nothing"}
    ):
        return True, "machine-learned forces, or ALGO of one step: nothing to converge"
    if not n:
        return False, "no electronic step was written"
    limit = _number(parameters, "EDIFF", 1e-4)
    changes = np.abs(np.diff(step.electronic_ev))
    small = changes <= _EDIFF_SLACK * limit + _ROUNDING
    if _responds(incar, parameters):
        rested = n == 1 or bool(small[: max(1, allowed - 2)].any())
        what = "its steps follow those of the ground state"
        return rested, f"linear response: {what if rested else 'the ground state did not converge'}"
    if n < allowed and (n == 1 or small[-1]):
        return True, f"{n} of at most {allowed} steps: EDIFF {limit:.2g} eV was reached"
    if n < allowed:
        change = f"still changing by {changes[-1]:.2g} eV (EDIFF {limit:.2g})"
        return False, f"ended after {n} of {allowed} steps with the energy {change}"
    return False, f"{n} steps, and NELM is {allowed}"


def _responds(incar: Mapping[str, Value], parameters: Mapping[str, Value]) -> bool:
    """Tell whether steps of a linear response are among those of the ground state."""
    tags = ("LEPSILON", "LCALCEPS", "LCHIMAG")
    asked = any(source.get(tag) is True for source in (incar, parameters) for tag in tags)
    return asked or _number(parameters, "IBRION", -1) in _PHONONS


def _ionic(parameters: Mapping[str, Value], steps: Sequence[Step]) -> tuple[bool, str]:
    n, allowed = len(steps), int(_number(parameters, "NSW", 0))
    kind = int(_number(parameters, "IBRION", -1 if allowed <= 1 else 0))
    limit = _number(parameters, "EDIFFG", 0.0)
    if allowed <= 1 or kind == -1:
        return True, "single point: nothing to converge"
    if kind == _MOLECULAR_DYNAMICS or (
        kind in _RELAXATIONS and "EDIFFG" in parameters and not limit
    ):
        return n == allowed, f"{n} of the {allowed} requested steps"
    if kind not in _RELAXATIONS:
        return True, f"IBRION = {kind}: {n} displacements, nothing to converge"
    if n >= allowed:
        return False, f"{n} steps, and NSW is {allowed}"
    unmet = _criterion_unmet(limit, steps) if "EDIFFG" in parameters else None
    if unmet is not None:
        return False, f"ended after {n} of {allowed} steps with {unmet}"
    return True, f"{n} of at most {allowed} steps: EDIFFG {limit:.2g} was reached"


def _criterion_unmet(limit: float, steps: Sequence[Step]) -> str | None:
    """Return what exceeds EDIFFG at the last step; None if nothing does, or it is unknown."""
    last = steps[-1]
    if limit < 0 and (forces := last.free_forces_ev_per_angstrom) is not None:
        largest = float(np.linalg.norm(forces, axis=1).max(initial=0.0))
        if largest > abs(limit) + _ROUNDING:
            return f"a force of {largest:.3g} eV/A (EDIFFG {limit:.2g})"
    if limit > 0 and len(steps) > 1:
        first, second = steps[-2].free_energy_ev, last.free_energy_ev
        if first is not None and second is not None:
            change = abs(second - first)
            if change > _EDIFF_SLACK * limit + _ROUNDING:
                return f"the energy still changing by {change:.2g} eV (EDIFFG {limit:.2g})"
    return None
