"""Any layered cathode by the same recipe: one key changes, and the supercell is found."""

import re
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.io.cif import CifWriter
from pymatgen.io.vasp.inputs import Poscar
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer
from studies import tiny_recipe

from llo_dft.builders.cathode.composition import CompositionError
from llo_dft.builders.cell_checks import formal_dipole, is_symmetric
from llo_dft.builders.surface.slab import SlabError
from llo_dft.documents.plan import StudyPlan
from llo_dft.errors import InputError
from llo_dft.recipe import load_recipe
from llo_dft.resources import load_structure, resource_path
from llo_dft.study.planning.make_plan import make_plan


def template(**cathode):
    recipe = load_recipe(resource_path("workflows", "any_cathode.toml"))
    asked = recipe.cathode.model_copy(update=cathode)
    return recipe.model_copy(update={"cathode": asked})


def of_file(name, **tables):
    cathode = {"composition": None, "cif": name} | tables.pop("cathode", {})
    return tiny_recipe(cathode=cathode, vacancies={"environments": None}, **tables)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("crystals")
    oxide = load_structure("LiCoO2")
    primitive = oxide.get_primitive_structure()
    Poscar(Structure(primitive.lattice, primitive.species, primitive.frac_coords)).write_file(
        path / "POSCAR"
    )
    CifWriter(oxide).write_file(path / "hexagonal.cif")
    shared = Structure.from_spacegroup(
        "R-3m",
        Lattice.hexagonal(2.872, 14.2),
        [{"Ni": 0.8, "Mn": 0.1, "Co": 0.1}, {"Li": 1}, {"O": 1}],
        [[0, 0, 0], [0, 0, 0.5], [0, 0, 0.2585]],
    )
    CifWriter(shared).write_file(path / "shared.cif")
    # one sheet of metals in an order that nothing turns over
    chiral = load_structure("LiNiO2").get_primitive_structure()
    chiral.make_supercell([[1, 0, 0], [0, 1, 0], [1, 1, 1]])
    chiral.make_supercell([4, 2, 1])
    nickel = chiral.indices_from_symbol("Ni")
    for site, symbol in zip(nickel, ["Mn", "Co", "Mn", "Ni", "Ni", "Co", "Al", "Ni"], strict=True):
        chiral.replace(site, symbol)
    CifWriter(Structure(chiral.lattice, chiral.species, chiral.frac_coords)).write_file(
        path / "chiral.cif"
    )
    return path


@pytest.mark.parametrize(
    ("composition", "built", "supercell"),
    [
        ("Li2MnO3", "Li1.333Mn0.6667O2", (1, 1)),
        ("LiCoO2", "Li1Co1O2", (1, 1)),
        ("LiNi0.8Mn0.1Co0.1O2", "Li1Ni0.8333Co0.08333Mn0.08333O2", (2, 1)),
        ("Li1.2Mn0.6Ni0.2O2", "Li1.167Mn0.5833Ni0.25O2", (2, 1)),
        ("Li1.333Mn0.667O2", "Li1.333Mn0.6667O2", (1, 1)),
    ],
)
def test_after_init_only_the_composition_changes(composition, built, supercell):
    recipe = template(composition=composition)
    plan = make_plan(recipe, Path())
    assert plan.composition == built
    assert len(plan.bulk) == 24 * supercell[0] * supercell[1]
    assert is_symmetric(plan.slab)
    asked = [host.requested_lithium_fraction for host in plan.hosts]
    assert asked == [1.0, 0.75, 0.5, 0.25]
    there = {e.label for e in plan.hosts[0].environments.values() if e.layer == "surface"}
    for host in plan.hosts:  # all that occur
        assert {vacancy.site_class for vacancy in host.vacancies} == there


def test_the_template_builds_what_the_quickstart_builds():
    ours = template()
    quickstart = load_recipe(resource_path("workflows", "quickstart.toml"))
    theirs = make_plan(
        quickstart.model_copy(update={"slab": ours.slab, "delithiation": ours.delithiation}), Path()
    )
    assert make_plan(ours, Path()).slab.to_json() == theirs.slab.to_json()


@pytest.mark.parametrize("name", ["POSCAR", "hexagonal.cif"])
def test_a_file_of_any_cell_builds_on_the_supercell_that_is_found(folder, name):
    plan = make_plan(of_file(name, delithiation={"fractions": [0.0]}), folder)
    assert plan.composition == "Li1Co1O2"
    assert plan.requested_composition == name
    assert plan.slab.composition.formula == "Li2 Co2 O4"


def test_of_a_file_too_the_supercell_that_would_do_is_named(folder):
    with pytest.raises(SlabError, match=r"odd number.* cathode\.supercell = \[1, 2\] would work"):
        make_plan(of_file("hexagonal.cif", cathode={"supercell": [1, 1]}), folder)
    with pytest.raises(CompositionError, match=r"0\.150 per O2.*supercell = \[2, 5\] would work"):
        make_plan(of_file("shared.cif", cathode={"supercell": [2, 2]}), folder)


def test_shared_sites_are_ordered_as_the_recipe_says(folder):
    found = {
        ordering: make_plan(of_file("shared.cif", cathode={"ordering": ordering}), folder).bulk
        for ordering in ("ewald", "sqs")
    }
    assert {b.composition.formula for b in found.values()} == {"Li10 Mn1 Co1 Ni8 O20"}


def test_faces_that_differ_are_taken_where_asked_and_said(folder):
    with pytest.raises(SlabError, match=r"no operation maps .* slab\.symmetric = false"):
        make_plan(of_file("chiral.cif", cathode={"supercell": [1, 1]}), folder)
    asked = {"symmetric": False}
    plan = make_plan(of_file("chiral.cif", slab=asked), folder)
    assert not is_symmetric(plan.slab)
    assert (plan.turn_over, plan.symmetric) == ([], False)
    assert any("no operation turns this slab over" in note for note in plan.notes)
    sides = {v.environment.side for host in plan.hosts for v in host.vacancies}
    assert sides == {"top"}
    other = tiny_recipe(
        cathode={"composition": None, "cif": "chiral.cif"},
        vacancies={"environments": None, "side": "bottom"},
        slab=asked,
    )
    sides = {v.environment.side for h in make_plan(other, folder).hosts for v in h.vacancies}
    assert sides == {"bottom"}


def test_each_face_keeps_half_its_lithium_where_they_differ(folder):
    slab = make_plan(of_file("chiral.cif", slab={"symmetric": False}), folder).slab
    heights = slab.cart_coords[:, 2]
    oxygen = heights[list(slab.indices_from_symbol("O"))]
    lithium = heights[list(slab.indices_from_symbol("Li"))]
    assert (sum(lithium > oxygen.max()), sum(lithium < oxygen.min())) == (4, 4)


def test_other_terminations_are_built_by_their_name_and_what_is_odd_is_said():
    plan = make_plan(tiny_recipe(slab={"termination": "full"}), Path())
    assert any("formal charge of" in note for note in plan.notes)
    with pytest.raises(InputError, match=r"'full/none' over; slab\.symmetric = false accepts it"):
        make_plan(tiny_recipe(slab={"termination": "full/none"}), Path())


def test_an_element_without_a_charge_is_named_with_the_table():
    with pytest.raises(InputError, match=r"known for Pr; add it to llo_dft/chemistry/elements"):
        make_plan(template(composition="LiNi0.8Pr0.2O2"), Path())


def test_the_metals_of_an_ordered_file_have_no_replicas(folder):
    with pytest.raises(InputError, match=r"replica orders metals that share sites; .*ordered"):
        make_plan(of_file("hexagonal.cif", cathode={"replica": 1}), folder)


def test_what_is_no_poscar_is_refused(folder):
    (folder / "notes.txt").write_text("nothing\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"notes.txt can't be read as a POSCAR"):
        make_plan(of_file("notes.txt"), folder)


@pytest.mark.parametrize(
    ("composition", "miller"),
    [
        ("LiCoO2", [1, 0, 4]),
        ("LiCoO2", [0, 1, 2]),
        ("Li2MnO3", [1, 1, 0]),
        ("LiNi0.8Mn0.1Co0.1O2", [1, 0, 4]),
    ],
)
def test_another_plane_is_one_key(composition, miller):
    recipe = tiny_recipe(
        cathode={"composition": composition},
        slab={"miller": miller},
        vacancies={"environments": None},
    )
    plan = make_plan(recipe, Path())
    assert is_symmetric(plan.slab)
    assert plan.slab.composition.reduced_composition == plan.bulk.composition.reduced_composition
    assert abs(formal_dipole(plan.slab, plan.bulk)) < 0.01
    symbols = [site.specie.symbol for site in plan.slab]
    assert sorted({symbols[i] for i in plan.sheet_sites} - {"Li"}) == sorted(
        set(symbols) - {"Li", "O"}
    )
    # as many cations in the layers of metals as between them, as in the crystal
    assert 4 * len(plan.sheet_sites) == len(plan.slab)
    for host in plan.hosts:
        assert host.n_li_layer + host.n_tm_layer == plan.host_structure(host).composition["Li"]
        assert {vacancy.environment.layer for vacancy in host.vacancies} == {"surface"}
    inside = [e for e in plan.hosts[0].environments.values() if e.layer == "inner"]
    assert all(e.n_tm + e.n_li == 3 for e in inside)  # as in the crystal
    (note,) = [note for note in plan.notes if note.startswith("the cut of")]
    assert "charge +0 e" in note
    assert StudyPlan.model_validate_json(plan.model_dump_json()).sheets == plan.sheet_sites


def test_one_metal_needs_no_wider_cell_than_its_plane():
    """LiCoO2 (104): 2.816 x 5.70 angstrom, twice along the short edge; repeats multiply it."""
    fields = {"cathode": {"composition": "LiCoO2"}, "vacancies": {"environments": None}}
    plan = make_plan(tiny_recipe(slab={"miller": [1, 0, 4]}, **fields), Path())
    area = float(np.linalg.norm(np.cross(*plan.slab.lattice.matrix[:2])))
    assert area == pytest.approx(2 * 2.816 * 5.703, rel=0.03)
    assert sorted(plan.slab.lattice.abc[:2]) == pytest.approx([2 * 2.816, 5.703], rel=0.03)
    assert len(plan.slab) == 8 * 3  # three planes are 4.1 A thick, a sheet of the oxide is 4.7
    primitive = SpacegroupAnalyzer(plan.bulk, symprec=1e-3)
    assert len(primitive.find_primitive()) == 4
    fields["cathode"]["repeat"] = [1, 2]
    wider = make_plan(tiny_recipe(slab={"miller": [1, 0, 4]}, **fields), Path())
    assert len(wider.slab) == 2 * len(plan.slab)


def test_a_termination_that_is_not_there_is_met_with_those_that_are():
    recipe = tiny_recipe(
        cathode={"composition": "LiCoO2"}, slab={"miller": [1, 0, 4], "termination": "top"}
    )
    with pytest.raises(InputError, match=r"slab\.termination = 'top' .*non-polar, charge"):
        make_plan(recipe, Path())


def test_a_polar_cut_is_taken_where_asked_and_said():
    asked = {"miller": [0, 1, 2], "symmetric": False}
    fields = {"cathode": {"composition": "LiCoO2"}, "vacancies": {"environments": None}}
    note = make_plan(tiny_recipe(slab=asked, **fields), Path()).notes[0]
    (name,) = re.findall(r"cut ([\d.]+), not symmetric, stoichiometric, polar", note)
    plan = make_plan(tiny_recipe(slab=asked | {"termination": name}, **fields), Path())
    assert plan.turn_over == []
    assert abs(formal_dipole(plan.slab, plan.bulk)) > 10
    assert any("VASP and GPAW correct" in note for note in plan.notes)


@pytest.mark.slow
def test_a_plane_of_charged_mixed_planes_alone_is_healed_by_half_of_one():
    """(015) of Li2MnO3 has planes of LiMn2, +9 e, and of Li3O6, -9 e, and no others."""
    plan = make_plan(
        tiny_recipe(
            cathode={"composition": "Li2MnO3", "supercell": None},
            slab={"miller": [0, 1, 5], "tm_layers": 1},
            vacancies={"environments": None},
        ),
        Path(),
    )
    (note,) = (note for note in plan.notes if "the cut of" in note)
    assert re.search(r"cut 0\.\d+-half-Li(Mn|O), symmetric, stoichiometric, non-polar", note)
    charges = np.array([{"Li": 1, "Mn": 4, "O": -2}[site.specie.symbol] for site in plan.slab])
    assert charges.sum() == 0
    assert charges @ plan.slab.cart_coords[:, 2] == pytest.approx(0.0, abs=1e-6)
    assert is_symmetric(plan.slab)
