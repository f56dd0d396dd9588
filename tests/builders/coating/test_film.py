"""Films of coatings: units kept whole or opened on purpose, charges counted."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.cell_checks import is_symmetric
from llo_dft.builders.coating.column import CoatingError
from llo_dft.builders.coating.film import (
    CoatingFilm,
    best_termination,
    build_film,
    film_terminations,
)
from llo_dft.builders.coating.named_plane import phosphate_plane
from llo_dft.builders.surface.terminations import build_termination
from llo_dft.chemistry.bond_valence import bond_valence
from llo_dft.chemistry.bonds import find_bonds
from llo_dft.chemistry.element_table import ELEMENTS, symbols_of
from llo_dft.resources import load_structure

VACUUM = 12.0
FILES = {"Pmn2_1": "Li3PO4_beta", "Pmnb": "Li3PO4_gamma", "Pnma": "Li3PO4_gamma"}
SETTINGS = list(FILES)
PLANE = {"Pmn2_1": (4.8554, 6.115), "Pmnb": (4.9208, 6.1113), "Pnma": (4.9208, 10.4612)}
#: Distance from one PO4 layer to the next, angstrom.
LAYER = {"Pmn2_1": 5.2394, "Pmnb": 10.4612 / 2, "Pnma": 6.1113 / 2}
MATCHER = StructureMatcher(ltol=1e-3, stol=1e-2, angle_tol=0.1, primitive_cell=False)


@cache
def all_films(setting: str, layers: int) -> tuple[CoatingFilm, ...]:
    bulk = load_structure(FILES[setting])
    plane = phosphate_plane(bulk, setting)
    return tuple(film_terminations(bulk, plane, layers=layers, vacuum=VACUUM))


def build(bulk: Structure, setting: str, bottom: str, layers: int = 2) -> CoatingFilm:
    plane = phosphate_plane(bulk, setting)
    return build_film(bulk, plane, bottom=bottom, layers=layers, vacuum=VACUUM)


def thickness(film: CoatingFilm) -> float:
    return float(np.ptp(film.structure.cart_coords[:, 2]))


def oxygen_deficit(film: CoatingFilm) -> int:
    return 4 * film.composition["P"] - film.composition["O"]


def oxygen_around_phosphorus(structure: Structure) -> dict[int, int]:
    return {
        i: sum(n.specie.symbol == "O" for n in structure.get_neighbors(site, 1.7))
        for i, site in enumerate(structure)
        if site.specie.symbol == "P"
    }


def exposed(film: CoatingFilm) -> list[int]:
    """Return the P of the lowest plane."""
    heights = {i: film.structure[i].z for i in film.structure.indices_from_symbol("P")}
    return [i for i, height in heights.items() if height < min(heights.values()) + 0.5]


def flipped(film: CoatingFilm) -> Structure:
    """Return the film turned over by a half turn about x."""
    structure = film.structure
    return Structure(
        structure.lattice,
        structure.species,
        structure.cart_coords * [1, -1, -1],
        coords_are_cartesian=True,
    )


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("setting", ["Pmn2_1", "Pmnb"])
def test_the_whole_film_is_symmetric_neutral_and_non_polar(setting: str, layers: int) -> None:
    film = all_films(setting, layers)[0]
    assert film.bottom.name == film.top.name == "flat-Li2-PO4"
    assert film.composition == {"Li": 6 * layers, "P": 2 * layers, "O": 8 * layers}
    assert is_symmetric(film.structure)
    assert not film.polar
    assert (film.charge, oxygen_deficit(film)) == (0, 0)
    assert film.dipole == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("layers", [1, 2])
def test_the_whole_films_of_pnma_are_polar_and_each_other_upside_down(layers: int) -> None:
    """Planes Li4 (4+) and Li2P2O8 (4-), half a layer apart: 4 e times half the thickness."""
    films = [f for f in all_films("Pnma", layers) if f.stoichiometric]
    assert [(f.bottom.name, f.top.name) for f in films] == [
        ("flat-Li0-PO4", "flat-Li4-PO4"),
        ("flat-Li4-PO4", "flat-Li0-PO4"),
    ]
    expected = 4 * layers * LAYER["Pnma"] / 2
    assert [f.dipole for f in films] == pytest.approx([expected, -expected], abs=0.05)
    assert all(f.polar and not is_symmetric(f.structure) and f.charge == 0 for f in films)
    assert MATCHER.fit(films[0].structure, flipped(films[1]))


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("setting", SETTINGS)
def test_every_film_counts_its_ions(setting: str, layers: int) -> None:
    for film in all_films(setting, layers):
        counts = Counter(symbols_of(film.structure))
        assert dict(counts) == film.composition
        assert film.charge == sum(ELEMENTS[s].charge * n for s, n in counts.items())
        assert film.charge == counts["Li"] - 3 * counts["P"] + 2 * oxygen_deficit(film)
        opened = len(exposed(film)) * film.bottom.missing
        assert oxygen_deficit(film) == opened
        assert film.top.missing == 0
        assert film.polar == (abs(film.dipole) > 0.01)
        assert not (is_symmetric(film.structure) and film.polar)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("setting", SETTINGS)
def test_every_phosphorus_has_the_stated_oxygen(setting: str, layers: int) -> None:
    for film in all_films(setting, layers):
        for site, count in oxygen_around_phosphorus(film.structure).items():
            stated = film.bottom.missing if site in exposed(film) else 0
            assert count == 4 - stated, film.bottom.name


@pytest.mark.parametrize("setting", SETTINGS)
def test_exposed_phosphorus_faces_down_and_what_is_gone_lay_below_it(setting: str) -> None:
    """An atom that completes the tetrahedron from below has room: no O is left in its way."""
    films = {f.bottom.name: f for f in all_films(setting, 2)}
    for film in films.values():
        heights = [s.z for s in film.structure if s.specie.symbol == "P"]
        lowest = [film.structure[i].z for i in exposed(film)]
        assert np.allclose(lowest, min(heights), atol=0.05)
        for i in exposed(film):
            site = film.structure[i]
            down = [
                n.coords[2] - site.z
                for n in film.structure.get_neighbors(site, 1.7)
                if n.specie.symbol == "O" and n.coords[2] < site.z - 0.3
            ]
            whole = films[f"{film.bottom.name[:-1]}4"]
            before = whole.structure[exposed(whole)[0]]
            below = sum(
                n.coords[2] < before.z - 0.3
                for n in whole.structure.get_neighbors(before, 1.7)
                if n.specie.symbol == "O"
            )
            assert len(down) == max(0, below - film.bottom.missing)


@pytest.mark.parametrize("setting", SETTINGS)
def test_opening_a_face_leaves_all_other_atoms_where_they_were(setting: str) -> None:
    films = {f.bottom.name: f for f in all_films(setting, 2)}
    for name, film in films.items():
        whole = films[f"{name[:-1]}4"].structure
        # the vacuum is measured from the outermost atom, so heights count from the top
        ours, theirs = (
            {
                (s.specie.symbol, *np.round([s.x, s.y, t.cart_coords[:, 2].max() - s.z], 3) + 0.0)
                for s in t
            }
            for t in (film.structure, whole)
        )
        assert ours <= theirs, name
        assert {symbol for symbol, *_ in theirs - ours} <= {"O"}


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_cell(setting: str) -> None:
    for film in all_films(setting, 2):
        matrix = film.structure.lattice.matrix
        assert film.structure.lattice.abc[:2] == pytest.approx(PLANE[setting])
        assert matrix[0, 1:] == pytest.approx([0, 0])
        assert matrix[2, :2] == pytest.approx([0, 0])
        assert np.linalg.det(matrix) > 0
        height = np.ptp(film.structure.cart_coords[:, 2])
        assert thickness(film) == pytest.approx(height)
        assert matrix[2, 2] - height == pytest.approx(VACUUM)
        assert symbols_of(film.structure) == symbols_of(film.structure.get_sorted_structure())


@pytest.mark.parametrize("setting", SETTINGS)
def test_one_more_layer_is_one_repeat_more(setting: str) -> None:
    pairs = zip(all_films(setting, 1), all_films(setting, 2), strict=True)
    for thin, thick in pairs:
        assert thin.bottom.name == thick.bottom.name
        assert thick.composition["P"] - thin.composition["P"] == 2
        assert thick.charge == thin.charge
        assert thickness(thick) - thickness(thin) == pytest.approx(LAYER[setting], abs=0.1)


@pytest.mark.parametrize("setting", SETTINGS)
def test_neutral_without_missing_is_stoichiometric(setting: str) -> None:
    for film in all_films(setting, 2):
        assert film.stoichiometric == (film.charge == 0 and oxygen_deficit(film) == 0)


def test_phosphorus_in_place_of_the_half_layer_is_neutral() -> None:
    """PO2 faces of 2+ a cell, three of them on two Li2MnO3 cells (84 A^2) without face Li."""
    film = next(f for f in all_films("Pmn2_1", 1) if f.bottom.name == "flat-Li0-PO2")
    assert film.charge == 2
    bulk = load_structure("Li2MnO3")
    slab = build_termination(bulk, "none/half", tm_layers=2, vacuum=VACUUM, seed=7).structure
    counts = Counter(symbols_of(slab))
    charge = counts["Li"] + 4 * counts["Mn"] - 2 * counts["O"]
    assert charge == -3
    assert 3 * film.charge + 2 * charge == 0


@settings(max_examples=8, deadline=None)
@given(
    setting=st.sampled_from(SETTINGS),
    shift=st.tuples(*[st.floats(-1, 1, allow_nan=False)] * 3),
    images=st.integers(0, 2**16),
)
def test_nothing_depends_on_the_origin_or_on_wrapping(
    setting: str, shift: tuple[float, float, float], images: int
) -> None:
    bulk = load_structure(FILES[setting])
    whole = np.random.default_rng(images).integers(-2, 3, (len(bulk), 3))
    moved = Structure(bulk.lattice, bulk.species, bulk.frac_coords + np.array(shift) + whole)
    for expected in all_films(setting, 1)[::4]:
        film = build(moved, setting, expected.bottom.name, layers=1)
        assert (film.composition, film.charge) == (expected.composition, expected.charge)
        assert film.dipole == pytest.approx(expected.dipole, abs=1e-6)
        assert film.top.name == expected.top.name
        assert thickness(film) == pytest.approx(thickness(expected))
        assert MATCHER.fit(film.structure, expected.structure)


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_axes_of_the_file_do_not_matter(setting: str) -> None:
    """The setting says which plane is meant, in whatever order the file has the axes."""
    bulk = load_structure(FILES[setting])
    expected = all_films(setting, 1)[0]
    for order in ([1, 2, 0], [2, 0, 1], [1, 0, 2]):
        lattice = Lattice(bulk.lattice.matrix[order])
        turned = Structure(lattice, bulk.species, bulk.frac_coords[:, order])
        film = build(turned, setting, expected.bottom.name, layers=1)
        assert film.structure.lattice.abc == pytest.approx(expected.structure.lattice.abc)
        assert film.dipole == pytest.approx(expected.dipole, abs=1e-6)
        assert MATCHER.fit(film.structure, expected.structure)


@pytest.mark.parametrize("setting", ["Pmn2_1", "Pmnb"])
def test_a_strained_and_slightly_moved_crystal_is_cut_alike(setting: str) -> None:
    bulk = load_structure(FILES[setting])
    moved = np.random.default_rng(3).normal(scale=0.004, size=(len(bulk), 3))
    lattice = Lattice(bulk.lattice.matrix * [[1.02], [0.99], [1.01]])
    strained = Structure(lattice, bulk.species, bulk.frac_coords + moved / lattice.abc)
    for expected in all_films(setting, 1)[:6]:
        film = build(strained, setting, expected.bottom.name, layers=1)
        assert film.composition == expected.composition


def test_same_input_same_bytes() -> None:
    bulk = load_structure("Li3PO4_gamma")
    first, second = (build(bulk, "Pmnb", "flat-Li2-PO3") for _ in range(2))
    assert first.structure.to_json() == second.structure.to_json()


def test_an_unknown_face_lists_the_known_ones() -> None:
    with pytest.raises(
        CoatingError, match="no bottom face is called 'Li-rich'; expected one of flat-Li0-PO4, "
    ):
        build(load_structure("Li3PO4_beta"), "Pmn2_1", "Li-rich")


#: What the package has, but for Li3PO4: a crystal without a plane between its units, and with one.
COATINGS = [
    *("Li2SiO3", "LiNbO3", "LiTaO3", "LiF", "Al2O3", "ZrO2_monoclinic", "ZrO2_tetragonal"),
    *("Li3InCl6", "Li3YCl6", "Li6PS5Cl", "Li2CO3", "LiAlO2", "Li2ZrO3", "Li3PS4_gamma"),
]
PLANES = [(0, 0, 1), (1, 0, 0), (1, 1, 0)]


@pytest.mark.parametrize("name", COATINGS)
def test_low_planes_of_every_crystal_have_a_neutral_film_of_its_composition(name: str) -> None:
    bulk = load_structure(name)
    charges = {symbol: ELEMENTS[symbol].charge for symbol in set(symbols_of(bulk))}
    for plane in PLANES:
        films = film_terminations(bulk, plane, layers=1, vacuum=VACUUM)
        names = [film.bottom.name for film in films]
        assert len(set(names)) == len(names)
        for film in films:
            counts = Counter(symbols_of(film.structure))
            assert dict(counts) == film.composition
            assert film.charge == sum(charges[s] * n for s, n in counts.items())
            assert not (is_symmetric(film.structure) and film.polar)
            assert min(film.cut_valences) > 0
        best = best_termination(films)
        assert best.charge == 0, plane
        assert best.stoichiometric, plane
        units = len(best.structure) / bulk.composition.reduced_composition.num_atoms
        assert units == pytest.approx(round(units))


@pytest.mark.parametrize(
    ("name", "plane", "unit", "former", "held"),
    [
        ("Li2CO3", (0, 0, 1), "CO3", "C", 3),
        ("Li3PS4_gamma", (0, 1, 0), "PS4", "P", 4),
        ("Li2SiO3", (1, 0, 0), "SiO4", "Si", 4),
        ("Li3InCl6", (0, 0, 1), "InCl6", "In", 6),
    ],
)
def test_units_and_chains_stay_whole_where_a_plane_passes_between_them(
    name: str, plane: tuple[int, int, int], unit: str, former: str, held: int
) -> None:
    best = best_termination(film_terminations(load_structure(name), plane, layers=1, vacuum=VACUUM))
    assert best.bottom.name.endswith(unit)
    assert best.top.name.endswith(unit)
    formers = best.structure.indices_from_symbol(former)
    found = Counter(bond.cation for bond in find_bonds(best.structure, formers))
    assert set(found.values()) == {held}


def test_the_valence_that_rock_salt_cuts_is_one_bond_an_ion() -> None:
    """LiF (001), by hand: of the six bonds of each Li and each F one is cut on each face."""
    films = film_terminations(load_structure("LiF"), (0, 0, 1), layers=1, vacuum=VACUUM)
    film = best_termination(films)
    assert film.composition == {"Li": 2, "F": 2}
    assert not film.polar
    one_bond = bond_valence("Li", "F", 4.0173 / 2)
    assert film.cut_valences == pytest.approx((2 * one_bond, 2 * one_bond))


def test_a_named_face_is_the_listed_one() -> None:
    bulk = load_structure("LiNbO3")
    for film in film_terminations(bulk, (0, 0, 1), layers=1, vacuum=VACUUM):
        again = build_film(bulk, (0, 0, 1), bottom=film.bottom.name, layers=1, vacuum=VACUUM)
        assert again.structure == film.structure


def test_a_film_of_a_centred_crystal_has_the_primitive_cell_of_the_plane() -> None:
    bulk = load_structure("Li2SiO3")
    film = best_termination(film_terminations(bulk, (0, 0, 1), layers=1, vacuum=VACUUM))
    vectors = film.in_plane @ bulk.lattice.matrix
    given = film.structure.lattice.matrix[:2]
    np.testing.assert_allclose(vectors @ vectors.T, given @ given.T, atol=1e-6)
    assert film.structure.volume / film.structure.lattice.c == pytest.approx(9.392 * 5.397 / 2)
