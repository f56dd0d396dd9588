"""Cathodes under coatings on two planes each: what every interface is held to."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from llo_dft.builders.coating.film import CoatingFilm, best_termination, film_terminations
from llo_dft.builders.interface.interface_search import search_interfaces
from llo_dft.builders.matching.find_matches import find_matches
from llo_dft.builders.surface.slab import build_slab
from llo_dft.chemistry.element_table import ELEMENTS, symbols_of
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

#: By name: the cell that half a Li layer needs, and the charge of its metal, e.
CATHODES = {"Li2MnO3": ((1, 1), 4), "LiCoO2": ((2, 1), 3), "LiNiO2": ((2, 2), 3)}
COATINGS = [
    *("Li2SiO3", "LiNbO3", "LiTaO3", "LiF", "Al2O3", "ZrO2_monoclinic", "ZrO2_tetragonal"),
    *("Li3InCl6", "Li3YCl6", "Li6PS5Cl"),
]
PLANES = [(0, 0, 1), (1, 0, 0)]
LARGEST_AREA_A2, LARGEST_STRAIN = 300.0, 0.15
GAPS_ANGSTROM = [2.0, 2.6, 3.2]

#: Shortest bonds known are longer than this share of the sum of the radii: P=O 1.43 of 1.57, Mn-O
#: 1.75 of 2.23 angstrom; and two anions or two cations are never closer than a shared edge.
SHARE_OF_RADII, LIKE_IONS_ANGSTROM = 0.72, 2.19

A_FEW = [
    ("Li2MnO3", "LiNbO3", (0, 0, 1)),
    ("LiCoO2", "Li3InCl6", (0, 0, 1)),
    ("LiNiO2", "ZrO2_tetragonal", (1, 0, 0)),
]
ALL = [(one, other, plane) for one in CATHODES for other in COATINGS for plane in PLANES]


@cache
def slab_of(cathode: str) -> Structure:
    (a, b), _ = CATHODES[cathode]
    bulk = load_structure(cathode).make_supercell([a, b, 1], in_place=False)
    return build_slab(bulk.get_sorted_structure(), tm_layers=1, vacuum=10.0, seed=0).structure


@cache
def film_of(coating: str, plane: tuple[int, int, int]) -> CoatingFilm:
    return best_termination(
        film_terminations(load_structure(coating), plane, layers=1, vacuum=10.0)
    )


def check(cathode: str, coating: str, plane: tuple[int, int, int]) -> None:
    slab, film = slab_of(cathode), film_of(coating, plane)
    matches = find_matches(
        film.structure.lattice.matrix[:2],
        slab.lattice.matrix[:2],
        max_area=LARGEST_AREA_A2,
        max_strain=LARGEST_STRAIN,
    )
    match = min(matches, key=lambda one: (round(one.area_a2, 3), one.max_strain))
    options = {"spacing": 2.5, "gaps": GAPS_ANGSTROM, "vacuum": 10.0, "termination": ""}
    best = search_interfaces(slab, film.structure, match, **options)[0]
    model, made, bare = best.assembly, best.structure, best.assembly.cell.llo
    films, slabs = (
        round(abs(np.linalg.det(matrix)))
        for matrix in (match.film_transformation, match.substrate_transformation)
    )

    # stoichiometry: whole slabs and whole formula units
    counts = Counter(symbols_of(made))
    expected: Counter[str] = Counter()
    for part, times in ((slab, slabs), (film.structure, films)):
        for symbol, n in Counter(symbols_of(part)).items():
            expected[symbol] += times * n
    assert counts == expected
    crystal = load_structure(coating).composition.reduced_composition
    on_top = Counter(symbols_of(made)[i] for i in model.coating_sites)
    units = {on_top[e.symbol] / n for e, n in crystal.items()}
    assert len({round(n, 6) for n in units}) == 1

    # no contact across it is shorter than a bond
    distances = made.lattice.get_all_distances(
        made.frac_coords[model.llo_sites], made.frac_coords[model.coating_sites]
    )
    below, above = (
        [symbols_of(made)[i] for i in sites] for sites in (model.llo_sites, model.coating_sites)
    )
    for i, one in enumerate(below):
        for j, other in enumerate(above):
            alike = (ELEMENTS[one].charge < 0) == (ELEMENTS[other].charge < 0)
            radii = ELEMENTS[one].radius_angstrom + ELEMENTS[other].radius_angstrom
            assert distances[i, j] > (LIKE_IONS_ANGSTROM if alike else SHARE_OF_RADII * radii)

    # the oxide is the bare slab: the same cell in the plane, the same shape
    np.testing.assert_allclose(made.lattice.matrix[:2], bare.lattice.matrix[:2], atol=1e-9)
    ours, theirs = made.cart_coords[model.llo_sites], bare.cart_coords
    np.testing.assert_allclose(ours - ours[0], theirs - theirs[0], atol=1e-6)
    repeated = sorted(np.round(slab.cart_coords[:, 2] - slab.cart_coords[:, 2].min(), 5))
    heights = sorted(np.round(theirs[:, 2] - theirs[:, 2].min(), 5))
    np.testing.assert_allclose(heights[::slabs], repeated, atol=1e-4)

    # charge as the film says; the slab has none
    charges = {s: float(ELEMENTS[s].charge) for s in counts}
    metal = next(s for s in symbols_of(slab) if s not in {"Li", "O"})
    charges[metal] = CATHODES[cathode][1]
    assert sum(charges[s] * n for s, n in Counter(below).items()) == pytest.approx(0)
    assert sum(charges[s] * n for s, n in Counter(above).items()) == films * film.charge == 0

    # area and strain, from the matrices alone
    free = match.film_transformation @ film.structure.lattice.matrix[:2]
    held = made.lattice.matrix[:2]
    area = np.linalg.norm(np.cross(*held))
    assert area == pytest.approx(slabs * np.linalg.norm(np.cross(*slab.lattice.matrix[:2])))
    growth = (1 + model.cell.coating_strain[0]) * (1 + model.cell.coating_strain[1])
    assert area / np.linalg.norm(np.cross(*free)) == pytest.approx(growth)
    common = match.substrate_transformation @ slab.lattice.matrix[:2]
    squares = np.linalg.eigvals(np.linalg.solve(free @ free.T, common @ common.T)).real
    strains = np.sort(np.sqrt(squares) - 1)[::-1]
    assert strains == pytest.approx(model.cell.coating_strain, abs=1e-6)
    assert np.abs(strains).max() <= LARGEST_STRAIN


@pytest.mark.parametrize(("cathode", "coating", "plane"), A_FEW)
def test_a_few_interfaces(cathode: str, coating: str, plane: tuple[int, int, int]) -> None:
    check(cathode, coating, plane)


@pytest.mark.slow
@pytest.mark.parametrize(("cathode", "coating", "plane"), ALL)
def test_sixty_interfaces(cathode: str, coating: str, plane: tuple[int, int, int]) -> None:
    check(cathode, coating, plane)
