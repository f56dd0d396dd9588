"""Curvature of springs between the atoms, which a relaxation begins with.

Li in an oxide is seven times softer than Mn, and a vacancy's neighbours are softer still, so an
optimiser that takes every direction as equally stiff spends most of its evaluations on finding out.
How stiff a bond is follows from its length well enough. Evaluations of CHGNet 0.3.0 to 0.02 eV/A,
with BFGSLineSearch, BFGS (12 eV/A^2 in every direction) and springs: pristine slab of 48 atoms
17, 15, 11; at x = 0.29 47, 44, 33; energies the same or lower. From geometries of another
potential, as DFT begins with them, on eight bare and coated slabs of 43 to 63 atoms: 2 to 6
steps to 0.1 eV/A and 4 to 15 to 0.02, where ASE's BFGS as it is (70 eV/A^2) takes 6 to 17 and 16 to
75.
"""

from typing import Final

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

from llo_dft.chemistry.bond_valence import r0_by_sizes
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


def spring_hessian(atoms: Atoms, *, cell: bool = False) -> FloatArray:
    """Return second derivatives of springs between near atoms, shape (3 n, 3 n), eV/A^2.

    With ``cell`` as ASE's ``FrechetCellFilter`` orders and scales a cell that relaxes too,
    shape (3 n + 9, 3 n + 9).

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
        r0 = r0_by_sizes(*pair) or 0.0
        along[these] = BOND_STIFFNESS * np.exp(2 * (r0 - length[these]) / 0.31)
    along[contact] = CONTACT_STIFFNESS * np.exp((CONTACT_LENGTH - length[contact]) / CONTACT_DECAY)
    across = np.where(bonded, ACROSS * along, 0.0)
    unit = vector / length[:, None]
    springs = (along - across)[:, None, None] * unit[:, :, None] * unit[:, None, :]
    springs += across[:, None, None] * np.eye(3)
    hessian = np.zeros((len(atoms), len(atoms), 3, 3))
    np.add.at(hessian, (one, one), springs)
    np.subtract.at(hessian, (one, other), springs)
    n = 3 * len(atoms)
    # what is more than the atoms' coordinates are the cell's, scaled by the number of atoms
    of_cell = ELASTIC_MODULUS * float(atoms.get_volume()) / len(atoms) ** 2
    whole: FloatArray = of_cell * np.eye(n + 9 * cell)
    whole[:n, :n] = hessian.transpose(0, 2, 1, 3).reshape(n, n) + ON_SITE_STIFFNESS * np.eye(n)
    return whole
