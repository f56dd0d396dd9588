"""What an ionic step gives, whatever potential is behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from standin_vasp.inputs import Inputs
    from standin_vasp.poscar import Crystal

#: 1 eV per cubic angstrom in kbar (CODATA 2018, exact).
KBAR = 1602.1766340


@dataclass(frozen=True)
class Step:
    """Energy and its derivatives at one set of places.

    Attributes
    ----------
    crystal
        Cell and atoms.
    energy_ev
        The energy, extrapolated to no smearing in VASP's words.
    forces
        eV/angstrom, shape (n_atoms, 3).
    stress
        Derivative of the energy by strain over the volume, eV/A^3, shape (3, 3); None where it
        was not computed.
    converged
        Whether the relaxation ends here.
    """

    crystal: Crystal
    energy_ev: float
    forces: np.ndarray
    stress: np.ndarray | None
    converged: bool = False

    @property
    def stress_kbar(self) -> np.ndarray | None:
        """As VASP prints it: positive where the cell wants to grow."""
        return None if self.stress is None else -KBAR * self.stress


class Engine(Protocol):
    """Goes downhill from the atoms of some inputs."""

    def __call__(self, inputs: Inputs) -> Iterator[Step]:
        """Give one step after the other; the last one that is needed is marked as converged."""
        ...


def free_forces(crystal: Crystal, forces: np.ndarray) -> np.ndarray:
    """Return forces without those along lattice vectors that selective dynamics holds."""
    if crystal.movable is None:
        return forces
    along = forces @ np.linalg.inv(crystal.lattice)
    return (along * crystal.movable) @ crystal.lattice
