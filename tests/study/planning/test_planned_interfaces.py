"""The coating of a recipe: planned interfaces, and what can't be put on a slab."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.analysis.interface.adhesion import interface_bonds
from llo_dft.builders.cell_checks import formal_charge
from llo_dft.builders.matching.find_matches import find_matches
from llo_dft.chemistry.roles import coating_role
from llo_dft.documents.atom_identity import (
    BARE_SITE,
    bare_sites,
    coating_places,
    only_part,
    places,
)
from llo_dft.errors import InputError
from llo_dft.recipe import parse_recipe
from llo_dft.study.folder import StudyFolder
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.study.planning.planned_interfaces import SCORE_TOLERANCE, _distinct, charge_notes
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
        (
            {"phase": "alpha"},
            "coating.phase = 'alpha'; expected beta, gamma, Al2O3, .*LiNbO3, .* or a CIF",
        ),
        ({"phase": "gone.cif"}, r"there is no file .*gone\.cif"),
        ({"gaps": [-3.0]}, "too close|through|reach"),
    ],
)
def test_what_can_not_be_put_on_says_why(changes, message, tmp_path):
    with pytest.raises(InputError, match=message):
        make_plan(recipe(**changes), tmp_path)


def any_coating(**coating):
    made = recipe()
    table = {"max_strain": 0.12, "max_area": 200.0, "registry_spacing": 2.0} | coating
    fields = made.model_dump(mode="json", exclude_none=True) | {"coating": table}
    fields["cathode"].pop("supercell")
    return parse_recipe(fields, "test")


def test_a_coating_whose_charges_do_not_balance_is_refused(tmp_path):
    lattice = Lattice.orthorhombic(6.1, 5.2, 4.9)
    hydrate = Structure(
        lattice,
        ["Li", "P", "O", "H"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.2, 0.5], [0.5, 0.9, 0.0]],
    )
    hydrate.to(filename=str(tmp_path / "hydrate.cif"))
    with pytest.raises(InputError, match=r"formal charges of LiPHO leave \+5 e .* expected 0"):
        make_plan(any_coating(phase="hydrate.cif"), tmp_path)


def test_an_element_without_a_charge_names_the_table(tmp_path):
    strange = Structure(Lattice.cubic(5.0), ["He", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    strange.to(filename=str(tmp_path / "strange.cif"))
    with pytest.raises(
        InputError,
        match=r"coating\.phase = 'strange\.cif': no formal charge is known for He.*toml",
    ):
        make_plan(any_coating(phase="strange.cif"), tmp_path)


@pytest.mark.parametrize(
    ("phase", "termination", "former"),
    [("LiNbO3", "flat-Li0-NbO3", "Nb"), ("Li2SiO3", "flat-Li0-SiO3", "Si")],
)
def test_bonds_to_the_former_are_those_of_the_coatings_own(phase, termination, former):
    """An opened face is brought down until its lowest former is 1.9 A above an O of the oxide."""
    made = any_coating(phase=phase, terminations=[termination], gaps=[2.0], max_strain=0.12)
    plan = make_plan(made, Path())
    vacancies = [v for host in plan.hosts for v in host.vacancies if v.bonded is not None]
    assert {v.bonded.termination for v in vacancies} == {termination}
    structure = plan.interfaces[0].structure
    coating = coating_places(structure)
    symbols = [site.specie.symbol for site in structure]
    lowest = min((structure[i].z, i) for i in coating if symbols[i] == former)[1]
    oxide = places(structure)
    oxygen = max((structure[i].z, i) for i in oxide.values() if symbols[i] == "O")[1]
    shift = structure[oxygen].coords + np.array([0, 0, 1.9]) - structure[lowest].coords
    structure.translate_sites(coating, shift, frac_coords=False)
    bonds = interface_bonds(structure)
    assert (lowest, 1.9) in [(b.former, pytest.approx(b.length_angstrom)) for b in bonds]
    assert {symbols[bond.former] for bond in bonds} == {former}
    # their ends are O of the bare slab
    assert {plan.slab[bond.oxygen].specie.symbol for bond in bonds} == {"O"}


@pytest.mark.parametrize(("phase", "former"), [("LiNbO3", "Nb"), ("Al2O3", "Al")])
def test_any_crystal_of_structures_is_a_coating_by_its_name_alone(phase, former):
    plan = make_plan(any_coating(phase=phase), Path())
    (one,) = plan.interfaces
    assert one.film_is_stoichiometric
    assert one.coating_charge == one.li_removed_for_charge == 0
    coating = only_part(one.structure, "coating")
    assert coating.composition.reduced_formula == phase
    assert coating_role(former) == "former"
    assert plan.coating_crystal.composition.reduced_formula == phase
    bare, coated = plan.hosts[0], next(host for host in plan.hosts if host.label != "bare_x1.0000")
    # a coating's metal is none of the oxide's: the classes are those without it
    assert coated.environments.keys() == bare.environments.keys()
    for site, found in coated.environments.items():
        there = bare.environments[site]
        assert (found.n_tm, found.n_li) == (there.n_tm, there.n_li)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize(
    "phase",
    [
        *("Li2SiO3", "LiNbO3", "LiTaO3", "LiF", "Al2O3", "ZrO2_monoclinic", "ZrO2_tetragonal"),
        *("Li3InCl6", "Li3YCl6", "Li6PS5Cl"),
    ],
)
def test_ten_coatings_are_planned_from_a_recipe_that_differs_in_one_key(phase):
    made = any_coating(
        phase=phase, max_strain=0.08, max_area=700.0, registry_spacing=2.5, gaps=[2.0, 2.6]
    )
    plan = make_plan(made, Path())
    (one,) = plan.interfaces
    assert one.film_is_stoichiometric
    assert one.coating_charge == one.li_removed_for_charge == 0
    assert max(map(abs, one.coating_strain)) <= 0.08
    formula = plan.coating_crystal.composition.reduced_formula
    assert only_part(one.structure, "coating").composition.reduced_formula == formula
    assert len(only_part(one.structure, "oxide")) == len(plan.slab)


def test_another_plane_is_asked_for_by_its_index():
    made = any_coating(phase="LiF", miller=[1, 1, 0], gaps=[2.6], max_area=90.0)
    (one,) = make_plan(made, Path()).interfaces
    vectors = np.array(one.coating_vectors)
    # half vectors of the face-centred cell, all in the plane
    assert np.allclose(2 * vectors % 1, 0)
    assert (vectors % 1 != 0).any()
    assert np.allclose(vectors @ [1, 1, 0], 0)


def test_charge_that_no_li_balances_is_said():
    plan = make_plan(recipe((1, 2), terminations=["flat-Li0-PO4"], layers=1, gaps=[2.0]), Path())
    (one,) = plan.interfaces
    assert (one.coating_charge, one.li_removed_for_charge) == (-6, 0)
    (note,) = charge_notes(plan.interfaces)
    assert note in plan.notes
    assert "flat-Li0-PO4 leaves -6 e" in note


def test_one_plane_is_asked_for():
    with pytest.raises(InputError, match="give one of them"):
        recipe(miller=[0, 1, 0])
    with pytest.raises(InputError, match="names no plane"):
        make_plan(any_coating(phase="LiF", miller=[0, 0, 0]), Path())


def test_unknown_setting_and_layers_are_refused_by_the_recipe():
    with pytest.raises(InputError, match=r"coating\.setting = 'Pbnm'"):
        recipe(setting="Pbnm")
    with pytest.raises(InputError, match=r"coating\.layers = 0"):
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
