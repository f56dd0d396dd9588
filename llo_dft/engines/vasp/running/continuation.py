"""How far a VASP calculation is, and how the next attempt finds it after a stop in time."""

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from pymatgen.core.structure import Structure
from pymatgen.io.vasp.inputs import Poscar

from llo_dft.engines.base import moved_to
from llo_dft.errors import CalculationError
from llo_dft.typing import FloatArray

#: Folder of a calculation from which another attempt resumes; the job hands it over.
CONTINUE: Final = "continue"

_STATE: Final = "state.json"


class WallTimeReachedError(CalculationError):
    """VASP was stopped before it was done, and can be resumed."""


@dataclass
class StageProgress:
    """How far a calculation is."""

    stage: str
    """The one to run next."""
    lattice: FloatArray | None = None
    fractional: FloatArray | None = None
    """lattice, fractional: cell and atoms as they are now, in the order of POSCAR; None before the
    first step."""
    n_steps: int = 0
    """Ionic steps so far."""
    corrections: list[str] = field(default_factory=list)
    """What was repaired so far."""
    wavecar: Path | None = None
    """Wave functions to start from, if there are any."""

    @property
    def is_new(self) -> bool:
        """Whether no earlier attempt left anything to go on from."""
        return self.lattice is None and self.wavecar is None

    def placed(self, start: Structure) -> Structure:
        """Return a structure with its cell and atoms where the calculation has come to."""
        if self.lattice is None or self.fractional is None:
            return start
        return moved_to(start, self.lattice, self.fractional)

    def reached(self, structure: Structure) -> None:
        """Note where the atoms are now."""
        self.lattice, self.fractional = structure.lattice.matrix, structure.frac_coords


def load_progress(calculation: Path, first: str) -> StageProgress:
    """Return where an earlier attempt was stopped, or the beginning.

    ``first`` is the name of the first stage.
    """
    kept = calculation / CONTINUE
    if not (kept / _STATE).is_file():
        return StageProgress(first)
    state = json.loads((kept / _STATE).read_text(encoding="utf-8"))
    wavecar = kept / "WAVECAR"
    progress = StageProgress(
        stage=state["stage"],
        n_steps=state["n_steps"],
        corrections=state["corrections"],
        wavecar=wavecar if wavecar.is_file() else None,
    )
    if "lattice" in state:
        progress.lattice = np.array(state["lattice"])
        progress.fractional = np.array(state["fractional"])
    return progress


def leave_for_next(calculation: Path, run: Path, progress: StageProgress, n_steps: int) -> str:
    """Put what the next attempt needs into the calculation's folder; return what to say of it.

    ``run`` is the folder in which VASP ran, for ``n_steps`` ionic steps. ``progress`` is how far
    the calculation was before; its place is moved on to CONTCAR's.
    """
    with suppress(OSError, ValueError, IndexError):  # not one step was done
        progress.reached(Poscar.from_file(run / "CONTCAR", check_for_potcar=False).structure)
    kept = calculation / CONTINUE
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    steps = progress.n_steps + n_steps
    state: dict[str, Any] = {
        "stage": progress.stage,
        "n_steps": steps,
        "corrections": [
            *progress.corrections,
            f"stopped for the wall time in ionic step {steps}, and went on from there",
        ],
    }
    if progress.lattice is not None and progress.fractional is not None:
        state["lattice"] = progress.lattice.tolist()
        state["fractional"] = progress.fractional.tolist()
    wavecar = run / "WAVECAR"
    if wavecar.is_file() and wavecar.stat().st_size:
        shutil.move(wavecar, kept / "WAVECAR")
    (kept / _STATE).write_text(json.dumps(state), encoding="utf-8")
    return f"stopped for the wall time in ionic step {steps}; the next run resumes there"


def forget_progress(calculation: Path) -> None:
    """Remove what an earlier attempt left."""
    shutil.rmtree(calculation / CONTINUE, ignore_errors=True)
