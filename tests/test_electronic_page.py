"""docs/electronic_structure.md prints the numbers of the result that is stored beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llo_dft.documents.study_result import StudyResult

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "electronic_structure.md").read_text(encoding="utf-8")
FOLDER = DOCS / "electronic_structure"
RESULT = StudyResult.model_validate_json((FOLDER / "results.json").read_bytes())


def numbers(line: str) -> list[float]:
    """The numbers in the cells of the row that begins so."""
    (row,) = re.findall(rf"^\| {re.escape(line)}.*?\|(.*)\|$", PAGE, re.MULTILINE)
    return [float(cell) for cell in row.split("|")]


def test_the_centres_are_those_of_the_result() -> None:
    bare, coated = (one.centers for one in RESULT.band_centers)
    assert bare is not None
    assert coated is not None
    free, bonded = "2TM+1Li surface", "2TM+1Li surface, bonded to the coating"
    found = [
        classes[name].centers.both.valence.center_ev
        for classes, name in [
            (bare.classes, free),
            (coated.classes, free),
            (coated.classes, bonded),
        ]
    ]
    shown = [
        numbers(line)[0]
        for line in (
            "bare slab, all",
            "coated slab, lattice O without",
            "coated slab, lattice O bonded",
        )
    ]
    assert shown == pytest.approx(found, abs=0.005)
    shift = re.search(r"lies ([0-9.]+) eV deeper", PAGE)
    assert shift is not None
    assert float(shift[1]) == pytest.approx(found[1] - found[2], abs=0.005)


def test_the_pair_is_that_of_both_results() -> None:
    bare, coated = (host.vacancies[0].formation_energy_ev for host in RESULT.hosts)
    assert bare is not None
    assert coated is not None
    assert numbers("GPAW, PBE+U") == pytest.approx([bare, coated, coated - bare], abs=0.005)
    small = StudyResult.model_validate_json((DOCS / "coated_small" / "results.json").read_bytes())
    (pair,) = (one for one in small.pairs if one.site == 25 and one.n_holes == 0)
    expected = [pair.bare_ev, pair.coated_ev, pair.difference_ev]
    assert numbers("CHGNet r2SCAN") == pytest.approx(expected, abs=0.005)


def test_what_moved_is_that_of_the_result() -> None:
    (difference,) = RESULT.charge_differences
    moved = re.search(r"\*\*([0-9.]+) e move\*\*", PAGE)
    assert moved is not None
    assert float(moved[1]) == pytest.approx(difference.electrons_moved, abs=0.005)
    assert difference.residual_e == pytest.approx(4e-9, abs=1e-9)
