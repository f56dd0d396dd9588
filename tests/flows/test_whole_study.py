"""The flow on an engine whose energies are worked out by hand, by both ways to run it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from fake_study import WAYS, FakeStudy, assert_same_atoms
from store_calculations import failures

from llo_dft.testing.fake_engine import (
    BULK_GROWTH,
    HALF_O2_EV,
    LABEL_HALF_O2_EV,
    fault_name,
    vacancy_minus_host_ev,
)

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.documents.plan import PlannedHost, StudyPlan
    from llo_dft.documents.study_result import HostResult, StudyResult
    from llo_dft.typing import OxygenScheme

ROUNDING_EV = 1e-9

#: Thermal part of mu_O at 298.15 K and 1 bar, eV per O, by hand from the NIST tables:
#: S = 205.15 J/K/mol of O2 and H(298.15) - H(0) = 8.683 kJ/mol, 1 eV = 96.485 kJ/mol.
MINUS_TS_EV = -298.15 * 205.15e-3 / 2 / 96.485
FROM_0_K_EV = 8.683 / 2 / 96.485
TABLE_ROUNDING_EV = 2e-4


@pytest.fixture(params=WAYS)
def study(
    request: pytest.FixtureRequest,
    plan: StudyPlan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> FakeStudy:
    monkeypatch.chdir(tmp_path)
    return FakeStudy(plan, tmp_path, request.param)


@pytest.fixture(params=WAYS, scope="module")
def finished(
    request: pytest.FixtureRequest, plan: StudyPlan, tmp_path_factory: pytest.TempPathFactory
) -> tuple[FakeStudy, StudyResult]:
    """A study in which all went well, with its result. Not to be run again."""
    made = FakeStudy(plan, tmp_path_factory.mktemp(request.param), request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made.folder)
        return made, made.run()


def host_fault(plan: StudyPlan, host: PlannedHost) -> str:
    return fault_name("slab_relax", plan.host_structure(host))


def n_lithium(plan: StudyPlan, host: PlannedHost) -> int:
    return int(plan.host_structure(host).composition["Li"])


def energies(host: HostResult) -> list[float | None]:
    return [vacancy.formation_energy_ev for vacancy in host.vacancies]


def test_formation_energies_are_those_worked_out_by_hand(
    finished: tuple[FakeStudy, StudyResult],
) -> None:
    study, result = finished
    assert result.counts == {"completed": study.plan.n_calculations}
    assert result.is_complete
    mu = LABEL_HALF_O2_EV + MINUS_TS_EV
    other = HALF_O2_EV + MINUS_TS_EV + FROM_0_K_EV
    for planned, host in zip(study.plan.hosts, result.hosts, strict=True):
        lost = vacancy_minus_host_ev(n_lithium(study.plan, planned))
        assert energies(host) == pytest.approx([lost + mu] * 2, abs=TABLE_ROUNDING_EV)
        for vacancy in host.vacancies:
            assert vacancy.alternatives_ev["none"] == pytest.approx(
                lost + other, abs=TABLE_ROUNDING_EV
            )
            assert "potential" not in vacancy.alternatives_ev
            assert vacancy.n_removed == 1
            assert vacancy.flags == []


def test_the_turning_point_of_a_straight_line_is_exact(
    finished: tuple[FakeStudy, StudyResult],
) -> None:
    # E_f = 4.9 + 0.1 n_Li + mu with mu = -4.948 - 0.3170, at x = n_Li / 7
    study, result = finished
    n_full = n_lithium(study.plan, study.plan.hosts[0])
    by_hand = (-LABEL_HALF_O2_EV - MINUS_TS_EV - vacancy_minus_host_ev(0)) / 0.1 / n_full
    assert 0.3 < by_hand < 0.9
    at = result.turning_points[0].at
    assert at is not None
    assert at.lithium_fraction == pytest.approx(by_hand, abs=0.005)
    # seven Li on five metals, an electron each
    assert at.holes_per_tm == pytest.approx((1 - by_hand) * 7 / 5, abs=0.007)


def test_energies_come_from_the_right_calculations(
    finished: tuple[FakeStudy, StudyResult],
) -> None:
    study, result = finished
    for planned, host in zip(study.plan.hosts, result.hosts, strict=True):
        document = study.document(planned.label)
        assert host.calculation == document.key
        assert host.energy_ev == document.energy_ev
        assert document.structure.composition == study.plan.host_structure(planned).composition
        for site, vacancy in zip(planned.vacancies, host.vacancies, strict=True):
            made = study.document(f"{planned.label}_vac_{site.pair}")
            assert vacancy.calculation == made.key
            assert (vacancy.site, vacancy.site_class) == (site.site, site.site_class)


def test_every_structure_starts_from_its_relaxed_parent(
    finished: tuple[FakeStudy, StudyResult],
) -> None:
    study, _ = finished
    plan = study.plan
    pristine = study.document(plan.hosts[0].label)
    grown = [BULK_GROWTH * length for length in plan.slab.lattice.abc[:2]]
    assert pristine.initial_structure.lattice.abc[:2] == pytest.approx(grown)
    for planned in plan.hosts[1:]:
        host = study.document(planned.label)
        assert_same_atoms(host, pristine, planned.removed)
    for planned in plan.hosts:
        host = study.document(planned.label)
        kept = [i for i in range(len(plan.slab)) if i not in planned.removed]
        for site in planned.vacancies:
            made = study.document(f"{planned.label}_vac_{site.pair}")
            assert_same_atoms(made, host, [kept.index(i) for i in site.removed])


def test_nothing_is_computed_twice(study: FakeStudy) -> None:
    first = study.run()
    calls, journal = study.calls(), study.cache.journal()
    assert len(calls) == study.plan.n_calculations
    assert study.run() == first
    assert study.calls() == calls
    again = study.cache.journal()
    assert again[: len(journal)] == journal
    # what was there is noted under its name
    assert {entry.event for entry in again[len(journal) :]} == {"reused"}
    assert sorted(entry.label for entry in again[len(journal) :]) == sorted(study.plan.labels)


def test_a_failed_host_takes_its_vacancies_with_it_and_no_more(study: FakeStudy) -> None:
    failing = study.plan.hosts[1]
    result = study.run(**{host_fault(study.plan, failing): "raise"})
    host = result.hosts[1]
    reason = "RuntimeError: the cluster is on fire"
    assert (host.status, host.reason, host.energy_ev) == ("failed", reason, None)
    for vacancy in host.vacancies:
        assert vacancy.status == "skipped"
        assert vacancy.reason == f"{failing.label} failed: {reason}"
        assert vacancy.formation_energy_ev is None
        assert vacancy.alternatives_ev == {}
    total = study.plan.n_calculations
    assert result.counts == {"completed": total - 3, "failed": 1, "skipped": 2}
    assert not result.is_complete
    assert None not in energies(result.hosts[0]) + energies(result.hosts[2])


def test_a_failed_pristine_host_takes_all_others_with_it(study: FakeStudy) -> None:
    result = study.run(**{host_fault(study.plan, study.plan.hosts[0]): "unconverged"})
    assert [host.status for host in result.hosts] == ["failed", "skipped", "skipped"]
    for host in result.hosts[1:]:
        assert host.reason == "bare_x1.0000 failed: not converged after 3 steps"
    assert result.counts == {"completed": 3, "failed": 1, "skipped": 8}


def test_a_failed_bulk_skips_every_host(study: FakeStudy) -> None:
    result = study.run(**{fault_name("bulk_relax", study.plan.bulk): "raise"})
    assert {host.status for host in result.hosts} == {"skipped"}
    assert result.hosts[0].reason == "bulk failed: RuntimeError: the cluster is on fire"
    assert all("the cluster is on fire" in str(host.reason) for host in result.hosts)
    assert result.counts == {"completed": 2, "failed": 1, "skipped": 9}
    assert result.turning_points[0].at is None
    records = {record.label: record.status for record in result.calculations}
    assert (records["O2"], records["Li"], records["bulk"]) == ("completed", "completed", "failed")


@pytest.mark.parametrize("scheme", ["none", "potential"])
def test_without_o2_only_the_schemes_that_need_it_have_no_number(
    study: FakeStudy, scheme: OxygenScheme
) -> None:
    study.scheme = scheme
    result = study.run(**{"molecule_relax O2": "raise"})
    assert [host.status for host in result.hosts] == ["completed"] * 3
    assert result.counts["failed"] == 1
    assert not result.is_complete
    found = [energy for host in result.hosts for energy in energies(host)]
    if scheme == "potential":
        assert all(energy is not None and math.isfinite(energy) for energy in found)
        assert result.hosts[0].vacancies[0].alternatives_ev == {}
        assert "the cluster is on fire" in result.other_schemes["none"]
        return
    assert found == [None] * 6
    assert result.oxygen is None
    assert result.turning_points == []
    for vacancy in result.hosts[0].vacancies:
        assert vacancy.status == "skipped"
        assert "O2 failed: RuntimeError: the cluster is on fire" in str(vacancy.reason)


def test_an_energy_that_is_no_number_is_a_failure_and_never_a_result(study: FakeStudy) -> None:
    host = study.plan.hosts[2]
    lacking = study.plan.vacancy_structure(host, host.vacancies[0])
    result = study.run(**{fault_name("slab_relax", lacking): "nan"})
    assert energies(result.hosts[2]) == [None, None]
    for vacancy in result.hosts[2].vacancies:
        assert vacancy.status == "failed"
        assert "energy_ev = nan" in str(vacancy.reason)
    assert result.hosts[2].status == "completed"
    assert result.counts == {"completed": study.plan.n_calculations - 2, "failed": 2}


def test_a_bulk_that_relaxed_out_of_its_symmetry_gives_no_slab(study: FakeStudy) -> None:
    result = study.run(**{fault_name("bulk_relax", study.plan.bulk): "asymmetric"})
    assert result.hosts[0].status == "skipped"
    assert str(result.hosts[0].reason).startswith("the relaxed bulk lost the operation that turns")
    assert result.counts == {"completed": 3, "skipped": 9}


def test_only_what_failed_is_computed_again(study: FakeStudy) -> None:
    failing = study.plan.hosts[1]
    study.run(**{host_fault(study.plan, failing): "raise"})
    before = study.calls()
    result = study.run()
    assert result.is_complete
    again = study.calls()[len(before) :]
    lacking = [study.plan.vacancy_structure(failing, site) for site in failing.vacancies]
    expected = [host_fault(study.plan, failing), *(fault_name("slab_relax", s) for s in lacking)]
    assert sorted(again) == sorted(expected)
    assert failures(study.cache) == []
