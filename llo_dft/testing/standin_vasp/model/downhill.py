"""Relaxation with the pair potential: BFGS over places, and over the cell where it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llo_dft.testing.standin_vasp.model.pair_potential import PairPotential
from llo_dft.testing.standin_vasp.model.steps import MockStep, free_forces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llo_dft.testing.standin_vasp.reading.poscar import PoscarCrystal
    from llo_dft.testing.standin_vasp.reading.whole_input import Inputs

#: First guess of all curvatures, eV/A^2, and longest move of an atom, angstrom.
_CURVATURE = 70.0
_LONGEST_MOVE = 0.15

#: A curvature that is smaller is taken for this: the steps stay finite.
_SMALLEST_CURVATURE = 1e-6


def pair_steps(inputs: Inputs) -> Iterator[MockStep]:
    """Go downhill; implements ``Engine``."""
    potential = PairPotential(inputs.crystal.symbols)
    crystal = inputs.crystal
    cell = _CellFrame(crystal, moves=inputs.relaxes_cell)
    minimiser = _Bfgs()
    before: float | None = None
    while True:
        energy, forces, stress = potential(crystal.lattice, crystal.fractional)
        gradient = cell.forces(crystal, free_forces(crystal, forces), stress)
        largest = float(np.linalg.norm(gradient, axis=1).max())
        change = None if before is None else abs(energy - before)
        yield MockStep(
            crystal,
            energy,
            forces,
            None if inputs.isif == 0 else stress,
            converged=is_converged(inputs.ediffg, largest, change),
        )
        before = energy
        crystal = cell.move(crystal, minimiser.move(cell.coordinates(crystal), gradient))


def is_converged(ediffg: float, largest_force: float, energy_change: float | None) -> bool:
    """Decide as EDIFFG does: a force if it is negative, a change of the energy otherwise."""
    if ediffg < 0:
        return largest_force < -ediffg
    return energy_change is not None and energy_change < ediffg


class _CellFrame:
    """Places in the undeformed cell and the deformation, as coordinates of one space.

    As in ase.filters.UnitCellFilter: with F the deformation, atoms have the coordinates
    x = r F^-T, and the rows of n F follow them, n the number of atoms.
    """

    def __init__(self, crystal: PoscarCrystal, *, moves: bool) -> None:
        self._start = crystal.lattice
        self._moves = moves
        self._weight = len(crystal.symbols)

    def _deformation(self, crystal: PoscarCrystal) -> np.ndarray:
        return np.asarray(np.linalg.solve(self._start, crystal.lattice).T)

    def coordinates(self, crystal: PoscarCrystal) -> np.ndarray:
        """Return all coordinates, shape (n_atoms, 3), or (n_atoms + 3, 3) with the cell."""
        if not self._moves:
            return crystal.cartesian
        return np.vstack(
            [crystal.fractional @ self._start, self._weight * self._deformation(crystal)]
        )

    def forces(self, crystal: PoscarCrystal, forces: np.ndarray, stress: np.ndarray) -> np.ndarray:
        """Return the force on each coordinate."""
        if not self._moves:
            return forces
        deformation = self._deformation(crystal)
        virial = -crystal.volume * stress
        on_cell = np.linalg.solve(deformation, virial.T).T / self._weight
        return np.vstack([forces @ deformation, on_cell])

    def move(self, crystal: PoscarCrystal, coordinates: np.ndarray) -> PoscarCrystal:
        """Return the crystal that has these coordinates."""
        if not self._moves:
            return crystal.moved(crystal.lattice, coordinates @ np.linalg.inv(crystal.lattice))
        lattice = self._start @ (coordinates[-3:] / self._weight).T
        return crystal.moved(lattice, coordinates[:-3] @ np.linalg.inv(self._start))


class _Bfgs:
    """Quasi-Newton steps, as in ase.optimize.BFGS."""

    def __init__(self) -> None:
        self._hessian = np.empty((0, 0))
        self._last: tuple[np.ndarray, np.ndarray] | None = None

    def move(self, coordinates: np.ndarray, forces: np.ndarray) -> np.ndarray:
        """Return the next coordinates."""
        x, force = coordinates.ravel(), forces.ravel()
        if self._last is None:
            self._hessian = _CURVATURE * np.eye(x.size)
        else:
            self._learn(x - self._last[0], force - self._last[1])
        self._last = (x, force)
        curvatures, modes = np.linalg.eigh(self._hessian)
        step = modes @ ((force @ modes) / np.maximum(np.abs(curvatures), _SMALLEST_CURVATURE))
        longest = float(np.linalg.norm(step.reshape(-1, 3), axis=1).max())
        step *= min(1.0, _LONGEST_MOVE / longest) if longest > 0 else 1.0
        return np.asarray(coordinates + step.reshape(coordinates.shape))

    def _learn(self, moved: np.ndarray, change: np.ndarray) -> None:
        if np.abs(moved).max() < 1e-7:
            return
        along = float(moved @ change)
        seen = self._hessian @ moved
        self._hessian -= np.outer(change, change) / along
        self._hessian -= np.outer(seen, seen) / float(moved @ seen)
