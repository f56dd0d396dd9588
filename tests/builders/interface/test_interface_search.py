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
from llo_dft.builders.interface.build_interface import Assembly
from llo_dft.builders.interface.contacts import SHORTEST_CONTACTS
from llo_dft.builders.interface.interface_search import InterfaceSearch, search_interfaces
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


@cache
def searched() -> InterfaceSearch:
    llo, films, match = case()
    return search_interfaces(llo, films, match, spacing=1.0, gaps=GAPS, keep=10_000, vacuum=VACUUM)


def test_nothing_is_lost() -> None:
    result = searched()
    assert len(result.ranked) == result.n_accepted
    listed = [(r.model.termination, r.model.registry, r.model.gap) for r in result.ranked] + [
        (r.termination, r.registry, r.gap) for r in result.rejected
    ]
    assert len(set(listed)) == len(listed)
    registries = {(t, r) for t, r, _ in listed}
    assert len(listed) == len(registries) * len(GAPS)
    assert {t for t, _, _ in listed} == set(TERMINATIONS)


def test_accepted_ones_have_no_short_contact_and_rejected_ones_do() -> None:
    llo, films, match = case()
    result = searched()
    for item in result.ranked[:20]:
        m = item.model
        assert not m.contacts
    for item in result.rejected[:: max(1, len(result.rejected) // 20)]:
        cell = share_cell(llo, films[item.termination], match)
        model = Assembly(cell, VACUUM).build(item.registry, item.gap)
        worst = model.contacts[0]
        assert item.contact == worst
        i, j = worst.sites
        assert model.structure.get_distance(i, j) == pytest.approx(worst.distance)
        assert {i in model.llo_sites, i in model.coating_sites} == {True, False}
        assert item.reason == worst.kind


def test_ranked_by_the_default_score() -> None:
    scores = [item.score for item in searched().ranked]
    assert np.all(np.diff(scores) > -1e-7)
    best = searched().ranked[0].model
    z = best.structure.cart_coords[:, 2]
    low, high = z[best.llo_sites], z[best.coating_sites]
    near = [
        i
        for i in range(len(z))
        if (i in best.llo_sites and z[i] > low.max() - 3)
        or (i in best.coating_sites and z[i] < high.min() + 3)
    ]
    assert scores[0] == pytest.approx(global_instability_index(best.structure, near))


def test_multiplicities_sum_to_the_grid() -> None:
    llo, films, match = case()
    result = search_interfaces(
        llo,
        {"whole": films[TERMINATIONS[0]]},
        match,
        spacing=1.0,
        gaps=[5.0],
        keep=1000,
        vacuum=VACUUM,
    )
    # nothing touches at 5 angstrom; 2 x 3 cells of the sum of the lattices lie in the common
    # one, and in each there are even numbers of points no more than 1 angstrom apart
    assert not result.rejected
    total = sum(item.multiplicity for item in result.ranked)
    cell = match.area_a2 / 6
    assert total >= cell
    assert total > len(result.ranked)


def test_equal_scores_keep_the_order_of_the_search() -> None:
    llo, films, match = case()

    def run() -> list[tuple[str, tuple[float, float], float]]:
        found = search_interfaces(
            llo,
            films,
            match,
            spacing=3.0,
            gaps=[2.5, 2.2],
            keep=50,
            vacuum=VACUUM,
            score=lambda _: 0.0,
        )
        return [(r.model.termination, r.model.registry, r.model.gap) for r in found.ranked]

    first = run()
    assert first == run()
    order = [list(films).index(termination) for termination, _, _ in first]
    assert order == sorted(order)
    # within one registry the gaps come as they were given
    assert [gap for _, _, gap in first[:2]] in ([2.5, 2.2], [2.5, 2.5])


def test_a_score_of_ones_own_decides_and_keep_limits() -> None:
    llo, films, match = case()
    result = search_interfaces(
        llo,
        films,
        match,
        spacing=3.0,
        gaps=[2.0, 2.4, 2.8],
        keep=3,
        vacuum=VACUUM,
        score=lambda structure: -float(np.ptp(structure.cart_coords[:, 2])),
    )
    assert len(result.ranked) == 3
    assert result.n_accepted > 3
    assert {item.model.gap for item in result.ranked} == {2.8}


def test_a_score_that_is_no_number_is_a_reason() -> None:
    llo, films, match = case()
    values = iter([float("nan"), *range(10_000)])
    result = search_interfaces(
        llo,
        films,
        match,
        spacing=3.0,
        gaps=[2.5],
        keep=5,
        vacuum=VACUUM,
        score=lambda _: next(values),
    )
    assert next(r for r in result.rejected if r.reason == "score").contact is None
    with pytest.raises(InputError, match="no interface got a finite score"):
        search_interfaces(
            llo,
            films,
            match,
            spacing=3.0,
            gaps=[6.0],
            keep=5,
            vacuum=VACUUM,
            score=lambda _: float("inf"),
        )


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
            llo, {"only": coating}, match, spacing=0.8, gaps=[0.1, 0.2], keep=1, vacuum=9.0
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"coatings": {}}, "no coating termination was given"),
        ({"gaps": []}, "gaps must be at least one number"),
        ({"gaps": [float("nan")]}, "gaps must be at least one number"),
        ({"keep": 0}, "at least 1 interface must be kept"),
        ({"spacing": 0.0}, "spacing must be a positive length"),
        ({"vacuum": -1.0}, "vacuum must be a positive width"),
    ],
)
def test_nothing_to_try_is_refused(change: dict[str, object], message: str) -> None:
    llo, films, match = case()
    options = {"coatings": films, "gaps": GAPS, "keep": 1, "spacing": 2.0, "vacuum": 9.0} | change
    with pytest.raises(InputError, match=message):
        search_interfaces(llo, options.pop("coatings"), match, **options)


def test_exposed_phosphorus_meets_lattice_oxygen_of_a_face_without_lithium() -> None:
    llo, films, match = case()
    heights = llo.cart_coords[:, 2]
    top = max(z for z, symbol in zip(heights, symbols_of(llo), strict=True) if symbol == "O")
    bared = llo.copy()
    bared.remove_sites(np.flatnonzero(heights > top).tolist())
    name = "step-Li0-PO3"
    result = search_interfaces(
        bared, {name: films[name]}, match, spacing=0.7, gaps=[1.6, 1.8], keep=1000, vacuum=VACUUM
    )
    best = 9.9
    for item in result.ranked:
        structure, symbols = item.model.structure, symbols_of(item.model.structure)
        oxygen = [i for i in item.model.llo_sites.tolist() if symbols[i] == "O"]
        phosphorus = [i for i in item.model.coating_sites.tolist() if symbols[i] == "P"]
        coords = structure.frac_coords
        apart = structure.lattice.get_all_distances(coords[phosphorus], coords[oxygen])
        best = min(best, apart.min())
        nearest = oxygen[int(apart.min(axis=0).argmin())]
        environments = oxygen_environments(structure, 1, llo_sites=item.model.llo_sites.tolist())
        assert environments[nearest].layer == "surface"
        # as they are laid, atoms of hard size: a relaxation draws P 0.3 A nearer
        assert not item.model.bonds
        assert apart.min() > SHORTEST_CONTACTS["former-anion"]
    assert best < 2.0
