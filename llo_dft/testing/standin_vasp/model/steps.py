"""What an ionic step gives, whatever potential is behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from llo_dft.testing.standin_vasp.reading.poscar import PoscarCrystal

#: 1 eV per cubic angstrom in kbar (CODATA 2018, exact).
KBAR = 1602.1766340


@dataclass(frozen=True)
class MockStep:
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

    crystal: PoscarCrystal
    energy_ev: float
    forces: np.ndarray
    stress: np.ndarray | None
    converged: bool = False

    @property
    def stress_kbar(self) -> np.ndarray | None:
        """As VASP prints it: positive where the cell wants to grow."""
        return None if self.stress is None else -KBAR * self.stress


def free_forces(crystal: PoscarCrystal, forces: np.ndarray) -> np.ndarray:
    """Return forces without those along lattice vectors that selective dynamics holds."""
    if crystal.movable is None:
        return forces
    along = forces @ np.linalg.inv(crystal.lattice)
    return np.asarray((along * crystal.movable) @ crystal.lattice)
