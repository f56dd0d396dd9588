"""The ionic steps of vaspout.h5, and whether the run converged.

``oszicar`` holds a row for each electronic step, whose first column begins again at 1 with each
ionic step, and ``electronic_step_converged`` is 0 where the loop converged; py4vasp knows both
from VASP 6.5 on. Older files don't say whether the electrons converged, and then they count as
not converged.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.engines.vasp.files.run_settings import smearing_of
from llo_dft.engines.vasp.files.vaspout.h5_header import check_cell, check_crystal
from llo_dft.engines.vasp.files.vasprun.convergence import Convergence, convergence
from llo_dft.engines.vasp.files.vasprun.header import Crystal, Header
from llo_dft.engines.vasp.files.vasprun.ionic_steps import Step

if TYPE_CHECKING:
    from llo_dft.engines.vasp.files.vaspout.datasets import H5File
    from llo_dft.typing import FloatArray

_STEPS: Final = "intermediate/ion_dynamics"

_FREE, _WITHOUT, _ZERO = "free energy TOTEN", "energy without entropy", "energy(sigma->0)"

#: Difference of energies that are the same sum in another order, relative and eV.
_ROUNDING: Final = 1e-6

#: By how much the last electronic step's energy may differ from the step's, eV: what follows it
#: in VASP (a correction of forces, a Casimir term) is small.
_SAME_STEP_EV: Final = 1.0

#: Where the last step and the final structure may differ, fractional: by rounding at one point,
#: by the move after the last step in a relaxation.
_SAME_PLACE: Final = 1e-6
_LAST_MOVE: Final = 0.2


def read_steps(file: H5File, header: Header, *, all_steps: bool) -> list[Step]:
    """Read the ionic steps, forces and structure only of the last unless all are asked for.

    Raises
    ------
    VaspFileError
        If a part is missing or damaged.
    """
    if not file.has(f"{_STEPS}/energies"):
        raise file.error("absent", "no ionic step", _STEPS)
    names = [" ".join(tag.split()) for tag in file.texts(f"{_STEPS}/energies_tags", (None,))]
    energies = file.floats(f"{_STEPS}/energies", (None, len(names)))
    if not len(energies):
        raise file.error("truncated", "no ionic step was finished", f"{_STEPS}/energies")
    histories = _electronic(file, len(energies))
    first = 0 if all_steps else len(energies) - 1
    steps = []
    for number, row in enumerate(energies):
        found = dict(zip(names, (float(value) for value in row), strict=True))
        step = _energies(file, found, header, histories[number])
        if number >= first:
            step = _with_atoms(file, header, step, number, len(energies))
        steps.append(step)
    return steps


def _energies(file: H5File, found: dict[str, float], header: Header, history: FloatArray) -> Step:
    """Return the energies of a step; those of molecular dynamics are other ones, and not ours."""
    if not {_FREE, _WITHOUT, _ZERO} <= found.keys():
        return Step(None, found.get(_FREE), history)
    free, without, zero = found[_FREE], found[_WITHOUT], found[_ZERO]
    slack = _ROUNDING * (1.0 + abs(free))
    share = 1.0 / (max(smearing_of(header.parameters), 0) + 2)
    expected = free - share * (free - without)
    low, high = sorted((free, without))
    if abs(zero - expected) > slack and not low - slack <= zero <= high + slack:
        what = f"the energies {free}, {without} and {zero} eV of one step contradict one another"
        raise file.error("corrupt", what, f"{_STEPS}/energies")
    if len(history) and abs(float(history[-1]) - free) > _SAME_STEP_EV:
        what = f"the step ends at {history[-1]:g} eV in oszicar and at {free:g} eV in energies"
        raise file.error("corrupt", what, f"{_STEPS}/energies")
    return Step(zero, free, history)


def _electronic(file: H5File, n_steps: int) -> list[FloatArray]:
    """Return the free energy after each electronic step, for each ionic step; empty if unknown."""
    path = f"{_STEPS}/oszicar"
    if not file.has(path) or not file.has(f"{path}_label"):
        return [np.empty(0)] * n_steps
    names = [name.strip() for name in file.texts(f"{path}_label", (None,))]
    rows = file.floats(path, (None, len(names)))
    if "N" not in names or "E" not in names:
        raise file.error("corrupt", f"columns {', '.join(names)}", f"{path}_label")
    numbers, energies = rows[:, names.index("N")], rows[:, names.index("E")]
    starts = np.flatnonzero(numbers == 1)
    counted = (
        np.arange(len(rows)) - np.repeat(starts, np.diff([*starts, len(rows)])) + 1
        if len(starts) and starts[0] == 0
        else None
    )
    if counted is None or len(starts) != n_steps or not np.array_equal(counted, numbers):
        what = f"its electronic steps are not those of {n_steps} ionic steps"
        raise file.error("corrupt", what, path)
    return np.split(energies, starts[1:])


def _with_atoms(file: H5File, header: Header, step: Step, number: int, n_steps: int) -> Step:
    n_atoms = len(header.symbols)
    shapes = {"lattice_vectors": (3, 3), "position_ions": (n_atoms, 3)}
    arrays = {
        name: file.floats(f"{_STEPS}/{name}", (n_steps, *shape), part=number)
        for name, shape in shapes.items()
    }
    scale = file.number(f"{_STEPS}/scale") if file.has(f"{_STEPS}/scale") else 1.0
    lattice = check_cell(file, _STEPS, scale * arrays["lattice_vectors"], n_atoms)
    crystal = check_crystal(file, _STEPS, Crystal(lattice, header.symbols, arrays["position_ions"]))
    found: dict[str, FloatArray] = {}
    for name, shape in (("forces", (n_atoms, 3)), ("stress", (3, 3))):
        if file.has(f"{_STEPS}/{name}"):
            found[name] = file.floats(f"{_STEPS}/{name}", (n_steps, *shape), part=number)
    return replace(
        step,
        crystal=crystal,
        movable=_movable(file, n_atoms),
        forces_ev_per_angstrom=found.get("forces"),
        stress_kbar=found.get("stress"),
    )


def _movable(file: H5File, n_atoms: int) -> FloatArray | None:
    """Return which coordinates may move; None if all may."""
    path = "results/positions/selective_dynamics_ions"
    if not file.has(path):
        return None
    flags = file.integers(path, (n_atoms, 3))
    if not set(flags) <= {0, 1}:
        raise file.error("corrupt", "neither 0 nor 1", path)
    return np.array(flags, dtype=np.float64).reshape(n_atoms, 3)


def decide(file: H5File, header: Header, steps: list[Step]) -> Convergence:
    """Decide whether the run converged; what the file does not say counts as no.

    Raises
    ------
    VaspFileError
        If VASP's own verdict is damaged.
    """
    decided = convergence(header.incar, header.parameters, steps)
    if not len(steps[-1].electronic_ev) and not decided.electronic:
        reason = f"vaspout.h5 of VASP {header.version} does not say; keep vasprun.xml beside it"
        return replace(decided, electronic=False, electronic_reason=reason)
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


def check_final(file: H5File, header: Header, steps: list[Step], final: Crystal) -> None:
    """Refuse a final structure that is not that of the last step.

    Raises
    ------
    VaspFileError
        Saying so.
    """
    last = steps[-1].crystal
    if last is None:
        return
    moved = np.abs(final.fractional - last.fractional)
    moved = np.abs(moved - moved.round())
    n_allowed = header.parameters.get("NSW", 0)
    relaxes = isinstance(n_allowed, int) and n_allowed > 0
    limit = _LAST_MOVE if relaxes or len(steps) > 1 else _SAME_PLACE
    strain = np.abs(final.lattice_angstrom - last.lattice_angstrom).max()
    longest = np.abs(last.lattice_angstrom).max()
    if moved.max(initial=0.0) > limit or strain > limit * longest:
        what = "the final structure is not that of the last step"
        raise file.error("corrupt", what, "results/positions")
