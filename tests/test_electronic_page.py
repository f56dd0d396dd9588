"""docs/electronic_structure.md prints the numbers of the result that is stored beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize(("holes", "n_holes"), [("0", 0), ("0.5", 4)])
def test_the_pairs_are_those_of_the_result(holes: str, n_holes: int) -> None:
    found = {
        host.system: vacancy.formation_energy_ev
        for host in RESULT.hosts
        for vacancy in host.vacancies
        if host.n_holes == n_holes and vacancy.site == 25
    }
    bare, coated = found["bare"], found["coated"]
    assert bare is not None
    assert coated is not None
    line = f"GPAW, PBE+U, {holes} holes"
    assert numbers(line) == pytest.approx([bare, coated, coated - bare], abs=0.005)


def test_the_o_under_p_takes_its_p_to_another_o_or_has_none() -> None:
    full, charged = (
        next(v for v in host.vacancies if v.site == 25)
        for host in RESULT.hosts
        if host.system == "coated"
    )
    assert full.rebuilt
    assert any(flag.startswith("p_o_formed") for flag in full.flags)
    assert [one.environment and one.environment.n_former for one in (full, charged)] == [1, 0]
    (gain,) = (host.revisit.gain_ev for host in RESULT.hosts if host.revisit is not None)
    assert f"which is {gain:.2f} eV lower by GPAW" in PAGE


RELAXED, BEGUN = (
    json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("relaxed_by_gpaw", "geometries_by_chgnet")
)


@pytest.mark.parametrize("holes", ["0", "0.5"])
@pytest.mark.parametrize(
    ("made", "row"), [(RELAXED, "relaxed"), (BEGUN, "CHGNet r2SCAN")], ids=["gpaw", "chgnet"]
)
def test_energies_that_are_stored_beside_are_those_of_their_row(
    made: dict[str, Any], row: str, holes: str
) -> None:
    bare, coated = (
        made["energies_ev"][f"{system}_{holes}_vacancy"]
        - made["energies_ev"][f"{system}_{holes}_host"]
        + made["mu_o_ev"]
        for system in ("bare", "coated")
    )
    expected = [bare, coated, coated - bare]
    assert numbers(f"{row}, {holes} holes") == pytest.approx(expected, abs=0.0051)


def test_the_lowest_relaxation_counts_and_the_page_says_how_far_the_others_are_above() -> None:
    lower, other = RELAXED["energies_ev"], RELAXED["other_relaxation_ev"]
    apart = {name: other[name] - energy for name, energy in lower.items()}
    assert min(apart.values()) > 0.0
    full, holes = (f"{apart[f'coated_{name}_vacancy']:.2f}" for name in ("0", "0.5"))
    assert f"these two ended {full} eV apart" in PAGE
    assert f"two searches end within {holes} eV of each other" in PAGE
    third = RELAXED["from_p_on_o28_ev"]
    cost = third["coated_0_vacancy"] - lower["coated_0_host"] + RELAXED["mu_o_ev"]
    bare = lower["bare_0_vacancy"] - lower["bare_0_host"] + RELAXED["mu_o_ev"]
    assert f"(E_f {cost:.2f} eV, {bare - cost:.2f} eV below bare)" in PAGE
    below = third["point_there"] - third["point_of_p_on_o46"]
    assert f"0.19 eV above O28, GPAW {below:.2f} eV\nbelow it" in PAGE
    assert max(energy for name, energy in apart.items() if "bare" in name) < 0.11


def test_the_shift_of_the_relaxed_hosts_is_that_of_their_centres() -> None:
    centres = RELAXED["o_2p_valence_centers_ev"]
    shifts = [a - b for a, b in zip(centres["coated"], centres["bonded"], strict=True)]
    said = re.search(r"bonded to P lies ([0-9.]+) and ([0-9.]+) eV below", PAGE)
    assert said is not None
    assert [float(one) for one in said.groups()] == pytest.approx(shifts, abs=0.0051)


@pytest.mark.parametrize("holes", ["0", "0.5"])
def test_what_gpaw_relaxed_is_below_its_points_and_what_the_readme_says(holes: str) -> None:
    assert RESULT.oxygen is not None
    assert RELAXED["mu_o_ev"] == pytest.approx(RESULT.oxygen.mu_ev, abs=1e-4)
    energies = RELAXED["energies_ev"]
    bare, coated = (
        energies[f"{system}_{holes}_vacancy"] - energies[f"{system}_{holes}_host"]
        for system in ("bare", "coated")
    )
    for system in ("bare", "coated"):
        host = next(
            one for one in RESULT.hosts if one.system == system and one.holes_per_tm == float(holes)
        )
        assert energies[f"{system}_{holes}_host"] < host.energy_ev, "relaxed on from the point"
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    where = {"0": "at full lithium", "0.5": "at half a hole per Mn"}[holes]
    assert f"{bare - coated:.1f} eV less {where}" in readme


def test_the_potential_s_o2_is_that_of_the_study_it_made() -> None:
    small = read_results(DOCS / "coated_small" / "results.json")
    assert small.oxygen is not None
    assert BEGUN["mu_o_ev"] == pytest.approx(small.oxygen.mu_ev, abs=1e-4)


def test_what_moved_is_that_of_the_result() -> None:
    (difference,) = RESULT.charge_differences
    moved = re.search(r"\*\*([0-9.]+) e move\*\*", PAGE)
    assert moved is not None
    assert float(moved[1]) == pytest.approx(difference.electrons_moved, abs=0.005)
    assert difference.residual_e == pytest.approx(0.0, abs=1.5e-10)
    assert "integrates to 1e-10 e" in PAGE
