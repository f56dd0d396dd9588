"""Slabs of any plane: (001) of a layered oxide is ours, the others are in the plane's own cell."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest
from pymatgen.analysis.ewald import EwaldSummation

from llo_dft.builders.cell_checks import is_symmetric
from llo_dft.builders.surface.general_slab import general_slab, plane_cuts
from llo_dft.builders.surface.slab import SlabTemplate, recut
from llo_dft.builders.surface.surface_lattice import oriented_cell, surface_lattice
from llo_dft.builders.surface.terminations import build_termination
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymatgen.core.structure import Structure

    from llo_dft.builders.surface.general_slab import SlabCut
    from llo_dft.builders.surface.terminations import SlabModel

    class MakeBulk(Protocol):
        def __call__(self, name: str) -> Structure: ...


VACUUM = 15.0
NAMES = ["half", "full", "none", "full/none", "full/half", "half/none"]


def build(bulk: Structure, name: str, tm_layers: int = 1) -> SlabModel:
    return build_termination(bulk, name, tm_layers=tm_layers, vacuum=VACUUM, seed=0)


def cuts(bulk: Structure, miller_index: tuple[int, int, int], size: float = 7.0) -> list[SlabCut]:
    return general_slab(bulk, miller_index, min_slab_size=size, min_vacuum_size=VACUUM)


@pytest.mark.parametrize("index", [(0, 0, 3), (0, 0, -1)])
def test_001_of_a_layered_oxide_is_ours(make_bulk: MakeBulk, index: tuple[int, int, int]) -> None:
    bulk = make_bulk("LiCoO2")
    found = cuts(bulk, index, size=9.0)
    assert [cut.name for cut in found] == NAMES
    two_sheets = build(bulk, "half", 2)  # 9 angstrom are two sheets of 4.68
    assert found[0].structure.to_json() == two_sheets.structure.to_json()
    best = [cut.name for cut in found if cut.symmetric and cut.stoichiometric and not cut.polar]
    assert best == ["half"]


def test_what_a_cell_cannot_hold_is_left_out() -> None:
    assert [cut.name for cut in cuts(load_structure("LiCoO2"), (0, 0, 1))] == [
        "full",
        "none",
        "full/none",
    ]


@pytest.mark.parametrize(
    ("name", "index", "n_cuts", "n_good"),
    [
        ("Li2MnO3", (0, 1, 0), 3, 2),
        ("Li3PO4_beta", (0, 1, 0), 3, 2),
        ("Li3PO4_beta", (0, 0, 1), None, None),  # no layered oxide: not ours
    ],
)
def test_other_planes_are_in_the_primitive_cell_of_the_plane(
    name: str, index: tuple[int, int, int], n_cuts: int | None, n_good: int | None
) -> None:
    bulk = load_structure(name)
    found = cuts(bulk, index)
    area = surface_lattice(bulk, index).area_a2
    for cut in found:
        lattice = cut.structure.lattice
        assert lattice.volume / lattice.c == pytest.approx(area)
        assert 60.0 - 1e-6 <= lattice.gamma <= 120.0 + 1e-6
        assert lattice.c - np.ptp(cut.structure.cart_coords[:, 2]) == pytest.approx(VACUUM)
        assert np.ptp(cut.structure.cart_coords[:, 2]) > 7.0 - 2.5  # a spacing of planes less
        assert cut.structure.distance_matrix[np.triu_indices(len(cut.structure), 1)].min() > 1.4
        assert not (cut.symmetric and cut.polar)
        assert cut.polar == (abs(cut.dipole) > 0.01)
    if n_cuts is not None:
        good = [c for c in found if c.symmetric and c.stoichiometric and not c.polar]
        assert (len(found), len(good)) == (n_cuts, n_good)
        assert found[: len(good)] == good


@pytest.mark.parametrize("index", [(1, 0, 4), (1, 1, 0), (1, 0, 0), (0, 1, 2), (1, 0, 1)])
def test_a_slab_is_a_piece_of_its_crystal(index: tuple[int, int, int]) -> None:
    """The middle of each cut has the neighbours of the bulk; its template cuts it again."""
    bulk = oriented_cell(load_structure("LiCoO2"), index)
    for cut in plane_cuts(bulk, min_slab_size=12.0, vacuum=VACUUM, seed=0):
        slab = cut.structure
        heights = slab.cart_coords[:, 2]
        middle = int(np.argmin(np.abs(heights - (heights.min() + heights.max()) / 2)))
        symbol = slab[middle].specie.symbol
        (like, *_) = bulk.indices_from_symbol(symbol)

        def around(crystal: Structure, site: int) -> list[float]:
            found = crystal.get_neighbors(crystal[site], 3.0)
            return sorted(round(neighbour.nn_distance, 3) for neighbour in found)

        assert around(slab, middle) == around(bulk, like)
        again = recut(cut.model.template, bulk, bulk)
        assert again.to_json() == slab.to_json()
        assert cut.stoichiometric
        assert cut.charge == pytest.approx(0.0)


def test_104_has_one_cut_of_neutral_planes_and_012_a_polar_one_and_its_half() -> None:
    oxide = load_structure("LiCoO2")
    (flat,) = cuts(oxide, (1, 0, 4))
    assert (flat.symmetric, flat.polar, flat.outermost) == (True, False, ("CoLiO2", "CoLiO2"))
    bulk = oriented_cell(oxide * (2, 1, 1), (2, 0, -2))
    halved, polar = plane_cuts(bulk, min_slab_size=9.0, vacuum=9.0, seed=0)
    assert (halved.symmetric, halved.polar, halved.moved) == (True, False, 6.0)  # 3 of 6 O
    assert halved.name.endswith("-half-O")
    # planes of 4 e and -4 e, 1.1 angstrom apart, five times
    assert (polar.symmetric, polar.polar) == (False, True)
    # what is said to cure it is the charge that the halved one has moved
    assert polar.outermost[1] == "Co3Li3"
    assert "moving half of the Co3Li3 of the bottom face, +6 e, to the top would" in polar.text


def test_half_of_an_outermost_plane_is_named_as_a_cure_only_where_it_is_one() -> None:
    """Planes of Li2MnO3 (1 -1 4) are Li, MnO2, Li, LiO2, ...: neutral MnO2 moves no charge."""
    first, second, third = cuts(load_structure("Li2MnO3"), (1, -1, 4))
    assert [cut.outermost[1] for cut in (first, second, third)] == ["MnO2", "Li", "LiO2"]
    assert "(moving ions of the bottom face, -0.5 e, to the top" in first.text
    assert "(moving ions of the bottom face, -0.5 e, to the top" in second.text  # half a Li: +0.5
    assert "(moving half of the LiO2 of the bottom face, -1.5 e, to the top" in third.text


def test_half_of_a_plane_moves_to_the_other_face_atom_by_atom() -> None:
    bulk = oriented_cell(load_structure("LiCoO2") * (2, 1, 1), (2, 0, -2))
    halved, *_ = plane_cuts(bulk, min_slab_size=9.0, vacuum=9.0, seed=0)
    heights = halved.structure.cart_coords[:, 2]
    top, bottom = heights > heights.max() - 0.5, heights < heights.min() + 0.5
    assert top.sum() == bottom.sum()
    assert {halved.structure[int(i)].specie.symbol for i in np.flatnonzero(top | bottom)} == {"O"}
    turned = halved.model.turn_over
    assert turned is not None
    assert set(turned[top].tolist()) == set(np.flatnonzero(bottom).tolist())


CHARGES = {"Li": 1, "Co": 3, "O": -2}


def test_half_of_each_element_of_a_polar_plane_moves_where_there_are_even_numbers() -> None:
    """Of two Co and two Li one of each is on either face: the best of all that are symmetric."""
    primitive = load_structure("LiCoO2").get_primitive_structure()
    normal = load_structure("LiCoO2").lattice.reciprocal_lattice_crystallographic.matrix.T
    index = np.round(3 * primitive.lattice.matrix @ normal @ (0, 1, 2)).astype(int).tolist()
    bulk = oriented_cell(primitive, index) * (2, 1, 1)
    found = plane_cuts(bulk, min_slab_size=4.0, vacuum=9.0, seed=0)
    assert [cut.n_halved for cut in found] == [1, 2, 0]
    mixed, polar = found[1:]
    assert mixed.name.endswith("-half-CoLi")
    assert (mixed.outermost, mixed.moved) == (("CoLi", "CoLi"), 4.0)
    assert (mixed.symmetric, mixed.stoichiometric, mixed.polar) == (True, True, False)
    charges = np.array([CHARGES[site.specie.symbol] for site in mixed.structure])
    assert charges.sum() == 0
    assert charges @ mixed.structure.cart_coords[:, 2] == pytest.approx(0.0, abs=1e-6)
    energies = [ewald(slab) for slab in ways(bulk, polar) if is_symmetric(slab)]
    assert ewald(mixed.structure) == pytest.approx(min(energies), abs=1e-3)
    assert max(energies) > min(energies) + 0.1


def ewald(slab: Structure) -> float:
    return float(EwaldSummation(slab.copy().add_oxidation_state_by_element(CHARGES)).total_energy)


def ways(bulk: Structure, polar: SlabCut) -> Iterator[Structure]:
    """Yield a polar slab with any Co and Li of its bottom plane there, and any on its top."""
    template, heights = polar.model.template, polar.structure.cart_coords[:, 2]
    symbols = symbols_of(polar.structure)
    bottom = np.flatnonzero(heights < heights.min() + 0.5).tolist()
    cobalt, lithium = ([i for i in bottom if symbols[i] == symbol] for symbol in ("Co", "Li"))
    periods = len(heights) // len(bulk)
    inner = [i for i in range(len(heights)) if i not in bottom]
    for below in product(cobalt, lithium):
        for above in product(cobalt, lithium):
            kept = [*inner, *below, *above]
            images = np.array([template.images[i] for i in kept])
            images[-2:, 2] += periods
            yield recut(
                SlabTemplate(
                    bulk_sites=[template.bulk_sites[i] for i in kept],
                    images=images.tolist(),
                    vacuum=template.vacuum,
                ),
                bulk,
                bulk,
            )


def test_no_index_names_no_plane(make_bulk: MakeBulk) -> None:
    with pytest.raises(ValueError, match=r"\(0, 0, 0\) names no plane"):
        cuts(make_bulk("LiCoO2"), (0, 0, 0))
