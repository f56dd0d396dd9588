"""Cells of any shape that a coating fits: one key more than the template, and it builds."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from llo_dft.builders.cell_checks import formal_charge
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.documents.atom_identity import bare_sites, places
from llo_dft.errors import InputError
from llo_dft.recipe import HELD_STRAIN, Coating, load_recipe
from llo_dft.resources import load_structure, resource_path
from llo_dft.study.planning.coating_cells import coating_crystal
from llo_dft.study.planning.coating_shapes import fitting_shapes
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.study.planning.oxide import build_oxide
from llo_dft.study.planning.planned_interfaces import coating_plane

#: Edge of the hexagonal cell of Li2MnO3's layers, angstrom.
EDGE = 4.9246 / np.sqrt(3)

COATINGS = [
    *("Li2SiO3", "LiNbO3", "LiTaO3", "LiF", "Al2O3", "ZrO2_monoclinic", "ZrO2_tetragonal"),
    *("Li3InCl6", "Li3YCl6", "Li6PS5Cl"),
]


def template(phase, *, composition="Li1.2Mn0.54Ni0.13Co0.13O2", **coating):
    recipe = load_recipe(resource_path("workflows", "any_cathode.toml"))
    return recipe.model_copy(
        update={
            "cathode": recipe.cathode.model_copy(update={"composition": composition}),
            "slab": recipe.slab.model_copy(update={"tm_layers": 1}),
            "coating": Coating(phase=phase, **coating),
            "delithiation": recipe.delithiation.model_copy(
                update={"fractions": [1.0, 0.5], "candidates": 1, "voltage": "slab"}
            ),
        }
    )


def shapes(recipe):
    return list(fitting_shapes(recipe, recipe.coating, Path()))


def area_of(shape):
    return abs(np.linalg.det(shape)) * EDGE**2 * np.sqrt(3) / 2


def test_the_honeycomb_is_kept_where_a_cell_of_it_fits() -> None:
    found = shapes(template("LiNbO3"))
    assert {fit.recipe.cathode.ordering for fit in found} == {"honeycomb", "ewald"}
    for fit in found:
        shape = np.array(fit.recipe.cathode.shape)
        whole = not (shape.sum(axis=1) % 3).any()
        assert whole or fit.recipe.cathode.ordering == "ewald"
        assert round(np.linalg.det(shape)) % 2 == 0
        assert area_of(shape) < 250.0
        assert ("no honeycomb" in fit.note) == (fit.recipe.cathode.ordering == "ewald")
    kept = [fit.recipe.cathode.ordering == "honeycomb" for fit in found]
    assert kept == sorted(kept, reverse=True)


def test_an_oxide_that_is_a_honeycomb_gets_no_other_cell() -> None:
    assert {fit.recipe.cathode.ordering for fit in shapes(template("LiNbO3"))} > {"honeycomb"}
    only = shapes(template("LiNbO3", composition="Li2MnO3"))
    assert {fit.recipe.cathode.ordering for fit in only} == {"honeycomb"}
    assert all(not (np.sum(fit.recipe.cathode.shape, axis=1) % 3).any() for fit in only)


def test_a_plane_or_face_that_is_asked_for_stays() -> None:
    assert {f.recipe.coating.miller for f in shapes(template("LiNbO3"))} > {(1, 1, 0)}
    asked = shapes(template("LiNbO3", miller=(0, 0, 1)))
    assert asked
    assert {fit.recipe.coating.miller for fit in asked} == {(0, 0, 1)}
    faced = shapes(template("LiNbO3", terminations=["flat-Li0-NbO3"]))
    assert {fit.recipe.coating.plane for fit in faced} == {(0, 0, 1)}


def test_by_hand_a_hexagonal_chloride_lies_on_four_by_four() -> None:
    recipe = template("Li3YCl6", composition="LiCoO2")
    first = next(fitting_shapes(recipe, recipe.coating, Path()))
    # a of Li3YCl6 on four of the hexagonal a
    edge = coating_crystal(first.recipe.coating, Path()).lattice.a
    assert sorted(np.linalg.norm(np.array(first.recipe.cathode.shape) @ hexagonal(), axis=1)) == (
        pytest.approx([4 * EDGE] * 2)
    )
    assert f"strain {100 * (4 * EDGE / edge - 1):+.1f}/" in first.note
    assert f"{16 * EDGE**2 * np.sqrt(3) / 2:.0f} A^2" in first.note


def hexagonal():
    return EDGE * np.array([[1.0, 0.0], [-0.5, np.sqrt(0.75)]])


def check(phase: str) -> None:
    recipe = template(phase)
    plan = make_plan(recipe, Path())
    (interface,) = plan.interfaces
    made, slab = interface.structure, plan.slab
    assert max(map(abs, interface.coating_strain)) <= HELD_STRAIN
    np.testing.assert_allclose(made.lattice.matrix[:2], slab.lattice.matrix[:2], atol=1e-9)
    # the oxide is the slab, and neutral; the film has whole formula units
    here = places(made)
    assert sorted(here) == list(range(len(slab)))
    ours = made.cart_coords[[here[i] for i in range(len(slab))]]
    np.testing.assert_allclose(ours - ours[0], slab.cart_coords - slab.cart_coords[0], atol=1e-6)
    assert plan.formal_charge_per_o2 == pytest.approx(0.0)
    assert formal_charge(slab, plan.bulk) == pytest.approx(0.0)
    on_top = [s for s, site in zip(symbols_of(made), bare_sites(made), strict=True) if site < 0]
    crystal = load_structure(phase).composition.reduced_composition.get_el_amt_dict()
    assert len({round(Counter(on_top)[s] / n, 9) for s, n in crystal.items()}) == 1
    # strain again, from the vectors of the crystal that became the slab's
    vectors = np.array(interface.coating_vectors) @ load_structure(phase).lattice.matrix
    metric = np.linalg.solve(
        vectors @ vectors.T, slab.lattice.matrix[:2] @ slab.lattice.matrix[:2].T
    )
    strains = np.sqrt(np.sort(np.linalg.eigvals(metric).real)[::-1]) - 1
    assert strains == pytest.approx(interface.coating_strain, abs=1e-6)
    # the plane: its normal is that of the vectors
    assert coating_plane(plan) is not None
    np.testing.assert_allclose(
        np.array(interface.coating_vectors) @ coating_plane(plan), 0.0, atol=1e-9
    )


@pytest.mark.parametrize("phase", ["Al2O3", "Li3InCl6"])
def test_one_key_more_than_the_template_coats_it(phase: str) -> None:
    check(phase)


@pytest.mark.slow
@pytest.mark.parametrize("phase", COATINGS)
def test_any_of_ten_coatings_goes_on_the_template(phase: str) -> None:
    check(phase)


def test_the_note_names_what_makes_the_same_study_again() -> None:
    recipe = template("Li3InCl6")
    found = build_oxide(recipe, Path())
    (note,) = found.notes
    chosen = next(fit.recipe for fit in shapes(recipe) if fit.note == note)
    again = build_oxide(chosen, Path())
    assert again.slab.structure == found.slab.structure
    assert again.notes == []


def test_a_repeated_cell_that_gives_no_slab_is_no_reason_to_stop() -> None:
    """Li2CO3 fits on 3 by 3 cells of LiCoO2, whose 9 Li can't be halved."""
    recipe = template("Li2CO3", max_strain=0.06)
    file = str(resource_path("structures", "LiCoO2.cif"))
    cathode = recipe.cathode.model_copy(update={"composition": None, "cif": file})
    recipe = recipe.model_copy(update={"cathode": cathode})
    found = build_oxide(recipe, Path())
    assert found.recipe.cathode.supercell is None
    shape = found.recipe.cathode.shape
    assert shape is not None
    assert round(np.linalg.det(shape)) % 2 == 0
    assert found.slab.turn_over is not None


def test_where_nothing_fits_the_repeated_cells_are_named() -> None:
    small = template("Li6PS5Cl", max_area=60.0)
    with pytest.raises(InputError, match=r"no supercell up to coating\.max_area = 60 A"):
        build_oxide(small, Path())
