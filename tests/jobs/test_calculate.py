from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from pymatgen.core import Lattice, Structure
from relaxed_by_hand import relaxed

from llo_dft.calculations.cache import CalculationCache
from llo_dft.documents.atom_identity import COATING, with_bare_sites, without_atoms
from llo_dft.engines.base import ReadBack, check_version
from llo_dft.engines.finished_study import FinishedStudy
from llo_dft.engines.pre_relaxation import PreRelaxedCalculation
from llo_dft.jobs.calculate import calculate
from llo_dft.testing.fake_engine import FakeCalculation, FakeEngine, fault_name

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.documents.calculation import CalculationDocument, Fingerprint
    from llo_dft.engines.base import Outcome
    from llo_dft.typing import CalculationKind

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
        ("nan", "the engine returned an invalid result: energy_ev = nan"),
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


@dataclass
class OutsideProgram(FakeCalculation):
    """A fake whose version shows only in what it leaves, as VASP's does."""

    installed: str = "1"
    held: str = ""

    def held_to(self, version: str) -> OutsideProgram:
        return replace(self, held=version)

    def fingerprint(self, structure: Structure) -> Fingerprint:
        return super().fingerprint(structure).model_copy(update={"engine_version": ""})

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        check_version(self.installed, self.held)
        self.made = super().calculate(structure, folder)
        return self.made

    def read_back(self, folder: Path) -> ReadBack:
        assert (folder / "raw.txt").is_file()
        used = super().fingerprint(self.made.structure)
        return ReadBack(
            fingerprint=used.model_copy(update={"engine_version": self.installed}),
            energy_ev=self.made.energy_ev,
            structure=self.made.structure,
            of_the_run=("engine_version",),
        )


def test_a_study_that_is_resumed_under_another_version_mixes_nothing(
    structure: Structure, tmp_path: Path
) -> None:
    def made(shift: float, version: str) -> CalculationDocument:
        other = structure.copy()
        other.translate_sites([0], [shift, 0, 0])
        maker = OutsideProgram("slab_relax", installed=version)
        return calculate.original(other, maker, f"moved {shift}", str(tmp_path))

    first = made(0.0, "6.4.2")
    assert first.status == "completed"
    assert first.fingerprint is not None
    assert first.fingerprint.engine_version == "6.4.2"
    other = made(0.1, "6.3.0")
    assert other.status == "failed"
    assert str(other.reason).startswith(
        "it was run with version '6.3.0', but the study's first completed calculation with '6.4.2'"
    )
    assert made(0.1, "6.4.2").status == "completed"
    assert made(0.0, "6.3.0") == first, "what is there is used whatever would run now"


def test_a_version_that_another_process_stored_meanwhile_counts_too(
    structure: Structure, tmp_path: Path
) -> None:
    @dataclass
    class Slow(OutsideProgram):
        def calculate(self, structure: Structure, folder: Path) -> Outcome:
            quick = structure.copy()
            quick.translate_sites([0], [0.2, 0, 0])
            calculate.original(quick, OutsideProgram("slab_relax"), "quick", str(tmp_path))
            return super().calculate(structure, folder)

    document = calculate.original(
        structure, Slow("slab_relax", installed="2"), "slow", str(tmp_path)
    )
    assert str(document.reason).startswith("it was run with version '2', but the study's first")


@dataclass
class Steep(FakeCalculation):
    """A maker whose energy falls with the height of the last atom."""

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        found = super().calculate(structure, folder)
        return replace(found, energy_ev=-structure[-1].z, structure=structure)


@dataclass
class Programmed(Steep):
    """One that would choose the other place, with a potential before it."""

    first: Steep | None = None
    magnetic_order: str = "ferro"
    electron_placements: int = 0

    def calculate(self, structure: Structure, folder: Path, start_from: object = None) -> Outcome:
        del start_from
        return replace(super().calculate(structure, folder), energy_ev=structure[-1].z)

    def potential_for(self, structure: Structure) -> Steep | None:
        del structure
        return self.first


@pytest.fixture
def former_on_its_o() -> CalculationDocument:
    """P of a coating above the first of two O of an oxide; the second lies lower."""
    coords = [[0, 0, 4], [2.8, 0, 3.3], [1.4, 0, 2.0], [0, 0, 5.6]]
    lattice = Lattice.orthorhombic(8, 9, 12)
    made = Structure(lattice, ["O", "O", "Mn", "P"], coords, coords_are_cartesian=True)
    host = relaxed("host", with_bare_sites(made, [0, 1, 2, COATING]))
    return host.model_copy(update={"magmoms_mu_b": [0.0, 0.0, 3.0, 0.0]})


def test_the_lower_place_of_a_former_that_lost_its_o_is_the_result(
    former_on_its_o: CalculationDocument, tmp_path: Path
) -> None:
    vacancy = without_atoms(former_on_its_o.structure, [0])
    folder = str(tmp_path / "calculations")
    found = calculate.original(vacancy, Steep("slab_relax"), "v", folder, former_on_its_o)
    assert found.initial_structure == vacancy
    assert len(list((tmp_path / "calculations").glob("*/result.json"))) == 2
    (note,) = found.notes
    assert note.startswith("lowest of 2 starts: as removed; P moved to O1 ")
    again = calculate.original(vacancy, Steep("slab_relax"), "v", folder, former_on_its_o)
    assert again.energy_ev == found.energy_ev


@pytest.mark.parametrize(("below_ev", "chosen"), [(0.0008, "as removed"), (0.0012, "P moved")])
def test_of_starts_that_end_alike_the_first_is_taken(
    former_on_its_o: CalculationDocument, tmp_path: Path, below_ev: float, chosen: str
) -> None:
    @dataclass
    class Nearly(FakeCalculation):
        """The place where P began does not matter, but for a little."""

        def calculate(self, structure: Structure, folder: Path) -> Outcome:
            moved = structure.get_distance(-1, 0) < 2.5
            return replace(super().calculate(structure, folder), energy_ev=-below_ev * moved)

    vacancy = without_atoms(former_on_its_o.structure, [0])
    maker, folder = Nearly("slab_relax"), str(tmp_path / "calculations")
    found = calculate.original(vacancy, maker, "v", folder, former_on_its_o)
    (note,) = found.notes
    assert note.startswith(f"lowest of 2 starts: {chosen}")


@pytest.mark.parametrize("ranked", [True, False])
def test_a_potential_that_relaxes_first_decides_and_the_program_computes_one(
    former_on_its_o: CalculationDocument, tmp_path: Path, *, ranked: bool
) -> None:
    vacancy = without_atoms(former_on_its_o.structure, [0])
    maker = Programmed("slab_relax", first=Steep("slab_relax", "fast") if ranked else None)
    folder = str(tmp_path / "calculations")
    found = calculate.original(vacancy, maker, "v", folder, former_on_its_o)
    assert found.energy_ev == pytest.approx(5.6), "where the potential is lower"
    assert len(list((tmp_path / "calculations").glob("*/result.json"))) == 1 + 2 * ranked
    assert found.label == "v"


@dataclass
class Falling(Steep):
    """A maker whose energy rises with the height of the last atom."""

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        return replace(super().calculate(structure, folder), energy_ev=structure[-1].z)


class FallingEngine(FakeEngine):
    """The engine of ``Falling``."""

    def maker(self, kind: CalculationKind) -> FakeCalculation:
        return Falling(kind)


@pytest.mark.parametrize("known", [True, False])
def test_a_place_is_searched_where_a_finished_study_has_no_such_vacancy(
    former_on_its_o: CalculationDocument, tmp_path: Path, *, known: bool
) -> None:
    removed, other = (without_atoms(former_on_its_o.structure, [i]) for i in (0, 1))
    theirs, folder = tmp_path / "theirs" / "calculations", str(tmp_path / "calculations")
    there = removed if known else other
    calculate.original(there, Steep("slab_relax"), "vac", str(theirs))
    first = FinishedStudy(str(theirs.parent), FallingEngine()).maker("slab_relax")
    maker = PreRelaxedCalculation("slab_relax", "balanced", first, Programmed("slab_relax"))
    found = calculate.original(removed, maker, "v", folder, former_on_its_o)
    assert found.status == "completed", found.reason
    above = found.structure[-1].z - found.structure[1].z
    (note,) = found.notes
    if known:
        assert note == "relaxed in 1 steps as vac of theirs, then 1 by fake"
        assert above == pytest.approx(5.6 - 2.0)
        return
    whole = PreRelaxedCalculation("slab_relax", "balanced", Falling("slab_relax"), maker.then)
    same = calculate.original(removed, whole, "v", folder, former_on_its_o)
    assert found.structure == same.structure
    assert above != pytest.approx(5.6 - 2.0), "the potential lowers it with P on the other O"
    assert note.startswith("theirs has no relaxation of this structure, which was relaxed in 1 ")
