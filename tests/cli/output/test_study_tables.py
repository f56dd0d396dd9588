"""The results of a study, as they are printed."""

from __future__ import annotations

from compared_studies import host, pair, study, vacancy

from llo_dft.cli.output.study_tables import print_study


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
    assert [row[0] for row in rows] == ["1.000", "", "", "0.500", ""]
    assert [row[2] for row in rows] == ["bare", "O1", "O2", "bare", "O1"]
    assert [row[5] for row in rows] == ["", "2.000", "failed", "", "-0.250"]
    assert rows[2][6] == "no power"


def test_pairs_have_their_difference_and_are_marked(capsys, monkeypatch):
    pairs = [pair("O1", 1, 0.4, bonded_to_former=True), pair("O2", 2, -0.3, rebuilt=True)]
    out = printed(capsys, monkeypatch, study("chgnet", pairs=pairs))
    first, second = (line for line in out.splitlines() if "O1 " in line or "O2 " in line)
    assert "+0.400" in first
    assert "bonded to " in first
    assert "-0.300 (rebuilt)" in second


def test_a_stand_in_is_marked_first(capsys, monkeypatch):
    out = printed(capsys, monkeypatch, study("vasp", mock=True))
    assert out.startswith("MOCK OUTPUTS - NOT A RESULT")
