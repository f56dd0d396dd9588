"""Rankings by a made-up engine, and the look back at a host from its vacancies."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from beside_metals import LikesTetrahedra, n_beside
from relaxed_by_hand import relaxed
from store_calculations import calculation
from studies import tiny_recipe

from llo_dft.builders.cell_checks import is_symmetric
from llo_dft.builders.ordering.dumbbells import APART_ANGSTROM
from llo_dft.calculations.cache import CalculationCache
from llo_dft.documents.atom_identity import bare_sites, places, without_atoms
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.jobs.orderings import nth_ordering, put_back, rank_orderings
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.testing.fake_engine import FakeCalculation

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core import Structure

    from llo_dft.documents.plan import PlannedHost, StudyPlan


class Picky(FakeCalculation):
    """Prefers the Li with the largest sum of (bare number)^2, and counts what it computes."""

    n_computed = 0

    def energies_ev(self, structures: Any) -> list[float]:
        type(self).n_computed += len(structures)
        return [energy_ev(structure) for structure in structures]


def energy_ev(structure: Structure) -> float:
    return -sum(
        0.1 * site**2
        for site, at in places(structure).items()
        if structure[at].species_string == "Li"
    )


@pytest.fixture
def ranked_plan(tmp_path: Path) -> StudyPlan:
    return make_plan(tiny_recipe(delithiation={"candidates": 20, "symmetric": False}), tmp_path)


def half(plan: StudyPlan) -> PlannedHost:
    return plan.hosts[1]


def rank(plan: StudyPlan, tmp_path: Path, **given: Any) -> Any:
    """Rank the orderings with all Li on sites of the crystal, unless ``sheets`` are given."""
    parent = given.pop("parent", relaxed("bare_x1.0000", plan.slab))
    search = plan.ordering_search(half(plan))
    return rank_orderings.original(
        search.model_copy(update={"sheets": given.pop("sheets", [])}),
        given.pop("maker", Picky("ranking")),
        "bare_ranking",
        str(tmp_path / "calculations"),
        parent,
        **given,
    )


def test_the_lowest_of_all_orderings_comes_first_and_is_kept(
    ranked_plan: StudyPlan, tmp_path: Path
) -> None:
    host = half(ranked_plan)
    lithium = ranked_plan.slab.indices_from_symbol("Li")
    every = {
        removed: energy_ev(without_atoms(ranked_plan.slab, removed))
        for removed in combinations(lithium, len(host.removed))
    }
    made = rank(ranked_plan, tmp_path)
    assert made.status == "completed"
    assert made.ranking[0].energy_ev == pytest.approx(min(every.values()))
    for one in made.ranking:
        assert one.energy_ev == pytest.approx(every[tuple(one.removed)])
    energies = [one.energy_ev for one in made.ranking]
    n_distinct = len({round(energy, 6) for energy in energies})
    assert energies[:n_distinct] == sorted(set(energies)), "images of lower ones come last"
    assert list(host.removed) in [one.removed for one in made.ranking]
    before = Picky.n_computed
    again = rank(ranked_plan, tmp_path)
    assert (again.ranking, Picky.n_computed) == (made.ranking, before)
    cache = CalculationCache(tmp_path / "calculations")
    assert cache.documents(["bare_ranking"])["bare_ranking"].ranking == made.ranking


def nearest_li(structure: Structure) -> float:
    lithium = structure.indices_from_symbol("Li")
    between = structure.distance_matrix[np.ix_(lithium, lithium)]
    return float(between[np.triu_indices(len(lithium), 1)].min())


@pytest.mark.parametrize("symmetric", [True, False])
def test_li_beside_empty_metal_sites_are_ranked_too(tmp_path: Path, *, symmetric: bool) -> None:
    recipe = tiny_recipe(delithiation={"candidates": 20, "symmetric": symmetric})
    plan = make_plan(recipe, tmp_path)
    parent = relaxed("bare_x1.0000", plan.slab)
    made = rank(plan, tmp_path, sheets=plan.sheets, maker=LikesTetrahedra("ranking"))
    assert made.status == "completed", made.reason
    assert {bool(one.moved_angstrom) for one in made.ranking} == {True, False}
    for order, one in enumerate(made.ranking):
        start = nth_ordering.original(parent, made, order)
        assert len(start) == len(plan.slab) - len(half(plan).removed)
        assert n_beside(start) == len(one.moved_angstrom)
        assert nearest_li(start) > APART_ANGSTROM
        if symmetric:
            assert is_symmetric(start)
    assert made.ranking[0].moved_angstrom
    assert n_beside(made.structure) == len(made.ranking[0].moved_angstrom)
    read = CalculationDocument.model_validate_json(made.model_dump_json())
    assert read.ranking == made.ranking


def test_another_budget_is_another_ranking(ranked_plan: StudyPlan, tmp_path: Path) -> None:
    more = ranked_plan.model_copy(update={"n_candidates": 25})
    first, second = rank(ranked_plan, tmp_path), rank(more, tmp_path)
    assert first.key != second.key
    assert (len(first.ranking), len(second.ranking)) == (20, 25)


def test_the_ordering_of_the_bare_host_is_tried(ranked_plan: StudyPlan, tmp_path: Path) -> None:
    lithium = ranked_plan.slab.indices_from_symbol("Li")
    theirs = lithium[-len(half(ranked_plan).removed) :]  # the worst
    bare = relaxed("bare", without_atoms(ranked_plan.slab, theirs))
    made = rank(ranked_plan, tmp_path, beside=bare)
    assert sorted(theirs) in [one.removed for one in made.ranking]


def test_the_nth_ordering_is_taken_from_the_relaxed_parent(
    ranked_plan: StudyPlan, tmp_path: Path
) -> None:
    parent = relaxed("bare_x1.0000", ranked_plan.slab)
    made = rank(ranked_plan, tmp_path)
    third = nth_ordering.original(parent, made, 2)
    gone = set(range(len(ranked_plan.slab))) - set(bare_sites(third))
    assert sorted(gone) == made.ranking[2].removed
    assert nth_ordering.original(parent, made, 20) == "bare_ranking has 20 orderings"


def test_without_a_parent_or_an_engine_that_works_there_is_a_reason(
    ranked_plan: StudyPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = calculation("f", "failed", 2.0, label="bare_x1.0000")
    made = rank(ranked_plan, tmp_path, parent=failed)
    assert (made.status, made.reason) == ("skipped", "bare_x1.0000 failed: reason 2.0")
    reason = nth_ordering.original(relaxed("b", ranked_plan.slab), made, 0)
    assert reason == "bare_ranking skipped: bare_x1.0000 failed: reason 2.0"

    def broken(*_: Any) -> list[float]:
        raise RuntimeError("no power")

    monkeypatch.setattr(Picky, "energies_ev", broken)
    made = rank(ranked_plan, tmp_path)
    assert (made.status, made.reason) == ("failed", "RuntimeError: no power")


def vacancy_of(host: Structure, oxygen: int, moved: dict[int, float], energy_ev: float) -> Any:
    """A vacancy in which some Li (by bare number) went along z."""
    made = without_atoms(host, [oxygen])
    for site, by in moved.items():
        made.translate_sites([places(made)[site]], [0, 0, by], frac_coords=False)
    document = relaxed(f"vac_O{oxygen}", made)
    return document.model_copy(update={"energy_ev": energy_ev})


def test_the_o_is_put_back_where_a_vacancy_moved_li(plan: StudyPlan) -> None:
    host = plan.host_structure(plan.hosts[1])
    lithium = [site for site in places(host) if plan.slab[site].species_string == "Li"]
    oxygen = [site for site in places(host) if plan.slab[site].species_string == "O"]
    top = max(lithium, key=lambda site: plan.slab[site].z)
    still = vacancy_of(host, oxygen[0], {}, -5.0)
    little = vacancy_of(host, oxygen[1], {top: 0.6}, -4.9)
    far = vacancy_of(host, oxygen[2], {top: 1.5}, -3.0)
    further = vacancy_of(host, oxygen[3], {top: 1.8}, -4.0)  # the lower of those that moved
    parent = relaxed("bare", host)
    back = put_back.original(parent, [still, None, far, further, little])
    assert back.species == host.species
    assert bare_sites(back) == bare_sites(host)
    shift = back.cart_coords - host.cart_coords
    assert np.allclose(shift[places(host)[top]], [0, 0, 1.8])
    shift[places(host)[top]] = 0.0
    assert np.allclose(shift, 0.0, atol=1e-6)


def test_where_no_li_moved_nothing_is_put_back(plan: StudyPlan) -> None:
    host = plan.host_structure(plan.hosts[1])
    oxygen = next(site for site in places(host) if plan.slab[site].species_string == "O")
    parent = relaxed("bare", host)
    failed = calculation("f", "failed", 2.0)
    reason = put_back.original(parent, [vacancy_of(host, oxygen, {}, -1.0), failed, None])
    assert reason == "no vacancy of bare has its Li or formers on other sites than the host"
    assert put_back.original(failed, []).endswith("failed: reason 2.0")


def test_a_li_in_the_place_of_the_o_is_no_start(plan: StudyPlan) -> None:
    host = plan.host_structure(plan.hosts[1])
    here = places(host)
    oxygen = next(site for site in here if plan.slab[site].species_string == "O")
    lithium = next(site for site in here if plan.slab[site].species_string == "Li")
    vacancy = vacancy_of(host, oxygen, {}, -1.0)
    moved = vacancy.structure.copy()
    at = places(moved)[lithium]
    moved.translate_sites([at], host[here[oxygen]].frac_coords - moved[at].frac_coords)
    vacancy = vacancy.model_copy(update={"structure": moved})
    reason = put_back.original(relaxed("bare", host), [vacancy])
    assert reason == f"another atom has taken the place of the O that vac_O{oxygen} lacks"
