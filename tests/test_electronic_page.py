"""docs/electronic_structure.md prints the numbers of the result that is stored beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from llo_dft.study.study_files import read_results

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "electronic_structure.md").read_text(encoding="utf-8")
FOLDER = DOCS / "electronic_structure"
RESULT = read_results(FOLDER / "results.json")


def numbers(line: str) -> list[float]:
    """The numbers in the cells of the row that begins so."""
    (row,) = re.findall(rf"^\| {re.escape(line)}.*?\|(.*)\|$", PAGE, re.MULTILINE)
    return [float(cell) for cell in row.split("|")]


def test_the_centres_are_those_of_the_result() -> None:
    centres = {one.system: [] for one in RESULT.band_centers} | {"bonded": []}
    for one in RESULT.band_centers:  # full, then charged
        assert one.centers is not None
        for name, found in one.centers.classes.items():
            if name.startswith("2TM+1Li"):
                place = "bonded" if "bonded to the coating" in name else one.system
                centres[place].append(found.centers.both.valence.center_ev)
    for line, place in (
        ("bare slab, all", "bare"),
        ("coated slab, lattice O without", "coated"),
        ("coated slab, lattice O bonded", "bonded"),
    ):
        assert numbers(line) == pytest.approx(centres[place], abs=0.005)
    deeper = [a - b for a, b in zip(centres["coated"], centres["bonded"], strict=True)]
    shown = re.findall(r"([0-9.]+) eV deeper", PAGE)
    assert [float(one) for one in shown] == pytest.approx(deeper, abs=0.005)


@pytest.mark.parametrize("site", [25, 32])
@pytest.mark.parametrize(("holes", "n_holes"), [("0", 0), ("0.5", 4)])
def test_the_pairs_are_those_of_the_result(site: int, holes: str, n_holes: int) -> None:
    found = {
        host.system: vacancy.formation_energy_ev
        for host in RESULT.hosts
        for vacancy in host.vacancies
        if host.n_holes == n_holes and vacancy.site == site
    }
    bare, coated = found["bare"], found["coated"]
    assert bare is not None
    assert coated is not None
    line = f"O{site}, {holes} holes"
    assert numbers(line) == pytest.approx([bare, coated, coated - bare], abs=0.005)


def test_the_gain_of_single_points_is_that_of_p_left_in_place() -> None:
    gains = []
    for n_holes in (0, 4):
        hosts = {host.system: host for host in RESULT.hosts if host.n_holes == n_holes}
        bare, coated = ({v.site: v for v in hosts[one].vacancies} for one in ("bare", "coated"))
        assert coated[32].environment is not None
        assert coated[32].environment.n_former == 1
        assert coated[32].formation_energy_ev is not None
        assert bare[32].formation_energy_ev is not None
        gains.append(coated[32].formation_energy_ev - bare[32].formation_energy_ev)
    assert -0.2 < gains[1] < 0.9, "with holes it hangs on the partner, as the page says"
    assert f"costs {gains[0]:.1f} eV more to remove" in PAGE


RELAXED = json.loads((FOLDER / "relaxed_by_gpaw.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("holes", ["0", "0.5"])
def test_what_gpaw_relaxed_is_that_of_its_energies(holes: str) -> None:
    assert RESULT.oxygen is not None
    assert RELAXED["mu_o_ev"] == pytest.approx(RESULT.oxygen.mu_ev, abs=1e-4)
    energies = RELAXED["energies_ev"]
    bare, coated = (
        energies[f"{system}_{holes}_vacancy"]
        - energies[f"{system}_{holes}_host"]
        + RELAXED["mu_o_ev"]
        for system in ("bare", "coated")
    )
    expected = [bare, coated, coated - bare]
    assert numbers(f"relaxed, {holes} holes") == pytest.approx(expected, abs=0.0051)
    for system in ("bare", "coated"):
        host = next(
            one for one in RESULT.hosts if one.system == system and one.holes_per_tm == float(holes)
        )
        assert energies[f"{system}_{holes}_host"] < host.energy_ev, "relaxed on from the point"
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    where = {"0": "at full lithium", "0.5": "at half a hole per Mn"}[holes]
    assert f"{bare - coated:.1f} eV less {where}" in readme


@pytest.mark.parametrize(
    ("site", "bare_site", "n_holes", "text"),
    [
        (25, None, 0, "O25, 0 holes"),
        (32, None, 4, "O32, 0.5"),
        (32, 35, 4, "O32 and, bare, its image"),
    ],
)
def test_the_potential_s_pairs_are_those_of_its_result(
    site: int, bare_site: int | None, n_holes: int, text: str
) -> None:
    small = read_results(DOCS / "coated_small" / "results.json")
    (pair,) = (
        one
        for one in small.pairs
        if (one.site, one.bare_site, one.n_holes) == (site, bare_site, n_holes)
    )
    expected = [pair.bare_ev, pair.coated_ev, pair.difference_ev]
    line = f"CHGNet r2SCAN, relaxed (`docs/coated_small`), {text}"
    assert numbers(line) == pytest.approx(expected, abs=0.005)


def test_what_moved_is_that_of_the_result() -> None:
    (difference,) = RESULT.charge_differences
    moved = re.search(r"\*\*([0-9.]+) e move\*\*", PAGE)
    assert moved is not None
    assert float(moved[1]) == pytest.approx(difference.electrons_moved, abs=0.005)
    assert difference.residual_e == pytest.approx(3e-9, abs=1e-9)
