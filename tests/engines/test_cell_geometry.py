import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from llo_dft.builders.reference_cells import o2_in_box
from llo_dft.engines.base import EngineError
from llo_dft.engines.cell_geometry import (
    fft_grid,
    fixed_atoms,
    k_mesh,
    k_spacing,
    n_plane_waves,
    periodic_directions,
    slab_centre,
)

#: hbar^2 / (2 m), eV angstrom^2, from the Rydberg (13.605693 eV) and the Bohr radius.
HBAR2_OVER_2M = 13.605693122994 * 0.529177210903**2


def slab_of(n_layers: int, *, shift: float = 0.0) -> Structure:
    """O-Mn-O sheets 4.7 angstrom apart with Li between, in 40 angstrom."""
    symbols, heights = [], []
    for n in range(n_layers):
        symbols += ["O", "Mn", "O"]
        heights += [4.7 * n - 1.05, 4.7 * n, 4.7 * n + 1.05]
        if n:
            symbols.append("Li")
            heights.append(4.7 * n - 2.35)
    middle = (min(heights) + max(heights)) / 2
    z = (np.array(heights) - middle + 20 + shift) / 40
    coords = np.column_stack([np.zeros_like(z), np.zeros_like(z), z])
    return Structure(Lattice.orthorhombic(4.9, 8.5, 40.0), symbols, coords)


def test_vacuum_is_seen_where_it_is(plan):
    assert periodic_directions(plan.bulk, "bulk_relax") == (True, True, True)
    assert periodic_directions(plan.lithium_metal, "bulk_relax") == (True, True, True)
    assert periodic_directions(plan.slab, "slab_relax") == (True, True, False)
    assert periodic_directions(plan.slab, "static") == (True, True, False)
    assert periodic_directions(o2_in_box(), "molecule_relax") == (False, False, False)


def test_vacuum_across_the_edge_of_the_cell_and_beside_a_sparse_film_is_a_slabs():
    assert periodic_directions(slab_of(2, shift=20.0), "static") == (True, True, False)


def test_vacuum_along_another_vector_is_refused():
    slab = slab_of(2)
    lying = Structure(
        Lattice.orthorhombic(40.0, 4.9, 4.5), slab.species, slab.frac_coords[:, [2, 0, 1]]
    )
    with pytest.raises(EngineError, match=r"third lattice vector; this cell of .* has it along a"):
        periodic_directions(lying, "slab_relax")


def test_a_slab_has_one_k_point_along_its_normal_and_the_bulks_density_in_its_plane(plan):
    mesh = k_mesh(plan.slab, 0.25, (True, True, False))
    bulk = k_mesh(plan.bulk, 0.25, (True, True, True))
    assert mesh[2] == 1
    assert mesh[:2] == bulk[:2] == (6, 3)
    assert k_mesh(o2_in_box(), 0.05, (False, False, False)) == (1, 1, 1)


@given(
    lengths=st.tuples(*[st.floats(2.5, 12)] * 3),
    angles=st.tuples(*[st.floats(70, 110)] * 3),
    spacing=st.floats(0.1, 0.6),
)
def test_k_points_are_no_further_apart_than_asked_and_no_denser_than_needed(
    lengths, angles, spacing
):
    lattice = Lattice.from_parameters(*lengths, *angles)
    crystal = Structure(lattice, ["Mn"] * 27, list(itertools.product([0, 1 / 3, 2 / 3], repeat=3)))
    mesh = k_mesh(crystal, spacing, (True, True, True))
    reciprocal = np.array(lattice.reciprocal_lattice.abc)
    assert k_spacing(crystal, mesh) == pytest.approx((reciprocal / mesh).max())
    assert (reciprocal / mesh <= spacing * (1 + 1e-5)).all()
    assert all(n == 1 or b / (n - 1) > spacing for b, n in zip(reciprocal, mesh, strict=True))


@given(shift=st.floats(-30, 30))
def test_the_centre_of_a_slab_moves_with_it(shift):
    assert slab_centre(slab_of(3)) == (0.5, 0.5, 0.5)
    moved = slab_centre(slab_of(3, shift=shift))[2] - 0.5 - shift / 40
    assert abs(moved - round(moved)) < 1e-5


def test_the_centre_is_that_of_the_masses():
    lattice = Lattice.orthorhombic(3, 3, 30)
    pair = Structure(lattice, ["Li", "Mn"], [[0, 0, 0.4], [0, 0, 0.5]])
    expected = (0.4 * 6.94 + 0.5 * 54.938) / (6.94 + 54.938)
    assert slab_centre(pair)[2] == pytest.approx(expected, abs=1e-5)


def test_inner_layers_are_held_with_as_many_free_above_as_below():
    slab = slab_of(5)
    held = fixed_atoms(slab, 1)
    assert sum(held) == 3
    assert {site.specie.symbol for site, h in zip(slab, held, strict=True) if h} == {"Mn", "O"}
    assert np.mean(slab.frac_coords[held][:, 2]) == pytest.approx(0.5)
    assert sum(fixed_atoms(slab, 3)) == 9


@pytest.mark.parametrize(("layers", "held"), [(2, 1), (3, 2), (3, 3), (1, 1), (4, 3)])
def test_layers_that_would_hold_one_face_are_refused(layers, held):
    with pytest.raises(EngineError, match=rf"fixed_layers = {held} of the slab's {layers} metal"):
        fixed_atoms(slab_of(layers), held)


@settings(max_examples=40, deadline=None)  # the first one imports pymatgen's sets
@given(lengths=st.tuples(*[st.floats(2.5, 30)] * 3), cutoff=st.floats(300, 800))
def test_the_fft_grid_is_the_one_that_pymatgen_works_out_and_holds_all_products(lengths, cutoff):
    from pymatgen.io.vasp.sets import MPRelaxSet

    lattice = Lattice.orthorhombic(*lengths)
    crystal = Structure(lattice, ["O"], [[0, 0, 0]])
    grid = fft_grid(lattice.matrix, cutoff)
    theirs, fine = MPRelaxSet(crystal).calculate_ng(custom_encut=cutoff, custom_prec="Accurate")
    assert list(grid) == list(theirs)
    assert [2 * n for n in grid] == list(fine)
    wave_number = np.sqrt(cutoff / HBAR2_OVER_2M)
    for n, length in zip(grid, lengths, strict=True):
        # products of two waves reach twice the sphere, from -2 G to 2 G (rounded as VASP rounds)
        assert n >= 4 * wave_number * length / (2 * np.pi) - 0.5


def test_plane_waves_are_those_that_can_be_counted():
    lattice = Lattice.from_parameters(7, 8, 9, 80, 95, 100)
    reciprocal = lattice.reciprocal_lattice.matrix
    waves = np.array(list(itertools.product(range(-25, 26), repeat=3))) @ reciprocal
    counted = int((HBAR2_OVER_2M * (waves**2).sum(axis=1) < 400).sum())
    assert n_plane_waves(lattice.volume, 400) == pytest.approx(counted, rel=0.01)
