"""Slabs of any Miller plane, each with what speaks for and against it.

(001) of a layered oxide is cut by this package, since pymatgen finds no symmetric
stoichiometric slab there; every other plane by pymatgen's SlabGenerator.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.surface import SlabGenerator

from llo_dft.builders.cell_checks import (
    formal_charge,
    formal_dipole,
    is_stoichiometric,
    is_symmetric,
)
from llo_dft.builders.surface.placement import place_slab
from llo_dft.builders.surface.slab import SlabError, stacks
from llo_dft.builders.surface.surface_lattice import surface_lattice
from llo_dft.builders.surface.symmetry import SYMMETRY_TOLERANCE
from llo_dft.builders.surface.terminations import (
    DIPOLE_TOLERANCE,
    build_termination,
    llo_terminations,
)
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.roles import element_role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymatgen.core.structure import Structure

    from llo_dft.typing import FloatArray

#: Atoms of one element that come this near when a slab is folded into its in-plane primitive
#: cell are the same atom, angstrom.
SAME_ATOM: Final = 4 * SYMMETRY_TOLERANCE


@dataclass(frozen=True)
class SlabCut:
    """One slab of a plane.

    Attributes
    ----------
    name
        Of the termination for (001) of a layered oxide ("half", "full/none", ...), else the
        height of the cut in the oriented unit cell.
    structure
        In-plane primitive and reduced where pymatgen cut it; a along x, c the normal.
    symmetric
        Whether an operation maps its top onto its bottom.
    stoichiometric
        Whether it has the composition of the bulk.
    polar
        Whether its formal dipole along the normal is not zero.
    charge, dipole
        Of the formal charges, e and e angstrom per cell.
    """

    name: str
    structure: Structure
    symmetric: bool
    stoichiometric: bool
    polar: bool
    charge: float
    dipole: float

    @property
    def text(self) -> str:
        """Return in words what it is."""
        facts = [
            f"{'' if yes else 'not '}{what}"
            for what, yes in (
                ("symmetric", self.symmetric),
                ("stoichiometric", self.stoichiometric),
            )
        ]
        polar = f"polar ({self.dipole:+.2f} e A)" if self.polar else "non-polar"
        charge = f"charge {self.charge:+g} e"
        return f"{self.structure.formula}, cut {self.name}, {', '.join([*facts, polar, charge])}"


def general_slab(
    bulk: Structure,
    miller_index: Sequence[int],
    *,
    min_slab_size: float,
    min_vacuum_size: float,
    seed: int = 0,
) -> list[SlabCut]:
    """Cut the slabs of a plane, one for each distinct termination.

    Parameters
    ----------
    bulk
        Ordered crystal; the index refers to its axes.
    miller_index
        (h, k, l), integers; a common factor is divided out.
    min_slab_size
        Least thickness, angstrom. For (001) of a layered oxide, rounded up to whole sheets.
    min_vacuum_size
        Width of the vacuum, angstrom; it is met exactly.
    seed
        Seed of the search for the Li of a half layer.

    Returns
    -------
    For (001) of a layered oxide all terminations that its cell can hold, the half one first;
    else those that are symmetric, stoichiometric and non-polar first.

    Raises
    ------
    SlabError
        If a size is not positive, or the oxide's Li layer is empty.
    ValueError
        If the index is (0, 0, 0) or not three integers, or an element has no formal charge.
    """
    if min(min_slab_size, min_vacuum_size) <= 0:
        raise SlabError(
            f"min_slab_size is {min_slab_size} and min_vacuum_size {min_vacuum_size}; expected "
            "lengths above 0, in angstrom"
        )
    index = surface_lattice(bulk, miller_index).miller_index
    sheets = _sheets_per_cell(bulk) if index in {(0, 0, 1), (0, 0, -1)} else 0
    if sheets:
        distance = bulk.volume / float(np.linalg.norm(np.cross(*bulk.lattice.matrix[:2]))) / sheets
        tm_layers = ceil(min_slab_size / distance)
        return _layered(bulk, tm_layers, min_vacuum_size, seed)
    generator = SlabGenerator(
        bulk.copy(site_properties={}),
        index,
        min_slab_size,
        min_vacuum_size,
        primitive=False,  # pymatgen's primitive cells may be sheared; ours are reduced
        center_slab=True,
        max_normal_search=max(1, *(abs(i) for i in index)),
    )
    cuts = [
        _cut(f"{slab.shift:.4f}", reduce_in_plane(slab, min_vacuum_size), bulk)
        for slab in generator.get_slabs()
    ]
    return sorted(cuts, key=lambda c: (not c.symmetric, c.polar, not c.stoichiometric, c.name))


def reduce_in_plane(slab: Structure, vacuum: float) -> Structure:
    """Return a slab in its primitive, reduced in-plane cell, with the given vacuum.

    Parameters
    ----------
    slab
        Not crossing the c boundary.
    vacuum
        Angstrom.

    Raises
    ------
    SlabError
        If atoms do not fold onto each other, which would lose or double some.
    """
    plane = surface_lattice(slab, (0, 0, 1))
    cell = Lattice(np.vstack([plane.vectors, slab.lattice.matrix[2]]))
    coords: FloatArray = cell.get_fractional_coords(slab.cart_coords)
    coords[:, :2] = np.mod(coords[:, :2], 1.0)
    symbols = np.array(symbols_of(slab))
    same = cell.get_all_distances(coords, coords) < SAME_ATOM
    same &= symbols[:, None] == symbols[None, :]
    kept = np.flatnonzero(np.argmax(same, axis=1) == np.arange(len(symbols)))
    times = round(slab.volume / cell.volume)
    if len(kept) * times != len(symbols):
        raise SlabError(
            f"{len(symbols)} atoms do not fold {times} to 1 into the in-plane primitive cell "
            f"({len(kept)} are left); symmetrise the bulk first"
        )
    order = sorted(kept, key=lambda i: (slab[int(i)].specie.X, symbols[i], i))
    return place_slab(cell, coords[order], symbols[order].tolist(), vacuum)


def _sheets_per_cell(bulk: Structure) -> int:
    """Return the number of O-TM-O sheets along c, 0 if (001) is not the plane of the layers."""
    symbols = set(symbols_of(bulk))
    if "O" not in symbols or not any(element_role(one) == "framework" for one in symbols):
        return 0
    try:
        return len(stacks(bulk, 1))
    except SlabError:
        return 0


def _layered(bulk: Structure, tm_layers: int, vacuum: float, seed: int) -> list[SlabCut]:
    found = llo_terminations(bulk, tm_layers=tm_layers, vacuum=vacuum, seed=seed)
    names = [termination.name for termination in found if termination.charge is not None]
    return [
        _cut(
            name,
            build_termination(bulk, name, tm_layers=tm_layers, vacuum=vacuum, seed=seed).structure,
            bulk,
        )
        for name in names
    ]


def _cut(name: str, structure: Structure, bulk: Structure) -> SlabCut:
    dipole = formal_dipole(structure, bulk)
    return SlabCut(
        name=name,
        structure=structure,
        symmetric=is_symmetric(structure),
        stoichiometric=is_stoichiometric(structure, bulk),
        polar=abs(dipole) > DIPOLE_TOLERANCE,
        charge=formal_charge(structure, bulk),
        dipole=dipole,
    )
