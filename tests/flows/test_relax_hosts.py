from __future__ import annotations

import sys
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from beside_metals import EngineOfTetrahedra, n_beside
from fake_study import FakeStudy
from studies import coated_recipe, tiny_recipe

from llo_dft.analysis.oxygen.reservoir import OxygenReservoir
from llo_dft.analysis.study_calculations import StudyCalculations
from llo_dft.documents.atom_identity import bare_sites, places
from llo_dft.errors import InputError
from llo_dft.flows.relax_hosts import HostsMaker
from llo_dft.flows.study_parts import ReferencesMaker
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.testing.fake_engine import FakeCalculation, FakeEngine, fault_name


@pytest.fixture
def bulk(plan, maker, run_alone):
    references = ReferencesMaker("calculations", maker("bulk_relax"), maker("molecule_relax"))
    return run_alone(references.make(plan))["bulk"]


def test_bare_hosts_alone_start_from_a_bulk_that_was_relaxed_before(plan, bulk, maker, run_alone):
    made = run_alone(HostsMaker("calculations", maker("slab_relax")).make(plan, bulk))
    assert list(made) == [host.label for host in plan.hosts]
    pristine = made[plan.hosts[0].label]
    lengths = sorted(bulk.structure.lattice.abc)
    for length in pristine.initial_structure.lattice.abc[:2]:
        assert np.isclose(length / np.array(lengths), np.round(length / np.array(lengths))).any()
    for host in plan.hosts[1:]:
        left = pristine.structure.copy()
        left.remove_sites(host.removed)
        start = made[host.label].initial_structure
        assert start.composition == left.composition
        np.testing.assert_allclose(start.frac_coords, left.frac_coords, atol=1e-9)


def test_without_a_bulk_every_host_is_skipped_with_the_reason(plan, bulk, maker, run_alone):
    failed = bulk.model_copy(
        update={"status": "failed", "reason": "no power", "energy_ev": None, "structure": None}
    )
    made = run_alone(HostsMaker("calculations", maker("slab_relax")).make(plan, failed))
    assert {one.status for one in made.values()} == {"skipped"}
    assert made[plan.hosts[0].label].reason == "bulk failed: no power"


def test_a_coated_system_has_its_charged_hosts_alone(coated_plan, bulk, maker):
    (termination, *_) = coated_plan.terminations
    flow = HostsMaker("calculations", maker("slab_relax")).make(coated_plan, bulk, termination)
    expected = [h.label for h in coated_plan.hosts if h.termination == termination and h.removed]
    assert list(flow.output) == expected


if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core import Structure

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.documents.study_result import StudyResult
    from llo_dft.typing import CalculationKind

#: What each Li costs for each number that it has in the bare slab, eV.
PER_NUMBER_EV = 0.05

#: How far above all O a vacancy lifts the highest Li, and what that gains, angstrom and eV.
LIFT_ANGSTROM = 2.5
LIFTED_EV = -0.7

#: A Li so far above all O was lifted, angstrom.
HIGH_ANGSTROM = 2.0


def own_ev(structure: Structure) -> float:
    here = places(structure)
    return PER_NUMBER_EV * sum(n for n in here if structure[here[n]].species_string == "Li")


def lifted(structure: Structure) -> bool:
    lithium, oxygen = (structure.indices_from_symbol(symbol) for symbol in ("Li", "O"))
    if not lithium or "Mn" not in structure.symbol_set or "P" in structure.symbol_set:
        return False
    heights = structure.cart_coords[:, 2]
    return bool(heights[list(lithium)].max() > heights[list(oxygen)].max() + HIGH_ANGSTROM)


class Picky(FakeCalculation):
    """Li of low numbers are the better ones; a vacancy lifts the highest Li of a slab."""

    def _energy_ev(self, structure: Structure) -> float:
        energy = super()._energy_ev(structure)
        if "bare_site" not in structure.site_properties:
            return energy
        return energy + own_ev(structure) + LIFTED_EV * lifted(structure)

    def _relaxed(self, structure: Structure, fault: str) -> Structure:
        relaxed = super()._relaxed(structure, fault)
        lifts, _, without = fault.partition(" ")
        if lifts == "lift" and not (without and int(without) in places(relaxed)):
            lithium = relaxed.indices_from_symbol("Li")
            highest = max(lithium, key=lambda i: relaxed[i].z)
            top = max(relaxed[i].z for i in relaxed.indices_from_symbol("O"))
            rise = top + LIFT_ANGSTROM - relaxed[highest].z
            relaxed.translate_sites([highest], [0, 0, rise], frac_coords=False)
        return relaxed


class PickyEngine(FakeEngine):
    def maker(self, kind: CalculationKind) -> FakeCalculation:
        return Picky(kind, self.protocol, self.counter, self.faults)


def plan_of(**delithiation: Any) -> Any:
    asked = {"candidates": 30, "relaxed": 2, "symmetric": False, "fractions": [1.0, 0.5]}
    return tiny_recipe(delithiation=asked | delithiation)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> StudyPlan:
    return make_plan(plan_of(), tmp_path_factory.mktemp("recipe"))


def run(searched: StudyPlan, folder: Path, **faults: str) -> tuple[FakeStudy, StudyResult]:
    folder.mkdir(parents=True, exist_ok=True)
    study = FakeStudy(searched, folder, engine_type=PickyEngine)
    return study, study.run(**faults)


def vacancies_of(searched: StudyPlan, place: int) -> str:
    """The fault name of all vacancies of a host: they have one formula."""
    host = searched.hosts[place]
    return fault_name("slab_relax", searched.vacancy_structure(host, host.vacancies[0]))


def test_the_known_lowest_ordering_is_the_host(searched: StudyPlan, tmp_path: Path) -> None:
    study, result = run(searched, tmp_path)
    lithium = searched.slab.indices_from_symbol("Li")
    n_left = len(lithium) - searched.hosts[1].n_holes
    best = min(combinations(lithium, n_left), key=sum)
    host = result.hosts[1]
    assert host.ordering is not None
    assert 30 < host.ordering.n_ranked <= 60, "as many again with Li beside empty metal sites"
    assert (host.ordering.n_relaxed, host.ordering.chosen) == (2, 0)
    assert host.ordering.ranked_by == "fake"
    made = study.cache.completed(str(host.calculation))
    assert made is not None
    assert made.structure is not None
    left = [n for n in bare_sites(made.structure) if n in lithium]
    assert sorted(left) == sorted(best)
    first = [n for n in lithium if n not in searched.hosts[1].removed]
    assert host.ordering.single_point_gain_ev == pytest.approx(
        PER_NUMBER_EV * (sum(first) - sum(best))
    )
    assert host.ordering.relaxed_gain_ev == 0.0
    assert result.hosts[0].ordering is None
    # its vacancies begin with it
    for vacancy in searched.hosts[1].vacancies:
        start = study.document(searched.hosts[1].vacancy_label(vacancy)).initial_structure
        assert set(bare_sites(start)) == set(bare_sites(made.structure)) - set(vacancy.removed)
    assert result.is_complete
    assert [r.label for r in result.calculations if not r.applicable] == [
        *(f"{host.label}_revisited" for host in searched.hosts),
        *(label for host in searched.hosts for label in searched.vacancies_again(host)),
    ]


def test_where_no_relaxation_completes_there_is_a_reason_and_a_next_run_tries_again(
    searched: StudyPlan, tmp_path: Path
) -> None:
    _, ranked = run(searched, tmp_path / "a")
    formula = fault_name("slab_relax", searched.host_structure(searched.hosts[1]))
    study, result = run(searched, tmp_path / "b", **{formula: "raise"})
    assert ranked.hosts[1].status == "completed"
    assert result.hosts[1].status == "failed"
    assert "on fire" in str(result.hosts[1].reason)
    # tried again without the fault, it is what it was
    again = study.run()
    assert again.hosts[1].energy_ev == ranked.hosts[1].energy_ev


def test_a_host_that_takes_over_the_li_of_a_vacancy_moves_e_f_by_what_it_gains(
    searched: StudyPlan, tmp_path: Path
) -> None:
    _, before = run(searched, tmp_path / "still")
    study, after = run(searched, tmp_path / "lifted", **{vacancies_of(searched, 1): "lift"})
    was, now = before.hosts[1], after.hosts[1]
    assert now.revisit is not None
    assert was.revisit is None
    assert now.revisit.gain_ev == pytest.approx(-LIFTED_EV)
    assert now.energy_ev == pytest.approx(was.energy_ev + LIFTED_EV)
    assert now.calculation == study.document(f"{now.label}_revisited").key
    for earlier, later in zip(was.vacancies, now.vacancies, strict=True):
        assert later.formation_energy_ev == pytest.approx(
            earlier.formation_energy_ev - LIFTED_EV, abs=1e-6
        )
    assert after.hosts[0].revisit is None
    assert after.is_complete
    records = {record.label: record for record in after.calculations}
    assert records[f"{now.label}_revisited"].applicable
    assert not records[f"{after.hosts[0].label}_revisited"].applicable


@pytest.mark.parametrize("gain_ev", [0.04, 0.06])
def test_a_host_that_is_hardly_lower_is_not_taken(
    searched: StudyPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gain_ev: float
) -> None:
    taken = gain_ev > 0.05
    monkeypatch.setattr(sys.modules[__name__], "LIFTED_EV", -gain_ev)
    _, before = run(searched, tmp_path / "still")
    study, after = run(searched, tmp_path / "lifted", **{vacancies_of(searched, 1): "lift"})
    was, now = before.hosts[1], after.hosts[1]
    assert now.revisit is not None
    assert now.revisit.gain_ev == pytest.approx(gain_ev)
    assert (now.calculation == study.document(f"{now.label}_revisited").key) is taken
    assert now.energy_ev == pytest.approx(was.energy_ev - gain_ev * taken)
    assert all(vacancy.rebuilt is not taken for vacancy in now.vacancies)
    assert after.is_complete


def test_where_one_vacancy_moves_the_host_the_others_are_made_in_it_again(
    searched: StudyPlan, tmp_path: Path
) -> None:
    host = searched.hosts[1]
    lifting, *others = host.vacancies
    _, before = run(searched, tmp_path / "still")
    fault = {vacancies_of(searched, 1): f"lift {lifting.removed[0]}"}
    study, after = run(searched, tmp_path / "lifted", **fault)
    was, now = before.hosts[1], after.hosts[1]
    assert now.revisit is not None
    assert now.revisit.vacancy == lifting.pair
    assert now.energy_ev == pytest.approx(was.energy_ev + LIFTED_EV)
    # the engine has the energies of what it begins with: the one that lifts gains nothing by it
    assert now.vacancies[0].formation_energy_ev == pytest.approx(
        was.vacancies[0].formation_energy_ev - LIFTED_EV
    )
    again = dict(zip([v.pair for v in host.vacancies], searched.vacancies_again(host), strict=True))
    records = {record.label: record for record in after.calculations}
    assert not records[again[lifting.pair]].applicable
    assert str(records[again[lifting.pair]].reason).endswith(f"of {now.label}_revisited")
    assert len(others) > 0
    for vacancy, earlier, later in zip(others, was.vacancies[1:], now.vacancies[1:], strict=True):
        assert records[again[vacancy.pair]].applicable
        assert later.calculation == study.document(again[vacancy.pair]).key
        assert later.formation_energy_ev == pytest.approx(earlier.formation_energy_ev)
        assert not later.rebuilt
    assert after.is_complete
    n_before = len(study.calls())
    assert study.run(**fault).hosts == after.hosts
    assert len(study.calls()) == n_before


def test_only_a_vacancy_in_another_arrangement_than_its_host_is_marked(
    searched: StudyPlan, tmp_path: Path
) -> None:
    """All vacancies lift the Li; where the host that took it over failed, they are marked."""
    host = searched.hosts[1]
    lift = {vacancies_of(searched, 1): "lift"}
    _, taken = run(searched, tmp_path / "taken", **lift)
    assert not any(vacancy.rebuilt for vacancy in taken.hosts[1].vacancies)
    study = FakeStudy(searched, tmp_path / "taken", engine_type=PickyEngine)
    documents = study.cache.documents(searched.labels)
    failed = documents["Li"].model_copy(
        update={"status": "failed", "energy_ev": None, "structure": None, "reason": "no power"}
    )
    made = StudyCalculations(searched, documents | {f"{host.label}_revisited": failed})
    result = made.result_of(host, OxygenReservoir(None, {}, {}, ""))
    assert result.revisit is not None
    assert (result.revisit.gain_ev, result.revisit.reason) == (None, "no power")
    flags = [one.flags for one in result.vacancies]
    assert all(any(flag.startswith("moved: Li") for flag in some) for some in flags)


def test_what_was_killed_half_way_chooses_the_same(searched: StudyPlan, tmp_path: Path) -> None:
    _, expected = run(searched, tmp_path / "whole")
    formula = vacancies_of(searched, 1)
    broken, first = run(searched, tmp_path / "broken", **{formula: "raise"})
    assert not first.is_complete
    n_before = len(broken.calls())
    result = broken.run()
    assert result.hosts == expected.hosts
    # rankings and what was relaxed are taken from the folder
    assert len(broken.calls()) - n_before == len(searched.hosts[1].vacancies)


def test_li_beside_empty_metal_sites_may_be_the_host(searched: StudyPlan, tmp_path: Path) -> None:
    study = FakeStudy(searched, tmp_path, engine_type=EngineOfTetrahedra)
    host = study.run().hosts[1]
    ordering = host.ordering
    assert ordering is not None
    assert ordering.n_beside > 0
    made = study.cache.completed(str(host.calculation))
    assert made is not None
    assert made.structure is not None
    assert n_beside(made.structure) == ordering.n_beside
    assert host.flags == [], "its Li began where they are"
    ranking = study.document(f"{searched.hosts[1].label}_ranking").ranking
    removed = searched.hosts[1].removed
    (first,) = (one for one in ranking if one.removed == removed and not one.moved_angstrom)
    assert ordering.single_point_gain_ev == first.energy_ev - ranking[ordering.chosen].energy_ev


def test_without_a_ranker_the_lowest_ewald_energies_are_relaxed(tmp_path: Path) -> None:
    searched = make_plan(plan_of(ranker="ewald", relaxed=3), tmp_path)
    host = searched.hosts[1]
    assert searched.own_labels(host) == [f"{host.label}_ordering_{i}" for i in range(3)]
    _, result = run(searched, tmp_path)
    energies = [own_ev_of(searched, removed) for removed in host.orderings[:3]]
    assert result.hosts[1].ordering is not None
    assert result.hosts[1].ordering.ranked_by == "ewald"
    assert result.hosts[1].ordering.chosen == energies.index(min(energies))
    assert result.hosts[1].ordering.relaxed_gain_ev == pytest.approx(energies[0] - min(energies))
    assert result.is_complete


def own_ev_of(searched: StudyPlan, removed: list[int]) -> float:
    lithium = searched.slab.indices_from_symbol("Li")
    return PER_NUMBER_EV * sum(n for n in lithium if n not in removed)


def test_coated_hosts_are_ordered_too_and_try_the_bare_hosts_ordering(tmp_path: Path) -> None:
    asked = {"candidates": 8, "relaxed": 2, "fractions": [1.0, 0.5]}
    searched = make_plan(coated_recipe(delithiation=asked), tmp_path)
    study, result = run(searched, tmp_path)
    bare = next(h for h in result.hosts if h.termination is None and h.ordering is not None)
    made = study.cache.completed(str(bare.calculation))
    assert made is not None
    assert made.structure is not None
    lithium = set(searched.slab.indices_from_symbol("Li"))
    gone = lithium - set(bare_sites(made.structure))
    for planned, host in zip(searched.hosts, result.hosts, strict=True):
        if host.termination is None or host.ordering is None:
            continue
        assert 8 < host.ordering.n_ranked <= 16
        assert host.ordering.n_relaxed == 2
        ranking = study.document(f"{host.label}_ranking")
        present = places(searched.pristine_structure(planned)).keys()
        assert any(gone & present <= set(one.removed) for one in ranking.ranking)
        assert all(set(one.removed) <= present for one in ranking.ranking)
        assert {len(one.removed) for one in ranking.ranking} == {planned.n_holes}
        costs = [own_ev_of(searched, one.removed) for one in ranking.ranking]
        n_distinct = len({round(cost, 6) for cost in costs})
        assert costs[:n_distinct] == sorted(costs[:n_distinct]), "images of lower ones come last"
    assert result.is_complete


def test_a_plan_to_be_ranked_needs_a_ranker(searched: StudyPlan, tmp_path: Path) -> None:
    maker = HostsMaker(str(tmp_path), PickyEngine().maker("slab_relax"))
    with pytest.raises(InputError, match=r"expected the field ranker, that engine's maker of kind"):
        maker.make(searched, searched.bulk)
