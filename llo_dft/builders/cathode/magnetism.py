"""Initial magnetic moments from formal charges, ferromagnetic or in antiferromagnetic rows.

A moment is where a self-consistent calculation starts, not a result. Delithiation oxidises the
cations in a fixed order and then the oxygen; an oxygen vacancy reduces them again. The change is
shared evenly among the atoms of an element, which keeps the symmetry of the cell: the
calculation itself decides where charge localises.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.builders.cathode.magnetic_rows import alternating_rows
from llo_dft.chemistry.elements import ELEMENTS, symbols_of
from llo_dft.chemistry.formal_charges import element_charges
from llo_dft.chemistry.roles import element_role

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.typing import MagneticOrder

#: Least moment to start an ion of a partly filled d shell from, Bohr magnetons. One that starts
#: from zero stays there; 0.6 is what pymatgen's MPRelaxSet starts low-spin Co3+ from.
LOW_SPIN_START: Final = 0.6


def unpaired_electrons(element: str, charge: float) -> float:
    """Return the unpaired electrons of an ion; between whole charges on the straight line.

    An element without d electrons in the table has a closed shell. O has one for each electron
    that it lacks.
    """
    if element == "O":
        return max(0.0, charge - ELEMENTS["O"].charge)
    if element not in ELEMENTS or not ELEMENTS[element].unpaired_electrons:
        return 0.0
    known = sorted(ELEMENTS[element].unpaired_electrons.items())
    return float(np.interp(charge, [q for q, _ in known], [n for _, n in known]))


def initial_moments(structure: Structure, order: MagneticOrder) -> list[float]:
    """Return the moment that each atom starts from, Bohr magnetons.

    Parameters
    ----------
    structure
        A layered oxide, its slab with or without a coating, or anything without O (all zero).
    order
        "ferro", or "rows": rows of metals within each layer alternate.

    Raises
    ------
    MagneticOrderError
        If rows can't alternate in this cell.
    ValueError
        If an element has no formal charge here.
    """
    symbols = symbols_of(structure)
    charges = element_charges(Counter(symbols))
    sizes = {element: unpaired_electrons(element, q) for element, q in charges.items()}
    for element, charge in charges.items():
        if "O" in sizes and _has_d_electrons(element, charge):
            sizes[element] = max(sizes[element], LOW_SPIN_START)
    moments = np.array([sizes[symbol] for symbol in symbols])
    if order == "rows":
        metals = [i for i, s in enumerate(symbols) if element_role(s) == "framework" and moments[i]]
        moments *= _signs(structure, metals)
    return [float(moment) for moment in moments]


def with_initial_moments(structure: Structure, order: MagneticOrder) -> Structure:
    """Return a copy with ``initial_moments`` as its site property "magmom".

    A structure that brings moments, as a molecule does, keeps them.

    Raises
    ------
    MagneticOrderError
        If rows can't alternate in this cell.
    ValueError
        If an element has no formal charge here.
    """
    copy = structure.copy()
    if "magmom" not in structure.site_properties:
        copy.add_site_property("magmom", initial_moments(structure, order))
    return copy


def _has_d_electrons(element: str, charge: float) -> bool:
    """Tell whether an ion has a d shell that can be polarised."""
    known = ELEMENTS.get(element)
    if known is None or not known.unpaired_electrons:
        return False
    return known.empty_shell_charge is None or charge < known.empty_shell_charge


def _signs(structure: Structure, metals: list[int]) -> np.ndarray:
    """Return +1 or -1 for each atom: of its row, or for what is no metal that of the nearest."""
    signs = np.ones(len(structure))
    if not metals:
        return signs
    signs[metals] = alternating_rows(structure, metals)
    nearest = np.argmin(structure.distance_matrix[:, metals], axis=1)
    signs[:] = signs[np.array(metals)[nearest]]
    return signs
