"""The coating of a recipe: planned interfaces, and what can't be put on a slab."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.cell_checks import formal_charge
from llo_dft.builders.matching.find_matches import find_matches
from llo_dft.documents.atom_identity import BARE_SITE, bare_sites, only_part
from llo_dft.errors import InputError
from llo_dft.recipe import RecipeError, parse_recipe
from llo_dft.study.folder import StudyFolder
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.study.planning.planned_interfaces import SCORE_TOLERANCE, _distinct
from llo_dft.study.run_study import prepare_run


def recipe(supercell=(1, 2), **coating):
    fields = {
        "study": {"name": "coated"},
        "cathode": {"composition": "Li2MnO3", "supercell": list(supercell)},
        "slab": {"tm_layers": 1, "vacuum": 10.0},
        "coating": {
            "phase": "beta",
            "setting": "Pmn2_1",
            "terminations": ["flat-Li2-PO4", "step-Li0-PO3"],
            "max_strain": 0.08,
            "layers": 2,
            "registry_spacing": 2.0,
            "gaps": [1.6, 2.0],
        }
        | coating,
        "delithiation": {"fractions": [1.0]},
        "vacancies": {"environments": ["2TM+1Li"]},
        "oxygen": {"scheme": "none"},
        "engine": {"name": "chgnet"},
    }
    return parse_recipe(fields, "test")


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return make_plan(recipe(), tmp_path_factory.mktemp("recipe"))


def test_each_termination_is_planned(plan):
    assert [one.termination for one in plan.interfaces] == ["flat-Li2-PO4", "step-Li0-PO3"]
    assert all(one.film_cells == 3 for one in plan.interfaces)


def test_formal_charges_add_up(plan):
    assert [round(formal_charge(one.structure)) for one in plan.interfaces] == [0, 0]
    whole, exposed = plan.interfaces
    assert whole.li_removed_for_charge == 0
    # three opened P-O bonds leave +6 e: the half Li layer of the face they stand on
    assert exposed.li_removed_for_charge == exposed.coating_charge == 6
    assert whole.coating_charge == 0


def test_where_not_all_li_of_the_face_leave_for_charge_those_do_that_cost_the_least():
    # four opened P-O bonds leave +8 e, on a face of nine Li
    made = recipe((1, 3), terminations=["step-Li0-PO3"], layers=1)
    (exposed,) = make_plan(made, Path()).interfaces
    assert exposed.film_cells == 4
    assert exposed.coating_charge == exposed.li_removed_for_charge == 8
    assert round(formal_charge(exposed.structure)) == 0


def test_the_oxide_under_a_whole_coating_is_the_bare_slab(plan):
    (whole, _) = plan.interfaces
    oxide = only_part(whole.structure, "oxide")
    oxide = Structure.from_sites(sorted(oxide, key=lambda site: site.properties[BARE_SITE]))
    assert oxide.species == plan.slab.species
    ours = oxide.lattice.get_cartesian_coords(oxide.frac_coords)
    bare = plan.slab.cart_coords
    np.testing.assert_allclose(np.diff(ours[:, 2]), np.diff(bare[:, 2]), atol=1e-6)
    np.testing.assert_allclose(oxide.lattice.matrix[:2], plan.slab.lattice.matrix[:2], atol=1e-9)


def test_the_strain_is_that_of_the_match(plan):
    film = [[6.115, 0.0], [0.0, 4.8554]]  # a and c of beta-Li3PO4, the (010) plane
    area = plan.slab.volume / plan.slab.lattice.c
    (best, *_) = find_matches(
        film, plan.slab.lattice.matrix[:2, :2], max_area=1.001 * area, max_strain=0.08
    )
    for one in plan.interfaces:
        assert max(abs(s) for s in one.coating_strain) == pytest.approx(best.max_strain, abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"supercell": (1, 1)},
            r"does not fit the slab's cell of 42\.0 A\^2\. .*supercell out, .*\[1, 2\] \(84 A\^2\)",
        ),
        ({"terminations": ["flat-Li9-PO4"]}, "flat-Li9-PO4"),
        ({"setting": "Pmnb"}, "Pmnb"),
        ({"phase": "alpha"}, "coating.phase = 'alpha'; expected beta, gamma or a CIF file"),
        ({"phase": "gone.cif"}, r"there is no file .*gone\.cif"),
        ({"gaps": [-3.0]}, "too close|through|reach"),
    ],
)
def test_what_can_not_be_put_on_says_why(changes, message, tmp_path):
    with pytest.raises(InputError, match=message):
        make_plan(recipe(**changes), tmp_path)


def test_a_coating_with_water_in_it_is_refused(tmp_path):
    lattice = Lattice.orthorhombic(6.1, 5.2, 4.9)
    hydrate = Structure(
        lattice,
        ["Li", "P", "O", "H"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.2, 0.5], [0.5, 0.9, 0.0]],
    )
    hydrate.to(filename=str(tmp_path / "hydrate.cif"))
    with pytest.raises(InputError, match=r"holds H \(.*expected Li3PO4 alone"):
        make_plan(recipe(phase="hydrate.cif"), tmp_path)


def test_unknown_setting_and_layers_are_refused_by_the_recipe():
    with pytest.raises(RecipeError, match=r"coating\.setting = 'Pbnm'"):
        recipe(setting="Pbnm")
    with pytest.raises(RecipeError, match=r"coating\.layers = 0"):
        recipe(layers=0)


def test_a_coating_that_does_not_fit_is_refused_before_anything_is_written(tmp_path):
    folder = tmp_path / "study"
    with pytest.raises(InputError, match="the coating does not fit the slab's cell"):
        prepare_run(recipe(supercell=(1, 1)), tmp_path, StudyFolder(folder))
    assert not folder.exists()


def test_registries_alike_count_once_and_the_best_go_first():
    alike = 0.9 * SCORE_TOLERANCE
    ranked = [SimpleNamespace(score=0.2 + alike * i) for i in range(5)]
    # the third is more than the tolerance from the first, and the fifth from the third
    assert _distinct(ranked) == ranked[::2]
    assert _distinct([]) == []


def test_as_many_distinct_registries_as_asked_for_are_planned(tmp_path):
    plan = make_plan(recipe(keep=2), tmp_path)
    for termination in plan.terminations:
        first, second = plan.candidates(termination)
        assert (first.rank, second.rank) == (0, 1)
        assert second.score - first.score > SCORE_TOLERANCE
        assert bare_sites(first.structure) == bare_sites(second.structure)
        assert (first.registry, first.gap) != (second.registry, second.gap)


def test_the_crystal_of_the_coating_is_planned_too(plan):
    assert plan.coating_crystal.composition.reduced_formula == "Li3PO4"
    assert make_plan(recipe(phase="gamma", setting="Pmnb"), Path()).coating_crystal != (
        plan.coating_crystal
    )
