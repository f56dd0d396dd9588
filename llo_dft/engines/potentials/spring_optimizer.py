"""BFGS that begins with springs between the atoms, and begins anew where forces misled it.

A potential's forces are not smooth everywhere: where an atom enters or leaves its graph they jump.
At such a place BFGS learns a curvature that is none. Its steps shrink to nothing, or the whole slab
(which has no curvature) drifts through its vacuum at the longest step allowed: a coated slab of 156
atoms moved by 30 angstrom and did not converge in 500 steps. Then the springs begin anew.
"""

from typing import Final

import numpy as np
from ase import Atoms
from ase.optimize import BFGS

from llo_dft.engines.spring_hessian import ON_SITE_STIFFNESS, spring_hessian
from llo_dft.typing import FloatArray

#: A step that moves all atoms together by more than this, and than a net force explains, has been
#: misled, angstrom. In nine of ten relaxations of slabs none does.
LONGEST_DRIFT: Final = 1e-3

#: So have this many steps one after another that move no atom by this, angstrom: at 0.02 eV/A the
#: softest atoms still move by 0.02.
STALLED_STEPS: Final = 5
SHORTEST_STEP: Final = 1e-3


class SpringBFGS(BFGS):
    """ASE's BFGS, begun with ``spring_hessian``; of a cell in ASE's ``FrechetCellFilter`` too."""

    def initialize(self) -> None:
        """Set the Hessian to begin with, eV/A^2."""
        super().initialize()
        self.n_stalled = 0
        atoms: Atoms = getattr(self.atoms, "atoms", self.atoms)
        self.H0 = spring_hessian(atoms, cell=atoms is not self.atoms)

    def prepare_step(self, pos: FloatArray, gradient: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the next step and its lengths; begin anew where the Hessian has been misled."""
        step, lengths = super().prepare_step(pos, gradient)
        atoms: Atoms = getattr(self.atoms, "atoms", self.atoms)
        drift, force = (
            np.linalg.norm(of_all.reshape(-1, 3)[: len(atoms)].mean(axis=0))
            for of_all in (step, gradient)
        )
        self.n_stalled = self.n_stalled + 1 if np.max(lengths) < SHORTEST_STEP else 0
        misled = drift > LONGEST_DRIFT + 2 * force / ON_SITE_STIFFNESS
        if misled or self.n_stalled == STALLED_STEPS:
            self.initialize()
            step, lengths = super().prepare_step(pos, gradient)
        return step, lengths
