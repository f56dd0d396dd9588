"""Tables on a terminal: what is a number, what is text, and what is no markup."""

from __future__ import annotations

import pytest

from llo_dft.cli.output.terminal import RULE, number, print_mock, print_table


@pytest.mark.parametrize(
    ("value", "options", "text"),
    [
        (1.23456, {}, "1.235"),
        (-0.5, {"decimals": 1}, "-0.5"),
        (0.25, {"sign": True}, "+0.250"),
        (None, {}, "-"),
        (None, {"none": "failed"}, "failed"),
        (0.0, {"none": "failed"}, "0.000"),
    ],
)
def test_a_number_in_words(value, options, text):
    assert number(value, **options) == text


def test_numbers_are_to_the_right_text_to_the_left(capsys):
    print_table(["E (eV)", "<name"], [("1.000", "a"), ("-12.000", "bb")], title="two")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].strip() == "two"
    first, second = (line.split("│") for line in lines if "│" in line)
    assert first[1].endswith(" 1.000 ")
    assert second[1] == " -12.000 "
    assert first[2] == " a    "


def test_a_rule_sets_rows_apart_and_brackets_stay(capsys):
    print_table(["x", "<reason"], [("1", "[bold] failed"), RULE, ("2", "")])
    out = capsys.readouterr().out
    assert "[bold] failed" in out
    rows = out.splitlines()
    assert "├" in rows[next(i for i, row in enumerate(rows) if "failed" in row) + 1]


def test_long_text_is_folded_not_cut(capsys):
    print_table(["x", "<reason"], [("1", "word" * 50)])
    assert capsys.readouterr().out.count("word") > 40


def test_a_stand_in_is_marked(capsys):
    print_mock(mock=False)
    assert capsys.readouterr().out == ""
    print_mock(mock=True)
    assert capsys.readouterr().out.strip() == "MOCK OUTPUTS - NOT A RESULT"
