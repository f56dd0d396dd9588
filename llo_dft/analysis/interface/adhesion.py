"""Relaxed interfaces: bonds across them, and energies relative to their parts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pymatgen.core.structure import Structure

from llo_dft.chemistry.bonds import former_bonds
from llo_dft.chemistry.roles import coating_role
from llo_dft.documents.atom_identity import coating_places, places
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.sites import InterfaceBond
from llo_dft.units import J_PER_M2_PER_EV_PER_A2


def interface_bonds(structure: Structure) -> list[InterfaceBond]:
    """Return the bonds from network formers of the coating to O of the oxide, shortest first.

    The atoms of the interface carry their index in the pristine bare slab.

    Raises ``ValueError`` if they carry none.
    """
    oxide = places(structure).items()
    bare = {i: site for site, i in oxide if structure[i].specie.symbol == "O"}
    shortest: dict[tuple[int, int], float] = {}
    for bond in former_bonds(structure, coating_places(structure), bare):
        ends = bond.cation, bare[bond.anion]
        shortest[ends] = min(bond.length, shortest.get(ends, bond.length))
    bonds = [
        InterfaceBond(former=former, oxygen=oxygen, length_angstrom=length)
        for (former, oxygen), length in shortest.items()
    ]
    return sorted(bonds, key=lambda bond: (bond.length_angstrom, bond.former, bond.oxygen))


def bonded_oxygens(bonds: Sequence[InterfaceBond]) -> list[int]:
    """Return the O at the ends of the bonds, without duplicates, by index.

    By index and not by length: bonds to O of one class agree within 0.01 angstrom, so a ranking by
    length would make the removed O depend on engine and force tolerance.
    """
    return sorted({bond.oxygen for bond in bonds})


def lowest_energy(
    candidates: Sequence[CalculationDocument | None], margin_ev: float = 0.0
) -> int | None:
    """Return which completed candidate has the lowest energy; None if none completed.

    All but the first count only where they are lower than it by more than a margin.
    """
    energies = [
        (document.energy_ev + margin_ev * (index > 0), index)
        for index, document in enumerate(candidates)
        if document is not None and document.energy_ev is not None
    ]
    return min(energies)[1] if energies else None


def work_of_adhesion_j_per_m2(
    oxide_ev: float, coating_ev: float, interface_ev: float, area: float
) -> float:
    """Return W = (E_oxide + E_coating - E_interface) / area, J/m2; positive if they bind.

    Energies are total ones in the interface's cell, eV, each part relaxed alone; the area of the
    interface is in square angstrom.
    """
    return (oxide_ev + coating_ev - interface_ev) / area * J_PER_M2_PER_EV_PER_A2


@dataclass(frozen=True)
class Excess:
    """Composition of a coating: formula units of its crystal, and excess Li, O and others."""

    units: int
    lithium: int
    oxygen: int
    others: tuple[str, ...] = ()


def excess_atoms(coated: Structure, bare: Structure, unit: Mapping[str, float]) -> Excess:
    """Count the atoms of a coated slab in excess of the bare slab and units of the coating.

    ``unit`` gives the amounts in the formula unit; see ``counted_element``.
    """
    ours, theirs = (one.composition.get_el_amt_dict() for one in (coated, bare))
    counted = counted_element(unit)
    more = {e: round(ours.get(e, 0.0) - theirs.get(e, 0.0)) for e in {*unit, "Li", "O"}}
    units = round(more[counted] / unit[counted])
    left = {e: n - round(units * unit.get(e, 0.0)) for e, n in more.items()}
    others = sorted(e for e, n in left.items() if n and e not in {"Li", "O"})
    return Excess(units, left["Li"], left["O"], tuple(others))


def counted_element(elements: Iterable[str]) -> str:
    """Return the element by which units of a coating are counted: a former, else not Li or O."""
    symbols = {*elements} - {"Li", "O"} or {"O"}
    return min(symbols, key=lambda s: (coating_role(s) != "former", s))
