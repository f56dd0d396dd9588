from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from studies import tiny_recipe

from llo_dft.builders.cell_checks import is_symmetric
from llo_dft.builders.ordering.delithiation import delithiate
from llo_dft.errors import InputError
from llo_dft.recipe import Electronic, load_recipe
from llo_dft.resources import resource_path
from llo_dft.study.planning.make_plan import make_plan, plan_bulk_hosts, with_electronic
from llo_dft.study.planning.planned_calculations import planned_calculations
from llo_dft.testing.fake_engine import FakeEngine

if TYPE_CHECKING:
    from llo_dft.documents.plan import StudyPlan

LI2MNO3 = resource_path("structures", "Li2MnO3.cif")


def test_the_same_recipe_gives_the_same_plan(plan: StudyPlan) -> None:
    assert make_plan(tiny_recipe(), Path()).model_dump_json() == plan.model_dump_json()


def test_a_replica_is_another_ordering_of_the_same_atoms() -> None:
    recipe = load_recipe(resource_path("workflows", "quickstart.toml"))
    other = recipe.model_copy(update={"cathode": recipe.cathode.model_copy(update={"replica": 1})})
    first, second = make_plan(recipe, Path()), make_plan(other, Path())
    assert first.bulk.composition == second.bulk.composition
    assert first.bulk.species != second.bulk.species or not np.allclose(
        first.bulk.frac_coords, second.bulk.frac_coords
    )


def test_a_repeated_cell_is_the_same_crystal() -> None:
    once = make_plan(tiny_recipe(), Path()).bulk
    twice = make_plan(tiny_recipe(cathode={"repeat": [2, 1]}), Path()).bulk
    assert twice.volume == pytest.approx(2 * once.volume)
    matcher = StructureMatcher(primitive_cell=True, scale=False)
    assert matcher.fit(once, twice)


def test_hosts_go_from_full_to_empty_and_the_full_one_is_always_there() -> None:
    plan = make_plan(tiny_recipe(delithiation={"fractions": [0.3, 0.0, 0.6]}), Path())
    fractions = [host.lithium_fraction for host in plan.hosts]
    assert fractions == sorted(fractions, reverse=True)
    assert (fractions[0], fractions[-1]) == (1.0, 0.0)
    assert plan.hosts[0].removed == []
    assert plan.host_structure(plan.hosts[-1]).composition["Li"] == 0


def test_a_fraction_is_that_of_the_li_that_are_left(plan: StudyPlan) -> None:
    full = plan.slab.composition["Li"]
    for host in plan.hosts:
        left = plan.host_structure(host).composition["Li"]
        assert host.lithium_fraction == left / full
        assert host.n_li_layer + host.n_tm_layer == left
        assert abs(host.lithium_fraction - host.requested_lithium_fraction) <= 1 / full


def test_symmetric_hosts_stay_symmetric(plan: StudyPlan) -> None:
    assert all(is_symmetric(plan.host_structure(host)) for host in plan.hosts)


def test_only_o_of_the_environments_asked_for_are_removed() -> None:
    recipe = tiny_recipe(vacancies={"environments": ["3TM"], "per_environment": 2})
    for host in make_plan(recipe, Path()).hosts:
        assert len(host.vacancies) == 2
        assert {vacancy.site_class for vacancy in host.vacancies} == {"3TM"}
        assert {vacancy.environment.n_tm for vacancy in host.vacancies} == {3}
        assert {vacancy.environment.layer for vacancy in host.vacancies} == {"surface"}


def test_vacancies_on_both_faces_are_images_of_each_other() -> None:
    plan = make_plan(tiny_recipe(vacancies={"both_faces": True}), Path())
    for host in plan.hosts:
        for vacancy in host.vacancies:
            first, second = vacancy.removed
            assert vacancy.site in {first, second}
            assert plan.turn_over[first] == second
            assert {str(plan.slab[i].specie) for i in vacancy.removed} == {"O"}
            assert is_symmetric(plan.vacancy_structure(host, vacancy))


def test_fractions_that_are_the_same_number_of_li() -> None:
    with pytest.raises(InputError, match=r"0\.51 and 0\.5 are the same number of Li") as caught:
        make_plan(tiny_recipe(delithiation={"fractions": [0.5, 0.51]}), Path())
    assert "delithiation.fractions" in str(caught.value)


def test_an_environment_that_does_not_occur() -> None:
    with pytest.raises(InputError, match=r"no O of environment 4TM in surface.*2TM\+1Li, 3TM"):
        make_plan(tiny_recipe(vacancies={"environments": ["4TM"]}), Path())


def test_a_cif_beside_the_recipe_is_read_in_its_own_setting(tmp_path: Path) -> None:
    (tmp_path / "mine.cif").write_text(LI2MNO3.read_text(encoding="utf-8"), encoding="utf-8")
    recipe = tiny_recipe(
        cathode={"composition": "mine.cif", "supercell": [1, 1]},
        vacancies={"environments": ["2TM+1Li"]},
    )
    plan = make_plan(recipe, tmp_path)
    assert plan.bulk.composition.formula == "Li8 Mn4 O12"
    assert plan.bulk.lattice.abc == pytest.approx((4.9246, 8.5216, 5.0245))
    assert plan.composition == "Li1.333Mn0.6667O2"
    assert plan.requested_composition == "mine.cif"
    # the ideal TM layer of Li2MnO3 built from its formula is the same crystal
    built = make_plan(
        tiny_recipe(cathode={"composition": "Li2MnO3"}, vacancies={"environments": ["2TM+1Li"]}),
        tmp_path,
    )
    assert plan.slab.composition == built.slab.composition
    assert [h.lithium_fraction for h in plan.hosts] == [h.lithium_fraction for h in built.hosts]


def cif(atoms: str) -> str:
    text = LI2MNO3.read_text(encoding="utf-8")
    return re.sub(r"(?m)^Mn1 .*$", atoms, text)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (None, InputError, r"^there is no file .*mine\.cif$"),
        ("no CIF at all", InputError, r"mine\.cif can't be read as a CIF: "),
        ("", InputError, r"mine\.cif can't be read as a CIF: "),
        ("data_x\n_cell_length_a 3\n", InputError, r"mine\.cif can't be read as a CIF: "),
        ("\udcff\udcfe", InputError, r"mine\.cif can't be read as a CIF: "),
        (
            cif("Mn1 Mn 0 0.16708 0 0.5"),
            InputError,  # ordered, half of its Mn are left
            r"mine\.cif can't be neutral: -1\.33 e per O2 remain",
        ),
        (
            cif("Mn1 Mn 0 0.16708 0 1\nMn2 Mn 0 0.26 0 1"),
            InputError,
            r"mine\.cif: Mn\d+ and Mn\d+ are 0\.79 angstrom apart; expected at least 1\.80",
        ),
        (
            cif("Mg1 Mg 0 0.16708 0 1"),
            InputError,
            r"mine\.cif can't be neutral: -1\.33 e per O2 remain with every metal at the end",
        ),
        (
            cif("Mn1 Mn 0 0.16708 0 1\nNi1 Ni 0 0.16708 0 1"),
            InputError,
            r"mine\.cif can't be read as a CIF: ",
        ),
    ],
    ids=[
        "missing",
        "text",
        "empty",
        "torso",
        "bytes",
        "partial",
        "overlapping",
        "charged",
        "twice",
    ],
)
def test_a_cif_that_nothing_can_be_computed_on(
    tmp_path: Path, content: str | None, error: type[InputError], message: str
) -> None:
    if content is not None:
        (tmp_path / "mine.cif").write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(error, match=message) as caught:
        make_plan(tiny_recipe(cathode={"composition": "mine.cif"}), tmp_path)
    assert len(str(caught.value).splitlines()) == 1


@pytest.fixture(scope="module")
def bulk_plan():
    # the slab of two layers tells 0.57 from 0.5, the crystal of one does not
    asked = {"fractions": [1.0, 0.5, 0.25, 0.57], "voltage": "bulk", "candidates": 4, "relaxed": 2}
    return make_plan(tiny_recipe(delithiation=asked, slab={"tm_layers": 2}), Path())


def test_contents_are_the_nearest_whole_li_each_once_from_full_to_empty(bulk_plan):
    n_li = len(bulk_plan.bulk.indices_from_symbol("Li"))
    assert n_li == 7  # of the 12 cations of Li1.2Mn0.54Ni0.13Co0.13O2, one layer of 6 sites
    assert [one.n_li for one in bulk_plan.bulk_hosts] == [4, 4, 2, 2]
    assert {one.lithium_fraction for one in bulk_plan.bulk_hosts} == {4 / 7, 2 / 7}
    labels = ["bulk_x0.5714", "bulk_x0.5714_1", "bulk_x0.2857", "bulk_x0.2857_1"]
    assert [one.label for one in bulk_plan.bulk_hosts] == labels


def test_the_li_that_cost_least_leave(bulk_plan):
    lithium = list(bulk_plan.bulk.indices_from_symbol("Li"))
    ways = delithiate(
        bulk_plan.bulk, lithium, [4 / 7, 2 / 7], turn_over=None, seed=bulk_plan.seed, n_candidates=2
    )
    expected = [list(way.removed) for content in ways for way in content]
    assert [one.removed for one in bulk_plan.bulk_hosts] == expected


def test_each_is_a_calculation_with_a_free_cell(bulk_plan):
    found = {one.label: one for one in planned_calculations(bulk_plan)}
    for one in bulk_plan.bulk_hosts:
        made = found[one.label]
        assert made.kind == "bulk_relax"
        assert made.structure is not None
        assert made.structure.composition["Li"] == one.n_li
        assert len(made.structure) == len(bulk_plan.bulk) - len(one.removed)


def test_a_study_that_compares_no_orderings_has_one_of_each_content():
    asked = {"fractions": [1.0, 0.5], "voltage": "bulk", "candidates": 1}
    made = tiny_recipe(delithiation=asked)
    assert [one.order for one in make_plan(made, Path()).bulk_hosts] == [0]


def test_a_ranking_finds_more_orderings_of_a_crystal_than_ewald_energies_do(bulk_plan, monkeypatch):
    """Whether one or two have the lowest Ewald energy, two are relaxed."""

    def first_of_each(*args, **kwargs):
        return [ways[:1] for ways in delithiate(*args, **kwargs)]

    monkeypatch.setattr("llo_dft.study.planning.make_plan.delithiate", first_of_each)
    asked = {"fractions": [1.0, 4 / 7], "voltage": "bulk", "candidates": 40, "relaxed": 2}
    found = plan_bulk_hosts(tiny_recipe(delithiation=asked), bulk_plan.bulk)
    assert [(one.order, one.n_li) for one in found] == [(0, 4), (1, 4)]
    (first,) = {tuple(one.removed) for one in found}
    assert list(first) == bulk_plan.bulk_hosts[0].removed
    by_ewald = tiny_recipe(delithiation=asked | {"ranker": "ewald"})
    assert [one.order for one in plan_bulk_hosts(by_ewald, bulk_plan.bulk)] == [0]


def test_a_recipe_may_do_without_them():
    made = tiny_recipe(delithiation={"voltage": "slab"})
    assert plan_bulk_hosts(made, make_plan(made, Path()).bulk) == []
    assert make_plan(made, Path()).bulk_hosts == []


BOTH = Electronic(dos=True, density=True)


def engine(*capabilities: str) -> FakeEngine:
    made = FakeEngine()
    made.capabilities = frozenset({"energy", *capabilities})
    return made


def test_what_is_not_asked_for_is_not_planned(plan: StudyPlan) -> None:
    found = with_electronic(plan, Electronic(), engine("dos", "density"))
    assert (found.statics, found.not_computed) == ([], [])


def test_each_host_gets_one_point_and_each_pristine_interface_three(
    coated_plan: StudyPlan,
) -> None:
    found = with_electronic(coated_plan, BOTH, engine("dos", "density"))
    labels = [static.label for static in found.statics]
    assert len(set(labels)) == len(labels)  # the whole of an interface serves both
    hosts = [host.label for host in coated_plan.hosts]
    assert labels[: len(hosts)] == [f"{host}_static" for host in hosts]
    pristine = [h.label for h in coated_plan.hosts if h.termination and not h.removed]
    assert len(pristine) == 2
    assert set(labels[len(hosts) :]) == {
        f"{host}_{part}_static" for host in pristine for part in ("oxide", "coating")
    }
    assert found.not_computed == []
    assert set(labels) <= set(found.labels)


def test_a_density_alone_is_of_the_pristine_interfaces(coated_plan: StudyPlan) -> None:
    found = with_electronic(coated_plan, Electronic(density=True), engine("density"))
    assert len(found.statics) == 2 * 3
    pristine = {coated_plan.pristine_label(name) for name in coated_plan.terminations}
    assert {static.host for static in found.statics} == pristine


@pytest.mark.parametrize(
    ("capabilities", "lacking"),
    [
        ((), ["fake gives no densities of states", "fake gives no charge density"]),
        (("dos",), ["fake gives no charge density"]),
        (("dos", "density"), ["it needs a [coating]"]),
    ],
)
def test_what_can_not_be_given_is_named(
    plan: StudyPlan, capabilities: tuple[str, ...], lacking: list[str]
) -> None:
    found = with_electronic(plan, BOTH, engine(*capabilities))
    assert [reason.split(": ")[1] for reason in found.not_computed] == lacking
    assert len(found.statics) == (len(plan.hosts) if "dos" in capabilities else 0)
