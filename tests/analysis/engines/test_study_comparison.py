from __future__ import annotations

import pytest
from compared_studies import TERMINATION, host, interface, oxygen, pair, study, vacancy

from llo_dft.analysis.engines.study_comparison import (
    OF_ENGINES,
    OF_POTENTIALS,
    OF_SETTINGS,
    compare_studies,
)
from llo_dft.documents.comparison import StudyComparison
from llo_dft.documents.state_of_charge import StateOfCharge, TurningPoint
from llo_dft.documents.voltage import VoltageCurve, VoltageResult

REASON = "none in range"


def compared(*studies) -> StudyComparison:
    return compare_studies({f"folder-{i}": one for i, one in enumerate(studies)})


def turning(q, **fields):
    at = None if q is None else StateOfCharge(holes_per_tm=q, lithium_fraction=1 - q / 2)
    return TurningPoint(**{"system": "bare", "at": at, "reason": None} | fields)


def voltage(average_v, **fields):
    curve = VoltageCurve(
        average_v=average_v,
        steps=[],
        points=[],
        lithium_metal_ev_per_atom=-1.9,
        lithium_metal_source="made up",
    )
    return VoltageResult(**{"system": "bare", "curve": curve} | fields)


def test_every_engine_is_named_with_its_model_protocol_and_o2_scheme():
    found = compared(study("chgnet", model="0.3.0"), study("sevenn", model="7net-0"))
    assert [engine.name for engine in found.engines] == [
        "chgnet 0.3.0 (fast)",
        "sevenn 7net-0 (fast)",
    ]
    assert [engine.oxygen.scheme for engine in found.engines] == ["potential", "mp2020"]
    assert [engine.folder for engine in found.engines] == ["folder-0", "folder-1"]


def test_engines_that_would_have_one_name_are_told_apart_by_their_folders():
    found = compared(study("chgnet"), study("chgnet"), study("chgnet", protocol="balanced"))
    names = [engine.name for engine in found.engines]
    assert names == [
        "chgnet 1.0 (fast), folder-0",
        "chgnet 1.0 (fast), folder-1",
        "chgnet 1.0 (balanced)",
    ]


@pytest.mark.parametrize(
    ("other", "meaning"),
    [
        ({"engine": "sevenn"}, OF_POTENTIALS),
        ({"engine": "chgnet", "protocol": "balanced"}, OF_SETTINGS),
        ({"engine": "vasp", "model": ""}, OF_ENGINES),
        ({"engine": "vasp", "fingerprint": None}, OF_ENGINES),
    ],
)
def test_the_spread_is_called_what_it_is(other, meaning):
    assert compared(study("chgnet"), study(**other)).meaning == meaning
    assert "not of DFT" in OF_POTENTIALS


def test_the_summaries_leave_out_what_they_say_they_do():
    moved = {"flags": ["moved: Li3 1.9 A"]}
    first = study(
        "chgnet",
        host(1.0, vacancy("O1", 1.0), vacancy("O2", 1.0), vacancy("O3", 1.0)),
        pairs=[pair("O1", 1, 0.5)],
    )
    second = study(
        "sevenn",
        host(1.0, vacancy("O1", 1.1), vacancy("O2", 3.0, **moved), vacancy("O3", 1.3)),
        pairs=[pair("O1", 1, -0.2)],
    )
    found = compared(first, second)
    assert (found.spread.n, found.spread.largest_ev) == (3, pytest.approx(2.0))
    assert found.spread.median_ev == pytest.approx(0.3)
    kept = found.spread_not_rebuilt
    assert (kept.n, kept.largest_ev, kept.median_ev) == (2, pytest.approx(0.3), pytest.approx(0.2))
    assert found.spread_of_pairs.largest_ev == pytest.approx(0.7)
    assert found.is_complete


def test_the_turn_of_each_engine_none_in_range_among_them():
    first = study(
        "chgnet",
        turning_points=[
            turning(0.6),
            turning(0.1, site=3),
            turning(None, system="coated", termination=TERMINATION, reason=REASON),
        ],
    )
    second = study(
        "sevenn",
        turning_points=[
            turning(0.45),
            turning(0.3, system="coated", termination=TERMINATION),
        ],
    )
    bare, coated = compared(first, second).turning_points
    points = list(bare.by_engine.values())
    assert [point.at.holes_per_tm for point in points] == [0.6, 0.45]
    assert bare.spread == pytest.approx(0.15)
    assert coated.termination == TERMINATION
    points = list(coated.by_engine.values())
    assert (points[0].reason, points[1].at.holes_per_tm) == (REASON, 0.3)
    assert coated.spread is None


def test_without_o2_there_is_no_turn_and_the_engine_says_so():
    first = study("chgnet", turning_points=[turning(0.6)])
    second = study("sevenn", oxygen=None, failed=["O2"])
    found = compared(first, second)
    assert [engine.oxygen is None for engine in found.engines] == [False, True]
    (point,) = found.turning_points
    assert point.by_engine["sevenn 1.0 (fast)"] is None
    assert point.spread is None
    assert [one.label for one in found.missing] == ["O2"]
    assert not found.is_complete


def test_voltages_of_each_engine_against_its_own_lithium():
    none = VoltageResult(system="bare", curve=None, reason="Li metal has no energy: no power")
    three = compared(
        study("chgnet", voltages=[voltage(3.0)]),
        study("sevenn", voltages=[voltage(3.4)]),
        study("other", voltages=[none]),
    )
    (found,) = three.voltages
    *made, failed = found.by_engine.values()
    assert [one.curve.average_v for one in made] == [3.0, 3.4]
    assert failed.reason == "Li metal has no energy: no power"
    assert found.spread == pytest.approx(0.4)


def test_interfaces_are_matched_by_their_termination():
    first = study("chgnet", interfaces=[interface(0, 1.0, n_bonds=2)])
    (same,) = compared(first, study("sevenn", interfaces=[interface(0, 1.5)])).interfaces
    assert (same.system, same.termination) == ("coated", TERMINATION)
    assert same.spread == pytest.approx(0.5)
    assert [len(one.bonds) for one in same.by_engine.values()] == [2, 0]
    (other,) = compared(first, study("sevenn", interfaces=[interface(1, None)])).interfaces
    assert other.spread is None
    (alone,) = compared(first, study("sevenn")).interfaces
    assert alone.by_engine["sevenn 1.0 (fast)"] is None


def test_stand_in_outputs_are_marked_whoever_has_them():
    assert not compared(study("chgnet"), study("sevenn")).mock
    found = compared(study("chgnet"), study("vasp", model="", mock=True))
    assert found.mock
    assert [engine.mock for engine in found.engines] == [False, True]


def test_a_comparison_goes_to_json_and_comes_back():
    found = compared(
        study("chgnet", host(1.0, vacancy("O1", 1.0)), pairs=[pair("O1", 1, 0.5)]),
        study("sevenn", host(1.0, vacancy("O1", None)), oxygen=oxygen("none")),
    )
    assert StudyComparison.model_validate_json(found.model_dump_json()) == found
