"""The operation that turns an LLO slab over, as it acts on atoms that are put on the slab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.builders.matching.common_cell import CommonCell, InterfaceError, heights_of
from llo_dft.builders.surface.symmetry import (
    SYMMETRY_TOLERANCE,
    symmetry_dataset,
    top_bottom_permutations,
)

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.typing import FloatArray, IntArray

#: How far the sites of a slab may be from an operation that turns it over, angstrom.
TURN_OVER_TOLERANCE: Final = 4 * SYMMETRY_TOLERANCE


@dataclass(frozen=True, eq=False)
class TurnOver:
    """The operation that turns an LLO slab over.

    ``rotation`` and ``translation`` act on fractions of a and b; heights go to
    ``height_sum`` - height. ``permutation`` is what that does to the sites.
    """

    rotation: IntArray
    translation: FloatArray
    height_sum: float
    permutation: IntArray

    def image(self, coords: FloatArray) -> FloatArray:
        """Return the images of atoms (n, 3): fractions of a and b, and height."""
        in_plane = coords[:, :2] @ self.rotation.T + self.translation
        return np.column_stack([in_plane, self.height_sum - coords[:, 2]])


def find_turn_over(cell: CommonCell, given: IntArray | None) -> TurnOver:
    """Return the operation of the LLO slab, the given one where it is named.

    Raises
    ------
    InterfaceError
        If there is none in the common cell.
    """
    atoms = cell.llo_atoms
    if given is not None and np.shape(given) != (atoms.max() + 1,):
        raise InterfaceError(
            f"turn_over must name an image for each of the {atoms.max() + 1} atoms of the LLO "
            f"slab, got shape {np.shape(given)}"
        )
    rotations = {tuple(r.ravel().tolist()): r for r in symmetry_dataset(cell.llo).rotations}
    for permutation in top_bottom_permutations(cell.llo):
        if given is not None and (atoms[permutation] != np.asarray(given)[atoms]).any():
            continue
        for key in sorted(rotations):
            if (operation := _fit(cell.llo, permutation, rotations[key])) is not None:
                return operation
    named = "no operation" if given is None else "not the given operation, nor one with its effect,"
    raise InterfaceError(
        f"both_faces: {named} turns the LLO slab over in the common cell, so the coating below "
        "can't be made the image of the one above; take another match, or an ordering with an "
        "inversion (every cell keeps it)"
    )


def _fit(slab: Structure, permutation: IntArray, rotation: IntArray) -> TurnOver | None:
    """Return the operation with a rotation that permutes the sites so, if there is one."""
    turns = rotation[2, 2] == -1 and not (rotation[2, :2].any() or rotation[:2, 2].any())
    if not turns or (rotation @ rotation != np.eye(3)).any():
        return None
    coords = slab.frac_coords
    moved = coords[permutation] - coords @ rotation.T
    apart = moved - moved[0]
    apart -= np.round(apart)
    if np.linalg.norm(apart @ slab.lattice.matrix, axis=1).max() > TURN_OVER_TOLERANCE:
        return None
    heights = heights_of(slab)
    return TurnOver(
        rotation=rotation[:2, :2],
        translation=(moved[0] + apart.mean(axis=0))[:2],
        height_sum=float((heights + heights[permutation]).mean()),
        permutation=permutation,
    )
