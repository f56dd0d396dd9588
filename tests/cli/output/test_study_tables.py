"""The results of a study, as they are printed."""

from __future__ import annotations

from compared_studies import host, pair, study, vacancy

from llo_dft.cli.output.study_tables import print_study
from llo_dft.documents.state_of_charge import StateOfCharge, TurningPoint
from llo_dft.documents.voltage import VoltageCurve, VoltageResult, VoltageStep


def printed(capsys, monkeypatch, result) -> str:
    monkeypatch.setenv("COLUMNS", "200")
    print_study(result)
    return str(capsys.readouterr().out)


def test_hosts_and_their_vacancies_have_a_row_each(capsys, monkeypatch):
    failed = vacancy("O2", None)
    made = study("chgnet", host(1.0, vacancy("O1", 2.0), failed), host(0.5, vacancy("O1", -0.25)))
    lines = printed(capsys, monkeypatch, made).splitlines()
    assert lines[0].strip() == "small: Li2MnO3, chgnet 1.0 (fast)"
    assert lines[1].strip().startswith("mu_O = ")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]
    assert [row[:3] for row in rows[::3]] == [["0.000", "1.000", "0"], ["1.000", "0.500", "230"]]
    assert [row[1] for row in rows] == ["1.000", "", "", "0.500", ""]
    assert [row[4] for row in rows] == ["bare", "O1", "O2", "bare", "O1"]
    assert [row[7] for row in rows] == ["", "2.000", "failed", "", "-0.250"]
    assert rows[2][8] == "no power"


def test_other_o2_schemes_take_no_width_from_the_columns_that_name_the_o(capsys):
    schemes = {f"scheme_{number}": 2.0 + number / 8 for number in range(9)}
    one = vacancy("step-Li0-PO3-OP1", 2.0).model_copy(update={"alternatives_ev": schemes})
    made = study("chgnet", host(1.0, one), other_schemes={"scheme_1": "-3.1 eV per O"})
    print_study(made)
    out = str(capsys.readouterr().out)
    assert "step-Li0-PO3-OP1" in out
    assert "O2 scheme scheme_1: -3.1 eV per O; E_f changes by +0.125 eV" in out
    assert "O2 scheme scheme_8: E_f changes by +1.000 eV" in out


def test_pairs_have_their_difference_and_are_marked(capsys, monkeypatch):
    pairs = [pair("O1", 1, 0.4, bonded_to_former=True), pair("O2", 2, -0.3, rebuilt=True)]
    out = printed(capsys, monkeypatch, study("chgnet", pairs=pairs))
    assert "The same O in both at equal charge" in out
    first, second = (line for line in out.splitlines() if "O1 " in line or "O2 " in line)
    assert "+0.400" in first
    assert "bonded to " in first
    assert "-0.300 (rebuilt)" in second


def test_turning_points_of_a_system_and_of_one_o_alone(capsys, monkeypatch):
    at = StateOfCharge(holes_per_tm=0.4, lithium_fraction=0.8, capacity_mah_per_g=92.0)
    points = [
        TurningPoint(system="bare", at=at, oxygens=["O1", "O2"]),
        TurningPoint(system="coated", termination="step", site=3, at=None, reason="none in range"),
    ]
    out = printed(capsys, monkeypatch, study("chgnet", turning_points=points))
    assert (
        "bare: lowest E_f crosses zero at q0 = 0.40 holes per TM, x0 = 0.80, 92 mAh/g; "
        "the lowest O changes: O1, O2"
    ) in out
    assert "coated, step, O3 alone: no crossing of zero: none in range" in out


def test_why_no_crossing_is_stated_is_printed(capsys, monkeypatch):
    out = printed(capsys, monkeypatch, study("chgnet", no_crossings="forces reach 0.1"))
    assert "neither a crossing nor coated - bare is stated: forces reach 0.1" in out
    assert "crosses zero at" not in out


def curve(*volts: float) -> VoltageCurve:
    steps = [
        VoltageStep(lithium_fraction_from=1.0, lithium_fraction_to=0.5, n_li=1, voltage_v=volt)
        for volt in volts
    ]
    return VoltageCurve(
        average_v=sum(volts) / len(volts),
        steps=steps,
        points=[],
        lithium_metal_ev_per_atom=-1.9,
        lithium_metal_source="by hand",
    )


def test_the_crystals_voltage_is_told_from_the_slabs_own(capsys, monkeypatch):
    bulk = VoltageResult(system="bulk", curve=curve(3.9, 4.3), rebuilt=["bulk_x0.5000"])
    bare = VoltageResult(system="bare", curve=curve(3.5))
    lines = printed(capsys, monkeypatch, study("chgnet", voltages=[bulk, bare])).splitlines()
    assert (
        "bulk: 4.10 V on average (1.00-0.50 3.90 V, 1.00-0.50 4.30 V); rebuilt: bulk_x0.5000"
        in (lines)
    )
    assert "bare (the slab's own): 3.50 V on average (1.00-0.50 3.50 V)" in lines
    alone = printed(capsys, monkeypatch, study("chgnet", voltages=[bare]))
    assert "bare: 3.50 V on average" in alone


def test_a_stand_in_is_marked_first(capsys, monkeypatch):
    out = printed(capsys, monkeypatch, study("vasp", mock=True))
    assert out.startswith("MOCK OUTPUTS - NOT A RESULT")
