"""The coated study on an engine whose energies are worked out by hand.

Bare: Li16 Mn8 O24 in 84 A^2. flat-Li2-PO4 lays Li18 P6 O24 on it; step-Li0-PO3 lays Li9 P3 O9 on
it and drives 6 Li of the face out. At half the Li: 8 of 16, 8 of 16 and 5 of 10 are left.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fake_study import FakeStudy, assert_same_atoms
from studies import coated_recipe

from llo_dft.analysis.interface.adhesion import interface_bonds
from llo_dft.documents.atom_identity import bare_sites, places
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.testing.fake_engine import (
    ATOM_EV,
    BOND_STEP,
    BULK_GROWTH,
    CRYSTAL_EV_PER_P,
    HEIGHT_EV_PER_ANGSTROM,
    LABEL_HALF_O2_EV,
    LAST_BOND,
    LITHIUM_METAL_EV,
    METAL_EV,
    PAIR_EV,
    coating_height,
    fault_name,
    vacancy_minus_host_ev,
)

if TYPE_CHECKING:
    from llo_dft.documents.plan import StudyPlan
    from llo_dft.documents.study_result import HostResult, InterfaceResult, StudyResult

FLAT, STEP = "flat-Li2-PO4", "step-Li0-PO3"
SYSTEMS = (None, FLAT, STEP)

#: All Li in the cell and Li in the oxide, of bare, flat and step, full and at half the Li.
ALL_LI = {None: (16, 8), FLAT: (34, 26), STEP: (19, 11)}
OXIDE_LI = {None: (16, 8), FLAT: (16, 8), STEP: (10, 2)}
ALL_O = {None: 24, FLAT: 48, STEP: 33}

#: (Li, P, O) of the coatings.
COATING = {FLAT: (18, 6, 24), STEP: (9, 3, 9)}

#: O that each P of the step is above of, as indices of the bare slab, first P first.
BENEATH_P = (32, 25, 39)

#: mu_O at 298.15 K and 1 bar, eV: -T S / 2 with S = 205.15 J/K/mol of O2.
MU_O_EV = LABEL_HALF_O2_EV - 298.15 * 205.15e-3 / 2 / 96.485
J_PER_M2 = 16.0218

TABLE_ROUNDING_EV = 2e-4
ROUNDING = 1e-6

FIRE = "RuntimeError: the cluster is on fire"


@pytest.fixture(scope="module")
def study(coated_plan: StudyPlan, tmp_path_factory: pytest.TempPathFactory) -> FakeStudy:
    return FakeStudy(coated_plan, tmp_path_factory.mktemp("coated"))


@pytest.fixture(scope="module")
def result(study: FakeStudy) -> StudyResult:
    """All went well. Not to be run again."""
    return study.run()


def hosts_of(result: StudyResult, termination: str | None) -> list[HostResult]:
    return [host for host in result.hosts if host.termination == termination]


def interface_of(result: StudyResult, termination: str) -> InterfaceResult:
    return next(one for one in result.interfaces if one.termination == termination)


def test_of_two_candidates_the_one_of_lower_energy_goes_on(
    study: FakeStudy, result: StudyResult
) -> None:
    for termination in (FLAT, STEP):
        made = interface_of(result, termination)
        first, second = (study.document(f"interface_{termination}_{rank}") for rank in (0, 1))
        # laid 0.2 angstrom further away
        assert second.energy_ev - first.energy_ev == pytest.approx(0.2 * HEIGHT_EV_PER_ANGSTROM)
        assert made.rank == 1
        assert [one.energy_ev for one in made.candidates] == [first.energy_ev, second.energy_ev]
        assert [one.gap_angstrom for one in made.candidates] == [1.6, 1.8]
        pristine = hosts_of(result, termination)[0]
        assert (pristine.calculation, pristine.energy_ev) == (second.key, second.energy_ev)


def test_a_coating_is_laid_on_the_slab_as_it_relaxed(study: FakeStudy) -> None:
    bare = study.document("bare_x1.0000")
    for one in study.plan.interfaces:
        laid = study.document(one.label).initial_structure
        assert laid.species == one.structure.species
        grown = BULK_GROWTH * np.array(study.plan.slab.lattice.abc[:2])
        assert laid.lattice.abc[:2] == pytest.approx(grown)
        assert bare_sites(laid) == bare_sites(one.structure)
        for (i, here), (j, there) in pairwise(places(laid).items()):
            ours, theirs = laid.get_distance(here, there), bare.structure.get_distance(i, j)
            assert ours == pytest.approx(theirs, abs=ROUNDING)


def test_the_bare_li_leave_the_coated_slab_and_others_for_those_that_left_for_charge(
    study: FakeStudy, result: StudyResult
) -> None:
    bare = next(h for h in study.plan.hosts if h.removed)
    for termination in (FLAT, STEP):
        one = study.plan.candidates(termination)[0]
        here = places(one.structure)
        gone = set(range(len(study.plan.slab))) - here.keys()
        assert len(gone) == (6 if termination == STEP else 0)
        half = next(h for h in study.plan.hosts if h.termination == termination and h.removed)
        assert set(half.removed) >= set(bare.removed) - gone
        assert len(half.removed) == len(bare.removed)
        start = study.document(half.label)
        assert_same_atoms(
            start,
            study.document(f"interface_{termination}_1"),
            [here[site] for site in half.removed],
        )
    for termination in SYSTEMS:
        for host, everything in zip(
            hosts_of(result, termination), ALL_LI[termination], strict=True
        ):
            assert host.calculation is not None
            document = study.cache.completed(host.calculation)
            assert document is not None
            assert document.structure.composition["Li"] == everything


def test_lithium_fractions_count_the_li_of_the_oxide_alone(result: StudyResult) -> None:
    for termination in SYSTEMS:
        full, half = OXIDE_LI[termination]
        hosts = hosts_of(result, termination)
        assert [host.n_li for host in hosts] == [full, half]
        assert [host.n_holes for host in hosts] == [0, full - half]
        assert [host.lithium_fraction for host in hosts] == [full / 16, half / 16]


def test_formation_energies_by_hand(result: StudyResult) -> None:
    assert result.is_complete
    for termination in SYSTEMS:
        for host, n_lithium in zip(hosts_of(result, termination), ALL_LI[termination], strict=True):
            by_hand = vacancy_minus_host_ev(n_lithium) + MU_O_EV
            found = [vacancy.formation_energy_ev for vacancy in host.vacancies]
            assert found == pytest.approx([by_hand] * len(found), abs=TABLE_ROUNDING_EV)


def test_pairs_are_the_same_o_in_both_by_hand(result: StudyResult) -> None:
    # a coated O has 0.1 eV more for each Li that the coated cell has more
    by_hand = {
        (FLAT, 1.0, 24, False): 1.8,
        (FLAT, 0.5, 32, False): 1.8,
        (STEP, 10 / 16, 24, False): 0.3,
        (STEP, 10 / 16, 25, True): 0.3,
        (STEP, 2 / 16, 32, True): 0.3,
        (STEP, 2 / 16, 25, True): 0.3,
    }
    found = {
        (p.termination, p.lithium_fraction_coated, p.site, p.bonded_to_former): p
        for p in result.pairs
    }
    assert set(found) == set(by_hand)
    assert len(result.pairs) == len(by_hand)
    for place, pair in found.items():
        assert pair.difference_ev == pytest.approx(by_hand[place], abs=ROUNDING)
        assert pair.coated_ev - pair.bare_ev == pytest.approx(by_hand[place], abs=ROUNDING)
        lost_for_charge = 6 / 16 if pair.termination == STEP else 0.0
        assert pair.lithium_fraction_bare - pair.lithium_fraction_coated == lost_for_charge
        assert (pair.site_class, pair.layer, pair.rebuilt) == ("2TM+1Li", "surface", False)


def test_bonds_to_p_are_found_in_the_relaxed_interface(
    study: FakeStudy, result: StudyResult
) -> None:
    assert interface_of(result, FLAT).bonds == []
    assert interface_of(result, FLAT).flags == []
    made = interface_of(result, STEP)
    # the engine gives the last P the shortest bond
    assert [bond.oxygen for bond in made.bonds] == list(reversed(BENEATH_P))
    lengths = [LAST_BOND + BOND_STEP * i for i in range(3)]
    assert [bond.length_angstrom for bond in made.bonds] == pytest.approx(lengths)
    assert [flag.partition(":")[0] for flag in made.flags] == ["p_o_formed"] * 3
    assert result.hosts[0].flags == []
    # the candidate that did not go on has none
    other = study.document(f"interface_{STEP}_0")
    assert interface_bonds(other.structure) == []


def test_the_o_bonded_to_the_coating_is_taken_from_bare_and_coated_alike(
    study: FakeStudy, result: StudyResult
) -> None:
    pair = f"{STEP}-OP1"
    for termination in (None, STEP):
        for planned, host in zip(
            [h for h in study.plan.hosts if h.termination == termination],
            hosts_of(result, termination),
            strict=True,
        ):
            vacancy = next(v for v in host.vacancies if v.pair == pair)
            assert (vacancy.site, vacancy.site_class) == (min(BENEATH_P), "2TM+1Li")
            assert vacancy.environment is not None
            assert vacancy.environment.n_former == (termination == STEP)
            assert (vacancy.environment.side, vacancy.environment.layer) == ("top", "surface")
            parent = study.cache.completed(str(host.calculation))
            assert parent is not None
            index = places(study.plan.host_structure(planned))[25]
            assert_same_atoms(study.document(f"{host.label}_vac_{pair}"), parent, [index])


def test_adhesion_and_formation_energy_by_hand(study: FakeStudy, result: StudyResult) -> None:
    area = study.plan.slab.lattice.a * study.plan.slab.lattice.b * BULK_GROWTH**2
    onset_v = 2.0
    for termination, (lithium, phosphorus, oxygen) in COATING.items():
        best = study.document(f"interface_{termination}_1")
        height_ev = HEIGHT_EV_PER_ANGSTROM * coating_height(best.initial_structure)
        oxide_li, _ = OXIDE_LI[termination]
        # apart, the Li of one part has nothing of the O of the other
        across = PAIR_EV * (oxide_li * oxygen + lithium * 24)
        made = interface_of(result, termination)
        assert made.area_angstrom2 == pytest.approx(area)
        energy = made.energy
        parted = pytest.approx(-(across + height_ev) / area * J_PER_M2, rel=1e-5)
        charge = lithium + 5 * phosphorus - 2 * oxygen
        assert energy.coating_charge_e == charge
        assert energy.work_of_adhesion_j_per_m2 == (None if charge else parted)
        parts = {f"interface_{termination}_{part}" for part in ("oxide", "coating")}
        assert parts & {*study.plan.labels} == (set() if charge else parts)
        # coated less bare: what the coating is made of, less the Li that left
        left = 16 - oxide_li
        atoms = (lithium - left) * ATOM_EV["Li"] + phosphorus * METAL_EV + oxygen * ATOM_EV["O"]
        pairs = PAIR_EV * (ALL_LI[termination][0] * (24 + oxygen) - 16 * 24)
        excess_li, excess_o = lithium - left - 3 * phosphorus, oxygen - 4 * phosphorus
        assert (energy.excess_li, energy.excess_o) == (excess_li, excess_o)
        reservoirs = excess_li * (LITHIUM_METAL_EV - onset_v) + excess_o * MU_O_EV
        by_hand = atoms + pairs + height_ev - CRYSTAL_EV_PER_P * phosphorus - reservoirs
        assert energy.coating_energy_j_per_m2 == pytest.approx(
            by_hand / area * J_PER_M2, abs=TABLE_ROUNDING_EV
        )
        assert energy.voltage_v == (None if excess_li == 0 else pytest.approx(onset_v))
        no_parts = "no work of adhesion: the parts have formal charges"
        assert energy.reason == (no_parts if charge else None)
    assert [interface_of(result, t).energy.excess_li for t in COATING] == [0, -6]


def test_what_an_interface_is_made_of(study: FakeStudy, result: StudyResult) -> None:
    assert [one.film_formula for one in result.interfaces] == ["Li18O24P6", "Li9O9P3"]
    assert [one.film_is_stoichiometric for one in result.interfaces] == [True, False]
    assert [one.li_removed_for_charge for one in result.interfaces] == [0, 6]
    for one in result.interfaces:
        planned = study.plan.candidates(one.termination)[1]
        assert one.coating_strain == planned.coating_strain
        # this engine lets the oxide and the crystal grow alike
        assert one.relaxed_coating_strain == pytest.approx(planned.coating_strain, abs=1e-9)
        assert one.relaxed_von_mises_strain == pytest.approx(planned.von_mises_strain, abs=1e-9)


def test_the_voltage_by_hand(result: StudyResult) -> None:
    # a Li that leaves takes its own energy and its pairs with all O along
    for voltage, termination in zip(result.voltages, SYSTEMS, strict=True):
        assert voltage.termination == termination
        assert voltage.curve is not None
        (step,) = voltage.curve.steps
        by_hand = LITHIUM_METAL_EV - ATOM_EV["Li"] - PAIR_EV * ALL_O[termination]
        assert step.voltage_v == pytest.approx(by_hand)
        full, half = OXIDE_LI[termination]
        assert (step.n_li, step.lithium_fraction_to) == (full - half, half / 16)
    bare, *_ = result.voltages
    assert bare.curve is not None
    assert bare.curve.average_v == pytest.approx(2.0)


def test_each_system_has_its_turning_point_and_temperatures(result: StudyResult) -> None:
    of_lowest = [one for one in result.turning_points if one.site is None]
    assert [(one.system, one.termination) for one in of_lowest] == [
        ("bare", None),
        ("coated", FLAT),
        ("coated", STEP),
    ]
    # E_f = 4.9 + 0.1 n_Li + mu is above zero at all of them
    assert {one.at for one in result.turning_points} == {None}
    assert all(one.reason and "none in range" in one.reason for one in result.turning_points)
    for host in result.hosts:
        assert (host.turning_temperature_k is None) == (host.turning_temperature_reason is not None)


def test_all_that_was_planned_is_on_record_once(study: FakeStudy, result: StudyResult) -> None:
    labels = [record.label for record in result.calculations]
    assert labels == study.plan.labels
    assert len(set(labels)) == len(labels) == study.plan.n_calculations
    assert result.counts == {"completed": study.plan.n_calculations}
    assert {record.status for record in result.calculations} == {"completed"}
    # O that the coating's P bonds to are removed in several ways
    notes = [
        (one.label, note) for one in study.cache.documents(labels).values() for note in one.notes
    ]
    several = {label: int(note.split()[2]) for label, note in notes if note.startswith("lowest of")}
    assert several
    assert all(label.startswith(f"coated_{STEP}") for label in several)
    n_further = sum(several.values()) - len(several)
    assert len(study.calls()) == study.plan.n_calculations + n_further


def test_a_slab_that_drifts_as_a_whole_has_rebuilt_nothing(result: StudyResult) -> None:
    for host in result.hosts:
        bonded = host.termination == STEP and host.n_holes == 0
        assert bool(host.flags) == bonded
        assert [vacancy.flags for vacancy in host.vacancies] == [[]] * len(host.vacancies)


@pytest.fixture(scope="module")
def without_bonds(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[FakeStudy, StudyResult]:
    """A termination that exposes P, laid too far away for any bond."""
    recipe = coated_recipe(coating={"terminations": [STEP], "gaps": [2.4], "keep": 1})
    made = FakeStudy(make_plan(recipe, Path()), tmp_path_factory.mktemp("far"))
    return made, made.run()


def test_where_no_bond_formed_there_is_no_vacancy_and_nothing_is_missing(
    without_bonds: tuple[FakeStudy, StudyResult],
) -> None:
    study, result = without_bonds
    assert interface_of(result, STEP).bonds == []
    planned = [v for host in study.plan.hosts for v in host.vacancies if v.bonded is not None]
    assert len(planned) == 4
    assert [len(host.vacancies) for host in result.hosts] == [1] * 4
    assert result.is_complete
    assert result.counts == {"completed": study.plan.n_calculations - 4}
    others = [record for record in result.calculations if not record.applicable]
    assert len(others) == 4
    for record in others:
        assert record.status == "skipped"
        assert (
            record.reason == f"the relaxed interface {STEP} has formers bonded to 0 O of the oxide"
        )


@pytest.fixture(scope="module")
def troubled(
    study: FakeStudy, result: StudyResult, tmp_path_factory: pytest.TempPathFactory
) -> StudyResult:
    """No candidate of the step completes, of the flat one not the lower, and one vacancy fails."""
    assert result.is_complete
    plan = study.plan
    flat, step = (plan.candidates(termination)[0].structure for termination in (FLAT, STEP))
    heights = [
        coating_height(study.document(f"interface_{FLAT}_{rank}").initial_structure)
        for rank in (0, 1)
    ]
    half = next(h for h in plan.hosts if h.termination == FLAT and h.removed)
    lacking = plan.vacancy_structure(half, half.vacancies[0])
    assert lacking is not None
    faults = {
        fault_name("slab_relax", step): "raise",
        fault_name("slab_relax", flat): f"raise above {np.mean(heights)}",
        fault_name("slab_relax", lacking): "unconverged",
    }
    return FakeStudy(plan, tmp_path_factory.mktemp("troubled")).run(**faults)


def test_a_termination_without_a_candidate_leaves_a_reason_everywhere(
    troubled: StudyResult,
) -> None:
    made = interface_of(troubled, STEP)
    assert (made.status, made.reason, made.rank) == ("failed", FIRE, None)
    assert [(one.status, one.reason) for one in made.candidates] == [("failed", FIRE)] * 2
    assert (made.bonds, made.area_angstrom2) == ([], None)
    assert made.energy.work_of_adhesion_j_per_m2 is None
    assert made.energy.coating_energy_j_per_m2 is None
    assert made.energy.reason == "the interface has no energy"
    pristine, half = hosts_of(troubled, STEP)
    assert (pristine.status, pristine.reason) == ("failed", FIRE)
    assert half.status == "skipped"
    assert FIRE in str(half.reason)
    for vacancy in pristine.vacancies + half.vacancies:
        assert (vacancy.status, vacancy.formation_energy_ev) == ("skipped", None)
        assert FIRE in str(vacancy.reason)
    of_step = [r for r in troubled.calculations if STEP in r.label]
    assert len(of_step) == 2 + 1 + 4 + 2  # candidates, host, its vacancies, bare ones
    for record in of_step:
        assert record.status in {"failed", "skipped"}
        assert record.applicable
        assert FIRE in str(record.reason)
    assert not troubled.is_complete


def test_without_the_interface_it_is_not_known_which_o_p_is_bonded_to(
    troubled: StudyResult,
) -> None:
    for host in hosts_of(troubled, None) + hosts_of(troubled, STEP):
        vacancy = next(v for v in host.vacancies if v.pair == f"{STEP}-OP1")
        assert (vacancy.site, vacancy.environment) == (None, None)
        assert vacancy.site_class == "bonded to the coating"


def test_the_bare_line_stays_when_a_coating_failed(
    troubled: StudyResult, result: StudyResult
) -> None:
    for ours, whole in zip(hosts_of(troubled, None), hosts_of(result, None), strict=True):
        assert (ours.status, ours.energy_ev) == ("completed", whole.energy_ev)
        assert ours.vacancies[0] == whole.vacancies[0]
    bare, flat, step = troubled.voltages
    assert bare == result.voltages[0]
    assert flat.curve is not None
    assert step.curve is None
    assert "there are none" in str(step.reason)


def test_one_candidate_that_failed_leaves_the_other(
    troubled: StudyResult, result: StudyResult
) -> None:
    made, whole = interface_of(troubled, FLAT), interface_of(result, FLAT)
    assert (made.status, made.rank) == ("completed", 0)
    assert [(one.status, one.reason) for one in made.candidates] == [
        ("completed", None),
        ("failed", FIRE),
    ]
    first = made.candidates[0]
    assert first == whole.candidates[0]
    assert [host.status for host in hosts_of(troubled, FLAT)] == ["completed"] * 2
    assert hosts_of(troubled, FLAT)[0].energy_ev == first.energy_ev
    # it sticks less well by the 0.2 eV that the other lies lower
    lost = (whole.energy.work_of_adhesion_j_per_m2 or 0.0) - (
        made.energy.work_of_adhesion_j_per_m2 or 0.0
    )
    area = whole.area_angstrom2 or 0.0
    assert lost == pytest.approx(-0.2 * HEIGHT_EV_PER_ANGSTROM / area * J_PER_M2, rel=1e-4)


def test_one_coated_vacancy_that_failed_is_a_gap_with_its_reason(
    troubled: StudyResult, result: StudyResult
) -> None:
    (gap,) = hosts_of(troubled, FLAT)[1].vacancies
    assert (gap.status, gap.reason) == ("failed", "not converged after 3 steps")
    assert (gap.site, gap.formation_energy_ev) == (32, None)
    (kept,) = hosts_of(troubled, FLAT)[0].vacancies
    assert kept.formation_energy_ev is not None
    assert [(p.termination, p.site) for p in troubled.pairs] == [(FLAT, 24)]
    assert troubled.pairs[0].difference_ev == pytest.approx(1.8)
    n_step = 2 + 1 + 4 + 2
    assert troubled.counts == {
        "completed": len(result.calculations) - n_step - 2,
        "failed": 2 + 2,
        "skipped": n_step - 2,
    }


def test_li_of_the_coated_slab_s_own_choice(tmp_path: Path) -> None:
    recipe = coated_recipe(
        coating={"terminations": [STEP], "keep": 1},
        delithiation={"coated": "own", "fractions": [1.0, 0.6]},
    )
    plan = make_plan(recipe, Path())
    found = FakeStudy(plan, tmp_path).run()
    assert found.is_complete
    bare, coated = hosts_of(found, None), hosts_of(found, STEP)
    assert [host.n_li for host in bare] == [16, 10]
    assert [host.n_li for host in coated] == [10, 4]
    assert [host.lithium_fraction for host in coated] == [10 / 16, 4 / 16]
    assert {host.requested_lithium_fraction for host in (bare[1], coated[1])} == {0.6}
    left = [p for p in found.pairs if p.lithium_fraction_coated == 4 / 16]
    assert {p.lithium_fraction_bare for p in left} == {10 / 16}
    # all Li in the cells: 4 + 9 coated ones, 10 bare ones
    assert [p.difference_ev for p in left] == pytest.approx([0.3] * len(left))
    assert left


def test_what_is_not_equally_charged_makes_no_pair(tmp_path: Path) -> None:
    """At 0.25 the bare slab has twelve holes, and the oxide under the step ten Li to give."""
    recipe = coated_recipe(
        coating={"terminations": [STEP], "keep": 1},
        delithiation={"fractions": [1.0, 0.25]},
    )
    found = FakeStudy(make_plan(recipe, Path()), tmp_path).run()
    assert found.is_complete
    assert [host.n_holes for host in hosts_of(found, None)] == [0, 12]
    assert [host.n_holes for host in hosts_of(found, STEP)] == [0, 10]
    assert {pair.n_holes for pair in found.pairs} == {0}
    assert [note for note in found.notes if "10 Li to give" in note]
