"""The search for interfaces: nothing too close is kept, ranks are stable, nothing is hidden."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from bond_valences import global_instability_index
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.coating.film import film_terminations
from llo_dft.builders.environment.oxygen_environment import oxygen_environments
from llo_dft.builders.interface.contacts import SHORTEST_CONTACTS
from llo_dft.builders.interface.interface_search import Assembly, RankedInterface, search_interfaces
from llo_dft.builders.interface.registries import registry_grid
from llo_dft.builders.matching.common_cell import share_cell
from llo_dft.builders.matching.find_matches import find_matches
from llo_dft.builders.surface.slab import build_slab
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.errors import InputError
from llo_dft.resources import load_structure

GAPS = [0.0, 1.2, 2.0]
TERMINATIONS = ["flat-Li2-PO4", "step-Li0-PO3"]
VACUUM = 15.0


@cache
def case():
    llo = build_slab(load_structure("Li2MnO3"), tm_layers=1, vacuum=VACUUM, seed=7).structure
    found = film_terminations(load_structure("Li3PO4_beta"), (0, 1, 0), layers=1, vacuum=VACUUM)
    films = {f.bottom.name: f.structure for f in found if f.bottom.name in TERMINATIONS}
    match, *_ = find_matches(
        films[TERMINATIONS[0]].lattice.matrix[:2],
        llo.lattice.matrix[:2],
        max_area=90,
        max_strain=0.08,
    )
    return llo, films, match


def search(film: str, gaps: list[float], spacing: float = 1.0) -> list[RankedInterface]:
    llo, films, match = case()
    options = {"gaps": gaps, "spacing": spacing, "vacuum": VACUUM, "termination": film}
    return search_interfaces(llo, films[film], match, **options)


@cache
def searched() -> list[RankedInterface]:
    return search(TERMINATIONS[0], GAPS)


def test_what_is_left_out_has_a_short_contact_and_the_rest_has_none() -> None:
    llo, films, match = case()
    assembly = Assembly(share_cell(llo, films[TERMINATIONS[0]], match), VACUUM)
    grid = registry_grid(assembly.cell.llo, assembly.cell.coating, 1.0)
    ranked = {(item.registry, item.gap): item for item in searched()}
    assert len(ranked) == len(searched()) < len(grid) * len(GAPS)
    assert all(not item.assembly.contacts(item.registry, item.gap) for item in searched()[:20])
    places = [(registry[0], gap) for registry in grid for gap in GAPS]
    assert ranked.keys() <= set(places)
    left = [place for place in places if place not in ranked]
    for registry, gap in left[:: max(1, len(left) // 20)]:
        worst = assembly.contacts(registry, gap)[0]
        i, j = worst.sites
        structure = RankedInterface(assembly, registry, gap, score=0.0).structure
        assert structure.get_distance(i, j) == pytest.approx(worst.distance)
        assert {i in assembly.llo_sites, i in assembly.coating_sites} == {True, False}


def test_ranked_by_the_instability_index() -> None:
    scores = [item.score for item in searched()]
    assert np.all(np.diff(scores) > -1e-7)
    best = searched()[0]
    llo_sites, coating_sites = best.assembly.llo_sites, best.assembly.coating_sites
    z = best.structure.cart_coords[:, 2]
    low, high = z[llo_sites], z[coating_sites]
    near = [
        i
        for i in range(len(z))
        if (i in llo_sites and z[i] > low.max() - 3)
        or (i in coating_sites and z[i] < high.min() + 3)
    ]
    assert scores[0] == pytest.approx(global_instability_index(best.structure, near))


def test_nothing_touches_at_a_wide_gap() -> None:
    llo, films, match = case()
    cell = share_cell(llo, films[TERMINATIONS[0]], match)
    grid = registry_grid(cell.llo, cell.coating, 1.0)
    assert len(search(TERMINATIONS[0], [5.0])) == len(grid)


def test_equal_scores_keep_the_order_of_the_search() -> None:
    # nothing is bonded to the other side there, so that all scores are equal
    first, again = (
        [(item.registry, item.gap) for item in search(TERMINATIONS[0], [9.5, 9.2], 3.0)]
        for _ in range(2)
    )
    assert first == again
    # registries come in the order of the grid, and within one the gaps as they were given
    assert [gap for _, gap in first] == [9.5, 9.2] * (len(first) // 2)
    llo, films, match = case()
    cell = share_cell(llo, films[TERMINATIONS[0]], match)
    grid = registry_grid(cell.llo, cell.coating, 3.0)
    assert [registry for registry, _ in first[::2]] == [one[0] for one in grid]


def test_all_rejected_names_the_least_bad_contact() -> None:
    lattice = Lattice.orthorhombic(3.0, 3.0, 20.0)
    llo = Structure(lattice, ["Mn", "O"], [(0, 0, 0.2), (0, 0, 0.3)])
    coating = Structure(lattice, ["P", "O"], [(0, 0, 0.6), (0, 0, 0.5)])
    match, *_ = find_matches(lattice.matrix[:2], lattice.matrix[:2], max_area=10, max_strain=0.01)
    # 3 angstrom across: at a height of 0.2 no O is further than 2.13 from the next
    with pytest.raises(
        InputError,
        match=r"(?s)all .* \(\d+ anion-anion\).*'only'.*gap 0.2, has O\d-O\d 2.13.*larger gaps",
    ):
        search_interfaces(
            llo, coating, match, spacing=0.8, gaps=[0.1, 0.2], vacuum=9.0, termination="only"
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gaps": []}, "gaps must be at least one number"),
        ({"gaps": [float("nan")]}, "gaps must be at least one number"),
    ],
)
def test_nothing_to_try_is_refused(change: dict[str, object], message: str) -> None:
    llo, films, match = case()
    options = {"gaps": GAPS, "spacing": 2.0, "vacuum": 9.0, "termination": "whole"} | change
    with pytest.raises(InputError, match=message):
        search_interfaces(llo, films[TERMINATIONS[0]], match, **options)


def test_exposed_phosphorus_meets_lattice_oxygen_of_a_face_without_lithium() -> None:
    llo, films, match = case()
    heights = llo.cart_coords[:, 2]
    top = max(z for z, symbol in zip(heights, symbols_of(llo), strict=True) if symbol == "O")
    bared = llo.copy()
    bared.remove_sites(np.flatnonzero(heights > top).tolist())
    name = "step-Li0-PO3"
    options = {"spacing": 0.7, "gaps": [1.6, 1.8], "vacuum": VACUUM, "termination": name}
    best = 9.9
    for item in search_interfaces(bared, films[name], match, **options):
        structure, symbols = item.structure, symbols_of(item.structure)
        oxygen = [i for i in item.assembly.llo_sites.tolist() if symbols[i] == "O"]
        phosphorus = [i for i in item.assembly.coating_sites.tolist() if symbols[i] == "P"]
        coords = structure.frac_coords
        apart = structure.lattice.get_all_distances(coords[phosphorus], coords[oxygen])
        best = min(best, apart.min())
        nearest = oxygen[int(apart.min(axis=0).argmin())]
        environments = oxygen_environments(structure, 1, llo_sites=item.assembly.llo_sites.tolist())
        assert environments[nearest].layer == "surface"
        # as they are laid, atoms of hard size: a relaxation draws P 0.3 A nearer
        assert not item.bonds
        assert apart.min() > SHORTEST_CONTACTS["former-anion"]
    assert best < 2.0
