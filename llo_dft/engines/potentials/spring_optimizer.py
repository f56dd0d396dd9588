"""BFGS that begins with the curvature of springs between the atoms instead of one number for all.

Li in an oxide is seven times softer than Mn, and a vacancy's neighbours are softer still, so an
optimiser that takes every direction as equally stiff spends most of its evaluations on finding out.
How stiff a bond is follows from its length well enough. Evaluations of CHGNet 0.3.0 to 0.02 eV/A,
with BFGSLineSearch, BFGS (12 eV/A^2 in every direction) and springs: pristine slab of 48 atoms
17, 15, 11; at x = 0.29 47, 44, 33; energies the same or lower.

A potential's forces are not smooth everywhere: where an atom enters or leaves its graph they jump.
At such a place BFGS learns a curvature that is none. Its steps shrink to nothing, or the whole slab
(which has no curvature) drifts through its vacuum at the longest step allowed: a coated slab of 156
atoms moved by 30 angstrom and did not converge in 500 steps. Then the springs begin anew.
"""

from typing import Final

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list
from ase.optimize import BFGS
from pymatgen.analysis.bond_valence import BV_PARAMS
from pymatgen.core.periodic_table import Element

from llo_dft.chemistry.roles import element_role
from llo_dft.typing import FloatArray

#: Atoms further apart than this have no spring, angstrom.
CUTOFF: Final = 3.3

#: Stiffness of a bond of valence 1, eV/A^2; it goes as the valence squared. From CHGNet's second
#: derivatives of the pristine slab: Mn-O 4.4 at 1.93 A (valence 0.6), Ni-O 1.8 at 2.09 A (0.34).
BOND_STIFFNESS: Final = 13.0

#: Stiffness across a bond, of that along it (there: 0.3 to 0.5).
ACROSS: Final = 0.3

#: Stiffness of two anions at CONTACT_LENGTH, eV/A^2, and the distance in which it falls by a
#: factor of e, A (there: O-O 1.9 at 2.58 A, 1.28 at 2.79 A, 0.97 at 3.10 A).
CONTACT_STIFFNESS: Final = 1.2
CONTACT_LENGTH: Final = 2.8
CONTACT_DECAY: Final = 0.4

#: Stiffness of every atom by itself, eV/A^2; keeps the softest directions from running away.
ON_SITE_STIFFNESS: Final = 1.0

#: Stiffness of a cell, eV/A^3: 160 GPa.
ELASTIC_MODULUS: Final = 1.0

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
        n = 3 * len(atoms)
        # what is more than the atoms' coordinates are the cell's, scaled by the number of atoms
        of_cell = ELASTIC_MODULUS * atoms.get_volume() / len(atoms) ** 2
        hessian: FloatArray = of_cell * np.eye(self.optimizable.ndofs())
        hessian[:n, :n] = spring_hessian(atoms)
        self.H0 = hessian

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


def spring_hessian(atoms: Atoms) -> FloatArray:
    """Return second derivatives of springs between near atoms, shape (3 n, 3 n), eV/A^2.

    A cation and an anion are held together by k = k1 s^2 along the bond and less across it, with s
    the bond valence exp((R - r) / 0.31 A) and R of O'Keeffe and Brese, J. Am. Chem. Soc. 113, 3226
    (1991). Two anions keep their distance, two cations don't feel each other. All eigenvalues are
    positive.
    """
    one, other, length, vector = neighbor_list("ijdD", atoms, CUTOFF)
    symbols = np.array(atoms.get_chemical_symbols())
    anion = np.array([element_role(symbol) == "anion" for symbol in symbols])
    bonded, contact = anion[one] != anion[other], anion[one] & anion[other]
    along = np.zeros(len(one))
    for pair in set(zip(symbols[one[bonded]], symbols[other[bonded]], strict=True)):
        these = bonded & (symbols[one] == pair[0]) & (symbols[other] == pair[1])
        along[these] = BOND_STIFFNESS * np.exp(2 * (_bond_length(*pair) - length[these]) / 0.31)
    along[contact] = CONTACT_STIFFNESS * np.exp((CONTACT_LENGTH - length[contact]) / CONTACT_DECAY)
    across = np.where(bonded, ACROSS * along, 0.0)
    unit = vector / length[:, None]
    springs = (along - across)[:, None, None] * unit[:, :, None] * unit[:, None, :]
    springs += across[:, None, None] * np.eye(3)
    hessian = np.zeros((len(atoms), len(atoms), 3, 3))
    np.add.at(hessian, (one, one), springs)
    np.subtract.at(hessian, (one, other), springs)
    n = 3 * len(atoms)
    return hessian.transpose(0, 2, 1, 3).reshape(n, n) + ON_SITE_STIFFNESS * np.eye(n)


def _bond_length(first: str, second: str) -> float:
    """Return the length R of a bond of valence 1, angstrom; 0 for an element without one."""
    of_first, of_second = (BV_PARAMS.get(Element(symbol)) for symbol in (first, second))
    if of_first is None or of_second is None:
        return 0.0
    r1, r2, c1, c2 = of_first["r"], of_second["r"], of_first["c"], of_second["c"]
    return float(r1 + r2 - r1 * r2 * (np.sqrt(c1) - np.sqrt(c2)) ** 2 / (c1 * r1 + c2 * r2))
