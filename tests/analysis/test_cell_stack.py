"""Energy of a cell, by hand and in its limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from llo_dft.analysis.cell_stack import (
    USUAL_CATHODES,
    average_voltage_v,
    cell_energy,
    study_cathodes,
)
from llo_dft.documents.stability.cell_energy import CathodeMaterial, CellParameters
from llo_dft.documents.voltage import VoltageCurve, VoltageStep
from llo_dft.errors import InputError
from llo_dft.study.study_files import read_results

STUDY = Path(__file__).parents[2] / "docs" / "quickstart" / "results.json"
SIMPLE = CathodeMaterial(
    name="simple", capacity_mah_per_g=200, voltage_v=4, density_g_per_cm3=5, source="paper"
)


def test_a_cell_by_hand():
    """4 mAh/cm2 of 200 mAh/g: 20 mg, at 0.8 with 5 mg of electrolyte of 2 g/cm3, and so on."""
    cell = CellParameters(electrolyte_density=2.0, porosity=0.0, anode_excess=1.0)
    found = cell_energy(SIMPLE, cell)
    assert found.masses_mg_per_cm2 == pytest.approx(
        {
            "active material": 20.0,
            "electrolyte in the cathode": 5.0,
            "electrolyte": 4.0,
            "Li beyond the cathode's": 4 / 3.861,
            "Al": 1.62,
            "Cu": 2.688,
        }
    )
    # 20 mg / 5 g/cm3 + 5 mg / 2 g/cm3 = 6.5e-3 cm3, so 65 um; twice 19.4 um of Li
    assert found.thicknesses_um["cathode"] == pytest.approx(65.0)
    assert found.thicknesses_um["Li metal"] == pytest.approx(2 * 4 / 3.861 / 0.534 * 10)
    mass = 20 + 5 + 4 + 4 / 3.861 + 1.62 + 2.688
    assert found.wh_per_kg == pytest.approx(16e3 / mass)
    assert found.wh_per_l == pytest.approx(16e-3 / (sum(found.thicknesses_um.values()) * 1e-7))


def test_without_anything_else_it_is_the_active_material():
    """Nothing but oxide: capacity times voltage, Wh per kg."""
    bare = CellParameters(
        active_fraction=1.0,
        electrolyte_thickness=0.0,
        anode_excess=0.0,
        cathode_collector=0.0,
        anode_collector=0.0,
    )
    assert cell_energy(SIMPLE, bare).wh_per_kg == pytest.approx(200 * 4)


def test_what_the_paper_says_of_cathodes_holds_with_the_defaults():
    cells = {one.name: cell_energy(one, CellParameters()) for one in USUAL_CATHODES}
    small = [one.name for one in USUAL_CATHODES if one.capacity_mah_per_g < 200]
    assert all(cells[name].wh_per_kg < 450 for name in small)
    assert cells["LLO"].wh_per_kg > 500
    thin = CellParameters(electrolyte_thickness=10.0)
    nmc = next(one for one in USUAL_CATHODES if one.name == "NMC811")
    assert cell_energy(nmc, thin).wh_per_kg > 450  # a thinner electrolyte lifts it above


def curve(*steps: tuple[float, float, float]) -> VoltageCurve:
    return VoltageCurve(
        average_v=4.0,
        steps=[
            VoltageStep(lithium_fraction_from=a, lithium_fraction_to=b, n_li=1, voltage_v=v)
            for a, b, v in steps
        ],
        points=[],
        lithium_metal_ev_per_atom=-1.9,
        lithium_metal_source="paper",
    )


def test_the_voltage_is_averaged_down_to_where_the_oxygen_leaves():
    steps = curve((1.0, 0.5, 4.0), (0.5, 0.0, 5.0))
    assert average_voltage_v(steps, 0.5) == pytest.approx(4.0)
    assert average_voltage_v(steps, 0.25) == pytest.approx((0.5 * 4 + 0.25 * 5) / 0.75)
    with pytest.raises(InputError, match=r"the voltage is known down to x = 0.00"):
        average_voltage_v(steps, -0.1)
    with pytest.raises(InputError, match=r"no Li has left at x = 1.00"):
        average_voltage_v(steps, 1.0)


def test_the_cathode_of_a_study_is_used_up_to_its_turning_point():
    result = read_results(STUDY)
    (found,), _ = study_cathodes(result, 4.3)
    at = result.turning_points[0].at
    assert at is not None
    assert found.capacity_mah_per_g == at.capacity_mah_per_g
    volts = [step.voltage_v for step in result.voltages[0].curve.steps]
    assert min(volts) <= found.voltage_v <= max(volts)
    # a coating that drove Li out of the oxide changes x and no charge
    coated = at.model_copy(update={"lithium_fraction": at.lithium_fraction - 0.2})
    driven = result.turning_points[0].model_copy(update={"at": coated})
    (same,), _ = study_cathodes(result.model_copy(update={"turning_points": [driven]}), 4.3)
    assert same.voltage_v == found.voltage_v
    assert same.voltage_v == pytest.approx(
        average_voltage_v(result.voltages[0].curve, at.lithium_fraction)
    )
    nowhere = result.turning_points[0].model_copy(update={"at": None, "reason": "it stays"})
    none, notes = study_cathodes(result.model_copy(update={"turning_points": [nowhere]}), 4.3)
    assert (none, notes) == ([], ["quickstart, bare is left out: it stays"])
    with pytest.raises(InputError, match="has no voltage, so it gives no cell"):
        study_cathodes(result.model_copy(update={"voltages": []}), 4.3)
