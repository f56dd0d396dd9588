"""Bulk Li-rich layered oxides: a composition on an in-plane supercell, ordered.

The cell is the C2/m one of Li2MnO3 repeated in the plane: a and b span the layer, and one
O-TM-O sheet and one Li layer follow each other along c.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.cathode.composition import (
    CompositionError,
    LayerComposition,
    parse_formula,
    realise,
)
from llo_dft.builders.ordering.arrangement_search import (
    OrderingError,
    OrderingProblem,
    ewald_matrix,
    low_lying,
    reduce_to_blocks,
)
from llo_dft.builders.surface.symmetry import orbits, top_bottom_permutations
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.formal_charges import element_charges
from llo_dft.chemistry.roles import element_role

if TYPE_CHECKING:
    from llo_dft.typing import FloatArray, IntArray

#: Height of O above its TM layer in units of the layer distance, from LiCoO2 (z(O) = 0.2605).
OXYGEN_HEIGHT: Final = 3 * (1 / 3 - 0.2605)

#: Supercells tried when suggesting one that holds a composition.
LARGEST_SUGGESTION: Final = 6

#: Descents of the search; there are at most a few dozen blocks in one TM layer.
ORDERING_STARTS: Final = 50

#: Arrangements whose energies agree to this (eV per cell) are images of each other.
SAME_ENERGY_EV: Final = 1e-6

TmOrdering = Literal["honeycomb", "ewald"]


@dataclass(frozen=True)
class BulkModel:
    """A bulk LLO and how it was made.

    Attributes
    ----------
    structure
        Ordered cell; a and b in the plane of the layers. Sorted by electronegativity.
    layer
        The composition of its TM layer against the requested one.
    ordering_energy_ev
        Ewald energy of the chosen ordering with formal charges, eV per cell.
    """

    structure: Structure
    layer: LayerComposition
    ordering_energy_ev: float


def ideal_scaffold(lattice: Lattice) -> Structure:
    """Return LiMO2 with undistorted O3 stacking in a C2/m cell; M stands as Mn.

    Parameters
    ----------
    lattice
        Cell of Li2MnO3 in C2/m: its a and layer distance are kept; b = sqrt(3) a and a
        layer shift of a/3 make the sheets exactly hexagonal.
    """
    a = lattice.a
    spacing = lattice.volume / np.linalg.norm(np.cross(lattice.matrix[0], lattice.matrix[1]))
    cell = Lattice([[a, 0, 0], [0, np.sqrt(3) * a, 0], [-a / 3, 0, spacing]])
    height = OXYGEN_HEIGHT
    x_oxygen = 1 / 6 + height / 3
    sites: list[tuple[str, tuple[float, float, float]]] = []
    for shift in (0.0, 0.5):  # the C centring
        for third in range(3):
            y = third / 3 + shift
            sites += [
                ("Mn", (shift, 1 / 6 + y, 0.0)),
                ("Li", (shift, y, 0.5)),
                ("O", (x_oxygen + shift, y, height)),
                ("O", (-x_oxygen + shift, y, -height)),
            ]
    species, coords = zip(*sites, strict=True)
    return Structure(cell, species, np.mod(coords, 1.0)).get_sorted_structure()


def build_bulk(
    li2mno3: Structure,
    formula: str,
    *,
    supercell: tuple[int, int],
    ordering: TmOrdering,
    seed: int,
    tolerance: float,
    replica: int = 0,
) -> BulkModel:
    """Build a bulk LLO of a composition.

    Parameters
    ----------
    li2mno3
        Li2MnO3 in its C2/m cell (12 TM-layer and Li-layer cations); gives the lattice, and
        with ``honeycomb`` the positions.
    formula
        Composition, for example "Li1.2Mn0.54Ni0.13Co0.13O2".
    supercell
        Repeats of the C2/m cell along a and b.
    ordering
        ``honeycomb``: Li of the TM layer only on the Li sites of Li2MnO3. ``ewald``: anywhere.
        Within that, the arrangement of lowest Ewald energy that keeps an operation which
        turns the layer over (a slab cut from it is then symmetric).
    seed
        Seed of the search.
    tolerance
        Largest deviation of any element per O2 that is accepted.
    replica
        Which arrangement of the metals, counted by energy from the lowest, 0.

    Raises
    ------
    CompositionError
        If the supercell can't hold the composition within the tolerance, can't be
        ordered symmetrically, or has fewer distinct arrangements.
    """
    per_o2 = parse_formula(formula)
    scaffold = li2mno3 if ordering == "honeycomb" else ideal_scaffold(li2mno3.lattice)
    scaffold = scaffold.copy(site_properties={})
    scaffold.make_supercell([supercell[0], supercell[1], 1])
    sheet = tm_layer_sites(scaffold)
    layer = realise(per_o2, len(sheet))
    if layer.deviation > tolerance:
        raise CompositionError(
            f"supercell {list(supercell)} can't hold {formula}: its {len(sheet)} TM-layer sites "
            f"come no nearer than {layer.formula}, off by {layer.deviation:.3f} per O2 "
            f"(allowed {tolerance}). {_suggestion(per_o2, len(sheet), supercell, tolerance)}"
        )
    lithium_sites = {i for i in sheet if scaffold[i].specie.symbol == "Li"}
    if ordering == "honeycomb" and layer.counts.get("Li", 0) > len(lithium_sites):
        raise CompositionError(
            f"{formula}: honeycomb ordering has {len(lithium_sites)} Li sites in the TM layer, "
            f'but {layer.counts["Li"]} Li must go there; use ordering = "ewald"'
        )
    orders = _sheet_orders(
        scaffold, sheet, layer.counts, lithium_sites if ordering == "honeycomb" else None, seed
    )
    if replica >= len(orders):
        raise CompositionError(
            f"{formula} on supercell {list(supercell)} has {len(orders)} distinct arrangements of "
            f"its metals that the search finds, expected at least {replica + 1}: use fewer "
            "replicas, or a larger supercell"
        )
    energy, symbols = orders[replica]
    structure = scaffold.copy()
    for site, symbol in zip(sheet, symbols, strict=True):
        structure.replace(site, symbol)
    return BulkModel(structure.get_sorted_structure(), layer, energy)


def tm_layer_sites(structure: Structure) -> list[int]:
    """Return the indices of the cations that share a plane with transition metals.

    Raises
    ------
    CompositionError
        If there is no transition metal.
    """
    heights = np.mod(structure.frac_coords[:, 2] + 1e-6, 1.0)
    symbols = symbols_of(structure)
    metals = [i for i, symbol in enumerate(symbols) if element_role(symbol) == "framework"]
    if not metals:
        raise CompositionError(f"{structure.formula} has no transition metal")
    width = 1.0 / np.linalg.norm(structure.lattice.reciprocal_lattice_crystallographic.matrix[2])
    sheet: list[int] = []
    for i, symbol in enumerate(symbols):
        if symbol == "O":
            continue
        apart = np.abs(heights[metals] - heights[i])
        if (np.minimum(apart, 1 - apart) * width).min() < 1.0:
            sheet.append(i)
    return sheet


def _sheet_orders(
    scaffold: Structure,
    sheet: list[int],
    counts: dict[str, int],
    lithium_sites: set[int] | None,
    seed: int,
) -> list[tuple[float, list[str]]]:
    """Return the symmetric arrangements found: energy (eV), and the element of each sheet site.

    Lowest first, one of each energy; the first is the minimum of the search.
    """
    blank = scaffold.copy()
    for site in sheet:
        blank.replace(site, "Mn")
    matrix = ewald_matrix(blank)
    others = {i: s for i, s in enumerate(symbols_of(blank)) if i not in set(sheet)}
    by_element = element_charges(Counter(others.values()) + Counter(counts))
    fixed = np.array([by_element[others[i]] if i in others else 0.0 for i in range(len(blank))])
    constant = float(fixed @ matrix @ fixed)
    names = sorted(counts)
    charges = np.array([by_element[name] for name in names])
    found: list[tuple[float, list[str]]] = []
    for permutation in _sheet_permutations(blank, sheet):
        blocks = orbits(sheet, permutation)
        problem = _sheet_problem(
            reduce_to_blocks(matrix, fixed, blocks), charges, blocks, counts, lithium_sites
        )
        try:
            assignments = low_lying(problem, seed=seed, starts=ORDERING_STARTS)
        except OrderingError:
            continue
        for assignment in assignments:
            element = {
                site: names[s]
                for block, s in zip(blocks, assignment, strict=True)
                for site in block
            }
            energy = problem.energy_ev(assignment) + constant
            if all(abs(energy - other) > SAME_ENERGY_EV for other, _ in found):
                found.append((energy, [element[site] for site in sheet]))
    if not found:
        raise CompositionError(
            f"no arrangement of {counts} on {len(sheet)} sites keeps an operation that turns the "
            "layer over, so no symmetric slab could be cut; use another supercell"
        )
    return sorted(found, key=lambda order: order[0])


def _sheet_permutations(blank: Structure, sheet: list[int]) -> list[IntArray]:
    """Return one operation for each way to pair up the sheet's sites."""
    pairings: dict[tuple[int, ...], IntArray] = {}
    for permutation in top_bottom_permutations(blank):
        pairings.setdefault(tuple(permutation[sheet].tolist()), permutation)
    return list(pairings.values())


def _sheet_problem(
    reduced: tuple[FloatArray, FloatArray, IntArray],
    charges: FloatArray,
    blocks: list[list[int]],
    counts: dict[str, int],
    lithium_sites: set[int] | None,
) -> OrderingProblem:
    names = sorted(counts)
    allowed = np.ones((len(blocks), len(names)), dtype=bool)
    if lithium_sites is not None and "Li" in names:
        allowed[:, names.index("Li")] = [set(block) <= lithium_sites for block in blocks]
    numbers = np.array([counts[name] for name in names], dtype=np.int64)
    return OrderingProblem(*reduced, charges, numbers, allowed)


def _suggestion(
    per_o2: dict[str, float], n_sites: int, supercell: tuple[int, int], tolerance: float
) -> str:
    per_cell = n_sites // (supercell[0] * supercell[1])
    for cells in range(1, LARGEST_SUGGESTION + 1):
        layer = realise(per_o2, cells * per_cell)
        if layer.deviation <= tolerance:
            return (
                f"The smallest supercell that holds it has {cells} cells, for example "
                f"[{cells}, 1]: {layer.formula}, off by {layer.deviation:.3f}"
            )
    return f"No supercell of up to {LARGEST_SUGGESTION} cells holds it; allow a larger tolerance"
