"""The ionic steps of vaspout.h5, and whether the run converged.

``oszicar`` holds a row for each electronic step, whose first column begins again at 1 with each
ionic step, and ``electronic_step_converged`` is 0 where the loop converged; py4vasp knows both
from VASP 6.5 on. Older files don't say whether the electrons converged; OUTCAR does, and without
it the run is taken for converged, and that is said.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.engines.vasp.files.vasprun.convergence import DOES_NOT_SAY, Convergence, convergence
from llo_dft.engines.vasp.files.vasprun.header import Crystal, Header
from llo_dft.engines.vasp.files.vasprun.ionic_steps import Step

if TYPE_CHECKING:
    from llo_dft.engines.vasp.files.vaspout.datasets import H5File
    from llo_dft.typing import FloatArray

_STEPS: Final = "intermediate/ion_dynamics"

_FREE, _WITHOUT, _ZERO = "free energy TOTEN", "energy without entropy", "energy(sigma->0)"

#: Difference of energies that are the same sum in another order, relative and eV.
_ROUNDING: Final = 1e-6


def read_steps(file: H5File, header: Header, *, all_steps: bool) -> list[Step]:
    """Read the ionic steps, forces and structure only of the last unless all are asked for.

    Raises
    ------
    VaspFileError
        If a part is missing or damaged.
    """
    if not file.has(f"{_STEPS}/energies"):
        raise file.error("absent", "no ionic step", _STEPS)
    names = [" ".join(tag.split()) for tag in file.texts(f"{_STEPS}/energies_tags")]
    energies = file.floats(f"{_STEPS}/energies", (None, len(names)))
    if not len(energies):
        raise file.error("truncated", "no ionic step was finished", f"{_STEPS}/energies")
    histories = _electronic(file, len(energies))
    first = 0 if all_steps else len(energies) - 1
    steps = []
    for number, row in enumerate(energies):
        found = dict(zip(names, (float(value) for value in row), strict=True))
        step = _energies(file, found, header, histories[number])
        steps.append(
            _with_atoms(file, header, step, number, len(energies)) if number >= first else step
        )
    return steps


def _energies(file: H5File, found: dict[str, float], header: Header, history: FloatArray) -> Step:
    """Return the energies of a step; those of molecular dynamics are other ones, and not ours."""
    if not {_FREE, _WITHOUT, _ZERO} <= found.keys():
        return Step(None, found.get(_FREE), history)
    free, without, zero = found[_FREE], found[_WITHOUT], found[_ZERO]
    slack = _ROUNDING * (1.0 + abs(free))
    low, high = sorted((free, without))
    if not low - slack <= zero <= high + slack:
        what = f"the energies {free}, {without} and {zero} eV of one step contradict one another"
        raise file.error("corrupt", what, f"{_STEPS}/energies")
    # nothing says whether these hold the work of an outer pressure
    return Step(None if header.parameters.get("PSTRESS") else zero, free, history)


def _electronic(file: H5File, n_steps: int) -> list[FloatArray]:
    """Return the free energy after each electronic step, for each ionic step; empty if unknown."""
    path = f"{_STEPS}/oszicar"
    if not file.has(path) or not file.has(f"{path}_label"):
        return [np.empty(0)] * n_steps
    names = file.texts(f"{path}_label")
    rows = file.floats(path, (None, len(names)))
    if "N" not in names or "E" not in names:
        raise file.error("corrupt", f"columns {', '.join(names)}", f"{path}_label")
    starts = np.flatnonzero(rows[:, names.index("N")] == 1)
    if len(starts) != n_steps or starts[0]:
        what = f"electronic steps of {len(starts)} ionic steps, and there are {n_steps}"
        raise file.error("corrupt", what, path)
    return np.split(rows[:, names.index("E")], starts[1:])


def _with_atoms(file: H5File, header: Header, step: Step, number: int, n_steps: int) -> Step:
    n_atoms = len(header.symbols)

    def read(name: str, *shape: int) -> FloatArray | None:
        path = f"{_STEPS}/{name}"
        return file.floats(path, (n_steps, *shape), part=number) if file.has(path) else None

    vectors, places = read("lattice_vectors", 3, 3), read("position_ions", n_atoms, 3)
    scale = file.number(f"{_STEPS}/scale") if file.has(f"{_STEPS}/scale") else 1.0
    fixed = "results/positions/selective_dynamics_ions"
    movable = None
    if file.has(fixed):
        movable = np.array(file.integers(fixed, 3 * n_atoms), dtype=np.float64).reshape(-1, 3)
    return replace(
        step,
        crystal=None
        if vectors is None or places is None
        else Crystal(scale * vectors, header.symbols, places),
        movable=movable,
        forces_ev_per_angstrom=read("forces", n_atoms, 3),
        stress_kbar=read("stress", 3, 3),
    )


def decide(file: H5File, header: Header, steps: list[Step]) -> Convergence:
    """Decide whether the run converged.

    Raises
    ------
    VaspFileError
        If VASP's own verdict is damaged.
    """
    decided = convergence(header.incar, header.parameters, steps)
    if not len(steps[-1].electronic_ev):
        reason = f"vaspout.h5 of VASP {header.version} {DOES_NOT_SAY}, and is taken for yes"
        return replace(decided, electronic=True, electronic_reason=reason)
    path = f"{_STEPS}/electronic_step_converged"
    if file.has(path):
        shape = file.shape(path)
        if not shape or shape[0] != len(steps):
            raise file.error("corrupt", f"of shape {shape} for {len(steps)} steps", path)
        verdict = file.floats(path, shape).reshape(len(steps), -1)[-1, 0]
        if verdict != 0:
            reason = "VASP says that its last electronic loop did not converge"
            return replace(decided, electronic=False, electronic_reason=reason)
    return decided
