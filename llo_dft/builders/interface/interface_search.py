"""Search for the best interface: every distinct registry and gap, ranked.

Candidates with atoms too close are rejected; the rest are scored by how well the bonds near the
interface satisfy every atom's valence.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NoReturn

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.builders.interface.build_interface import Assembly, InterfaceModel
from llo_dft.builders.interface.contacts import Contact
from llo_dft.builders.interface.registries import registry_grid
from llo_dft.builders.matching.common_cell import InterfaceError, share_cell
from llo_dft.builders.matching.lattice_match import LatticeMatch
from llo_dft.chemistry.bond_valence import BondValences
from llo_dft.typing import IntArray

#: Atoms of the oxide slab and of the coating within this depth of their outermost one count in the
#: score, angstrom: the outer O-TM-O half sheet with its Li, and one PO4 layer.
SCORED_DEPTH: Final = 3.0

#: Scores that differ by less count as equal; then the earlier registry and gap comes first.
SCORE_DECIMALS: Final = 8


@dataclass(frozen=True, eq=False)
class RankedInterface:
    """One interface and its score."""

    assembly: Assembly
    registry: tuple[float, float]
    gap: float
    """assembly, registry, gap: its parts; it is built when ``model`` is accessed."""
    score: float
    """Global instability index near the interface, e."""

    @cached_property
    def model(self) -> InterfaceModel:
        """The interface."""
        return self.assembly.build(self.registry, self.gap)


def search_interfaces(
    llo: Structure,
    coating: Structure,
    match: LatticeMatch,
    *,
    spacing: float,
    gaps: Sequence[float],
    vacuum: float,
    termination: str,
) -> list[RankedInterface]:
    """Rank the usable interfaces of a grid of registries and gaps, best first.

    Raises ``InterfaceError`` if there is nothing to try, or everything is left out; then the least
    bad contact is named.

    ``spacing`` is that of the registries, angstrom (see ``registry_grid``), ``gaps`` are those to
    try, angstrom (see ``InterfaceModel``), ``termination`` is the coating's, for the message. Other
    arguments are as for ``share_cell`` and ``Assembly``.
    """
    if not len(gaps) or not np.isfinite(gaps).all():
        raise InterfaceError(f"gaps must be at least one number in angstrom, got {list(gaps)}")
    assembly = Assembly(share_cell(llo, coating, match), vacuum)
    valences = BondValences(assembly.symbols, _near_interface(assembly))
    ranked: list[RankedInterface] = []
    rejected: list[tuple[Contact, tuple[float, float], float]] = []
    for registry, gap in _places(assembly, spacing, gaps):
        if contacts := assembly.contacts(registry, gap):
            rejected.append((contacts[0], registry, gap))
            continue
        score = valences.instability(*assembly.coordinates(registry, gap))
        ranked.append(RankedInterface(assembly, registry, gap, score))
    if not ranked:
        _raise_all_rejected(rejected, termination)
    return sorted(ranked, key=lambda item: round(item.score, SCORE_DECIMALS))


def _near_interface(assembly: Assembly) -> IntArray:
    """Return the sites that the score counts."""
    low = assembly.cell.llo.cart_coords[:, 2]
    high = assembly.cell.coating.cart_coords[:, 2]
    llo = assembly.llo_sites[low > low.max() - SCORED_DEPTH]
    coating = assembly.coating_sites[high < high.min() + SCORED_DEPTH]
    return np.concatenate([llo, coating])


def _places(
    assembly: Assembly, spacing: float, gaps: Sequence[float]
) -> Iterator[tuple[tuple[float, float], float]]:
    """Yield each registry and each gap."""
    for registry in registry_grid(assembly.cell.llo, assembly.cell.coating, spacing):
        for gap in gaps:
            yield registry.shift, float(gap)


def _raise_all_rejected(
    rejected: Sequence[tuple[Contact, tuple[float, float], float]], termination: str
) -> NoReturn:
    """Name the least bad of the interfaces: its worst contact, registry and gap."""
    counts = Counter(contact.kind for contact, *_ in rejected)
    summary = ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()))
    contact, registry, gap = max(rejected, key=lambda one: one[0].distance / one[0].shortest)
    raise InterfaceError(
        f"all {len(rejected)} interfaces have atoms too close ({summary}); the least bad, "
        f"termination {termination!r} at registry ({registry[0]:.3f}, {registry[1]:.3f}) and gap "
        f"{gap:g}, has {contact}. Try larger gaps, a finer grid of registries, or another "
        "termination"
    )
