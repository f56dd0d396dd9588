"""Which plane "(010)" of Li3PO4 means: its two forms are published in different settings."""

from typing import Final, Literal, TypeAlias

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.builders.coating.column import CoatingError
from llo_dft.builders.surface.symmetry import symmetry_dataset

#: The setting in which "(010)" is meant: beta has one, gamma two whose (010) planes differ.
PhosphateSetting: TypeAlias = Literal["Pmn2_1", "Pnma", "Pmnb"]

#: Space-group number, and which axis of its standard setting is the normal of "(010)".
#: Pmnb has the axes (b, a, -c) of Pnma, so its b is Pnma's a.
NORMAL_AXIS: Final[dict[PhosphateSetting, tuple[int, int]]] = {
    "Pmn2_1": (31, 1),
    "Pnma": (62, 1),
    "Pmnb": (62, 0),
}


def phosphate_plane(bulk: Structure, setting: PhosphateSetting) -> tuple[int, int, int]:
    """Return the Miller index of "(010)" on the axes of a cell of Li3PO4.

    Raises ``CoatingError`` if the bulk has another space group, or is not a conventional cell.

    The bulk is a conventional cell of beta- or gamma-Li3PO4, axes in any order; "(010)" is meant in
    ``setting``, whose axes may be in another one.
    """
    dataset = symmetry_dataset(bulk)
    number, axis = NORMAL_AXIS[setting]
    if dataset.number != number:
        raise CoatingError(
            f"setting {setting} needs space group No. {number}, but this structure is "
            f"{dataset.international} (No. {dataset.number}); use Pmn2_1 for beta-Li3PO4 (No. "
            " 31), Pnma or Pmnb for gamma-Li3PO4 (No. 62), and miller for any other crystal"
        )
    matrix = np.round(dataset.transformation_matrix).astype(int)
    conventional = np.allclose(matrix, dataset.transformation_matrix, atol=1e-3)
    if not conventional or (np.abs(matrix).sum(axis=0) != 1).any():
        raise CoatingError(
            "the axes of the Li3PO4 cell are not those of its orthorhombic conventional cell; "
            "expected one cell of 16 (beta) or 32 (gamma) atoms, with its axes in any order"
        )
    h, k, l = (abs(int(i)) for i in matrix[axis])  # noqa: E741 (Miller)
    return h, k, l
