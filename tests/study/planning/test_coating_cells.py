"""The cells that a coating fits on, and what a study says of its strain."""

from pathlib import Path

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from studies import coated_recipe

from llo_dft.errors import InputError
from llo_dft.recipe import HELD_STRAIN
from llo_dft.resources import load_structure, resource_path
from llo_dft.study.planning.coating_cells import (
    coating_cells,
    coating_film,
    fitting_supercells,
    strain_notes,
    too_strained,
)
from llo_dft.study.planning.make_plan import make_plan


def recipe(cathode=None, **coating):
    made = coated_recipe(coating={"terminations": ["flat-Li2-PO4"], "keep": 1, **coating})
    changes = {"supercell": None} if cathode is None else cathode
    return made.model_copy(update={"cathode": made.cathode.model_copy(update=changes)})


def cells(made):
    return coating_cells(made, made.coating, Path())


def percent(cell):
    return [round(100 * strain, 2) for strain in cell.strains]


def test_beta_fits_ever_better_on_84_126_and_210_square_angstrom():
    found = cells(recipe())
    assert [cell.supercell for cell in found] == [(1, 2), (1, 3), (1, 5)]
    assert [round(cell.area_a2, 1) for cell in found] == [83.9, 125.9, 209.8]
    # a and c of the crystal, 6.115 and 4.8554 A, on a and n b of Li2MnO3, 4.9246 and 8.5216 A:
    # three, four and seven repeats of 6.115 A on two, three and five of 8.5216 A
    for cell, films, n in zip(found, (3, 4, 7), (2, 3, 5), strict=True):
        strains = sorted((4.9246 / 4.8554 - 1, n * 8.5216 / (films * 6.115) - 1), reverse=True)
        assert cell.strains == pytest.approx(strains, abs=1e-6)
        assert cell.n_atoms == 24 * n + 16 * films
    assert percent(found[0]) == [1.43, -7.1]
    assert percent(found[2]) == [1.43, -0.46]


def test_gamma_in_pmnb_is_hardly_strained_on_210_square_angstrom():
    found = cells(recipe(phase="gamma", setting="Pmnb"))
    assert [cell.supercell for cell in found] == [(1, 2), (1, 3), (1, 5)]
    assert percent(found[1]) == [4.58, 0.08]
    assert percent(found[2]) == [0.08, -0.4]


def test_the_cells_that_strain_it_little_come_with_the_smallest_first():
    strict, loose = recipe(max_strain=HELD_STRAIN), recipe(max_strain=0.05)
    assert fitting_supercells(strict, strict.coating, Path()) == [(1, 5)]
    assert fitting_supercells(loose, loose.coating, Path()) == [(1, 3), (1, 5)]


def test_a_repeat_of_the_ordered_cell_counts():
    found = cells(recipe({"supercell": None, "repeat": (1, 5)}))
    assert [(cell.supercell, round(cell.area_a2, 1)) for cell in found] == [((1, 1), 209.8)]


def test_where_nothing_fits_the_nearest_are_named():
    made = recipe(max_area=130.0, max_strain=0.03)
    with pytest.raises(
        InputError,
        match=r"up to coating\.max_area = 130 A\^2 strains the coating by at most .* = 0\.03; "
        r"cathode\.supercell strains it: \[1, 2\] \(84 A\^2\) by \+1\.4/-7\.1 % with 96 atoms, "
        r"\[1, 3\]",
    ):
        fitting_supercells(made, made.coating, Path())
    assert "leave cathode.supercell out" in too_strained(
        recipe(), recipe().coating, Path(), load_structure("Li2MnO3")
    )


def test_a_coating_that_fits_no_cell_of_a_formula_may_fit_the_crystals_own():
    """Li3YCl6 is hexagonal, 11.20 A wide: four of LiCoO2, 2.816 A, whose cell no formula has."""
    asked = {"phase": "Li3YCl6", "setting": None, "miller": (0, 0, 1), "terminations": None}
    formula = recipe({"supercell": None, "composition": "LiCoO2"}, **asked)
    with pytest.raises(
        InputError,
        match=r"\[4, 4\] \(671 A\^2\) by .*or cathode\.cif, for multiples of its own cell",
    ):
        fitting_supercells(formula, formula.coating, Path())
    file = str(resource_path("structures", "LiCoO2.cif"))
    crystal = recipe({"supercell": None, "composition": None, "cif": file}, **asked)
    (best,) = [cell for cell in cells(crystal) if cell.max_strain <= HELD_STRAIN]
    assert best.supercell == (4, 4)
    assert percent(best) == [round(100 * (4 * 2.816 / 11.2001 - 1), 2)] * 2
    assert best.n_atoms == 16 * 4 * crystal.slab.tm_layers + 30


def test_a_study_says_that_its_coating_is_strained_further_than_one_would_be():
    plan = make_plan(recipe({"supercell": (1, 2)}), Path())
    (note,) = [note for note in plan.notes if "strained" in note]
    assert "strained by +1.4/-7.1 %" in note
    assert "sustains at most 3%: this is a demonstration" in note
    assert note.endswith("[1, 5] (210 A^2) by +1.4/-0.5 % with 232 atoms")
    held = [plan.interfaces[0].model_copy(update={"coating_strain": (0.03, -0.01)})]
    assert (
        strain_notes(recipe({"supercell": (1, 2)}), held, Path(), load_structure("Li2MnO3")) == []
    )


def test_vectors_of_the_crystal_become_those_of_the_interface_by_the_strain_of_the_plan():
    made = recipe({"supercell": (1, 2)}, phase="gamma", setting="Pmnb")
    plan = make_plan(made, Path())
    (one,) = plan.interfaces
    assert plan.coating_crystal is not None
    crystal = np.array(one.coating_vectors) @ plan.coating_crystal.lattice.matrix
    here = one.structure.lattice.matrix[:2]
    ratio = np.linalg.eigvals(np.linalg.solve(crystal @ crystal.T, here @ here.T))
    assert sorted(np.sqrt(ratio) - 1, reverse=True) == pytest.approx(one.coating_strain, abs=1e-9)


def test_a_film_lies_in_the_vectors_of_its_crystal():
    made = recipe()
    film = coating_film(made, made.coating, "flat-Li2-PO4", Path())
    lattice = np.diag([6.115, 5.2394, 4.8554])  # of beta-Li3PO4
    vectors = film.in_plane @ lattice
    given = film.structure.lattice.matrix[:2]
    np.testing.assert_allclose(vectors @ vectors.T, given @ given.T, atol=1e-6)


def test_a_coating_of_too_many_layers_is_refused_before_it_is_built():
    made = recipe(layers=10**7)
    with pytest.raises(InputError, match=r"coating\.layers = 10000000: the coating would have"):
        coating_film(made, made.coating, "flat-Li2-PO4", Path())


def test_a_cathode_of_a_cif_is_searched_as_well(tmp_path):
    lattice = Lattice.orthorhombic(4.9246, 8.5216, 4.74)
    sites = [("Mn", [0, 0, 0]), ("O", [0.3, 0.1, 0.25]), ("O", [0.7, 0.1, 0.75])]
    Structure(lattice, *zip(*sites, strict=True)).to(filename=str(tmp_path / "mine.cif"))
    made = recipe({"supercell": None, "composition": "mine.cif"})
    found = coating_cells(made, made.coating, tmp_path)
    assert [cell.supercell for cell in found] == [(1, 2), (1, 3), (1, 5)]
    assert found[0].n_atoms == 3 * 2 + 16 * 3


def test_on_another_plane_the_smallest_cell_is_found_on_which_the_coating_fits():
    coating = {"phase": "LiNbO3", "setting": None, "miller": [1, 0, 4], "terminations": None}
    coating |= {"keep": 1, "max_strain": 0.03, "gaps": [1.6, 2.0, 2.4]}

    def asked(max_area):
        made = {"composition": "LiCoO2", "supercell": None}
        return coated_recipe(
            cathode=made,
            slab={"miller": [1, 0, 4]},
            coating=coating | {"max_area": max_area},
            vacancies={"environments": None},
        )

    with pytest.raises(
        InputError, match=r"no cell of \[1, 0, 4\] up to coating.max_area = 100 A\^2"
    ):
        make_plan(asked(100.0), Path())
    plan = make_plan(asked(200.0), Path())
    (one,) = plan.interfaces
    assert max(map(abs, one.coating_strain)) < 0.017  # as find_matches says; 0.0205 by repeats
    # in cells of 2.816 x 5.70 A of the rock-salt surface
    area = float(np.linalg.norm(np.cross(*plan.slab.lattice.matrix[:2])))
    assert area == pytest.approx(2 * 6 * 2.816 * 5.703, rel=0.05)
    chosen = [v.environment for host in plan.hosts for v in host.vacancies if v.environment]
    assert {environment.side for environment in chosen} == {"top"}
