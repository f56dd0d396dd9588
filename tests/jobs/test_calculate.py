from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fake_engine import FakeCalculation, fault_name
from pymatgen.core import Lattice, Structure

from llo_dft.calculations.cache import CalculationCache
from llo_dft.jobs.calculate import calculate

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.documents.calculation import CalculationDocument

#: 2 Li, 1 Mn and 2 O by the fake engine: 2 * -1.5 - 8 + 2 * -4.9 + 4 * -0.1, eV.
ENERGY_EV = -21.2
ROUNDING_EV = 1e-9


@pytest.fixture
def structure() -> Structure:
    coords = [[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0.2], [0, 0, 0.5], [0.5, 0.5, 0.5]]
    return Structure(Lattice.cubic(5), ["Li", "Li", "Mn", "O", "O"], coords)


def run(structure: Structure | str, folder: Path, fault: str = "") -> CalculationDocument:
    faults = (
        {fault_name("slab_relax", structure): fault} if isinstance(structure, Structure) else {}
    )
    maker = FakeCalculation("slab_relax", counter=str(folder / "counter"), faults=faults)
    return calculate.original(structure, maker, "a slab", str(folder / "calculations"))


def n_calls(folder: Path) -> int:
    counter = folder / "counter"
    return len(counter.read_text(encoding="utf-8").splitlines()) if counter.exists() else 0


def test_a_completed_calculation_and_what_it_leaves(structure: Structure, tmp_path: Path) -> None:
    document = run(structure, tmp_path)
    assert document.status == "completed"
    assert document.energy_ev == pytest.approx(ENERGY_EV, abs=ROUNDING_EV)
    assert document.initial_structure == structure
    assert document.structure != structure
    assert document.n_evaluations == 2
    folder = tmp_path / "calculations" / document.key
    assert sorted(path.name for path in folder.iterdir()) == ["raw.txt", "result.json"]
    assert CalculationCache(tmp_path / "calculations").completed(document.key) == document


def test_the_same_calculation_is_not_computed_again(structure: Structure, tmp_path: Path) -> None:
    first = run(structure, tmp_path)
    again = run(structure.copy(), tmp_path)
    assert again == first
    assert n_calls(tmp_path) == 1


def test_a_hit_gets_the_label_that_was_asked_for(structure: Structure, tmp_path: Path) -> None:
    run(structure, tmp_path)
    maker = FakeCalculation("slab_relax")
    again = calculate.original(structure, maker, "renamed", str(tmp_path / "calculations"))
    assert again.label == "renamed"
    assert again.energy_ev == pytest.approx(ENERGY_EV, abs=ROUNDING_EV)


def test_another_version_of_the_engine_computes_again(structure: Structure, tmp_path: Path) -> None:
    first = run(structure, tmp_path)
    maker = FakeCalculation("slab_relax", version="2")
    other = calculate.original(structure, maker, "a slab", str(tmp_path / "calculations"))
    assert other.key != first.key


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("raise", "RuntimeError: the cluster is on fire"),
        ("unconverged", "not converged after 3 steps"),
        ("nan", "the engine returned what can't be a result: energy_ev = nan"),
        (
            "another order",
            "ValueError: the engine returned Li2 Mn1 O2 where Li2 Mn1 O2 was given, ",
        ),
    ],
)
def test_whatever_goes_wrong_is_a_failure_with_its_reason_in_one_line(
    structure: Structure, tmp_path: Path, fault: str, reason: str
) -> None:
    document = run(structure, tmp_path, fault)
    assert document.status == "failed"
    assert str(document.reason).startswith(reason)
    assert len(str(document.reason).splitlines()) == 1
    assert document.energy_ev is None
    assert document.initial_structure == structure
    folder = tmp_path / "calculations"
    traceback = (folder / f"{document.key}.failed" / "error.txt").read_text(encoding="utf-8")
    assert "Traceback" in traceback
    assert [entry.event for entry in CalculationCache(folder).journal()] == ["started", "failed"]
    assert not list(folder.glob(".partial-*"))


def test_a_failed_calculation_is_tried_again(structure: Structure, tmp_path: Path) -> None:
    failed = run(structure, tmp_path, "raise")
    completed = run(structure, tmp_path)
    assert completed.status == "completed"
    assert completed.key == failed.key
    assert n_calls(tmp_path) == 2


def test_where_there_is_no_structure_nothing_is_computed(tmp_path: Path) -> None:
    document = run("its host failed: no power", tmp_path)
    assert document.status == "skipped"
    assert document.reason == "its host failed: no power"
    assert document.kind == "slab_relax"
    assert n_calls(tmp_path) == 0
    cache = CalculationCache(tmp_path / "calculations")
    assert cache.n_completed() == 0
    assert [(entry.event, entry.reason) for entry in cache.journal()] == [
        ("skipped", "its host failed: no power")
    ]
