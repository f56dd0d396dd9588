"""An oxide slab and a coating slab, each on the common cell of a lattice match.

All strain is in the plane; heights are unchanged. Cartesian axes: the oxide slab's a
is along x and the normal along z, as in the slabs that ``build_slab`` returns.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.util.coord import lattice_points_in_supercell

from llo_dft.builders.matching.find_matches import LatticeMatch
from llo_dft.builders.matching.lattice2d import determinants, in_plane_basis
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.errors import InputError
from llo_dft.typing import FloatArray, IntArray

#: Stretches that differ by more are not of the same match.
STRETCH_TOLERANCE: Final = 1e-6

#: Largest cosine between the c axis of a slab and its plane.
NORMAL_TOLERANCE: Final = 1e-6

#: Least vacuum of a slab, angstrom: planes of one crystal are not that far apart.
LEAST_VACUUM: Final = 3.0


class InterfaceError(InputError):
    """Two slabs that do not form the requested interface."""


@dataclass(frozen=True, eq=False)
class CommonCell:
    """Both slabs on one in-plane cell, each with its own c axis and vacuum."""

    llo: Structure
    coating: Structure
    """llo, coating: the slabs. ``llo`` is the bare slab of every interface of this match."""
    llo_atoms: IntArray
    """(n,) the atom of the given oxide slab that each atom of ``llo`` is a copy of."""
    coating_strain: tuple[float, float]
    """Principal (Biot) strains from the given coating's cell to the common one, larger first."""


def share_cell(llo: Structure, coating: Structure, match: LatticeMatch) -> CommonCell:
    """Repeat and deform two slabs so that they have the cell of a match.

    Raises ``InterfaceError`` if a slab's axes are not as required or it has no vacuum, or the match
    is of other lattices.

    The slabs have a and b in the plane, c along the normal, and vacuum. The match is from
    ``find_matches(film, substrate)`` with the in-plane vectors of ``coating`` and ``llo``. If its
    common cell is one cell of the oxide slab, that slab's own a and b are kept, whatever basis the
    match uses.

    Copies of one atom follow each other, so a slab sorted by element stays so. With all the strain
    on the coating and one oxide cell, ``llo`` has the coordinates of the given slab.
    """
    film, substrate = _in_plane(coating, "the coating"), _in_plane(llo, "the LLO slab")
    to_film, to_substrate = _transformations(match)
    gradient = _gradient(to_film @ film, to_substrate @ substrate)
    u, stretches, _ = np.linalg.svd(gradient)
    expected = 1 + np.array(match.principal_strains)
    if np.abs(stretches - expected).max() > STRETCH_TOLERANCE:
        raise InterfaceError(
            f"the match stretches its film by {expected.round(6).tolist()}, but takes this coating "
            f"to this LLO slab by {stretches.round(6).tolist()}: it was found for other lattices. "
            "Find it with the in-plane vectors of these slabs"
        )
    deformation = (u * stretches ** (match.strain_share - 1)) @ u.T
    basis = to_substrate @ substrate @ deformation.T
    placed_llo, llo_atoms = _on_cell(llo, to_substrate, basis)
    placed_coating, _ = _on_cell(coating, to_film, basis)
    larger, smaller = np.linalg.svd(_gradient(to_film @ film, basis), compute_uv=False) - 1
    return CommonCell(
        llo=placed_llo,
        coating=placed_coating,
        llo_atoms=llo_atoms,
        coating_strain=(float(larger), float(smaller)),
    )


def heights_of(slab: Structure) -> FloatArray:
    """Return the height of each atom along the normal, with the slab in one piece, angstrom.

    A slab that crosses the cell's c boundary is joined below it.

    Raises ``InterfaceError`` if no gap along c is wide enough to be the vacuum.
    """
    fractional = np.mod(slab.frac_coords[:, 2], 1.0)
    ordered = np.sort(fractional)
    gaps = np.diff([*ordered, ordered[0] + 1.0])
    widest = int(np.argmax(gaps))
    if gaps[widest] * slab.lattice.c < LEAST_VACUUM:
        raise InterfaceError(
            f"the slab has no vacuum: the widest gap along c is "
            f"{gaps[widest] * slab.lattice.c:.2f} angstrom, expected at least {LEAST_VACUUM}"
        )
    if widest < len(ordered) - 1:
        fractional = np.where(fractional > ordered[widest], fractional - 1.0, fractional)
    result: FloatArray = fractional * slab.lattice.c
    return result


def _in_plane(slab: Structure, name: str) -> FloatArray:
    """Return a slab's a and b as a 2D basis, after checking its axes."""
    a, b, c = slab.lattice.matrix
    lean = max(abs(c @ v) / np.linalg.norm(c) / np.linalg.norm(v) for v in (a, b))
    if lean > NORMAL_TOLERANCE:
        raise InterfaceError(
            f"{name}: expected c along the normal of a and b, but its cosine with one of them is "
            f"{lean:.2g}; make c the normal (without moving atoms)"
        )
    if np.cross(a, b) @ c < 0:
        raise InterfaceError(f"{name}: a, b and c are left-handed; exchange a and b")
    return in_plane_basis(slab.lattice.matrix[:2], name)


def _transformations(match: LatticeMatch) -> tuple[IntArray, IntArray]:
    """Return the transformations of film and substrate; the identity for one substrate cell."""
    film, substrate = match.film_transformation, match.substrate_transformation
    if abs(int(determinants(substrate))) != 1:
        return film, substrate
    back = np.round(np.linalg.inv(substrate)).astype(np.int64)
    return back @ film, back @ substrate


def _gradient(start: FloatArray, end: FloatArray) -> FloatArray:
    """Return F with ``start @ F.T == end``."""
    return np.asarray(np.linalg.solve(start, end).T, dtype=np.float64)


def _on_cell(
    slab: Structure, transformation: IntArray, basis: FloatArray
) -> tuple[Structure, IntArray]:
    """Return a slab repeated and put on a cell, and which atom each copy is of."""
    heights = heights_of(slab)
    repeat = np.eye(3, dtype=np.int64)
    repeat[:2, :2] = transformation
    points = lattice_points_in_supercell(repeat)[:, :2]
    coords = slab.frac_coords[:, :2] @ np.linalg.inv(transformation)
    coords = (coords[:, None] + points[None]).reshape(-1, 2)
    if len(points) > 1:
        coords = np.mod(np.round(coords, 12), 1.0)
    atoms = np.repeat(np.arange(len(slab)), len(points))
    c = slab.lattice.c
    lattice = Lattice([[*basis[0], 0.0], [*basis[1], 0.0], [0.0, 0.0, c]])
    symbols = symbols_of(slab)
    structure = Structure(
        lattice,
        [symbols[i] for i in atoms],
        np.column_stack([coords, heights[atoms] / c]),
    )
    return structure, atoms
