"""All symmetry-distinct ways to take Li out of a cell, as long as they can be listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.builders.cathode.bulk import tm_layer_sites
from llo_dft.builders.ordering.arrangement_search import ewald_matrix
from llo_dft.builders.ordering.site_subsets import count_orbits, site_group, subset_orbits
from llo_dft.builders.surface.symmetry import SYMMETRY_TOLERANCE
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.formal_charges import formal_charges, hole_shares
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymatgen.core.structure import Structure

    from llo_dft.typing import FloatArray

#: Distinct orderings that are listed; more want the search.
MAX_ORDERINGS: Final = 100_000

#: Orderings whose energies are computed at once.
ENERGIES_AT_ONCE: Final = 4096


class DelithiationError(InputError):
    """Li that a structure can't lose."""


@dataclass(frozen=True)
class DistinctOrdering:
    """One of the symmetry-distinct ways to take Li out.

    Attributes
    ----------
    removed
        Sites that are emptied, ascending: the lexicographically first of the equivalent ways.
    degeneracy
        Number of equivalent ways.
    n_li_layer, n_tm_layer
        Li that may go and stay, in the Li layers and in the TM layers.
    """

    removed: tuple[int, ...]
    degeneracy: int
    n_li_layer: int
    n_tm_layer: int


def count_distinct_orderings(
    structure: Structure,
    n_removed: int,
    *,
    lithium: Sequence[int] | None = None,
    tolerance: float = SYMMETRY_TOLERANCE,
) -> int:
    """Return how many symmetry-distinct ways there are to take out Li, without listing them.

    Parameters and errors as in :func:`distinct_orderings`.
    """
    mobile = _mobile(structure, lithium, n_removed)
    return count_orbits(site_group(structure, mobile, tolerance), n_removed)


def distinct_orderings(
    structure: Structure,
    n_removed: int,
    *,
    lithium: Sequence[int] | None = None,
    max_orderings: int = MAX_ORDERINGS,
    tolerance: float = SYMMETRY_TOLERANCE,
) -> list[DistinctOrdering]:
    """List all symmetry-distinct ways to take a number of Li out of a cell.

    Two ways are the same if an operation of the space group of this cell with all its Li
    takes one into the other. A supercell may have lost operations of the crystal; orderings
    that only those would relate are listed as different.

    Parameters
    ----------
    structure
        The cell with all its Li.
    n_removed
        Li to take out.
    lithium
        Sites that may be emptied (a coating's Li can be left out); all Li if None.
    max_orderings
        The most to list. They are counted first, so that too many cost no time.
    tolerance
        Of the symmetry, angstrom.

    Returns
    -------
    In lexicographic order of ``removed``. The degeneracies sum to the binomial coefficient.

    Raises
    ------
    DelithiationError
        If the sites are not Li, do not suffice, or there are more orderings than
        ``max_orderings``.
    ValueError
        If the symmetry holds only near the tolerance.
    """
    mobile = _mobile(structure, lithium, n_removed)
    group = site_group(structure, mobile, tolerance)
    count = count_orbits(group, n_removed)
    if count > max_orderings:
        raise DelithiationError(
            f"{n_removed} of {len(mobile)} Li leave {structure.formula} in {count} distinct ways, "
            f"more than max_orderings = {max_orderings}: take a smaller cell or raise "
            "max_orderings, or let delithiate search for the one of lowest energy"
        )
    subsets, degeneracies = subset_orbits(group, n_removed)
    removed = np.array(mobile)[subsets]
    in_sheet = np.isin(mobile, tm_layer_sites(structure))
    from_sheet = in_sheet[subsets].sum(axis=1)
    n_sheet = int(in_sheet.sum())
    return [
        DistinctOrdering(
            removed=tuple(sites),
            degeneracy=degeneracy,
            n_li_layer=len(mobile) - n_sheet - n_removed + gone,
            n_tm_layer=n_sheet - gone,
        )
        for sites, degeneracy, gone in zip(
            removed.tolist(), degeneracies.tolist(), from_sheet.tolist(), strict=True
        )
    ]


def _mobile(structure: Structure, lithium: Sequence[int] | None, n_removed: int) -> list[int]:
    """Return the Li that may go, ascending."""
    all_li = [i for i, symbol in enumerate(symbols_of(structure)) if symbol == "Li"]
    mobile = all_li if lithium is None else sorted(set(lithium))
    if not set(mobile) <= set(all_li):
        others = sorted(set(mobile) - set(all_li))
        raise DelithiationError(f"expected Li sites of {structure.formula}, got also {others}")
    if not 0 <= n_removed <= len(mobile):
        raise DelithiationError(
            f"{n_removed} Li can't leave {structure.formula}: expected 0 to {len(mobile)}"
        )
    return mobile


def ordering_energies(structure: Structure, orderings: Sequence[DistinctOrdering]) -> FloatArray:
    """Return the (n,) Ewald energies of orderings, in eV, defined as in ``LithiumRemoval``.

    Parameters
    ----------
    structure
        The cell with all its Li.
    orderings
        Of that cell; any numbers of removed Li.

    Raises
    ------
    InputError
        If the structure can't give so many electrons.
    """
    matrix = ewald_matrix(structure)
    symbols = symbols_of(structure)
    full = np.array(formal_charges(symbols, symbols))
    charged = {n: full + hole_shares(structure, n) for n in {len(o.removed) for o in orderings}}
    energies = np.empty(len(orderings))
    for start in range(0, len(orderings), ENERGIES_AT_ONCE):
        some = orderings[start : start + ENERGIES_AT_ONCE]
        charges = np.array([charged[len(ordering.removed)] for ordering in some])
        for row, ordering in zip(charges, some, strict=True):
            row[list(ordering.removed)] = 0.0
        energies[start : start + len(some)] = ((charges @ matrix) * charges).sum(axis=1)
    return energies


def delithiated(structure: Structure, removed: Sequence[int]) -> Structure:
    """Return a copy of a structure without the sites ``removed``."""
    emptied = structure.copy()
    emptied.remove_sites(list(removed))
    return emptied
