"""Planes of a layered oxide on the axes of its hexagonal cell, for any input cell."""

from collections.abc import Sequence
from math import gcd
from typing import Final

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.cathode.bulk import tm_layer_sites
from llo_dft.builders.surface.slab import SlabError
from llo_dft.builders.surface.symmetry import symmetry_dataset

#: Tolerances tried for treating the layers as undistorted, angstrom: O of Li2MnO3 lies 0.1 from
#: its position in R-3m.
TOLERANCES: Final = (0.1, 0.2, 0.3, 0.4, 0.5)

#: Numbers of the trigonal and hexagonal space groups.
HEXAGONAL: Final = range(143, 195)

#: Largest distance of an index from integers: rounding, and the strain of a distorted cell.
NOT_WHOLE: Final = 0.05


def index_in_cell(
    crystal: Structure, miller_index: Sequence[int], repeats: tuple[int, int] = (1, 1)
) -> tuple[int, int, int]:
    """Return the index of a plane of the hexagonal cell on a crystal's own, repeated axes.

    The hexagonal cell is that of the layers with all metals equal, R-3m in its obverse setting for
    LiCoO2 (a 2.82, c 14.05 angstrom). Of the planes equivalent there, the one with the smallest
    in-plane cell in the supercell is used.

    Raises ``SlabError`` if the layers of the crystal are not hexagonal.

    The crystal is ordered; its a and b span the layers, which have no empty site. (h, k, l) are
    integers on the hexagonal axes. With ``repeats`` of a and b the index is that on the supercell.
    """
    alike = crystal.copy(site_properties={})
    for site in tm_layer_sites(crystal):
        alike.replace(site, "Mn")
    for tolerance in TOLERANCES:
        dataset = symmetry_dataset(alike, tolerance)
        if dataset.number in HEXAGONAL:
            break
    else:
        raise SlabError(
            f"slab.miller = {list(miller_index)}: the layers of {crystal.formula} are not those of "
            f"a hexagonal cell within {TOLERANCES[-1]} angstrom ({dataset.international} with "
            "all metals equal), so no plane is meant; expected an O3 or O2 crystal with all Li"
        )
    on_cell = np.array(miller_index) @ dataset.transformation_matrix
    times = next(
        (n for n in (1, 2, 3, 6) if np.abs(n * on_cell - np.round(n * on_cell)).max() < NOT_WHOLE),
        None,
    )
    if times is None:
        raise SlabError(
            f"slab.miller = {list(miller_index)} is no plane of the cell of {crystal.formula}: "
            f"it would be {np.round(on_cell, 2).tolist()} there; use another supercell"
        )
    whole = np.round(times * on_cell).astype(int)
    a, b, c = crystal.lattice.matrix
    supercell = Lattice([a * repeats[0], b * repeats[1], c])
    times_longer = np.array([*repeats, 1])
    equivalent = {_lowest_terms(whole @ turn * times_longer) for turn in dataset.rotations}
    return min(
        equivalent,
        key=lambda index: (-round(supercell.d_hkl(index), 3), tuple(-i for i in index)),
    )


def _lowest_terms(index: np.ndarray) -> tuple[int, int, int]:
    h, k, l = (round(float(i)) for i in index)  # noqa: E741
    common = gcd(h, k, l)
    return h // common, k // common, l // common
