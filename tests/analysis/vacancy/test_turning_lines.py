"""Which lines of E_f a result has: of the lowest O, and of each O that both systems have."""

from __future__ import annotations

from typing import Any

import pytest
from made_results import made_potential

from llo_dft.analysis.oxygen.reservoir import OxygenReservoir
from llo_dft.analysis.vacancy.pairs import vacancy_pairs
from llo_dft.analysis.vacancy.turning_lines import (
    charge_points,
    lowest_oxygens,
    shared_oxygens,
    turning_points,
)
from llo_dft.documents.sites import OxygenEnvironment
from llo_dft.documents.study_result import HostResult, VacancyResult

AROUND = OxygenEnvironment(
    n_tm=3, n_li=0, n_former=0, n_li_interlayer=1, layer="surface", side="top"
)
RESERVOIR = OxygenReservoir(chosen=made_potential(-5.0), others={}, notes={}, problem="")


def vacancy(site: int, energy_ev: float | None, **fields: Any) -> VacancyResult:
    return VacancyResult(
        site=site,
        site_class="3TM",
        environment=AROUND,
        formation_energy_ev=energy_ev,
        status="completed",
        **fields,
    )


def host(termination: str | None, n_holes: int, *vacancies: VacancyResult) -> HostResult:
    return HostResult(
        system="bare" if termination is None else "coated",
        termination=termination,
        lithium_fraction=1.0 - n_holes / 8,
        n_holes=n_holes,
        holes_per_tm=n_holes / 4,
        capacity_mah_per_g=60.0 * n_holes,
        status="completed",
        vacancies=list(vacancies),
    )


HOSTS = [
    host(None, 0, vacancy(3, 2.0), vacancy(4, 1.0)),
    host(None, 4, vacancy(3, -1.0), vacancy(5, -2.0)),
    host("flat", 0, vacancy(3, 3.0)),
    host("flat", 4, vacancy(3, 1.0), vacancy(5, -1.0)),
]


def test_of_each_system_the_lowest_o_and_then_each_o_that_both_have() -> None:
    pairs = vacancy_pairs(HOSTS)
    assert shared_oxygens(pairs) == [("flat", 3)]  # 5 has one pair alone
    found = turning_points(HOSTS, pairs, RESERVOIR)
    turns = {(one.termination, one.site): one.at and one.at.holes_per_tm for one in found}
    assert turns == {
        (None, None): pytest.approx(1 / 3),
        ("flat", None): pytest.approx(3 / 4),
        (None, 3): pytest.approx(2 / 3),
        ("flat", 3): None,
    }
    lowest = found[0]
    assert (lowest.oxygens, lowest.is_of_one_oxygen) == (["O4", "O5"], False)
    assert {one.is_of_one_oxygen for one in found if one.site == 3} == {True}


def test_without_a_potential_of_o_there_are_none() -> None:
    without = OxygenReservoir(chosen=None, others={}, notes={}, problem="no O2")
    assert turning_points(HOSTS, [], without) == []


def test_what_rebuilt_its_lattice_is_kept_apart() -> None:
    rebuilt = vacancy(6, -3.0, flags=["moved: Li3 1.9 A"])
    (point,) = charge_points([host(None, 0, vacancy(3, 2.0), rebuilt)], "bare", None)
    assert (point.kept_ev, point.rebuilt_ev, point.lowest) == ([2.0], [-3.0], ["O3"])
    assert lowest_oxygens([rebuilt, vacancy(7, None)]) == []


def test_plain_runs_of_a_vacancy_are_named_by_their_path() -> None:
    """The index of an O is that in its host's files: another one's may be another atom."""
    made = [vacancy(3, 2.0, run="runs/v1"), vacancy(3, 1.0, run="runs/v2")]
    assert lowest_oxygens(made) == ["runs/v2"]


def test_equivalent_o_are_as_low_and_the_line_keeps_to_one_of_them() -> None:
    first = host(None, 0, vacancy(3, 2.0), vacancy(4, 2.0 + 1e-4), vacancy(5, 2.1))
    assert lowest_oxygens(first.vacancies) == ["O3", "O4"]
    second = host(None, 4, vacancy(4, -1.0), vacancy(5, 0.0))
    (found,) = turning_points([first, second], [], RESERVOIR)
    assert found.oxygens == ["O4", "O4"]


def test_bare_and_coated_plain_runs_are_apart_though_neither_has_a_termination() -> None:
    fields: dict[str, Any] = {"status": "completed", "vacancies": [vacancy(1, 1.0, run="v")]}
    hosts = [
        HostResult(run=name, system=name, lithium_fraction=1.0, **fields)
        for name in ("bare", "coated")
    ]
    assert len(charge_points(hosts, "coated", None)) == 1


def test_as_low_means_within_two_millielectronvolt():
    made = [vacancy(site, energy) for site, energy in ((7, 1.003), (5, 1.0015), (9, 1.0))]
    assert lowest_oxygens(made) == ["O9", "O5"]
