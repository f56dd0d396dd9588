"""Initial places, moments and electrons of a calculation: one start, or several to compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pymatgen.core.structure import Structure

from llo_dft.analysis.vacancy.electron_starts import electron_starts
from llo_dft.builders.cathode.magnetism import MagneticOrderError, with_initial_moments
from llo_dft.builders.rebonding import rebonded
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.roles import element_role
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.engines.base import (
    CalculationMaker,
    MagneticMaker,
    PreRelaxingMaker,
    StartFrom,
    moved_to,
)
from llo_dft.typing import MagneticOrder


@dataclass(frozen=True)
class Start:
    """One way to start a calculation.

    The structure has moments as site property "magmom" if the maker uses them. ``name`` tells it
    from the others, for the reader. ``electrons`` are the initial ones (None: from scratch), of the
    calculation whose key is ``parent``: part of this one's key.
    """

    structure: Structure
    name: str = ""
    electrons: StartFrom | None = None
    parent: str = ""

    def in_each(self, geometries: Sequence[Start]) -> list[Start]:
        """Return this start with its atoms in each of some places."""
        if len(geometries) == 1 and geometries[0].structure is self.structure:
            return [self]
        return [
            replace(
                self,
                structure=moved_to(
                    self.structure, self.structure.lattice, one.structure.frac_coords
                ),
                name=", ".join(filter(None, (one.name, self.name))),
            )
            for one in geometries
        ]


def starting_geometries(
    structure: Structure, maker: CalculationMaker, parent: CalculationDocument | None
) -> list[Start]:
    """Return where the atoms may begin: as given, and with formers on other O.

    A former of the coating that lost an O of the oxide takes another one, but seldom by itself: the
    relaxation of a removed O ends before it, 1 eV above (``builders.rebonding``). A potential
    begins in both ways, DFT without one only where no Li is crowded.
    """
    given = Start(structure)
    host = None if parent is None else parent.structure
    cheap = isinstance(maker, PreRelaxingMaker) or not isinstance(maker, MagneticMaker)
    others = [] if host is None else rebonded(structure, host, both_ways=cheap)
    if not others:
        return [given]
    return [replace(given, name="as removed"), *(Start(moved, name) for name, moved in others)]


def starts(
    structure: Structure, maker: CalculationMaker, parent: CalculationDocument | None, folder: Path
) -> list[Start]:
    """Return the ways to start a calculation; the lowest in energy is its result.

    For a structure without a parent: both magnetic orders if the maker asks for the lower. For a
    host without some O: the host's own electrons, and these with the two of each O on metals
    beside it. Everything else starts with formal moments in its parent's magnetic order.

    Raises ``ValueError`` if an element has no formal charge, or requested rows do not fit the cell.

    ``parent`` is the calculation that the structure was made from, completed; None: there is none.
    ``folder`` is the study's ``calculations`` folder.
    """
    if not isinstance(maker, MagneticMaker):
        return [Start(structure)]
    if "magmom" in structure.site_properties:  # a molecule has its own
        return [Start(structure)]
    if parent is None:
        return _without_parent(structure, maker)
    same = _from_electrons(structure, maker, parent, folder)
    if same:
        return same
    order = maker.magnetic_order
    return [Start(with_initial_moments(structure, order if order != "lower" else _order(parent)))]


def _without_parent(structure: Structure, maker: MagneticMaker) -> list[Start]:
    if maker.magnetic_order != "lower":
        return [Start(with_initial_moments(structure, maker.magnetic_order))]
    ferro = Start(with_initial_moments(structure, "ferro"), "ferro")
    if maker.kind != "slab_relax":
        return [ferro]
    try:
        rows = Start(with_initial_moments(structure, "rows"), "rows")
    except MagneticOrderError:
        return [ferro]
    pair = [one.structure.site_properties["magmom"] for one in (ferro, rows)]
    return [ferro, rows] if pair[0] != pair[1] else [ferro]


def _from_electrons(
    structure: Structure, maker: MagneticMaker, parent: CalculationDocument, folder: Path
) -> list[Start]:
    """Return the starts with the moments of a parent that has the same cations; none otherwise."""
    if parent.structure is None or parent.magmoms_mu_b is None:
        return []
    if not _lacks_only_oxygen(structure, parent.structure):
        return []
    placements = maker.electron_placements if maker.kind == "slab_relax" else 0
    found = electron_starts(parent.structure, parent.magmoms_mu_b, structure, placements)
    return [
        Start(
            structure.copy(
                site_properties=structure.site_properties | {"magmom": one.moments_mu_b}
            ),
            one.name,
            StartFrom(folder / parent.key, density=not one.placed),
            parent.key,
        )
        for one in found
    ]


def _lacks_only_oxygen(structure: Structure, parent: Structure) -> bool:
    """Tell whether a structure is its parent, or its parent without some O."""
    here, there = Counter(symbols_of(structure)), Counter(symbols_of(parent))
    return here["O"] <= there["O"] and here | {"O": 0} == there | {"O": 0}


def _order(parent: CalculationDocument) -> MagneticOrder:
    """Return the initial magnetic order of a calculation, from the signs of its metals."""
    initial = parent.initial_structure
    if initial is None:
        return "ferro"
    moments = initial.site_properties.get("magmom", ())
    signs = {
        moment > 0
        for moment, symbol in zip(moments, symbols_of(initial), strict=False)
        if moment and element_role(symbol) == "framework"
    }
    return "ferro" if len(signs) < 2 else "rows"  # noqa: PLR2004 (both directions)
