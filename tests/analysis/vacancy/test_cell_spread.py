"""Means, deviations and the extrapolation in width, against numbers worked out by hand."""

from __future__ import annotations

import pytest
from made_results import made_result

from llo_dft.analysis.vacancy.cell_spread import ComputedCell, study_spread
from llo_dft.documents.state_of_charge import StateOfCharge, TurningPoint, TurningShare
from llo_dft.documents.study_result import HostResult, StudyResult, VacancyResult


def charge(holes: float) -> StateOfCharge:
    return StateOfCharge(holes_per_tm=holes)


def vacancy(energy: float, *flags: str) -> VacancyResult:
    return VacancyResult(
        site=1,
        site_class="3TM",
        environment=None,
        formation_energy_ev=energy,
        status="completed",
        flags=list(flags),
    )


def result(*lines: tuple[float, float], turn: float | None = None, **fields: object) -> StudyResult:
    """A bare system: (holes, lowest E_f) of each host, which has a worse site beside it."""
    hosts = [
        HostResult(
            system="bare",
            lithium_fraction=1 - holes / 2,
            holes_per_tm=holes,
            status="completed",
            # the rebuilt one lies lower and must not count
            vacancies=[vacancy(low), vacancy(low + 1), vacancy(low - 1, "moved: Li1 2.00 A")],
        )
        for holes, low in lines
    ]
    point = TurningPoint(
        system="bare",
        at=None if turn is None else charge(turn),
        shares=[TurningShare(source="sites", earliest=charge(0.3), latest=charge(0.4))]
        if turn is not None
        else [],
    )
    return made_result(*hosts, turning_points=[point], **fields)


def test_orderings_by_hand() -> None:
    spread = study_spread(
        {
            "a": ComputedCell(result((0.0, 2.0), (1.0, -1.0), turn=0.6), 0, 1),
            "b": ComputedCell(result((0.0, 3.0), (1.0, 0.5)), 1, 1),
            "c": ComputedCell(result((0.0, 4.0), (1.0, -1.0), turn=0.8), 2, 1),
        }
    )
    pristine, charged = spread.energies
    assert pristine.lowest_ev == {"a": 2.0, "b": 3.0, "c": 4.0}
    assert pristine.mean_ev == 3.0
    assert pristine.deviation_ev == pytest.approx(1.0)
    assert charged.mean_ev == pytest.approx(-0.5)
    assert pristine.extrapolated_ev is None
    (turn,) = spread.turning_points
    assert turn.holes_per_tm == {"a": 0.6, "b": None, "c": 0.8}
    assert turn.mean == pytest.approx(0.7)
    assert turn.shares["ordering of the metals"] == pytest.approx(0.02**0.5)
    assert turn.shares["sites"] == pytest.approx(0.1)
    assert any("3 orderings" in note for note in spread.notes)
    assert any("no repeated cell" in note for note in spread.notes)


def test_a_wider_cell_is_compared_with_the_same_ordering_and_extrapolated() -> None:
    """E(N) = 1 + 0.8 / N: 1.8 once, 1.4 twice, 1 alone. The mean over orderings moves as far."""
    spread = study_spread(
        {
            "a": ComputedCell(result((0.0, 1.8), turn=0.5), 0, 1),
            "b": ComputedCell(result((0.0, 2.2)), 1, 1),
            "wide": ComputedCell(result((0.0, 1.4), turn=0.4), 0, 2),
        }
    )
    (pristine,) = spread.energies
    assert pristine.mean_ev == pytest.approx(2.0)  # of the orderings once
    assert pristine.lateral_shift_ev == pytest.approx({"wide": -0.4})
    assert pristine.extrapolated_ev == pytest.approx(2.0 - 0.8)
    (turn,) = spread.turning_points
    assert turn.shares["width of the cell"] == pytest.approx(0.1)
    assert spread.cells["wide"] == "lowest ordering of the metals, 2 times as wide"


def test_a_charge_that_a_cell_lacks_is_left_out_of_it() -> None:
    spread = study_spread(
        {
            "a": ComputedCell(result((0.0, 2.0), (0.5, 1.0)), 0, 1),
            "b": ComputedCell(result((0.0, 3.0)), 1, 1),
        }
    )
    assert [one.lowest_ev for one in spread.energies] == [{"a": 2.0, "b": 3.0}, {"a": 1.0}]
    assert spread.energies[1].deviation_ev is None
