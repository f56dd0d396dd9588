"""The engine of a recipe: its makers, and what it refuses before anything is computed."""

from __future__ import annotations

import json

import pytest
import standin_gpaw
from engines_by_name import engine_of
from monty.json import MontyDecoder, MontyEncoder
from pymatgen.core import Lattice, Structure

from llo_dft.builders.reference_cells import o2_in_box
from llo_dft.engines.base import EngineError, MagneticMaker
from llo_dft.jobs.calculate import calculate


def test_the_maker_is_plain_data_and_its_settings_tell_calculations_apart():
    maker = engine_of("gpaw", magnetic_order="rows").maker("slab_relax")
    assert isinstance(maker, MagneticMaker)
    again = json.loads(json.dumps(maker, cls=MontyEncoder), cls=MontyDecoder)
    assert (again, again.magnetic_order) == (maker, "rows")
    assert maker.settings() != engine_of("gpaw").maker("slab_relax").settings()
    assert engine_of("gpaw", "balanced").maker("slab_relax").electron_placements == 1


def test_a_u_of_an_absent_element_and_a_slab_without_free_ends_are_refused(plan):
    cells = [plan.bulk, plan.slab, o2_in_box(), plan.lithium_metal]
    engine_of("gpaw").check(cells)
    with pytest.raises(EngineError, match="u_values_ev names Fe, which this study does not have"):
        engine_of("gpaw", u_values_ev={"Fe": 5.3}).check(cells)
    cell = Lattice.from_parameters(4, 4, 20, 90, 90, 90)
    wrapped = Structure(cell, ["Li", "O"], [[0, 0, 0.02], [0, 0, 0.98]])
    with pytest.raises(EngineError, match="shift the slab to the middle"):
        engine_of("gpaw").check([wrapped])


@pytest.mark.parametrize(
    ("overrides", "refused"),
    [
        ({}, set()),
        ({"u_values_ev": {"Mn": 4.5}}, {"mp2020"}),
        ({"functional": "PBE"}, {"mp2020"}),
    ],
)
def test_o2_schemes_are_borrowed_where_they_were_fitted_and_the_result_says_so(overrides, refused):
    oxygen = engine_of("gpaw", **overrides).oxygen
    assert set(oxygen.refused) == refused
    assert "borrowed" in oxygen.source
    assert oxygen.label_energy_ev_per_atom is None


def test_doctor_says_what_is_there_or_what_to_do(monkeypatch, plan):
    standin_gpaw.use(monkeypatch)
    engine = engine_of("gpaw")
    (found,) = type(engine).installed("gpaw")
    assert (found.what, found.state) == ("GPAW", "ok")
    assert "26.7.0" in found.found
    engine.check_machine([plan.slab])
    standin_gpaw.use(monkeypatch, "no data")
    monkeypatch.setenv("LLO_DFT_GPAW_CMD", "no-such-gpaw python")
    (missing,) = type(engine).installed("gpaw")
    assert missing.state == "optional"
    assert "pip install llo-dft[gpaw]" in missing.remedy
    with pytest.raises(EngineError, match="no-such-gpaw"):
        engine.check_machine([plan.slab])


def test_files_that_say_other_settings_than_those_asked_for_are_no_result(
    plan, tmp_path, monkeypatch
):
    maker = engine_of("gpaw").maker("slab_relax")
    standin_gpaw.use(monkeypatch)
    good = calculate.original(plan.slab, maker, "slab", str(tmp_path))
    assert (good.status, good.mock, good.fingerprint.engine_version) == (
        "completed",
        True,
        "26.7.0",
    )
    standin_gpaw.use(monkeypatch, "old")
    bulk = engine_of("gpaw").maker("bulk_relax")
    bad = calculate.original(plan.bulk, bulk, "bulk", str(tmp_path))
    assert bad.status == "failed"
    assert "cutoff_ev: requested 400.0, the files have 300.0" in bad.reason


def test_a_kill_is_a_failure_with_its_reason_and_the_next_attempt_resumes(
    plan, tmp_path, monkeypatch
):
    maker = engine_of("gpaw").maker("slab_relax")
    standin_gpaw.use(monkeypatch, "kill")
    first = calculate.original(plan.slab, maker, "slab", str(tmp_path))
    assert first.status == "failed"
    assert "killed by SIGKILL" in first.reason
    second = calculate.original(plan.slab, maker, "slab", str(tmp_path))
    assert second.status == "completed"
    assert second.corrections == ["stopped after step 1, and resumed from there"]


def test_missing_gpaw_is_named_by_the_calculation(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("LLO_DFT_GPAW_CMD", "no-such-gpaw python")
    maker = engine_of("gpaw").maker("slab_relax")
    found = calculate.original(plan.slab, maker, "slab", str(tmp_path))
    assert found.status == "skipped"
    assert "GPAW's command 'no-such-gpaw python' is not found here" in found.reason
