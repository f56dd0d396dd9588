"""Energy per mass and volume of one layer of a stack, from its components."""

from typing import Final

from llo_dft.documents.labels import system_name
from llo_dft.documents.stability.cell_energy import CathodeMaterial, CellEnergy, CellParameters
from llo_dft.documents.study_result import StudyResult
from llo_dft.documents.voltage import VoltageCurve
from llo_dft.errors import InputError

#: Cathodes shown by default: capacity used, average voltage, density of the crystal.
USUAL_CATHODES: Final = tuple(
    CathodeMaterial(
        name=name,
        capacity_mah_per_g=capacity,
        voltage_v=voltage,
        density_g_per_cm3=density,
        source="usual values, without a source",
    )
    for name, capacity, voltage, density in (
        ("LiFePO4", 160.0, 3.4, 3.6),
        ("LiCoO2", 165.0, 3.9, 5.05),
        ("NMC622", 175.0, 3.8, 4.75),
        ("NMC811", 195.0, 3.8, 4.75),
        ("LLO", 250.0, 3.6, 4.3),
    )
)

LEFT_OUT: Final = (
    "housing, tabs, the frame that presses the stack, polarisation, losses of the first cycle and "
    "of ageing; binder and carbon count as electrolyte"
)


def cell_energy(cathode: CathodeMaterial, cell: CellParameters) -> CellEnergy:
    """Return the energy of one layer.

    Mass: the discharged cathode layer with all its Li, the electrolyte, the excess Li metal, half
    of each collector. Thickness: as charged, with the cathode's Li plated.
    """
    active = 1000 * cell.areal_capacity / cathode.capacity_mah_per_g
    within = active / cell.active_fraction - active
    metal = 1000 * cell.areal_capacity / cell.lithium_capacity
    # 1 um x 1 g/cm3 = 0.1 mg/cm2; half of each collector belongs to the layer on its other face
    masses = {
        "active material": active,
        "electrolyte in the cathode": within,
        "electrolyte": 0.1 * cell.electrolyte_thickness * cell.electrolyte_density,
        "Li beyond the cathode's": cell.anode_excess * metal,
        "Al": 0.05 * cell.cathode_collector * cell.cathode_collector_density,
        "Cu": 0.05 * cell.anode_collector * cell.anode_collector_density,
    }
    solid = active / cathode.density_g_per_cm3 + within / cell.electrolyte_density
    thicknesses = {
        "cathode": 10 * solid / (1 - cell.porosity),
        "electrolyte": cell.electrolyte_thickness,
        "Li metal": 10 * (1 + cell.anode_excess) * metal / cell.lithium_density,
        "Al": cell.cathode_collector / 2,
        "Cu": cell.anode_collector / 2,
    }
    energy = cell.areal_capacity * cathode.voltage_v  # mWh/cm2
    return CellEnergy(
        cathode=cathode.name,
        electrolyte_thickness_um=cell.electrolyte_thickness,
        wh_per_kg=1000 * energy / sum(masses.values()),
        # mWh/cm2 per um (1e-4 cm): Wh per 1e-4 L
        wh_per_l=1e4 * energy / sum(thicknesses.values()),
        masses_mg_per_cm2=masses,
        thicknesses_um=thicknesses,
    )


def study_cathodes(
    result: StudyResult, density_g_per_cm3: float
) -> tuple[list[CathodeMaterial], list[str]]:
    """Return a study's cathode charged until its oxygen leaves, or why there is none.

    One for each turning point: of the bare slab, and of the coated one if there is one. The
    capacity is that at q0; the voltage is the crystal's average up to the same charge, since Li
    removed to balance a coating's charge gave no electron.

    Raises ``InputError`` if the study has no voltage.
    """
    curve = result.voltages[0].curve if result.voltages else None
    if curve is None:
        raise InputError(f"the study {result.study} has no voltage, so it gives no cell")
    found, notes = [], []
    for point in result.turning_points:
        if point.site is not None:
            continue
        name = f"{result.study}, {system_name(point.system, point.termination)}"
        at = point.at
        if at is None or at.capacity_mah_per_g is None or at.holes_per_tm is None:
            notes.append(f"{name} is left out: {point.reason or 'its oxygen has no q0'}")
            continue
        if at.capacity_mah_per_g <= 0:
            notes.append(f"{name} is left out: its oxygen leaves before charging begins")
            continue
        fraction = 1.0 - at.holes_per_tm * _lithium_per_hole(result)
        found.append(
            CathodeMaterial(
                name=name,
                capacity_mah_per_g=at.capacity_mah_per_g,
                voltage_v=average_voltage_v(curve, fraction),
                density_g_per_cm3=density_g_per_cm3,
                source=f"{result.engine}, to q0 at {at.text}",
            )
        )
    return found, notes


def _lithium_per_hole(result: StudyResult) -> float:
    """Return by how much x of the bare slab falls for one hole per metal."""
    return next(
        (1.0 - host.fraction) / host.holes_per_tm
        for host in result.hosts
        if host.system == "bare" and host.holes_per_tm
    )


def average_voltage_v(curve: VoltageCurve, lithium_fraction: float) -> float:
    """Return the average voltage from full lithium down to a fraction, V.

    Raises ``InputError`` if the curve does not reach that fraction.
    """
    last, charge, energy = curve.steps[-1], 0.0, 0.0
    if lithium_fraction < last.lithium_fraction_to:
        raise InputError(
            f"the voltage is known down to x = {last.lithium_fraction_to:.2f}, and the oxygen "
            f"leaves at x = {lithium_fraction:.2f}"
        )
    for step in curve.steps:
        share = step.lithium_fraction_from - max(step.lithium_fraction_to, lithium_fraction)
        if share > 0:
            charge += share
            energy += share * step.voltage_v
    if charge == 0:
        raise InputError(f"no Li has left at x = {lithium_fraction:.2f}, so there is no voltage")
    return energy / charge
