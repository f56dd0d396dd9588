from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from fake_engine import FakeCalculation
from pymatgen.core import Lattice, Structure

from llo_dft.errors import CalculationError
from llo_dft.jobs.calculate import calculate

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.engines.base import Outcome


@dataclass
class MagneticCalculation(FakeCalculation):
    """A fake that needs moments, and stops in its first attempt."""

    magnetic_order: str = "ferro"
    stops: bool = False

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        assert "magmom" in structure.site_properties
        kept = folder / "continue" / "state"
        if self.stops and not kept.is_file():
            kept.parent.mkdir()
            kept.write_text("half way", encoding="ascii")
            raise CalculationError("stopped", ["a repair"])
        if self.stops:
            assert kept.read_text(encoding="ascii") == "half way"
            kept.write_text("changed here", encoding="ascii")
        return super().calculate(structure, folder)


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
