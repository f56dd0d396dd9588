"""Studies beside each other."""

from __future__ import annotations

from compared_studies import TERMINATION, host, study, vacancy

from llo_dft.report.page.comparison_chart import comparison_chart, comparison_csv

RESULTS = {
    "one": study("chgnet", host(1.0, vacancy("O1", 2.0)), host(0.5, vacancy("O1", -0.5))),
    "other": study("vasp", host(1.0, vacancy("O1", 3.0), coated=True)),
}


def test_each_study_has_its_colour_and_coated_slabs_open_marks() -> None:
    first, second = comparison_chart(RESULTS)["data"]
    assert (first["name"], first["y"]) == ("one: bare", [2.0, -0.5])
    assert first["line"]["color"] != second["line"]["color"]
    assert second["marker"]["symbol"].endswith("-open")


def test_the_numbers_are_those_of_the_figure() -> None:
    assert comparison_csv(RESULTS).splitlines()[1:] == [
        "one,bare,0.0,2.0",
        "one,bare,1.0,-0.5",
        f'other,"coated, {TERMINATION}",0.0,3.0',
    ]
