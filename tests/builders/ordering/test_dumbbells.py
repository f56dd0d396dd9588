"""Tetrahedral sites beside a metal layer: where they are, what excludes what, who moves there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest

from llo_dft.builders.cathode.bulk import tm_layer_sites
from llo_dft.builders.ordering.delithiation import lithium_sites
from llo_dft.builders.ordering.dumbbells import (
    APART_ANGSTROM,
    HEIGHT_ANGSTROM,
    TetrahedralSite,
    movers,
    tetrahedral_sites,
    too_near,
    turned_over,
    with_tetrahedra,
)

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from llo_dft.builders.surface.slab import SlabModel

    class MakeSlab(Protocol):
        def __call__(self, name: str, tm_layers: int = ...) -> SlabModel: ...


def lithium_of(structure: Structure) -> list[int]:
    return [int(i) for i in structure.indices_from_symbol("Li")]


def sites_of(slab: Structure) -> list[TetrahedralSite]:
    return tetrahedral_sites(slab, lithium_of(slab), tm_layer_sites(slab))


@pytest.mark.parametrize(("name", "tm_layers"), [("Li2MnO3", 1), ("Li2MnO3", 2), ("NCM", 2)])
def test_four_o_hold_each_site_and_it_shares_faces_with_octahedra(
    make_slab: MakeSlab, name: str, tm_layers: int
) -> None:
    slab = make_slab(name, tm_layers).structure
    sites = sites_of(slab)
    in_sheet = set(tm_layer_sites(slab)) & set(lithium_of(slab))
    assert {site.octahedron for site in sites} == in_sheet
    for site in sites:
        assert np.linalg.norm(site.above) == pytest.approx(HEIGHT_ANGSTROM)
        near = slab.get_sites_in_sphere(site.coords(slab), 2.7)
        oxygen = [one.nn_distance for one in near if one.specie.symbol == "O"]
        assert len(oxygen) in {3, 4}, "the apex is missing at a face"
        assert min(oxygen) > 1.6
        assert 1 <= len(site.beside) <= 3
        assert not site.beside & set(tm_layer_sites(slab))


def test_each_li_of_an_inner_metal_layer_has_one_on_either_side(make_slab: MakeSlab) -> None:
    slab = make_slab("Li2MnO3", 3).structure
    middle = sorted(tm_layer_sites(slab), key=lambda i: slab[i].frac_coords[2])[4:8]
    for site in set(middle) & set(lithium_of(slab)):
        above, below = (one for one in sites_of(slab) if one.octahedron == site)
        assert above.above == pytest.approx(-below.above)
        assert abs(above.above[2]) == pytest.approx(HEIGHT_ANGSTROM, abs=1e-3), "along the normal"
        assert not above.beside & below.beside


def test_without_li_in_the_metal_layers_there_are_none(make_slab: MakeSlab) -> None:
    slab = make_slab("LiCoO2", 2).structure
    assert sites_of(slab) == []
    assert tetrahedral_sites(slab, lithium_of(slab), []) == []


def test_an_operation_that_turns_the_slab_over_takes_each_to_its_image(make_slab: MakeSlab) -> None:
    model = make_slab("NCM", 2)
    slab, sites = model.structure, sites_of(model.structure)
    assert model.turn_over is not None
    images = turned_over(sites, model.turn_over)
    assert sorted(images) == list(range(len(sites)))
    for site, image in zip(sites, images, strict=True):
        assert sites[image].octahedron == model.turn_over[site.octahedron]
        assert sites[image].above[2] * site.above[2] < 0
        distances = [
            sorted(one.nn_distance for one in slab.get_sites_in_sphere(of.coords(slab), 3.0))
            for of in (site, sites[image])
        ]
        assert distances[0] == pytest.approx(distances[1], abs=1e-2)
    with pytest.raises(ValueError, match="takes a tetrahedral site to"):
        turned_over(sites[:-1], model.turn_over)


def test_li_that_share_a_face_exclude_each_other(make_slab: MakeSlab) -> None:
    slab = make_slab("Li2MnO3", 2).structure
    sites = sites_of(slab)
    filled = with_tetrahedra(slab, sites)
    pairs = too_near(filled, sites)
    assert (pairs == pairs.T).all()
    assert not pairs.diagonal().any()
    lithium = lithium_of(filled)
    distances = filled.distance_matrix[np.ix_(lithium, lithium)]
    excluded = pairs[np.ix_(lithium, lithium)].astype(bool)
    off = ~np.eye(len(lithium), dtype=bool)
    assert distances[excluded].max() < APART_ANGSTROM
    assert distances[~excluded & off].min() > APART_ANGSTROM


def test_li_move_least_and_from_beside_if_possible(make_slab: MakeSlab) -> None:
    slab = make_slab("Li2MnO3", 2).structure
    sites = sites_of(slab)
    beside = sorted(sites[0].beside)
    far = next(i for i in lithium_of(slab) if i not in beside and i != sites[0].octahedron)
    assert movers(slab, sites, [0], [sites[0].octahedron, far, beside[0]]) == {beside[0]: 0}
    assert movers(slab, sites, [], [far]) == {}
    both = movers(slab, sites, [0, 1], [*sites[0].beside, *sites[1].beside])
    assert sorted(both.values()) == [0, 1]
    for li, site in both.items():
        assert li in sites[site].beside


def test_no_arrangement_of_the_problem_loses_a_li(make_slab: MakeSlab) -> None:
    model = make_slab("NCM", 2)
    slab, lithium = model.structure, lithium_of(model.structure)
    sites = lithium_sites(slab, lithium, None, sheet=tm_layer_sites(slab))
    problem, constant = sites.problem(6)
    plain, plain_constant = lithium_sites(slab, lithium, None).problem(6)
    assert problem.counts[0] == plain.counts[0] == len(lithium) - 6
    on_sites = sites.arrangement(lithium[:6])
    assert on_sites is not None
    assert sites.removed(on_sites) == tuple(lithium[:6])
    assert sites.moved(on_sites) == {}
    assert problem.energy_ev(on_sites) + constant == pytest.approx(
        plain.energy_ev(on_sites[: len(lithium)]) + plain_constant, abs=1e-5
    )
    moved = on_sites.copy()
    moved[[len(lithium), 10]] = 0, 1
    assert len(sites.removed(moved)) == 6
    assert len(sites.moved(moved)) == 1
