"""Initial magnetic moments from formal valences, ferromagnetic or in antiferromagnetic rows.

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
from llo_dft.chemistry.valences import FORMAL_CHARGES, LAYER_METALS, formal_charges, symbols_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymatgen.core.structure import Structure

    from llo_dft.typing import MagneticOrder

#: Unpaired electrons by element and whole valence, octahedral. High spin, but for Co3+, Co4+,
#: Ni3+, Ni4+ and Ru, which are low spin in layered oxides (Mn4+ t2g3, Ni2+ t2g6 eg2, Co3+ t2g6).
UNPAIRED: Final[Mapping[str, Mapping[int, float]]] = {
    "Mn": {2: 5.0, 3: 4.0, 4: 3.0},
    "Ni": {2: 2.0, 3: 1.0, 4: 0.0},
    "Co": {2: 3.0, 3: 0.0, 4: 1.0},
    "Fe": {2: 4.0, 3: 5.0, 4: 4.0},
    "Cr": {2: 4.0, 3: 3.0, 4: 2.0, 5: 1.0, 6: 0.0},
    "V": {3: 2.0, 4: 1.0, 5: 0.0},
    "Ti": {3: 1.0, 4: 0.0},
    "Ru": {3: 1.0, 4: 2.0, 5: 3.0},
    "Mo": {3: 3.0, 4: 2.0, 5: 1.0, 6: 0.0},
}

#: What gives electrons when Li leaves, in this order, and up to which valence. Ni and Co go before
#: O, and Mn4+ gives none (Luo et al., Nat. Chem. 8, 684 (2016), Li1.2Ni0.13Co0.13Mn0.54O2).
OXIDISED: Final = (
    ("V", 5),
    ("Cr", 6),
    ("Mo", 6),
    ("Fe", 4),
    ("Ni", 4),
    ("Co", 4),
    ("Ru", 5),
)

#: What takes the electrons that an oxygen leaves behind, once no oxidised ion is left.
REDUCED: Final = (("Mn", 3), ("Ru", 3), ("Co", 2), ("Fe", 2), ("Ti", 3), ("Mn", 2))

#: Least moment to start an ion of a partly filled d shell from, Bohr magnetons. One that starts
#: from zero stays there; 0.6 is what pymatgen's MPRelaxSet starts low-spin Co3+ from.
LOW_SPIN_START: Final = 0.6


def mean_valences(symbols: Sequence[str]) -> dict[str, float]:
    """Return the mean valence of each element that makes the cell neutral.

    Parameters
    ----------
    symbols
        Element of each atom. Without O there is nothing to balance: all are 0.

    Returns
    -------
    dict
        Valence by element; above -2 for O once electrons have left it. What the ladders of
        ``OXIDISED`` and ``REDUCED`` can't balance stays unbalanced.

    Raises
    ------
    ValueError
        If an element has no formal charge here.
    """
    counts = Counter(symbols)
    if "O" not in counts:
        return dict.fromkeys(counts, 0.0)
    valences = dict(zip(counts, formal_charges(counts), strict=True))
    missing = -sum(valences[element] * n for element, n in counts.items())
    ladder = (*OXIDISED, ("O", -1)) if missing > 0 else REDUCED
    for element, limit in ladder:
        n = counts.get(element, 0)
        if not n or abs(missing) < 1e-9:  # noqa: PLR2004 (whole charges, shared)
            continue
        room = (limit - valences[element]) * n
        given = min(missing, room) if missing > 0 else max(missing, room)
        if given * missing > 0:
            valences[element] += given / n
            missing -= given
    return valences


def unpaired_electrons(element: str, valence: float) -> float:
    """Return the unpaired electrons of an ion; between whole valences on the straight line.

    A metal that is not in ``UNPAIRED`` has a closed shell. O has one for each electron that it
    lacks.
    """
    if element == "O":
        return max(0.0, valence - FORMAL_CHARGES["O"])
    if element not in UNPAIRED:
        return 0.0
    known = sorted(UNPAIRED[element].items())
    return float(np.interp(valence, [v for v, _ in known], [m for _, m in known]))


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
    valences = mean_valences(symbols)
    sizes = {element: unpaired_electrons(element, v) for element, v in valences.items()}
    for element in sizes.keys() & UNPAIRED.keys():
        open_shell = "O" in sizes and not _is_empty_shell(element, valences[element])
        if open_shell:
            sizes[element] = max(sizes[element], LOW_SPIN_START)
    moments = np.array([sizes[symbol] for symbol in symbols])
    if order == "rows":
        metals = [i for i, symbol in enumerate(symbols) if symbol in LAYER_METALS]
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


def _is_empty_shell(element: str, valence: float) -> bool:
    """Tell whether no d electron is left, so that there is nothing to polarise."""
    highest = {"Ti": 4, "V": 5, "Cr": 6, "Mo": 6}.get(element)
    return highest is not None and valence >= highest


def _signs(structure: Structure, metals: list[int]) -> np.ndarray:
    """Return +1 or -1 for each atom: of its row, or for what is no metal that of the nearest."""
    signs = np.ones(len(structure))
    if not metals:
        return signs
    signs[metals] = alternating_rows(structure, metals)
    nearest = np.argmin(structure.distance_matrix[:, metals], axis=1)
    signs[:] = signs[np.array(metals)[nearest]]
    return signs
