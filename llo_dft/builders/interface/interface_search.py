"""Search for the best interface: every distinct registry, gap and termination, ranked.

Candidates with atoms too close are rejected; the rest are scored, by an engine's energy or, by
default, by how well the bonds near the interface satisfy every atom's valence.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NoReturn, TypeAlias

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.builders.interface.build_interface import Assembly, InterfaceModel
from llo_dft.builders.interface.contacts import Contact
from llo_dft.builders.interface.registries import registry_grid
from llo_dft.builders.matching.common_cell import InterfaceError, share_cell
from llo_dft.builders.matching.lattice_match import LatticeMatch
from llo_dft.chemistry.bond_valence import BondValences
from llo_dft.typing import IntArray

Score: TypeAlias = Callable[[Structure], float]

#: Atoms of the oxide slab and of the coating within this depth of their outermost one count in the
#: default score, angstrom: the outer O-TM-O half sheet with its Li, and one PO4 layer.
SCORED_DEPTH: Final = 3.0

#: Scores that differ by less count as equal; then the earlier termination, registry and gap
#: comes first.
SCORE_DECIMALS: Final = 8


@dataclass(frozen=True, eq=False)
class RankedInterface:
    """One interface and its score.

    Attributes
    ----------
    assembly, registry, gap
        Its parts; it is built when ``model`` is accessed.
    score
        In the unit of the score function; by default the global instability index near the
        interface, e.
    multiplicity
        Grid points of registries that give this interface.
    """

    assembly: Assembly
    registry: tuple[float, float]
    gap: float
    score: float
    multiplicity: int

    @cached_property
    def model(self) -> InterfaceModel:
        """The interface."""
        return self.assembly.build(self.registry, self.gap)


@dataclass(frozen=True)
class Rejection:
    """One interface that was left out.

    Attributes
    ----------
    termination, registry, gap
        Its termination, registry and gap.
    contact
        Its worst short contact, with site indices of that interface; None if its score was not
        finite.
    """

    termination: str
    registry: tuple[float, float]
    gap: float
    contact: Contact | None

    @property
    def reason(self) -> str:
        """Kind of the short contact, or 'score'."""
        return "score" if self.contact is None else self.contact.kind


@dataclass(frozen=True, eq=False)
class InterfaceSearch:
    """The result of a search.

    Attributes
    ----------
    ranked
        The best ones, best first.
    rejected
        All that were left out.
    n_accepted
        How many were scored, including those not kept.
    """

    ranked: tuple[RankedInterface, ...]
    rejected: tuple[Rejection, ...]
    n_accepted: int


def search_interfaces(  # noqa: PLR0913 (each is a separate input)
    llo: Structure,
    coatings: Mapping[str, Structure],
    match: LatticeMatch,
    *,
    spacing: float,
    gaps: Sequence[float],
    keep: int,
    vacuum: float,
    score: Score | None = None,
) -> InterfaceSearch:
    """Build every interface of a grid of registries and gaps, and rank the usable ones.

    Parameters
    ----------
    llo, match, vacuum
        As for ``share_cell`` and ``Assembly``.
    coatings
        Coating slabs by name of termination, all with the cell of the match.
    spacing
        Spacing of the registries, angstrom; see ``registry_grid``.
    gaps
        Gaps to try, angstrom; see ``InterfaceModel``.
    keep
        Largest number to return.
    score
        Called with each interface without short contacts; lower is better. An engine's
        energy compares terminations only if they have the same composition. By default
        the global instability index of the atoms near the interface.

    Returns
    -------
    At least one interface, and those left out.

    Raises
    ------
    InterfaceError
        If there is nothing to try, or everything is left out; then the least bad contact is named.
    """
    _check(coatings, gaps, keep)
    ranked: list[RankedInterface] = []
    rejected: list[Rejection] = []
    for name, coating in coatings.items():
        assembly = Assembly(share_cell(llo, coating, match), vacuum, name)
        valences = BondValences(assembly.symbols, _near_interface(assembly))
        for registry, multiplicity, gap in _places(assembly, spacing, gaps):
            if contacts := assembly.contacts(registry, gap):
                rejected.append(Rejection(name, registry, gap, contacts[0]))
                continue
            value = (
                valences.instability(*assembly.coordinates(registry, gap))
                if score is None
                else float(score(assembly.place(registry, gap)))
            )
            if np.isfinite(value):
                ranked.append(RankedInterface(assembly, registry, gap, value, multiplicity))
            else:
                rejected.append(Rejection(name, registry, gap, None))
    if not ranked:
        _raise_all_rejected(rejected)
    ranked.sort(key=lambda item: round(item.score, SCORE_DECIMALS))
    return InterfaceSearch(tuple(ranked[:keep]), tuple(rejected), len(ranked))


def _check(coatings: Mapping[str, Structure], gaps: Sequence[float], keep: int) -> None:
    if not coatings:
        raise InterfaceError("no coating termination was given; expected at least one slab")
    if not len(gaps) or not np.isfinite(gaps).all():
        raise InterfaceError(f"gaps must be at least one number in angstrom, got {list(gaps)}")
    if keep < 1:
        raise InterfaceError(f"keep is {keep}; at least 1 interface must be kept")


def _near_interface(assembly: Assembly) -> IntArray:
    """Return the sites that the default score counts."""
    low = assembly.cell.llo.cart_coords[:, 2]
    high = assembly.cell.coating.cart_coords[:, 2]
    llo = assembly.llo_sites[low > low.max() - SCORED_DEPTH]
    coating = assembly.coating_sites[high < high.min() + SCORED_DEPTH]
    return np.concatenate([llo, coating])


def _places(
    assembly: Assembly, spacing: float, gaps: Sequence[float]
) -> Iterator[tuple[tuple[float, float], int, float]]:
    """Yield each registry with its multiplicity and each gap."""
    for registry in registry_grid(assembly.cell.llo, assembly.cell.coating, spacing):
        for gap in gaps:
            yield registry.shift, registry.multiplicity, float(gap)


def _raise_all_rejected(rejected: Sequence[Rejection]) -> NoReturn:
    counts = Counter(item.reason for item in rejected)
    summary = ", ".join(f"{number} {reason}" for reason, number in sorted(counts.items()))
    with_contact = [(item, item.contact) for item in rejected if item.contact is not None]
    if not with_contact:
        raise InterfaceError(
            f"no interface got a finite score ({len(rejected)} tried); check the score function"
        )
    item, contact = max(with_contact, key=lambda pair: pair[1].distance / pair[1].shortest)
    raise InterfaceError(
        f"all {len(rejected)} interfaces have atoms too close ({summary}); the least bad, "
        f"termination {item.termination!r} at registry ({item.registry[0]:.3f}, "
        f"{item.registry[1]:.3f}) and gap {item.gap:g}, has {contact}. Try larger gaps, a finer "
        "grid of registries, or another termination"
    )
