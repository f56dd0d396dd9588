"""The engine of a recipe: its makers, and what it refuses before anything is computed."""

import json

import pytest
from engines_by_name import engine_of
from pymatgen.core import Structure

from llo_dft.builders.reference_cells import o2_in_box
from llo_dft.engines.base import CalculationMaker, EngineError


def test_the_maker_is_plain_data_and_its_settings_tell_calculations_apart(plan):
    from monty.json import MontyDecoder, MontyEncoder

    engine = engine_of("vasp", magnetic_order="rows")
    maker = engine.maker("slab_relax")
    assert isinstance(maker, CalculationMaker)
    again = json.loads(json.dumps(maker, cls=MontyEncoder), cls=MontyDecoder)
    assert again == maker
    assert again.magnetic_order == "rows"
    assert maker.settings() != engine_of("vasp").maker("slab_relax").settings()
    assert engine.seconds_per_atom(plan.bulk) is None


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"u_values_ev": {"Fe": 5.3}}, "u_values_ev names Fe, which this study does not have"),
        ({"encut_ev": 450}, "encut_ev = 450 is below ENMAX = 499"),
        ({"o2_unpaired_electrons": 1}, "O2 has 12 valence electrons"),
        ({"fixed_layers": 1}, "fixed_layers = 1 of the slab's 1 metal layers"),
    ],
)
def test_what_can_not_be_computed_is_refused_before_anything_is_submitted(plan, overrides, message):
    cells = [plan.bulk, plan.slab, o2_in_box(), plan.lithium_metal]
    engine_of("vasp", "balanced").check(cells)
    with pytest.raises(EngineError, match=message) as caught:
        engine_of("vasp", "balanced", **overrides).check(cells)
    assert "\n" not in str(caught.value)


def test_a_left_handed_cell_and_an_unknown_element_are_refused(plan):
    mirrored = Structure(-plan.bulk.lattice.matrix, plan.bulk.species, plan.bulk.frac_coords)
    with pytest.raises(EngineError, match="is left-handed"):
        engine_of("vasp").check([mirrored])
    strange = plan.bulk.copy()
    strange.replace_species({"Co": "W"})
    with pytest.raises(EngineError, match="no pseudopotential chosen for W"):
        engine_of("vasp").check([strange])


@pytest.mark.parametrize(
    ("overrides", "refused"),
    [
        ({}, set()),
        ({"functional": "HSE06"}, {"wang2006", "mp2020"}),
        ({"functional": "r2SCAN"}, {"wang2006", "mp2020"}),
        ({"u_values_ev": {"Mn": 4.5}}, {"mp2020"}),
        ({"dispersion": "D3(BJ)"}, {"mp2020"}),
    ],
)
def test_o2_schemes_go_with_what_they_were_fitted_to(overrides, refused):
    oxygen = engine_of("vasp", **overrides).oxygen
    assert set(oxygen.refused) == refused
    assert oxygen.label_energy_ev_per_atom is None


def test_dispersion_is_named_where_the_layers_need_it():
    assert engine_of("vasp").remarks(0.4) == []
    (note,) = engine_of("vasp", functional="r2SCAN").remarks(0.3)
    assert note.startswith("below x = 0.4 too little Li holds the layers together, and r2SCAN wit")
    assert 'dispersion = "D3(BJ)"' in note
    assert engine_of("vasp", dispersion="D3(BJ)").remarks(0.1) == []
    assert engine_of("chgnet").remarks(0.1) == []
