"""Slabs must not know top from bottom: checked without the package's own symmetry code."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
import spglib
from lowest_delithiation import delithiate
from pymatgen.core.surface import Slab

from llo_dft.builders.cathode.bulk import build_bulk
from llo_dft.builders.surface.slab import SlabModel, build_slab, recut
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

LENGTH_TOLERANCE = 1e-4
CHARGES = {"Li": 1, "Mn": 4, "Ni": 2, "Co": 3, "Al": 3, "O": -2}

CASES = [
    ("Li2MnO3", (1, 1), "honeycomb", 1),
    ("Li2MnO3", (1, 1), "honeycomb", 2),
    ("Li1.2Mn0.54Ni0.13Co0.13O2", (1, 1), "honeycomb", 1),
    ("Li1.2Mn0.54Ni0.13Co0.13O2", (1, 1), "honeycomb", 3),
    ("Li1.2Mn0.54Ni0.13Co0.13O2", (3, 1), "honeycomb", 1),  # turned over by a screw axis
    ("Li1.2Mn0.6Ni0.2O2", (1, 2), "ewald", 2),
    ("Li1.2Mn0.54Ni0.2Al0.06O2", (2, 1), "honeycomb", 1),
    ("LiCoO2.cif", (2, 1), "honeycomb", 4),
]

Case = tuple[str, tuple[int, int], Literal["honeycomb", "ewald"], int]


@cache
def built(case: Case) -> tuple[Structure, SlabModel]:
    formula, supercell, ordering, tm_layers = case
    if formula.endswith(".cif"):
        bulk = load_structure(formula)
        bulk.make_supercell([*supercell, 1])
    else:
        bulk = build_bulk(
            load_structure("Li2MnO3"),
            formula,
            supercell=supercell,
            ordering=ordering,
            seed=0,
            tolerance=0.07,
        ).structure
    return bulk, build_slab(bulk, tm_layers=tm_layers, vacuum=14.0, seed=0)


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]} {case[1]} {case[3]}")
def model(request: pytest.FixtureRequest) -> SlabModel:
    return built(request.param)[1]


def in_plane_operation(slab: Structure, permutation: list[int]) -> np.ndarray | None:
    """Return the 2 x 2 lattice operation that takes each site above or below its image."""
    metric = slab.lattice.matrix[:2] @ slab.lattice.matrix[:2].T
    plane = slab.frac_coords[:, :2]
    for entries in product((-1, 0, 1), repeat=4):
        operation = np.array(entries).reshape(2, 2)
        if abs(np.linalg.det(operation)) != 1 or not np.allclose(
            operation @ metric @ operation.T, metric, atol=1e-2
        ):
            continue
        shift = plane[permutation] - plane @ operation
        shift -= shift[0]
        away = (shift - np.round(shift)) @ slab.lattice.matrix[:2]
        if np.abs(away).max() < 10 * LENGTH_TOLERANCE:
            return operation
    return None


def test_the_operation_is_an_isometry_that_exchanges_the_faces(model: SlabModel) -> None:
    slab, turn_over = model.structure, [int(i) for i in model.turn_over]
    assert sorted(turn_over) == list(range(len(slab)))
    assert [turn_over[i] for i in turn_over] == list(range(len(slab)))
    assert all(slab[i].specie == slab[image].specie for i, image in enumerate(turn_over))
    heights = slab.cart_coords[:, 2]
    assert np.allclose(heights + heights[turn_over], slab.lattice.c, atol=LENGTH_TOLERANCE)
    assert in_plane_operation(slab, turn_over) is not None
    moved = slab.distance_matrix[np.ix_(turn_over, turn_over)]
    assert np.allclose(moved, slab.distance_matrix, atol=10 * LENGTH_TOLERANCE)


def test_spglib_and_pymatgen_find_the_faces_alike(model: SlabModel) -> None:
    slab = model.structure
    numbers = [site.specie.Z for site in slab]
    found = spglib.get_symmetry((slab.lattice.matrix, slab.frac_coords, numbers), symprec=1e-3)
    assert any(rotation[2, 2] == -1 for rotation in found["rotations"])
    theirs = Slab(
        slab.lattice,
        slab.species,
        slab.frac_coords,
        miller_index=(0, 0, 1),
        oriented_unit_cell=slab,
        shift=0.0,
        scale_factor=np.eye(3, dtype=int),
    )
    assert theirs.is_symmetric()


def test_the_formal_charges_carry_no_dipole(model: SlabModel) -> None:
    slab = model.structure
    charges = np.array([CHARGES[site.specie.symbol] for site in slab], dtype=float)
    heights = slab.cart_coords[:, 2] - slab.lattice.c / 2
    assert charges @ heights == pytest.approx(0.0, abs=1e-6)


def test_planes_of_charge_are_the_same_from_above_and_from_below(model: SlabModel) -> None:
    """Stronger than no dipole: the whole profile of each element is even about the middle."""
    slab = model.structure
    for element in slab.composition:
        heights = np.sort([s.z - slab.lattice.c / 2 for s in slab if s.specie == element])
        assert np.allclose(heights, -heights[::-1], atol=LENGTH_TOLERANCE)


def test_delithiated_and_recut_slabs_keep_the_operation() -> None:
    """The bulk is strained evenly along its axes, as a relaxation that keeps symmetry does."""
    bulk, model = built(("Li1.2Mn0.54Ni0.13Co0.13O2", (1, 1), "honeycomb", 2))
    strained = bulk.copy()
    strained.apply_strain([0.01, -0.02, 0.03])
    slab = recut(model.template, bulk, strained)
    turn_over = [int(i) for i in model.turn_over]
    heights = slab.cart_coords[:, 2]
    assert np.allclose(heights + heights[turn_over], slab.lattice.c, atol=LENGTH_TOLERANCE)
    assert in_plane_operation(slab, turn_over) is not None
    lithium = [i for i, site in enumerate(slab) if site.specie.symbol == "Li"]
    for result in delithiate(slab, lithium, [0.75, 0.5, 0.25], turn_over=model.turn_over, seed=0):
        assert {turn_over[i] for i in result.removed} == set(result.removed)
