"""The crystal's voltage first, the slabs' own beside it, by hand."""

from __future__ import annotations

from typing import Any

import pytest
from compared_studies import host
from pymatgen.core import Lattice, Structure

from llo_dft.analysis.study_voltages import onset_v, study_voltages
from llo_dft.documents.plan import PlannedBulkHost

#: A cell of two Li on a line of O; what it becomes when they leave.
FULL = ["Li", "Li", "O", "O"]


class Plan:
    """As much of a plan as a voltage needs."""

    def __init__(self, *n_li: int) -> None:
        self.bulk = structure(FULL)
        self.bulk_hosts = [
            PlannedBulkHost(lithium_fraction=n / 2, n_li=n, order=0, removed=list(range(2 - n)))
            for n in n_li
        ]


def structure(symbols: list[str]) -> Structure:
    places = [[0, 0, i / len(symbols)] for i in range(len(symbols))]
    return Structure(Lattice.orthorhombic(4, 4, 7), symbols, places)


@pytest.fixture
def documents(make_calculation: Any) -> dict[str, Any]:
    """Li metal at -2 eV; the crystal at -20, -14 and -7 eV with 2, 1 and 0 Li."""

    def made(symbols: list[str], energy_ev: float) -> Any:
        one = structure(symbols)
        return make_calculation(symbols, energy_ev, structure=one, initial_structure=one)

    return {
        "Li": made(["Li", "Li"], -4.0),
        "bulk": made(FULL, -20.0),
        "bulk_x0.5000": made(FULL[1:], -14.0),
        "bulk_x0.0000": made(FULL[2:], -7.0),
    }


def slab(x: float, n_li: int, energy_ev: float) -> Any:
    return host(x).model_copy(update={"n_li": n_li, "energy_ev": energy_ev})


def test_the_crystals_comes_first_and_gives_the_onset(documents: dict[str, Any]) -> None:
    hosts = [slab(1.0, 4, -40.0), slab(0.5, 2, -29.0)]
    bulk, bare = study_voltages(Plan(1, 0), documents, hosts)  # type: ignore[arg-type]
    assert (bulk.system, bare.system) == ("bulk", "bare")
    # 20 - 14 - 2 and 14 - 7 - 2 eV for one Li each
    assert bulk.curve is not None
    assert [step.voltage_v for step in bulk.curve.steps] == pytest.approx([4.0, 5.0])
    assert bulk.curve.average_v == pytest.approx(4.5)
    assert [p.label for p in bulk.curve.points] == ["bulk", "bulk_x0.5000", "bulk_x0.0000"]
    assert bare.curve is not None
    assert bare.curve.average_v == pytest.approx(11 / 2 - 2)
    assert onset_v([bulk, bare]) == pytest.approx(4.0)


def test_the_lowest_ordering_of_a_content_counts(documents: dict[str, Any]) -> None:
    plan = Plan(1, 0)
    plan.bulk_hosts.append(
        PlannedBulkHost(lithium_fraction=0.5, n_li=1, order=1, removed=[1]),
    )
    lower = documents["bulk_x0.5000"]
    documents["bulk_x0.5000_1"] = lower.model_copy(update={"energy_ev": -14.2})
    (bulk,) = study_voltages(plan, documents, [])  # type: ignore[arg-type]
    assert bulk.curve is not None
    assert [step.voltage_v for step in bulk.curve.steps] == pytest.approx([3.8, 5.2])
    assert [point.label for point in bulk.curve.unstable] == ["bulk_x0.5000"]


def test_a_study_without_crystals_has_the_slabs_alone(documents: dict[str, Any]) -> None:
    hosts = [slab(1.0, 4, -40.0), slab(0.5, 2, -29.0)]
    (bare,) = study_voltages(Plan(), documents, hosts)  # type: ignore[arg-type]
    assert bare.system == "bare"
    assert onset_v([bare]) == pytest.approx(3.5)
    assert onset_v([]) is None


def test_where_the_crystals_failed_no_slab_stands_for_them(
    documents: dict[str, Any], make_calculation: Any
) -> None:
    gone = make_calculation(status="failed", reason="x", energy_ev=None, structure=None)
    documents |= {"bulk_x0.5000": gone, "bulk_x0.0000": gone}
    hosts = [slab(1.0, 4, -40.0), slab(0.5, 2, -29.0)]
    voltages = study_voltages(Plan(1, 0), documents, hosts)  # type: ignore[arg-type]
    assert voltages[0].curve is None
    assert "different numbers of Li" in str(voltages[0].reason)
    assert onset_v(voltages) is None
    documents["Li"] = gone
    voltages = study_voltages(Plan(1, 0), documents, hosts)  # type: ignore[arg-type]
    assert {one.reason for one in voltages} == {"Li metal has no energy: x"}


def test_a_crystal_that_became_another_is_named(documents: dict[str, Any]) -> None:
    one = documents["bulk_x0.5000"]
    moved = one.structure.copy()
    moved.translate_sites([0], [0, 0, 0.25])
    documents["bulk_x0.5000"] = one.model_copy(update={"structure": moved})
    (bulk,) = study_voltages(Plan(1, 0), documents, [])  # type: ignore[arg-type]
    assert bulk.rebuilt == ["bulk_x0.5000"]
