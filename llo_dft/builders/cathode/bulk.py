"""Bulk Li-rich layered oxides: a composition on an in-plane supercell, ordered.

The cell is the C2/m one of Li2MnO3 repeated in the plane: a and b span the layer; one O-TM-O sheet
and one Li layer are stacked along c.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.cathode.arrangements import SiteOrdering, Sublattice, arrangements, chosen
from llo_dft.builders.cathode.composition import (
    CompositionError,
    LayerComposition,
    parse_formula,
    realise,
)
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.roles import element_role
from llo_dft.typing import KeptOperation, Supercell

#: Height of O above its TM layer in units of the layer spacing, from LiCoO2 (z(O) = 0.2605).
OXYGEN_HEIGHT: Final = 3 * (1 / 3 - 0.2605)

#: Images of one site in the ideal layers lie this close, angstrom.
_SAME_SITE: Final = 0.01


@dataclass(frozen=True)
class BulkModel:
    """A bulk LLO and how it was made."""

    structure: Structure
    """Ordered cell; a and b in the plane of the layers. Sorted by electronegativity."""
    layer: LayerComposition
    """The composition of its TM layer, and how far it is from the requested one."""
    ordering_energy_ev: float
    """Ewald energy of the chosen ordering with formal charges, eV per cell."""


def ideal_scaffold(lattice: Lattice) -> Structure:
    """Return LiMO2 with undistorted O3 stacking in a C2/m cell, with Mn as M.

    Of ``lattice``, the cell of Li2MnO3 in C2/m, a and layer spacing are kept; b = sqrt(3) a and a
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


def hexagonal_scaffold(lattice: Lattice) -> Structure:
    """Return the primitive cell of ``ideal_scaffold``: a and b span one site of each layer."""
    wide = ideal_scaffold(lattice)
    a, b, c = wide.lattice.matrix
    cell = Structure(
        Lattice([a / 2 - b / 6, b / 3, c]),
        wide.species,
        wide.cart_coords,
        coords_are_cartesian=True,
    )
    return cell.merge_sites(tol=_SAME_SITE, mode="delete")


def on_supercell(crystal: Structure, supercell: Supercell) -> Structure:
    """Return a crystal on a supercell in its plane of a and b."""
    if isinstance(supercell[0], int):
        return crystal.make_supercell([*supercell, 1], in_place=False)
    rows = [[*row, 0] for row in supercell]
    return crystal.make_supercell([*rows, [0, 0, 1]], in_place=False)


def _honeycomb_sites(scaffold: Structure, shape: Supercell, sheet: list[int]) -> set[int]:
    """Return every third site of a hexagonal metal layer, as Li of Li2MnO3 has them.

    Raises ``CompositionError`` if the cell does not repeat this honeycomb.
    """
    if any((row[0] + row[1]) % 3 for row in shape):  # type: ignore[index]
        raise CompositionError(
            f'cathode.shape = {shape} holds no whole honeycomb; use ordering = "ewald"'
        )
    steps = np.array(shape)
    on_cell = np.array(
        [scaffold[i].frac_coords[:2] - scaffold[sheet[0]].frac_coords[:2] for i in sheet]
    )
    return {i for i, at in zip(sheet, np.round(on_cell @ steps), strict=True) if at.sum() % 3 == 0}


def build_bulk(  # noqa: PLR0913 (each is a key of the recipe)
    li2mno3: Structure,
    formula: str,
    *,
    supercell: Supercell,
    ordering: SiteOrdering,
    seed: int,
    tolerance: float,
    replica: int = 0,
    kept: KeptOperation = "turn",
) -> BulkModel:
    """Build a bulk LLO of a composition.

    Raises ``CompositionError`` if the supercell can't realise the composition within the tolerance,
    can't be ordered symmetrically, or has fewer distinct arrangements.

    Parameters
    ----------
    li2mno3
        Li2MnO3 in its C2/m cell (12 TM-layer and Li-layer cations); gives the lattice, and
        with ``honeycomb`` the positions.
    formula
        Composition, for example "Li1.2Mn0.54Ni0.13Co0.13O2".
    supercell
        Repeats of the C2/m cell along a and b, or two vectors on the hexagonal a and b of its
        layers; of the latter honeycombs only those with every third site of an undistorted layer.
    ordering
        ``honeycomb``: Li of the TM layer only on the Li sites of Li2MnO3. ``ewald``: anywhere.
        Within that, the arrangement of lowest Ewald energy. ``sqs``: anywhere, pairs of elements
        as in a random alloy.
    seed
        Seed of the search.
    tolerance
        Largest deviation of any element per O2 that is accepted.
    replica
        Which arrangement of the metals, counted from the best, 0.
    kept
        The operation that it keeps, so that a slab cut from it is symmetric.
    """
    per_o2 = parse_formula(formula)
    sheared = not isinstance(supercell[0], int)
    if sheared:
        scaffold = hexagonal_scaffold(li2mno3.lattice)
    else:
        scaffold = li2mno3 if ordering == "honeycomb" else ideal_scaffold(li2mno3.lattice)
    scaffold = on_supercell(scaffold.copy(site_properties={}), supercell)
    sheet = tm_layer_sites(scaffold)
    layer = realise(per_o2, len(sheet))
    if layer.deviation > tolerance:
        raise CompositionError(
            f"supercell {list(supercell)} can't realise {formula}: its {len(sheet)} TM-layer sites "
            f"come no closer than {layer.formula}, off by {layer.deviation:.3f} per O2 "
            f"(allowed {tolerance})"
        )
    lithium_sites = {i for i in sheet if scaffold[i].specie.symbol == "Li"}
    if sheared and ordering == "honeycomb" and "Li" in layer.counts:
        lithium_sites = _honeycomb_sites(scaffold, supercell, sheet)
    if ordering == "honeycomb" and layer.counts.get("Li", 0) > len(lithium_sites):
        raise CompositionError(
            f"{formula}: honeycomb ordering has {len(lithium_sites)} Li sites in the TM layer, "
            f'but {layer.counts["Li"]} Li must go there; use ordering = "ewald"'
        )
    free = frozenset(lithium_sites) if ordering == "honeycomb" else None
    for site in sheet:
        scaffold.replace(site, "Mn")
    orders = arrangements(
        scaffold,
        [Sublattice(sheet, layer.counts, free)],
        ordering=ordering,
        kept=kept,
        seed=seed,
    )
    arrangement = chosen(orders, replica, f"{formula} on supercell {list(supercell)}")
    for site, symbol in arrangement.elements.items():
        scaffold.replace(site, symbol)
    return BulkModel(scaffold.get_sorted_structure(), layer, arrangement.energy_ev)


def tm_layer_sites(structure: Structure) -> list[int]:
    """Return the indices of the cations that share a plane with transition metals.

    Raises ``CompositionError`` if there is no transition metal.
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
