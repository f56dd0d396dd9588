"""The hosts of a coated study: which Li leave, which O are taken, and what is around them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from studies import coated_recipe, tiny_recipe

from llo_dft.builders.cathode.bulk import tm_layer_sites
from llo_dft.documents.atom_identity import only_part, places
from llo_dft.study.planning.hosts import _bonded, host_environments
from llo_dft.study.planning.make_plan import make_plan

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.documents.plan import PlannedHost, StudyPlan
    from llo_dft.documents.sites import OxygenEnvironment

FLAT, STEP = "flat-Li2-PO4", "step-Li0-PO3"

ONE_STEP = {"terminations": [STEP], "keep": 1}


@pytest.fixture(scope="module")
def uneven() -> StudyPlan:
    """The coated oxide lacks 6 of the bare slab's 16 Li, of which some leave the bare one first."""
    return make_plan(
        coated_recipe(
            coating=ONE_STEP,
            delithiation={"fractions": [1.0, 0.75, 0.6]},
            vacancies={"per_environment": 2, "inner": 1, "bonded_to_former": 2},
        ),
        Path(),
    )


def of(plan: StudyPlan, termination: str | None) -> list[PlannedHost]:
    return [host for host in plan.hosts if host.termination == termination]


def lithium(plan: StudyPlan, termination: str | None) -> set[int]:
    """Li of the oxide as indices of the bare slab; without those that left for charge."""
    every = set(plan.slab.indices_from_symbol("Li"))
    if termination is None:
        return every
    return every & places(plan.candidates(termination)[0].structure).keys()


def test_bare_hosts_come_first_then_each_termination_from_full_to_empty(
    coated_plan: StudyPlan,
) -> None:
    assert [(h.system, h.termination, h.requested_lithium_fraction) for h in coated_plan.hosts] == [
        ("bare", None, 1.0),
        ("bare", None, 0.5),
        ("coated", FLAT, 1.0),
        ("coated", FLAT, 0.5),
        ("coated", STEP, 1.0),
        ("coated", STEP, 0.5),
    ]


def test_the_fraction_counts_against_the_pristine_bare_slab(uneven: StudyPlan) -> None:
    for termination, full in ((None, 16), (STEP, 10)):
        assert len(lithium(uneven, termination)) == full
        for host in of(uneven, termination):
            left = lithium(uneven, termination) - set(host.removed)
            assert host.lithium_fraction == len(left) / 16
            assert host.n_li_layer + host.n_tm_layer == len(left)
            in_tm_layer = set(tm_layer_sites(uneven.slab))
            assert host.n_tm_layer == len(left & in_tm_layer)
    assert [host.requested_lithium_fraction for host in of(uneven, STEP)] == [1.0, 0.75, 0.6]
    assert [host.lithium_fraction for host in of(uneven, None)] == [1.0, 12 / 16, 10 / 16]
    assert [host.lithium_fraction for host in of(uneven, STEP)] == [10 / 16, 6 / 16, 4 / 16]


def formal_charge_without_holes(structure: Structure) -> float:
    """Of Li+, Mn4+, P5+ and O2-, e: what the oxide of a host has lost is what is missing to 0."""
    charges = {"Li": 1, "Mn": 4, "P": 5, "O": -2}
    return sum(charges[site.specie.symbol] for site in structure)


@pytest.mark.parametrize("choice", ["same", "own"])
def test_bare_and_coated_have_as_many_holes_by_the_charges_of_all_atoms(choice: str) -> None:
    plan = make_plan(
        coated_recipe(delithiation={"fractions": [1.0, 0.75, 0.6], "coated": choice}), Path()
    )
    holes = [host.n_holes for host in of(plan, None)]
    assert holes == [0, 4, 6]
    for termination in (FLAT, STEP):
        assert [host.n_holes for host in of(plan, termination)] == holes
    for host in plan.hosts:
        assert formal_charge_without_holes(plan.host_structure(host)) == -host.n_holes


def test_the_bare_li_leave_and_others_for_those_that_are_gone_already(uneven: StudyPlan) -> None:
    assert any(set(bare.removed) - lithium(uneven, STEP) for bare in of(uneven, None))
    for bare, coated in zip(of(uneven, None), of(uneven, STEP), strict=True):
        assert set(bare.removed) & lithium(uneven, STEP) <= set(coated.removed)
        assert set(coated.removed) <= lithium(uneven, STEP)
        assert len(coated.removed) == len(bare.removed)
        made = uneven.host_structure(coated)
        pristine = uneven.candidates(STEP)[0].structure
        lost = pristine.composition - made.composition
        assert lost.get_el_amt_dict().get("Li", 0) == len(coated.removed)
        assert lost.num_atoms == len(coated.removed)


def test_an_oxide_with_too_few_li_goes_as_far_as_it_can_and_says_so() -> None:
    recipe = coated_recipe(coating=ONE_STEP, delithiation={"fractions": [1.0, 0.5, 0.25, 0.0]})
    plan = make_plan(recipe, Path())
    assert [host.n_holes for host in of(plan, None)] == [0, 8, 12, 16]
    coated = of(plan, STEP)
    assert [(h.requested_lithium_fraction, h.n_holes) for h in coated] == [
        (1.0, 0),
        (0.5, 8),
        (0.25, 10),
    ]
    assert coated[-1].lithium_fraction == 0.0
    (note,) = (note for note in plan.notes if "Li to give" in note)
    assert note.startswith(
        f"coated, {STEP}: this oxide has only 10 Li to give, fewer than the bare"
    )
    assert "at the requested 0.25, 0; it is charged as far as possible" in note


def test_the_coating_loses_no_li(uneven: StudyPlan) -> None:
    pristine = uneven.candidates(STEP)[0]
    theirs = [tuple(site.coords) for site in only_part(pristine.structure, "coating")]
    for host in of(uneven, STEP):
        left = {tuple(site.coords) for site in uneven.host_structure(host)}
        assert left.issuperset(theirs)


def test_every_coated_vacancy_has_its_partner_at_the_same_site(uneven: StudyPlan) -> None:
    for bare, coated in zip(of(uneven, None), of(uneven, STEP), strict=True):
        assert [(v.pair, v.site, v.site_class) for v in bare.vacancies] == [
            (v.pair, v.site, v.site_class) for v in coated.vacancies
        ]
        chosen = [v for v in coated.vacancies if v.site is not None]
        assert len(chosen) == 2 + 1
        for vacancy in chosen:
            assert vacancy.degeneracy == 1
            assert vacancy.removed == [vacancy.site]
            site = places(uneven.candidates(STEP)[0].structure)[vacancy.site]
            made = uneven.vacancy_structure(coated, vacancy)
            assert made is not None
            taken = uneven.candidates(STEP)[0].structure[site]
            assert taken.specie.symbol == "O"
            assert tuple(taken.coords) not in {tuple(s.coords) for s in made}


def test_the_inner_one_is_none_of_the_others(uneven: StudyPlan) -> None:
    for host in uneven.hosts:
        sites = [v.site for v in host.vacancies if v.site is not None]
        assert len(set(sites)) == len(sites)


def test_o_bonded_to_the_coating_are_planned_by_their_order_and_have_no_site_yet(
    uneven: StudyPlan,
) -> None:
    for host in uneven.hosts:
        bonded = [v for v in host.vacancies if v.bonded is not None]
        assert [v.pair for v in bonded] == [f"{STEP}-OP1", f"{STEP}-OP2"]
        assert [v.bonded.order for v in bonded if v.bonded] == [0, 1]
        assert all(v.site is None and v.environment is None for v in bonded)
        assert all(uneven.vacancy_structure(host, v) is None for v in bonded)


def test_o_bonded_to_the_coating_are_named_by_its_former(uneven: StudyPlan) -> None:
    recipe = coated_recipe()
    silicate = [
        one.model_copy(update={"film_formula": "Li8Si4O12"}) for one in uneven.interfaces[:1]
    ]
    (first, *_) = _bonded(recipe, silicate, [silicate[0].termination])
    assert first.pair == f"{silicate[0].termination}-OSi1"


def test_a_whole_coating_has_no_bond_to_spare(coated_plan: StudyPlan) -> None:
    for host in of(coated_plan, FLAT):
        assert all(v.bonded is None for v in host.vacancies)
    # in the bare slab there is a partner for each that has
    for host in [*of(coated_plan, None), *of(coated_plan, STEP)]:
        terminations = [v.bonded.termination for v in host.vacancies if v.bonded is not None]
        assert terminations == [STEP]


def test_environments_of_the_coated_oxide_are_counted_with_the_coating_on(
    coated_plan: StudyPlan,
) -> None:
    oxygen = set(coated_plan.slab.indices_from_symbol("O"))
    for host in coated_plan.hosts:
        assert set(host.environments) == oxygen
    bare, flat, step = (
        of(coated_plan, termination)[0].environments for termination in (None, FLAT, STEP)
    )
    tops = {site for site in oxygen if bare[site].side == "top"}
    assert len(tops) == len(oxygen) / 2
    for site in oxygen - tops:
        for coated in (flat, step):
            assert neighbours(coated[site]) == neighbours(bare[site])
    for site in tops:
        assert {flat[site].side, step[site].side} == {"top"}
        assert step[site].n_tm == flat[site].n_tm == bare[site].n_tm == 2
    # Li of the coating count as neighbours: by pymatgen's own search, within 2.6 angstrom
    interface = coated_plan.candidates(STEP)[0]
    for site in tops:
        place = places(interface.structure)[site]
        near = interface.structure.get_neighbors(interface.structure[place], 2.6)
        lithium_near = sum(other.specie.symbol == "Li" for other in near)
        assert lithium_near == step[site].n_li + step[site].n_li_interlayer


def neighbours(around: OxygenEnvironment) -> tuple[object, ...]:
    return (
        around.n_tm,
        around.n_li,
        around.n_former,
        around.n_li_interlayer,
        around.side,
        around.layer,
    )


def test_the_class_of_an_o_is_that_in_the_pristine_bare_slab(uneven: StudyPlan) -> None:
    for host in uneven.hosts:
        assert host.classes == uneven.hosts[0].classes
        assert {v.site_class for v in host.vacancies if v.site is not None} == {"2TM+1Li"}


def test_li_of_its_own_choice_are_all_of_the_coated_oxide() -> None:
    recipe = coated_recipe(
        coating=ONE_STEP,
        delithiation={"coated": "own", "fractions": [1.0, 0.75, 0.5]},
        vacancies={"bonded_to_former": 0},
    )
    plan = make_plan(recipe, Path())
    hosts = of(plan, STEP)
    assert [host.n_holes for host in hosts] == [0, 4, 8]
    for host in hosts:
        assert set(host.removed) <= lithium(plan, STEP)
        assert plan.host_structure(host).composition["Li"] == 19 - host.n_holes
    # no O bonded to the coating was asked for
    assert all(v.bonded is None for host in plan.hosts for v in host.vacancies)


def test_labels_are_those_of_the_calculations_each_once(
    coated_plan: StudyPlan, uneven: StudyPlan
) -> None:
    for plan in (coated_plan, uneven):
        assert len(set(plan.labels)) == len(plan.labels) == plan.n_calculations
        for termination in plan.terminations:
            # the pristine coated host is the best of its interfaces
            assert plan.pristine_label(termination) not in plan.labels
            assert f"interface_{termination}_0" in plan.labels


def test_a_bare_study_has_no_coated_hosts() -> None:
    plan = make_plan(tiny_recipe(), Path())
    assert {host.system for host in plan.hosts} == {"bare"}
    assert plan.coating_crystal is None
    assert "Li3PO4" not in plan.labels


def test_what_is_around_an_o_follows_the_li_that_left(coated_plan: StudyPlan) -> None:
    for host in coated_plan.hosts:
        pristine = coated_plan.pristine_structure(host)
        common = pristine, coated_plan.slab, coated_plan.tm_layers
        assert host_environments(*common, host.removed) == host.environments
        if not host.removed:
            continue
        lithium = [i for i in places(pristine) if coated_plan.slab[i].specie.symbol == "Li"]
        other = next(i for i in lithium if i not in host.removed)
        moved = host_environments(*common, [*host.removed[1:], other])
        assert moved.keys() == host.environments.keys()
        assert moved != host.environments
        assert host_environments(*common, [*host.removed[1:], host.removed[0]]) == host.environments


def test_where_the_faces_may_differ_each_o_is_taken_from_both_of_the_bare_slab() -> None:
    plan = make_plan(
        coated_recipe(
            coating=ONE_STEP,
            delithiation={"fractions": [1.0, 0.75], "symmetric": False, "candidates": 8},
            vacancies={"per_environment": 2, "bonded_to_former": 1},
        ),
        Path(),
    )
    full, charged = of(plan, None)
    assert not any(vacancy.other_face for vacancy in full.vacancies)  # its two faces are equal
    first = [v for v in charged.vacancies if not v.other_face]
    images = [v for v in charged.vacancies if v.other_face]
    assert len(first) == len(images) == 3
    assert {v.environment.side for v in first if v.environment is not None} == {"top"}
    for one, image in zip(first, images, strict=True):
        assert image.site_class == one.site_class
        if one.site is None:
            assert (image.site, image.bonded, image.pair) == (None, one.bonded, f"{one.pair}-below")
            continue
        assert image.site == plan.turn_over[one.site]
        assert image.removed == [image.site]
        assert image.environment == charged.environments[image.site]
        assert image.environment.side == "bottom"
        assert plan.slab[image.site].specie.symbol == "O"
    # only one face is coated
    for coated in of(plan, STEP):
        assert not any(vacancy.other_face for vacancy in coated.vacancies)
    assert [v.pair for v in of(plan, STEP)[1].vacancies] == [v.pair for v in first]
    labels = [charged.vacancy_label(vacancy) for vacancy in charged.vacancies]
    assert len(set(labels)) == len(labels)
