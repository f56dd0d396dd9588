"""Relaxed interfaces: bonds across them, and energies relative to their parts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.chemistry.bonds import former_bonds
from llo_dft.chemistry.roles import coating_role
from llo_dft.documents.atom_identity import coating_places, places
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.sites import InterfaceBond
from llo_dft.documents.study_result import CoatingEnergy
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


def area_angstrom2(structure: Structure) -> float:
    """Return the area of the cell's a-b plane, square angstrom."""
    return float(np.linalg.norm(np.cross(*structure.lattice.matrix[:2])))


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


def coating_energy(  # noqa: PLR0913 (each is a separate energy)
    coated: CalculationDocument | None,
    bare: CalculationDocument | None,
    parts: Sequence[CalculationDocument | None],
    *,
    excess: Excess,
    coating_charge_e: int,
    crystal_ev_per_unit: float | None,
    lithium_ev: float | None,
    oxygen_ev: float | None,
    voltage_v: float | None,
) -> CoatingEnergy:
    """Return work of adhesion and coating energy of a coated pristine slab.

    ``coated`` and ``bare`` are the relaxed interface and the relaxed bare slab, ``parts`` the oxide
    and the coating alone in the interface's cell; ``excess`` is that of ``excess_atoms``.
    ``coating_charge_e`` is the sum of the formal charges of the coating's part: only uncharged
    parts are closed shells, which have a work of adhesion.

    ``crystal_ev_per_unit``, ``lithium_ev`` and ``oxygen_ev`` are E(formula unit of the coating),
    E(Li metal) and mu_O, eV, None if they are not known. ``voltage_v`` fixes mu_Li = E(Li metal) -
    e V; it matters only where there is excess Li.
    """
    excess_li, excess_o = excess.lithium, excess.oxygen
    if coated is None or coated.structure is None or coated.energy_ev is None:
        return CoatingEnergy(
            coating_charge_e=coating_charge_e,
            excess_li=excess_li,
            excess_o=excess_o,
            reason="the interface has no energy",
        )
    area = area_angstrom2(coated.structure)
    reasons: list[str] = []
    parted = None
    oxide_ev, coating_ev = (None if part is None else part.energy_ev for part in parts)
    if oxide_ev is not None and coating_ev is not None:
        parted = work_of_adhesion_j_per_m2(oxide_ev, coating_ev, coated.energy_ev, area)
    else:
        reasons.append("work of adhesion: a part has no energy")
    known = {
        "the bare slab": None if bare is None else bare.energy_ev,
        "the coating's crystal": crystal_ev_per_unit,
        "Li metal": lithium_ev if excess_li else 0.0,
        "the voltage": voltage_v if excess_li else 0.0,
        "mu_O": oxygen_ev if excess_o else 0.0,
    }
    missing = [name for name, value in known.items() if value is None]
    missing += [f"a reservoir of {element}" for element in excess.others]
    gamma = None
    if missing:
        reasons.append(f"coating energy: missing {', '.join(missing)}")
    else:
        bare_ev, crystal, lithium, volt, mu_o = (float(v) for v in known.values() if v is not None)
        parts_ev = bare_ev + excess.units * crystal + excess_li * (lithium - volt) + excess_o * mu_o
        gamma = (coated.energy_ev - parts_ev) / area * J_PER_M2_PER_EV_PER_A2
    return CoatingEnergy(
        coating_charge_e=coating_charge_e,
        work_of_adhesion_j_per_m2=None if coating_charge_e else parted,
        separation_into_charged_parts_j_per_m2=parted if coating_charge_e else None,
        coating_energy_j_per_m2=gamma,
        voltage_v=voltage_v if excess_li else None,
        excess_li=excess_li,
        excess_o=excess_o,
        reason="; ".join(reasons) or None,
    )
