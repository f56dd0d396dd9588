from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from llo_dft.documents.plan import StudyPlan, index_after_removal

if TYPE_CHECKING:
    from collections.abc import Callable


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
            gone = {
                tuple(made[index_after_removal(i, host.removed)].coords) for i in vacancy.removed
            }
            assert gone.isdisjoint({tuple(site.coords) for site in lacking})
    assert plan.n_calculations == 3 + 3 + 3 * 2  # O2, Li and bulk; hosts; vacancies


@pytest.mark.parametrize(
    ("index", "removed", "expected"), [(0, [], 0), (5, [1, 7], 4), (2, [3], 2)]
)
def test_an_index_falls_by_the_removed_sites_before_it(
    index: int, removed: list[int], expected: int
) -> None:
    assert index_after_removal(index, removed) == expected
    left: Callable[[int], bool] = lambda i: i not in removed  # noqa: E731
    assert list(filter(left, range(9)))[expected] == index


def test_a_removed_site_has_no_index() -> None:
    with pytest.raises(ValueError, match="site 3 is among the removed sites"):
        index_after_removal(3, [1, 3])


def test_each_atom_of_a_coated_host_is_the_oxides_or_the_coatings(coated_plan: StudyPlan) -> None:
    hosts = [host for host in coated_plan.hosts if host.termination is not None]
    assert {bool(host.removed) for host in hosts} == {True, False}
    for host in hosts:
        structure = coated_plan.host_structure(host)
        oxide = coated_plan.positions(host)
        coating = coated_plan.coating_positions(host)
        left = [site for site in oxide if site is not None]
        assert sorted(left + coating) == list(range(len(structure)))
        # the atom that left is Li; every other one is the bare slab's
        for number, site in enumerate(oxide):
            symbol = coated_plan.slab[number].specie.symbol
            assert symbol == ("Li" if site is None else structure[site].specie.symbol)
        for number in host.removed:
            assert oxide[number] is None


def test_the_parts_of_an_interface_make_it_whole(coated_plan: StudyPlan) -> None:
    assert len(coated_plan.terminations) == 2
    for termination in coated_plan.terminations:
        best, *others = coated_plan.candidates(termination)
        assert best.rank == 0
        symbols = [site.specie.symbol for site in best.structure]
        for other in others:
            assert [site.specie.symbol for site in other.structure] == symbols
        oxide = coated_plan.part_sites(termination, "oxide")
        coating = coated_plan.part_sites(termination, "coating")
        assert sorted(oxide + coating) == list(range(len(symbols)))
        assert "P" not in {symbols[site] for site in oxide}


def test_no_two_calculations_share_a_label(plan: StudyPlan, coated_plan: StudyPlan) -> None:
    for one in (plan, coated_plan):
        assert len(set(one.labels)) == len(one.labels) == one.n_calculations
