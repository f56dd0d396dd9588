"""Several engines side by side, as they are printed."""

from __future__ import annotations

from compared_studies import host, interface, pair, study, vacancy

from llo_dft.analysis.engines.study_comparison import compare_studies
from llo_dft.cli.output.comparison_tables import print_comparison


def printed(capsys, monkeypatch, *studies) -> list[str]:
    monkeypatch.setenv("COLUMNS", "200")
    print_comparison(compare_studies({f"folder-{i}": one for i, one in enumerate(studies)}))
    return list(capsys.readouterr().out.splitlines())


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("│")[1:-1]]


def test_every_engine_has_a_column_and_their_spread_another(capsys, monkeypatch):
    moved = vacancy("O1", 1.5, flags=["moved: Li3 1.9 A"])
    first = study("chgnet", host(1.0, vacancy("O1", 1.0), vacancy("O2", 0.5)))
    second = study("sevenn", host(1.0, moved, vacancy("O2", None)))
    lines = printed(capsys, monkeypatch, first, second)
    rows = [cells(line) for line in lines if "│" in line]
    assert rows[0][:8] == ["0.000", "1.000", "bare", "O1", "3TM", "1.000", "1.500*", "0.500"]
    assert rows[1][:8] == ["", "", "", "O2", "3TM", "0.500", "failed", "-"]
    assert lines[1] == "(1) chgnet 1.0 (fast): " + lines[1].partition(": ")[2]
    assert lines[1].endswith("folder-0")


def test_signs_that_differ_are_said(capsys, monkeypatch):
    first = study("chgnet", host(1.0, vacancy("O1", 1.0)), pairs=[pair("O1", 1, 0.4)])
    second = study("sevenn", host(1.0, vacancy("O1", -0.5)), pairs=[pair("O1", 1, -0.1)])
    lines = printed(capsys, monkeypatch, first, second)
    (vacancies, pairs) = (cells(line) for line in lines if "│" in line)
    assert vacancies[-1] == "signs differ"
    assert pairs[-4:] == ["+0.400", "-0.100", "0.500", "disagree"]
    assert "spread of coated less bare: median 0.500, largest 0.500 eV (n = 1)" in lines


def test_interfaces_in_other_registries_are_said(capsys, monkeypatch):
    first = study("chgnet", interfaces=[interface(0, 1.0, n_bonds=2)])
    lines = printed(capsys, monkeypatch, first, study("sevenn", interfaces=[interface(1, 1.5)]))
    (found,) = (line for line in lines if line.startswith("step: "))
    assert "chgnet 1.0 (fast) 2 bonds to the coating, coating energy 1.00 J/m2" in found
    assert found.endswith("in different registries (0 and 1), so that the coated hosts differ")
    lines = printed(capsys, monkeypatch, first, study("sevenn", interfaces=[interface(None, None)]))
    (found,) = (line for line in lines if line.startswith("step: "))
    assert found.endswith("sevenn 1.0 (fast) no power")


def test_a_stand_in_is_marked_first(capsys, monkeypatch):
    lines = printed(capsys, monkeypatch, study("chgnet"), study("vasp", mock=True))
    assert lines[0] == "MOCK OUTPUTS - NOT A RESULT"
