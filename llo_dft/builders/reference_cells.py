"""Reference cells of a study: Li metal, and O2 in a box."""

from typing import Final

from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

#: Lattice constant of bcc Li at room temperature, angstrom (Nadler and Kempter, Anal. Chem.
#: 31, 2109 (1959)). It is relaxed before use.
LITHIUM_LATTICE_ANGSTROM: Final = 3.509

#: Bond length of O2, angstrom (experiment, Huber and Herzberg 1979: 1.2075).
O2_BOND: Final = 1.21

#: Edges of the box, angstrom: unequal, so that the box imposes no symmetry on the orbitals.
BOX_EDGES: Final = (13.0, 13.5, 14.0)


def o2_in_box() -> Structure:
    """Return O2 along the longest edge, with the moments of the triplet (1 mu_B per O)."""
    lattice = Lattice.orthorhombic(*BOX_EDGES)
    middle = [edge / 2 for edge in BOX_EDGES]
    coords = [[*middle[:2], middle[2] + sign * O2_BOND / 2] for sign in (-1, 1)]
    return Structure(
        lattice,
        ["O", "O"],
        coords,
        coords_are_cartesian=True,
        site_properties={"magmom": [1.0, 1.0]},
    )


def lithium_metal() -> Structure:
    """Return bcc Li, two atoms in the conventional cell."""
    cell = Lattice.cubic(LITHIUM_LATTICE_ANGSTROM)
    return Structure(cell, ["Li", "Li"], [[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])
