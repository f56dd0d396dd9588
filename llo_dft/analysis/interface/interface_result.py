"""One termination of a study's coating: candidates, bonds, strain and energies."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from llo_dft.analysis.comparability.fingerprints import ComparabilityError, check_comparable
from llo_dft.analysis.electronic.planar_average import plane_area_a2
from llo_dft.analysis.interface.adhesion import (
    counted_element,
    excess_atoms,
    work_of_adhesion_j_per_m2,
)
from llo_dft.analysis.oxygen.reservoir import OxygenReservoir
from llo_dft.analysis.vacancy.structure_check import host_flags
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.strain import principal_strains, von_mises_strain
from llo_dft.documents.atom_identity import coating_places, only_part
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.labels import interface_label, relaxed_file
from llo_dft.documents.plan import PlannedInterface
from llo_dft.documents.sites import InterfaceBond, InterfaceCandidate
from llo_dft.documents.study_result import CoatingEnergy, InterfaceResult
from llo_dft.units import J_PER_M2_PER_EV_PER_A2

_LI3PO4: Final = {"Li": 3.0, "P": 1.0, "O": 4.0}


@dataclass(frozen=True)
class InterfaceCalculations:
    """The calculations of one termination; those without a result carry the reason."""

    planned: Sequence[PlannedInterface]
    candidates: Sequence[CalculationDocument]
    """planned, candidates: its registries and gaps, and their relaxations."""
    best: CalculationDocument
    """The candidate of lowest energy, or its substitute if none completed."""
    bonds: Sequence[InterfaceBond]
    """Bonds across the best candidate, once relaxed."""
    bare: CalculationDocument
    """The pristine bare slab."""
    oxide: CalculationDocument | None
    coating: CalculationDocument | None
    """oxide, coating: each part of the best candidate alone, in its cell; None if charged."""
    crystal: CalculationDocument | None
    lithium: CalculationDocument
    """crystal, lithium: the coating's crystal, None if the plan has none, and Li metal."""


def interface_result(
    made: InterfaceCalculations, reservoir: OxygenReservoir, voltage_v: float | None
) -> InterfaceResult:
    """Return the result of a termination's relaxed interface.

    ``reservoir`` is for mu_O, if the coating lacks O; ``voltage_v`` sets mu_Li, if Li was removed
    so that charges balance.
    """
    planned, best = made.planned[0], made.best
    chosen = next((i for i, one in enumerate(made.candidates) if one is best), 0)
    laid = made.planned[chosen]
    area, strains = None, None
    if best.structure is not None:
        area = plane_area_a2(best.structure.lattice.matrix, axis=2)
        if made.crystal is not None and made.crystal.structure is not None:
            vectors = laid.coating_vectors @ made.crystal.structure.lattice.matrix
            strains = principal_strains(vectors, best.structure.lattice.matrix[:2])
    return InterfaceResult(
        termination=planned.termination,
        status=best.status,
        reason=best.reason,
        rank=None if best.structure is None else chosen,
        structure=None
        if best.structure is None
        else relaxed_file(interface_label(planned.termination, chosen)),
        candidates=[
            InterfaceCandidate(
                rank=one.rank,
                registry=one.registry,
                gap_angstrom=one.gap,
                status=document.status,
                reason=document.reason,
                energy_ev=document.energy_ev,
                calculation=document.key or None,
            )
            for one, document in zip(made.planned, made.candidates, strict=True)
        ],
        flags=host_flags(best),
        bonds=list(made.bonds),
        film_formula=_film_formula(planned),
        film_is_stoichiometric=planned.film_is_stoichiometric,
        li_removed_for_charge=planned.li_removed_for_charge,
        area_angstrom2=area,
        coating_strain=laid.coating_strain,
        von_mises_strain=laid.von_mises_strain,
        relaxed_coating_strain=strains,
        relaxed_von_mises_strain=None if strains is None else float(von_mises_strain(*strains)),
        energy=_energy(made, reservoir, voltage_v),
    )


def _energy(
    made: InterfaceCalculations, reservoir: OxygenReservoir, voltage_v: float | None
) -> CoatingEnergy:
    """Return work of adhesion and coating energy.

    mu_Li = E(Li metal) - e V matters only where there is excess Li, mu_O where there is excess O.
    Only parts without a formal charge are closed shells, which have a work of adhesion.
    """
    planned, best = made.planned[0], made.best
    unit = _formula_unit(made.crystal)
    excess = excess_atoms(planned.structure, only_part(planned.structure, "oxide"), unit)
    # the interface's bare slab lacks the Li that were removed so that charges balance
    excess_li, excess_o = excess.lithium - planned.li_removed_for_charge, excess.oxygen
    result = CoatingEnergy(
        coating_charge_e=planned.coating_charge, excess_li=excess_li, excess_o=excess_o
    )
    try:
        _check_comparable(made)
    except ComparabilityError as error:
        return result.model_copy(update={"reason": str(error)})
    if best.structure is None or best.energy_ev is None:
        return result.model_copy(update={"reason": "the interface has no energy"})
    area = plane_area_a2(best.structure.lattice.matrix, axis=2)
    reasons: list[str] = []
    parted, gamma = None, None
    if made.oxide is None or made.coating is None:
        reasons.append("no work of adhesion: the parts have formal charges")
    elif made.oxide.energy_ev is None or made.coating.energy_ev is None:
        reasons.append("work of adhesion: a part has no energy")
    else:
        parted = work_of_adhesion_j_per_m2(
            made.oxide.energy_ev, made.coating.energy_ev, best.energy_ev, area
        )
    mu_oxygen_ev = None if reservoir.chosen is None else reservoir.chosen.mu_ev
    known = {
        "the bare slab": made.bare.energy_ev,
        "the coating's crystal": _energy_per(made.crystal, counted_element(unit), unit),
        "Li metal": _energy_per(made.lithium, "Li") if excess_li else 0.0,
        "the voltage": voltage_v if excess_li else 0.0,
        "mu_O": mu_oxygen_ev if excess_o else 0.0,
    }
    missing = [name for name, value in known.items() if value is None]
    missing += [f"a reservoir of {element}" for element in excess.others]
    if missing:
        reasons.append(f"coating energy: missing {', '.join(missing)}")
    else:
        bare_ev, crystal, lithium, volt, mu_o = (float(v) for v in known.values() if v is not None)
        parts_ev = bare_ev + excess.units * crystal + excess_li * (lithium - volt) + excess_o * mu_o
        gamma = (best.energy_ev - parts_ev) / area * J_PER_M2_PER_EV_PER_A2
    return result.model_copy(
        update={
            "work_of_adhesion_j_per_m2": parted,
            "coating_energy_j_per_m2": gamma,
            "voltage_v": voltage_v if excess_li else None,
            "reason": "; ".join(reasons) or None,
        }
    )


def _check_comparable(made: InterfaceCalculations) -> None:
    """Refuse energies with other settings; a missing one is named later.

    In cells of other shapes equally dense k-points have different spacings, since divisions are
    integers. One protocol chose them all.
    """
    if made.best.status != "completed":
        return
    for other in (made.bare, made.crystal, made.lithium):
        if other is not None and other.status == "completed":
            check_comparable(
                made.best,
                other,
                relation="other cell" if other is made.bare else "reference",
                without=("k_spacing_per_angstrom",),
            )
    for part in (made.oxide, made.coating):
        if part is not None and part.status == "completed":
            check_comparable(made.best, part)


def _formula_unit(crystal: CalculationDocument | None) -> Mapping[str, float]:
    """Return the amounts of a formula unit; older plans have no crystal for their Li3PO4."""
    if crystal is None or crystal.initial_structure is None:
        return _LI3PO4
    return crystal.initial_structure.composition.reduced_composition.get_el_amt_dict()


def _energy_per(
    document: CalculationDocument | None, element: str, unit: Mapping[str, float] | None = None
) -> float | None:
    """Return the energy of a crystal per atom of an element, or per unit with given amounts, eV."""
    if document is None or document.energy_ev is None or document.structure is None:
        return None
    atoms = float(document.structure.composition[element])
    return document.energy_ev / (atoms if unit is None else atoms / unit[element])


def _film_formula(planned: PlannedInterface) -> str:
    symbols = symbols_of(planned.structure)
    counts = Counter(symbols[site] for site in coating_places(planned.structure))
    return "".join(f"{element}{n}" for element, n in sorted(counts.items()))
