"""Each answer on a page is that of the results.json which ships beside its figure."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from llo_dft.report.answer import answer
from llo_dft.study.study_files import read_results

ROOT = Path(__file__).parents[1]
#: A comment that names the result, and the block of text after it.
ANSWERS = [
    found
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for found in re.findall(
        r"<!-- answer of (\S+results\.json) -->\n```text\n(.*?)\n```",
        page.read_text(encoding="utf-8"),
        re.DOTALL,
    )
]


def test_all_studies_that_ship_are_answered() -> None:
    assert {path for path, _ in ANSWERS} == {
        f"docs/{name}/results.json"
        for name in ("quickstart", "coated_small", "coated_vs_bare", "coated_matched")
    }


@pytest.mark.parametrize(("path", "text"), ANSWERS, ids=[path for path, _ in ANSWERS])
def test_an_answer_is_that_of_its_result(path: str, text: str) -> None:
    result = read_results(ROOT / path)
    assert not result.mock
    assert text.split() == " ".join(answer(result)).split()  # folded as the page wants it
    assert list((ROOT / path).parent.glob("*.png"))


def test_what_orderings_alike_on_both_faces_change_is_that_of_their_result() -> None:
    alike, free = (
        read_results(ROOT / "docs" / name / "results.json")
        for name in ("quickstart_symmetric", "quickstart")
    )
    lower = [
        round((b.energy_ev or 0) - (a.energy_ev or 0), 2)
        for a, b in zip(alike.hosts, free.hosts, strict=True)
    ]
    assert lower == [0, -0.27, 0, 0, 0, 0.01]
    before, after = ([min(host.kept_energies_ev) for host in one.hosts] for one in (alike, free))
    assert [i for i, one in enumerate(after) if abs(one - before[i]) > 0.02] == [1]
    crossing = [one.turning_points[0].at for one in (alike, free)]
    assert len({f"{at.holes_per_tm:.2f}" for at in crossing if at is not None}) == 1
    page = " ".join((ROOT / "docs" / "numbers.md").read_text(encoding="utf-8").split())
    assert f"is {before[1]:.2f} instead of {after[1]:.2f} eV; at all other charges nothing" in page


#: O of the quickstart's top face, by the index of its image below.
IMAGES = {29: 43, 30: 40, 27: 38, 25: 36, 33: 47}


def test_the_two_faces_of_the_quickstart_s_hosts_cost_what_the_page_says() -> None:
    result = read_results(ROOT / "docs" / "quickstart" / "results.json")
    charged = [
        {
            v.site: v.formation_energy_ev
            for v in host.vacancies
            if v.site and v.formation_energy_ev and not v.rebuilt
        }
        for host in result.hosts[1:]
    ]
    below = min(energy for site, energy in charged[0].items() if site in IMAGES)
    above = min(energy for site, energy in charged[0].items() if site not in IMAGES)
    page = " ".join((ROOT / "docs" / "numbers.md").read_text(encoding="utf-8").split())
    assert f"cost {above:.2f} eV on the face that lost more Li and {below:.2f} eV on the" in page
    alike = [
        abs(made[site] - made[IMAGES[site]])
        for made in charged[1:]
        for site in made.keys() & IMAGES
        if IMAGES[site] in made
    ]
    assert len(alike) == 15
    assert sorted(alike)[-2] < 0.006
    assert f"agree to 6 meV but for one O ({max(alike):.2f} eV)" in page


def test_the_six_cells_of_the_quickstart_are_those_of_their_file() -> None:
    spread = json.loads((ROOT / "docs" / "replicas" / "spread.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "guides" / "cells.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    (turn,) = spread["turning_points"]
    turns, points = turn["holes_per_tm"], spread["energies"]
    cells = [*(f"ordering-{number}" for number in range(1, 6)), "wider-2x1"]
    found = [[*(one["lowest_ev"][cell] for one in points), turns[cell]] for cell in cells]
    found.append([*(one["mean_ev"] for one in points), turn["mean"]])
    found.append(
        [*(one["deviation_ev"] for one in points), turn["shares"]["ordering of the metals"]]
    )
    for row, expected in zip(rows[1:9], found, strict=True):
        assert [float(value) for value in row[1:]] == pytest.approx(expected, abs=0.0051)
    assert "1.05 ± 0.04" in page


@pytest.mark.parametrize(
    ("name", "study"),
    [("CHGNet r2SCAN", "quickstart"), ("SevenNet 7net-mf-0, r2SCAN", "quickstart_sevenn")],
)
def test_the_quickstart_by_two_potentials_is_as_their_results(name: str, study: str) -> None:
    page = (ROOT / "docs" / "guides" / "cells.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith(f"| {name} |")]
    result = read_results(ROOT / "docs" / study / "results.json")
    turn = next(point.at for point in result.turning_points if point.site is None)
    assert turn is not None
    expected = [*(min(host.kept_energies_ev) for host in result.hosts), turn.holes_per_tm]
    said = [float(value) for value in row.strip("| ").split(" | ")[1:]]
    assert said == pytest.approx(expected, abs=0.0051)


def test_the_unstrained_coating_s_lowest_o_costs_what_the_tutorial_says() -> None:
    result = read_results(ROOT / "docs" / "coated_matched" / "results.json")
    lowest = {
        one.system: min(one.kept_energies_ev) for one in result.hosts if one.holes_per_tm == 0.5
    }
    page = (ROOT / "docs" / "tutorials" / "coated.md").read_text(encoding="utf-8")
    said = f"lowest E_f of the coated slab is {lowest['coated']:.2f} eV, that of the bare one "
    assert f"{said}{lowest['bare']:.2f} eV" in page
