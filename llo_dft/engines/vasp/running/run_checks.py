"""Whether a finished VASP run is a result, and that of what was asked for."""

import math
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from emmet.core.tasks import TaskDoc
from pymatgen.io.vasp.inputs import VaspInput

#: What an energy depends on and neither custodian nor a user's settings file may change under it.
#: (ALGO, the mixing, symmetry and the optimiser lead to the same energy.)
DECISIVE: Final = (
    *("ENCUT", "PREC", "ISMEAR", "SIGMA", "ISPIN", "NUPDOWN", "LASPH", "GGA", "METAGGA"),
    *("LHFCALC", "HFSCREEN", "AEXX", "LDAU", "IVDW", "ISIF", "LDIPOL", "NGX", "NGY", "NGZ"),
)

_RELATIVE: Final = 1e-6

#: What VASP says when a relaxation, and a self-consistent cycle, met their criteria.
_RELAXED: Final = b"reached required accuracy"
_SELF_CONSISTENT: Final = b"EDIFF is reached"


def is_converged(document: TaskDoc, run: Path) -> bool:
    """Tell whether a run converged.

    pymatgen takes fewer steps than NSW and NELM for convergence, which a run that was asked to
    stop has too. VASP's own word decides.
    """
    if document.state != "successful":
        return False
    if not document.calcs_reversed[0].input.parameters.get("NSW", 0):
        return _holds(run / "OUTCAR", _SELF_CONSISTENT)
    return any(_holds(run / name, _RELAXED) for name in ("vasp.out", "OUTCAR"))


def problem_of(document: TaskDoc, asked: VaspInput, run: Path) -> str | None:
    """Return why a run is no result; None if it is one.

    ``asked`` are the inputs before custodian changed any.
    """
    if not math.isfinite(document.output.energy) or not np.isfinite(document.output.forces).all():
        return "VASP's energy or forces are no numbers (NaN)"
    if not is_converged(document, run):
        return f"not converged: {_unconverged(document)}"
    used = document.calcs_reversed[0].input
    changed = _changed_tags(asked["INCAR"], used.incar)
    mesh, used_mesh = ([int(n) for n in k.kpts[0]] for k in (asked["KPOINTS"], used.kpoints))
    if mesh != used_mesh:
        changed.append(f"a k-mesh of {mesh} was asked for, {used_mesh} used")
    if changed:
        return f"settings that decide the energy were changed on the way: {'; '.join(changed)}"
    return None


def _holds(file: Path, words: bytes) -> bool:
    """Tell whether a file holds some words, however big it is."""
    if not file.is_file() or not file.stat().st_size:
        return False
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return text.find(words) >= 0


def _unconverged(document: TaskDoc) -> str:
    calculation = document.calcs_reversed[0]
    steps = calculation.output.ionic_steps
    cycles = len(steps[-1].electronic_steps or [])
    if cycles >= int(calculation.input.parameters.get("NELM", 60)):
        return f"the self-consistent cycle of step {len(steps)} did not end in {cycles} iterations"
    largest = float(np.linalg.norm(document.output.forces, axis=1).max())
    tolerance = -float(calculation.input.incar.get("EDIFFG", 0.0))
    return (
        f"largest force {largest:.3f} eV/angstrom after {len(steps)} steps, expected at most "
        f"{tolerance:g}"
    )


def _changed_tags(asked: Mapping[str, Any], used: Mapping[str, Any]) -> list[str]:
    return [
        f"{tag} = {asked.get(tag)} was asked for, {used.get(tag)} used"
        for tag in DECISIVE
        if not _same(asked.get(tag), used.get(tag))
    ]


def _same(asked: object, used: object) -> bool:
    if isinstance(asked, int | float) and isinstance(used, int | float):
        return math.isclose(asked, used, rel_tol=_RELATIVE, abs_tol=_RELATIVE)
    if asked is None or used is None:
        return not asked and not used  # .FALSE. may be left out
    return str(asked).lower() == str(used).lower()
