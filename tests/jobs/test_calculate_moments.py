from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.calculations.cache import CalculationCache
from llo_dft.errors import CalculationError
from llo_dft.jobs.calculate import calculate
from llo_dft.testing.fake_engine import FakeCalculation

if TYPE_CHECKING:
    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.engines.base import Outcome, StartFrom


@dataclass
class MagneticCalculation(FakeCalculation):
    """A fake that needs moments, and stops in its first attempt."""

    magnetic_order: str = "ferro"
    electron_placements: int = 0
    stops: bool = False
    log: str = ""
    fails_at: float | None = None

    def calculate(
        self, structure: Structure, folder: Path, start_from: StartFrom | None = None
    ) -> Outcome:
        moments = structure.site_properties["magmom"]
        if self.log:
            with Path(self.log).open("a", encoding="utf-8") as file:
                where = start_from and [start_from.folder.name, start_from.density]
                file.write(json.dumps([moments, where]) + "\n")
        if self.fails_at in moments:
            raise CalculationError("does not converge")
        kept = folder / "continue" / "state"
        if self.stops and not kept.is_file():
            kept.parent.mkdir()
            kept.write_text("half way", encoding="ascii")
            raise CalculationError("stopped", ["a repair"])
        if self.stops:
            assert kept.read_text(encoding="ascii") == "half way"
            kept.write_text("changed here", encoding="ascii")
        made = super().calculate(structure, folder)
        # the more of its moments point down the lower, and each beyond 3 raises it
        energy = (
            made.energy_ev - 0.25 * sum(m < 0 for m in moments) + 0.1 * sum(m > 3 for m in moments)
        )
        return replace(made, energy_ev=energy, magmoms_mu_b=moments)


@pytest.fixture
def oxide() -> Structure:
    coords = [[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0.2], [0, 0, 0.5], [0.5, 0.5, 0.5], [0.5, 0.3, 0.1]]
    return Structure(Lattice.cubic(5), ["Li", "Li", "Mn", "O", "O", "O"], coords)


def run(structure: Structure, folder: Path, **fields: object) -> CalculationDocument:
    maker = MagneticCalculation("slab_relax", **fields)  # type: ignore[arg-type]
    return calculate.original(structure, maker, "a slab", str(folder))


def test_moments_are_put_on_what_is_computed_and_not_passed_on(oxide, tmp_path):
    document = run(oxide, tmp_path)
    assert document.status == "completed"
    assert document.initial_structure.site_properties["magmom"] == [0, 0, 3, 0, 0, 0]
    assert "magmom" not in document.structure.site_properties
    assert "magmom" not in oxide.site_properties


def test_moments_that_a_structure_brings_stay_with_it(oxide, tmp_path):
    own = oxide.copy(site_properties={"magmom": [0.0, 0.0, -4.0, 0.0, 0.0, 0.0]})
    document = run(own, tmp_path)
    assert document.structure.site_properties["magmom"][2] == -4.0
    assert document.key != run(oxide, tmp_path).key


def test_an_order_that_does_not_fit_is_a_skipped_calculation(tmp_path):
    narrow = Structure(
        Lattice.from_parameters(2.85, 2.85, 14.0, 90, 90, 120),
        ["Mn", "O", "O"],
        [[0, 0, 0.5], [1 / 3, 2 / 3, 0.57], [2 / 3, 1 / 3, 0.43]],
    )
    document = run(narrow, tmp_path, magnetic_order="rows")
    assert document.status == "skipped"
    assert document.reason.startswith("can't be computed: magnetic_order")


def test_what_a_stopped_attempt_leaves_is_handed_to_the_next_one(oxide, tmp_path):
    stopped = run(oxide, tmp_path, stops=True)
    assert (stopped.status, stopped.reason) == ("failed", "stopped")
    assert stopped.corrections == ["a repair"]
    assert run(oxide, tmp_path, stops=True).status == "completed"
    assert not (tmp_path / f"{stopped.key}.failed").exists()


@pytest.fixture
def slab() -> Structure:
    """One layer of four Mn with O above and below, whose rows can alternate."""
    lattice = Lattice.from_parameters(2.85, 2.85, 14.0, 90, 90, 120)
    sites = [[0, 0, 0.5], [1 / 3, 2 / 3, 0.57], [2 / 3, 1 / 3, 0.43]]
    return Structure(lattice, ["Mn", "O", "O"], sites).make_supercell([2, 2, 1])


def compute(structure, folder, parent=None, **fields):
    maker = MagneticCalculation("slab_relax", log=str(folder / "log"), **fields)
    return calculate.original(structure, maker, "a slab", str(folder), parent)


def begun(folder):
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


def test_of_two_magnetic_orders_the_lower_goes_on_and_the_other_is_named(slab, tmp_path):
    document = compute(slab, tmp_path, magnetic_order="lower")
    assert [one for _, one in begun(tmp_path)] == [None, None]
    ferro, rows = (moments for moments, _ in begun(tmp_path))
    assert sum(ferro) == 4 * 3.0
    assert sum(rows) == 0.0
    assert document.initial_structure.site_properties["magmom"] == rows
    assert document.notes == ["lowest of 2 starts: rows; ferro 0.500 eV higher"]
    cache = CalculationCache(tmp_path)
    assert cache.documents(["a slab"])["a slab"] == document
    assert cache.n_completed() == 2
    assert compute(slab, tmp_path, magnetic_order="lower") == document
    assert len(begun(tmp_path)) == 2, "both were known"


def test_what_is_made_from_it_keeps_its_order(slab, tmp_path):
    parent = compute(slab, tmp_path, magnetic_order="lower")
    charged = parent.structure.copy()
    charged.append("Li", [0.1, 0.1, 0.9])
    made = compute(charged, tmp_path, parent, magnetic_order="lower")
    moments, electrons = begun(tmp_path)[-1]
    assert electrons is None
    parents = parent.initial_structure.site_properties["magmom"][:4]
    assert [m > 0 for m in moments[:4]] == [m > 0 for m in parents]
    assert {m > 0 for m in parents} == {True, False}
    assert made.notes == []


def test_a_vacancy_begins_with_its_host_and_with_its_electrons_on_metals(slab, tmp_path):
    host = compute(slab, tmp_path)
    vacancy = host.structure.copy()
    vacancy.remove_sites([6])
    (tmp_path / "log").unlink()
    document = compute(vacancy, tmp_path, host, electron_placements=2)
    own, first, second = begun(tmp_path)
    assert own == [[3.0] * 4 + [0.0] * 7, [host.key, True]]
    for moments, electrons in (first, second):
        assert sorted(moments) == [0.0] * 7 + [3.0, 3.0, 4.0, 4.0]
        assert electrons == [host.key, False]
    assert first != second
    # here the host's own moments are the lowest
    (note,) = document.notes
    assert note.startswith("lowest of 3 starts: as in the host; electrons on Mn")
    assert note.count("0.200 eV higher") == 2


def test_a_start_that_fails_is_named_and_does_not_stand_in_the_way(slab, tmp_path):
    host = compute(slab, tmp_path)
    vacancy = host.structure.copy()
    vacancy.remove_sites([6])
    document = compute(vacancy, tmp_path, host, electron_placements=1, fails_at=4.0)
    assert document.status == "completed"
    assert document.notes[0].endswith("failed (does not converge)")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    failed = compute(vacancy, elsewhere, host, electron_placements=1, fails_at=3.0)
    assert (failed.status, failed.reason) == ("failed", "does not converge")
    assert CalculationCache(elsewhere).documents(["a slab"])["a slab"].status == "failed"


def test_a_start_that_was_stopped_half_way_leaves_the_choice_open(slab, tmp_path):
    stopped = compute(slab, tmp_path, magnetic_order="lower", stops=True)
    assert (stopped.status, stopped.reason) == ("failed", "stopped")
    assert compute(slab, tmp_path, magnetic_order="lower", stops=True).status == "completed"


def test_whose_electrons_it_began_with_is_part_of_the_key(slab, tmp_path):
    host = compute(slab, tmp_path)
    # another calculation of the same structure that ended with the same moments
    other = host.model_copy(update={"key": "another"})
    vacancy = host.structure.copy()
    vacancy.remove_sites([6])
    keys = [compute(vacancy, tmp_path, one).key for one in (host, other, None)]
    assert len(set(keys)) == 3
