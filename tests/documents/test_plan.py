from __future__ import annotations

import numpy as np
import pytest

from llo_dft.documents.atom_identity import bare_sites, coating_places, only_part, places
from llo_dft.documents.labels import ranking_label
from llo_dft.documents.plan import StudyPlan
from llo_dft.resources import load_structure


def test_a_plan_comes_back_from_json(plan: StudyPlan) -> None:
    assert StudyPlan.model_validate_json(plan.model_dump_json()) == plan


def test_the_planned_structures_lack_what_the_plan_removes(plan: StudyPlan) -> None:
    atoms = np.array([site.coords for site in plan.slab])
    for host in plan.hosts:
        made = plan.host_structure(host)
        kept = [i for i in range(len(plan.slab)) if i not in host.removed]
        assert np.allclose([site.coords for site in made], atoms[kept])
        for vacancy in host.vacancies:
            lacking = plan.vacancy_structure(host, vacancy)
            before, after = made.composition, lacking.composition
            assert before["O"] - after["O"] == len(vacancy.removed)
            assert before["Li"] == after["Li"]
            gone = {tuple(plan.slab[i].coords) for i in vacancy.removed}
            assert gone <= {tuple(site.coords) for site in made}
            assert gone.isdisjoint({tuple(site.coords) for site in lacking})
    assert plan.n_calculations == 3 + 3 + 3 * 2  # O2, Li and bulk; hosts; vacancies


def test_each_atom_of_a_coated_host_is_the_oxides_or_the_coatings(coated_plan: StudyPlan) -> None:
    hosts = [host for host in coated_plan.hosts if host.termination is not None]
    assert {bool(host.removed) for host in hosts} == {True, False}
    for host in hosts:
        structure = coated_plan.host_structure(host)
        oxide, coating = places(structure), coating_places(structure)
        assert sorted([*oxide.values(), *coating]) == list(range(len(structure)))
        # the atom that left is Li; every other one is the bare slab's
        for number, atom in enumerate(coated_plan.slab):
            left = structure[oxide[number]].specie.symbol if number in oxide else "Li"
            assert atom.specie.symbol == left
        assert oxide.keys().isdisjoint(host.removed)


def test_the_parts_of_an_interface_make_it_whole(coated_plan: StudyPlan) -> None:
    assert len(coated_plan.terminations) == 2
    for termination in coated_plan.terminations:
        best, *others = coated_plan.candidates(termination)
        assert best.rank == 0
        for other in others:
            assert other.structure.species == best.structure.species
            assert bare_sites(other.structure) == bare_sites(best.structure)
        oxide, coating = (only_part(best.structure, part) for part in ("oxide", "coating"))
        assert oxide.composition + coating.composition == best.structure.composition
        assert "P" not in oxide.symbol_set
        assert {"P", "O"} <= set(coating.symbol_set) <= {"Li", "P", "O"}


def test_no_two_calculations_share_a_label(plan: StudyPlan, coated_plan: StudyPlan) -> None:
    for one in (plan, coated_plan):
        assert len(set(one.labels)) == len(one.labels) == one.n_calculations


def test_a_coatings_crystal_is_labelled_by_its_formula(coated_plan) -> None:
    assert coated_plan.coating_label == "Li3PO4"
    other = coated_plan.model_copy(update={"coating_crystal": load_structure("LiNbO3")})
    assert other.coating_label == "LiNbO3"
    assert "LiNbO3" in other.labels
    assert "Li3PO4" not in other.labels
    assert coated_plan.model_copy(update={"coating_crystal": None}).coating_label == ""


@pytest.mark.parametrize(
    ("ranked", "symmetric", "n_relaxed", "expected"),
    [
        (False, False, 3, 0),  # one ordering of Ewald energy, and nothing finds another
        (True, False, 3, 3),
        (True, False, 1, 1),
        (True, True, 40, 15),  # 2 of 6 pairs of Li leave
        (True, False, 500, 40),  # as many as are ranked
    ],
)
def test_what_one_ewald_ordering_begins_is_ranked_all_the_same(
    plan: StudyPlan, *, ranked: bool, symmetric: bool, n_relaxed: int, expected: int
) -> None:
    asked = {"ranked": ranked, "symmetric": symmetric, "n_relaxed": n_relaxed, "n_candidates": 40}
    plan = plan.model_copy(update=asked)
    host = plan.hosts[1].model_copy(
        update={"orderings": [[0, 1, 2, 3]], "n_li_layer": 6, "n_tm_layer": 2}
    )
    labels = plan.relaxed_orderings(host)
    assert labels == [f"{host.label}_ordering_{order}" for order in range(expected)]
    first = [ranking_label(host.label)] if ranked else [host.label]
    assert plan.own_labels(host) == [*first, *labels]
    # where no Li has left, or none is left, there is one way
    for change in ({"orderings": [[]]}, {"n_li_layer": 0, "n_tm_layer": 0}):
        assert plan.relaxed_orderings(host.model_copy(update=change)) == []
