"""The coating on the relaxed slab: held against distances, which know no cell or origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from llo_dft.builders.interface.relay import relay_coating
from llo_dft.builders.matching.common_cell import InterfaceError
from llo_dft.documents.atom_identity import bare_sites, coating_places, places, with_bare_sites

if TYPE_CHECKING:
    from llo_dft.documents.plan import PlannedInterface, StudyPlan
    from llo_dft.typing import FloatArray

TOLERANCE_ANGSTROM = 1e-6

#: An orthorhombic slab of two O planes and what lies on the upper one. One Li left for it.
SLAB_LATTICE = Lattice.orthorhombic(5.0, 4.0, 16.0)
LEFT = 3


def slab() -> Structure:
    coords = [[0.5, 0.5, 6.0], [1.0, 1.0, 5.0], [3.5, 3.0, 7.0], [2.0, 2.0, 8.0], [1.0, 3.0, 7.2]]
    symbols = ["Mn", "O", "O", "Li", "O"]
    made = Structure(SLAB_LATTICE, symbols, coords, coords_are_cartesian=True)
    return with_bare_sites(made, range(5))


LLO_SITES: list[int | None] = [1, 3, 4, None, 5]
COATING_SITES = [0, 2, 6]


def planned() -> Structure:
    """The interface on it, in a longer cell, 3 lower than the slab lies in its own."""
    bare = slab()
    coords = np.empty((7, 3))
    symbols = ["?"] * 7
    for i, site in enumerate(LLO_SITES):
        if site is not None:
            coords[site] = bare[i].coords - [0, 0, 3.0]
            symbols[site] = bare[i].specie.symbol
    for site, symbol, place in zip(
        COATING_SITES,
        ("P", "O", "Li"),
        ([3.5, 3.2, 5.6], [3.5, 0.6, 6.1], [1.0, 1.0, 7.0]),
        strict=True,
    ):
        coords[site], symbols[site] = place, symbol
    lattice = Lattice.orthorhombic(5.0, 4.0, 25.0)
    made = Structure(lattice, symbols, coords, coords_are_cartesian=True)
    return with_bare_sites(made, [LLO_SITES.index(i) if i in LLO_SITES else -1 for i in range(7)])


def relaid(onto: Structure) -> Structure:
    return relay_coating(planned(), onto)


def strained(structure: Structure, along_a: float, along_b: float) -> Structure:
    """The same fractional coordinates in a longer cell; heights as they are."""
    matrix = structure.lattice.matrix.copy()
    matrix[0] *= 1 + along_a
    matrix[1] *= 1 + along_b
    longer = Structure(Lattice(matrix), structure.species, structure.frac_coords)
    return with_bare_sites(longer, bare_sites(structure))


def moved(structure: Structure, by: tuple[float, float, float]) -> Structure:
    there = structure.copy()
    there.translate_sites(range(len(there)), by, frac_coords=False, to_unit_cell=False)
    return there


def across(structure: Structure) -> FloatArray:
    """Distances between the coating and the oxide."""
    oxide = [site for site in LLO_SITES if site is not None]
    distances: FloatArray = structure.distance_matrix[np.ix_(COATING_SITES, oxide)]
    return distances


def test_on_the_slab_that_it_was_planned_on_it_is_the_plan() -> None:
    again = relaid(slab())
    assert again.species == planned().species
    assert np.allclose(again.lattice.matrix, planned().lattice.matrix)
    assert np.allclose(again.cart_coords, planned().cart_coords, atol=TOLERANCE_ANGSTROM)


def test_every_planned_interface_of_a_study_is_laid_back_as_it_was(coated_plan: StudyPlan) -> None:
    for one in coated_plan.interfaces:
        again = relay_coating(one.structure, coated_plan.slab)
        assert again.species == one.structure.species
        assert np.allclose(again.lattice.matrix, one.structure.lattice.matrix)
        assert np.allclose(again.cart_coords, one.structure.cart_coords, atol=TOLERANCE_ANGSTROM)


def test_the_order_of_the_atoms_stays(coated_plan: StudyPlan) -> None:
    def symbols(one: PlannedInterface, which: list[int]) -> list[str]:
        again = relay_coating(one.structure, coated_plan.slab)
        return [again[i].specie.symbol for i in which]

    for one in coated_plan.interfaces:
        assert set(symbols(one, coating_places(one.structure))) == {"Li", "P", "O"}
        assert set(symbols(one, [*places(one.structure).values()])) == {"Li", "Mn", "O"}


def test_a_strained_cell_strains_the_coating_along() -> None:
    again = relaid(strained(slab(), 0.02, -0.01))
    assert again.lattice.abc == pytest.approx((5.1, 3.96, 25.0))
    assert np.allclose(again.frac_coords[:, :2], planned().frac_coords[:, :2])
    assert np.allclose(again.cart_coords[:, 2], planned().cart_coords[:, 2])


def test_a_slab_that_drifted_in_the_plane_takes_the_coating_along() -> None:
    again = relaid(moved(slab(), (0.3, -0.2, 0.0)))
    shift = again.cart_coords - planned().cart_coords
    assert np.allclose(shift, [0.3, -0.2, 0.0], atol=TOLERANCE_ANGSTROM)


def test_a_slab_that_lies_higher_in_its_cell_is_put_where_it_was_planned() -> None:
    again = relaid(moved(slab(), (0.0, 0.0, 1.5)))
    assert np.allclose(again.cart_coords, planned().cart_coords, atol=TOLERANCE_ANGSTROM)


def test_coordinates_that_were_wrapped_into_the_cell_move_nothing() -> None:
    drifted = moved(slab(), (-0.7, 0.0, 0.0))  # beyond the edge of the cell
    wrapped = Structure(drifted.lattice, drifted.species, drifted.frac_coords % 1.0)
    wrapped = with_bare_sites(wrapped, bare_sites(drifted))
    assert np.allclose(across(relaid(wrapped)), across(planned()), atol=TOLERANCE_ANGSTROM)


def test_the_height_is_kept_over_the_outer_oxygen_plane() -> None:
    relaxed = slab()
    # the upper O (site 2 and, 0.2 above it, site 4) go up by 0.3 and 0.1: 0.2 on an average
    relaxed.translate_sites([2], [0, 0, 0.3], frac_coords=False)
    relaxed.translate_sites([4], [0, 0, 0.1], frac_coords=False)
    # all others must not count: neither the lower O nor what lies over the plane
    relaxed.translate_sites([0, 1, 3], [0, 0, -0.4], frac_coords=False)
    again, before = relaid(relaxed), planned()
    rise = again.cart_coords[:, 2] - before.cart_coords[:, 2]
    assert rise[COATING_SITES] == pytest.approx([0.0] * 3)
    assert rise[[4, 5]] == pytest.approx([0.1, -0.1])
    assert rise[[1, 3]] == pytest.approx([-0.6] * 2)


def test_the_place_is_kept_over_the_outer_oxygen_plane() -> None:
    relaxed = slab()
    relaxed.translate_sites([2], [0.2, 0, 0], frac_coords=False)
    relaxed.translate_sites([0, 1], [0.9, 0, 0], frac_coords=False)
    shift = relaid(relaxed).cart_coords - planned().cart_coords
    assert shift[COATING_SITES] == pytest.approx(np.array([[0.1, 0, 0]] * 3))


DRIFT = st.floats(-0.4, 0.4)


@settings(deadline=None, max_examples=50)
@given(along_a=DRIFT, along_b=DRIFT, rise=st.floats(-3.0, 3.0))
def test_no_drift_changes_a_distance_between_coating_and_oxide(
    along_a: float, along_b: float, rise: float
) -> None:
    """Drifts of up to two fifths of the cell: beyond half, a move can't be told from its image."""
    a, b, _ = SLAB_LATTICE.abc
    again = relaid(moved(slab(), (along_a * a, along_b * b, rise)))
    assert np.allclose(again.distance_matrix, planned().distance_matrix, atol=TOLERANCE_ANGSTROM)


@settings(deadline=None, max_examples=50)
@given(
    strain=st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1)),
    drift=st.tuples(DRIFT, DRIFT),
    rise=st.floats(-3.0, 3.0),
)
def test_a_strained_and_drifted_slab_keeps_heights_and_fractional_offsets(
    strain: tuple[float, float], drift: tuple[float, float], rise: float
) -> None:
    onto = strained(slab(), *strain)
    onto = moved(onto, (drift[0] * onto.lattice.a, drift[1] * onto.lattice.b, rise))
    again, before = relaid(onto), planned()
    assert np.allclose(again.lattice.matrix[:2], onto.lattice.matrix[:2])
    offsets = again.frac_coords[:, :2] - before.frac_coords[:, :2]
    assert np.allclose(offsets, drift, atol=TOLERANCE_ANGSTROM)
    assert np.allclose(again.cart_coords[:, 2], before.cart_coords[:, 2], atol=TOLERANCE_ANGSTROM)


def without_a_site(structure: Structure) -> Structure:
    structure.remove_sites([0])
    return structure


@pytest.mark.parametrize(
    "other",
    [
        with_bare_sites(
            Structure(SLAB_LATTICE, ["O"] * 5, [[0, 0, 0.1 * i] for i in range(5)]), range(5)
        ),
        without_a_site(slab()),
    ],
    ids=["another", "a site less"],
)
def test_another_slab_is_refused(other: Structure) -> None:
    with pytest.raises(InterfaceError, match=r"planned on another slab: .* lacks Mn0"):
        relaid(other)
