"""Initial magnetic moments from formal charges, ferromagnetic or in antiferromagnetic rows.

A moment is the start of a self-consistent calculation, not a result. Delithiation oxidises the
cations in a fixed order and then the oxygen; an oxygen vacancy reduces them again. The change is
shared evenly among the atoms of an element, which keeps the symmetry of the cell: the calculation
itself decides where charge localises.

Alternating rows of nearest neighbours are the collinear order of a triangular layer with the most
antiparallel pairs, four of six. Rows at distance h alternate as a wave of length 2 h, so the order
fits a cell if such a wave is among its reciprocal vectors.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.chemistry.element_table import ELEMENTS, LOW_SPIN_START, symbols_of
from llo_dft.chemistry.formal_charges import element_charges, formal_charges
from llo_dft.chemistry.roles import element_role
from llo_dft.documents.atom_identity import BARE_SITE, COATING
from llo_dft.errors import InputError
from llo_dft.typing import FloatArray, IntArray, MagneticOrder

#: Heights that differ by less belong to one layer, angstrom; layers are 4.7 apart.
_LAYER_GAP: Final = 1.5

#: Largest relative deviation of the wavelength from that of an ideal triangular layer; in a
#: strained or relaxed cell the rows have slightly other distances.
_LENGTH_TOLERANCE: Final = 0.15

#: Largest distance of a metal from its row, in units of the distance between rows.
_OFF_ROW: Final = 0.25


class MagneticOrderError(InputError):
    """A magnetic order that does not fit a cell; the message says which cells it fits."""


def unpaired_electrons(element: str, charge: float) -> float:
    """Return the unpaired electrons of an ion, interpolated linearly between integer charges.

    An element without d electrons in the table has a closed shell. O has one for each electron
    missing from O2-.
    """
    if element == "O":
        return max(0.0, charge - ELEMENTS["O"].charge)
    if element not in ELEMENTS or not ELEMENTS[element].unpaired_electrons:
        return 0.0
    known = sorted(ELEMENTS[element].unpaired_electrons.items())
    return float(np.interp(charge, [q for q, _ in known], [n for _, n in known]))


def initial_moments(structure: Structure, order: MagneticOrder) -> list[float]:
    """Return the initial moment of each atom, Bohr magnetons.

    Raises ``MagneticOrderError`` if rows can't alternate in this cell; ``ValueError`` if an element
    has no formal charge here.

    The structure is a layered oxide, its slab with or without a coating, or anything without O (all
    zero). The atoms of a coating, known by their identities (``documents.atom_identity``), have
    their usual charges: the oxide gives or takes the electrons. With the order "rows", rows of
    metals within each layer alternate; "lower", the lower of the two, is not known before a
    calculation and starts as "ferro".
    """
    symbols = symbols_of(structure)
    coating = _coating(structure)
    oxide = Counter(symbol for i, symbol in enumerate(symbols) if i not in coating)
    usual = dict(zip(symbols, formal_charges(symbols), strict=True)) if coating else {}
    sizes = _sizes(element_charges(oxide, -float(sum(usual[symbols[i]] for i in coating))))
    beside = _sizes(usual)
    moments = np.array([(beside if i in coating else sizes)[s] for i, s in enumerate(symbols)])
    if order == "rows":
        metals = [i for i, s in enumerate(symbols) if element_role(s) == "framework" and moments[i]]
        moments *= _signs(structure, metals)
    return [float(moment) for moment in moments]


def with_initial_moments(structure: Structure, order: MagneticOrder) -> Structure:
    """Return a copy with ``initial_moments`` as its site property "magmom".

    A structure that already has moments, such as a molecule, keeps them.

    Raises ``MagneticOrderError`` if rows can't alternate in this cell; ``ValueError`` if an element
    has no formal charge here.
    """
    copy = structure.copy()
    if "magmom" not in structure.site_properties:
        copy.add_site_property("magmom", initial_moments(structure, order))
    return copy


def _coating(structure: Structure) -> set[int]:
    """Return the sites of the coating on an oxide; empty for a coating alone."""
    found = structure.site_properties.get(BARE_SITE, [])
    coating = {i for i, site in enumerate(found) if site == COATING}
    return coating if len(coating) < len(structure) else set()


def _sizes(charges: Mapping[str, float]) -> dict[str, float]:
    """Return the magnitude of the initial moment of each element with these charges."""
    sizes = {element: unpaired_electrons(element, q) for element, q in charges.items()}
    for element, charge in charges.items():
        if "O" in sizes and _has_d_electrons(element, charge):
            sizes[element] = max(sizes[element], LOW_SPIN_START)
    return sizes


def _has_d_electrons(element: str, charge: float) -> bool:
    """Tell whether an ion has a d shell that can be polarised."""
    known = ELEMENTS.get(element)
    if known is None or not known.unpaired_electrons:
        return False
    return known.empty_shell_charge is None or charge < known.empty_shell_charge


def _signs(structure: Structure, metals: list[int]) -> np.ndarray:
    """Return +1 or -1 for each atom: that of its row, or of the nearest metal for other atoms."""
    signs = np.ones(len(structure))
    if not metals:
        return signs
    signs[metals] = alternating_rows(structure, metals)
    nearest = np.argmin(structure.distance_matrix[:, metals], axis=1)
    signs[:] = signs[np.array(metals)[nearest]]
    return signs


def alternating_rows(structure: Structure, metals: list[int]) -> IntArray:
    """Return +1 or -1 for each metal: rows of nearest neighbours within a layer alternate.

    The first metal of each layer, in the order of sites, points up, so that a slab and the same
    slab without some O or Li have the same order.

    Raises ``MagneticOrderError`` if no alternating rows fit the cell.

    The layers are parallel to the first two lattice vectors; ``metals`` are the sites of the metals
    of the layers, not empty.
    """
    vectors, coords = _along_the_plane(structure)
    in_plane, heights = coords[metals, :2], coords[metals, 2]
    signs = np.ones(len(metals), dtype=np.int64)
    for layer in _layers(heights, abs(float(vectors[2, 2]))):
        # c is tilted: an atom wrapped into the next period lies elsewhere in the plane
        periods = np.round((heights[layer] - heights[layer[0]]) / vectors[2, 2])
        points = in_plane[layer] - periods[:, None] * vectors[2, :2]
        signs[layer] = _row_signs(points, vectors[:2, :2])
    return signs


def _along_the_plane(structure: Structure) -> tuple[FloatArray, FloatArray]:
    """Return lattice vectors and atoms on axes of which the first two span a and b."""
    a, b, _ = structure.lattice.matrix
    normal = np.cross(a, b)
    normal /= np.linalg.norm(normal)
    x = a / np.linalg.norm(a)
    axes = np.column_stack([x, np.cross(normal, x), normal])
    return structure.lattice.matrix @ axes, structure.cart_coords @ axes


def _layers(heights: FloatArray, period: float) -> list[IntArray]:
    """Return which heights belong to one layer; they repeat with the period."""
    wrapped = np.mod(heights, period)
    order = np.argsort(wrapped, kind="stable")
    gaps = np.diff(np.append(wrapped[order], wrapped[order[0]] + period))
    ends = np.flatnonzero(gaps > _LAYER_GAP)
    if not ends.size:
        return [np.arange(len(heights))]
    rolled = np.roll(order, -(int(ends[-1]) + 1))
    sizes = np.diff(ends, prepend=ends[-1] - len(order))
    return [np.sort(part) for part in np.split(rolled, np.cumsum(sizes)[:-1])]


def _row_signs(points: FloatArray, vectors: FloatArray) -> IntArray:
    """Return the signs of one layer's metals, shape (n,); ``points`` has shape (n, 2)."""
    length = np.sqrt(3) * _neighbour_distance(points, vectors)
    reciprocal = np.linalg.inv(vectors).T
    most = np.ceil(np.linalg.norm(vectors, axis=1) * (1 + _LENGTH_TOLERANCE) / length).astype(int)
    best: tuple[float, IntArray] | None = None
    for m in range(most[0] + 1):
        for n in range(-most[1], most[1] + 1):
            wave = np.array([m, n]) @ reciprocal
            size = float(np.linalg.norm(wave))
            if abs(size * length - 1) > _LENGTH_TOLERANCE:
                continue
            rows = 2 * (points - points[0]) @ wave
            off_row = float(np.abs(rows - np.round(rows)).max())
            if off_row < _OFF_ROW and (best is None or off_row < best[0] - _OFF_ROW / 100):
                best = off_row, np.where(np.round(rows) % 2 == 0, 1, -1)
    if best is None:
        raise MagneticOrderError(
            'magnetic_order = "rows" does not fit: no rows of neighbouring metals alternate with '
            "this cell's period; use a supercell that is even in both directions "
            '(cathode.supercell), or "ferro"'
        )
    return best[1]


def _neighbour_distance(points: FloatArray, vectors: FloatArray) -> float:
    """Return the median distance of a metal to its nearest neighbour in the layer, angstrom."""
    shifts = np.array([[i, j] for i in (-1, 0, 1) for j in (-1, 0, 1)]) @ vectors
    between = points[:, None, None, :] + shifts - points[None, :, None, :]
    lengths = np.linalg.norm(between, axis=-1)
    lengths[lengths < _LAYER_GAP] = np.inf  # itself
    return float(np.median(lengths.min(axis=(1, 2))))
