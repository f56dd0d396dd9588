"""Environments of O: known by the crystal chemistry of each composition."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.environment.oxygen_environment import oxygen_environments
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.documents.sites import OxygenEnvironment

if TYPE_CHECKING:
    from llo_dft.builders.surface.slab import SlabModel

    class MakeSlab(Protocol):
        def __call__(self, name: str, tm_layers: int = ...) -> SlabModel: ...


METALS = {"Mn", "Ni", "Co"}


def environments(model: SlabModel) -> dict[int, OxygenEnvironment]:
    return oxygen_environments(model.structure, model.tm_layers)


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("Li2MnO3", {"2TM+1Li": 12}),
        ("LiCoO2", {"3TM": 4}),
        ("LiNiO2", {"3TM": 4}),
        # one Li among six cations of the sheet: it is in the triangles of six of the twelve O
        ("NCM", {"2TM+1Li": 6, "3TM": 6}),
        # two Li apart from each other among twelve
        ("LNMO", {"2TM+1Li": 12, "3TM": 12}),
    ],
)
def test_classes_of_the_sheet(make_slab: MakeSlab, name: str, classes: dict[str, int]) -> None:
    for tm_layers in (1, 2):
        found = Counter(e.label for e in environments(make_slab(name, tm_layers)).values())
        assert found == {label: tm_layers * n for label, n in classes.items()}


@pytest.mark.parametrize("name", ["Li2MnO3", "NCM", "LiCoO2"])
def test_every_oxygen_has_three_cations_in_its_sheet_and_inner_ones_three_beside(
    make_slab: MakeSlab, name: str
) -> None:
    for environment in environments(make_slab(name, 3)).values():
        assert environment.n_tm + environment.n_li == 3
        assert environment.n_former == 0
        if environment.layer == "surface":
            assert environment.n_li_interlayer < 3
        else:
            assert environment.n_li_interlayer == 3


@pytest.mark.parametrize("name", ["Li2MnO3", "LiCoO2"])
def test_half_the_interlayer_bonds_remain_on_a_half_filled_face(
    make_slab: MakeSlab, name: str
) -> None:
    surface = [e for e in environments(make_slab(name, 2)).values() if e.layer == "surface"]
    assert sum(e.n_li_interlayer for e in surface) == 1.5 * len(surface)


@pytest.mark.parametrize(
    ("tm_layers", "layers"),
    [
        (1, {"surface": 12}),
        (2, {"surface": 12, "subsurface": 12}),
        (3, {"surface": 12, "subsurface": 12, "inner": 12}),
        (4, {"surface": 12, "subsurface": 12, "inner": 24}),
    ],
)
def test_layers_by_number_of_sheets(
    make_slab: MakeSlab, tm_layers: int, layers: dict[str, int]
) -> None:
    found = environments(make_slab("Li2MnO3", tm_layers)).values()
    assert Counter(e.layer for e in found) == layers


@pytest.mark.parametrize(("name", "tm_layers"), [("NCM", 1), ("NCM", 2), ("LNMO", 2)])
def test_turning_over_exchanges_the_sides_and_nothing_else(
    make_slab: MakeSlab, name: str, tm_layers: int
) -> None:
    model = make_slab(name, tm_layers)
    found = environments(model)
    other_side = {"top": "bottom", "bottom": "top", "middle": "middle"}
    for site, environment in found.items():
        image = found[int(model.turn_over[site])]
        assert image.side == other_side[environment.side]
        assert image.layer == environment.layer
        assert (image.label, image.n_cations) == (environment.label, environment.n_cations)


def test_the_side_follows_the_height(make_slab: MakeSlab) -> None:
    slab = make_slab("NCM", 2).structure
    middle = slab.cart_coords[:, 2].mean()
    for site, environment in oxygen_environments(slab, 2).items():
        assert environment.side == ("top" if slab[site].z > middle else "bottom")


def test_delithiation_empties_the_lithium_counts_and_leaves_the_tms(make_slab: MakeSlab) -> None:
    model = make_slab("Li2MnO3", 2)
    pristine = environments(model)
    symbols = symbols_of(model.structure)
    empty = model.structure.copy()
    empty.remove_species(["Li"])
    kept = [i for i, symbol in enumerate(symbols) if symbol != "Li"]
    for site, environment in oxygen_environments(empty, 2).items():
        before = pristine[kept[site]]
        assert (environment.n_tm, environment.n_li, environment.n_li_interlayer) == (2, 0, 0)
        assert (environment.layer, environment.side) == (before.layer, before.side)
        assert environment.label == "2TM"


def test_one_lithium_of_the_sheet_is_lost_by_its_six_oxygens_only(make_slab: MakeSlab) -> None:
    model = make_slab("NCM")
    slab, pristine = model.structure, environments(model)
    plane = np.mean([s.z for s in slab if s.specie.symbol in METALS])
    (lithium,) = [
        i for i, s in enumerate(slab) if s.specie.symbol == "Li" and abs(s.z - plane) < 0.5
    ]
    without = slab.copy()
    without.remove_sites([lithium])
    after = oxygen_environments(without, 1)
    lost = [
        site
        for site, before in pristine.items()
        if after[site - (site > lithium)].n_li < before.n_li
    ]
    assert len(lost) == 6
    assert all(slab.get_distance(site, lithium) < 2.6 for site in lost)


def test_bonds_by_hand() -> None:
    """One O with two Mn in its plane, Li beside them, one P above and one Li above."""
    cell = Lattice.orthorhombic(12.0, 12.0, 30.0)
    atoms = {
        "O": [[6.0, 6.0, 11.0]],
        "Mn": [[7.6, 6.0, 10.0], [4.4, 6.0, 10.0], [11.0, 11.0, 10.0]],
        "Li": [[6.0, 8.0, 10.2], [6.0, 4.5, 12.4], [6.0, 3.2, 11.0]],
        "P": [[6.0, 6.9, 12.2], [8.0, 7.0, 11.0]],
    }
    symbols = [symbol for symbol, places in atoms.items() for _ in places]
    coords = [place for places in atoms.values() for place in places]
    structure = Structure(cell, symbols, coords, coords_are_cartesian=True)
    (environment,) = oxygen_environments(structure, 1).values()
    assert environment == OxygenEnvironment(
        n_tm=2, n_li=1, n_former=1, n_li_interlayer=1, layer="surface", side="top"
    )
    assert environment.label == "2TM+1Li+1former"
    assert environment.n_cations == 5


def test_an_oxygen_without_cations_is_free() -> None:
    alone = Structure(Lattice.cubic(20), ["Mn", "O"], [[0.5, 0.5, 0.5], [0.5, 0.5, 0.7]])
    assert oxygen_environments(alone, 1)[1].label == "free"


@pytest.mark.parametrize("metal", ["Nb", "Al", "P", "Si", "Ta", "B"])
def test_a_metal_of_the_coating_is_a_former_and_one_of_the_oxide_is_not(metal: str) -> None:
    """O with Mn below and one more cation above: the plan says which part that belongs to."""
    cell = Lattice.orthorhombic(12.0, 12.0, 30.0)
    places = [[6.0, 6.0, 11.0], [7.6, 6.0, 10.0], [4.4, 6.0, 10.0], [6.0, 6.0, 12.7]]
    structure = Structure(cell, ["O", "Mn", "Mn", metal], places, coords_are_cartesian=True)
    (coated,) = oxygen_environments(structure, 1, llo_sites=[0, 1, 2]).values()
    assert (coated.n_tm, coated.n_former, coated.label) == (2, 1, "2TM+1former")


def test_a_stretched_bond_to_lithium_counts_and_the_next_shell_does_not() -> None:
    """2.3 to 2.5 A is what relaxed slabs have beside a vacancy; the next Li is beyond 3."""
    cell = Lattice.orthorhombic(12.0, 12.0, 30.0)
    places = [[6.0, 6.0, 11.0], [7.6, 6.0, 10.0], [6.0, 8.4, 11.0], [6.0, 6.0, 13.5], [3.2, 6, 11]]
    structure = Structure(cell, ["O", "Mn", "Li", "Li", "Li"], places, coords_are_cartesian=True)
    (environment,) = oxygen_environments(structure, 1).values()
    assert (environment.n_li, environment.n_li_interlayer) == (1, 1)


def test_the_number_of_layers_must_be_that_of_the_slab(make_slab: MakeSlab) -> None:
    with pytest.raises(ValueError, match="expected the transition metals in 3 planes, found 2"):
        oxygen_environments(make_slab("Li2MnO3", 2).structure, 3)


@pytest.mark.parametrize("shift", [-0.3394, 0.5, 0.161])
def test_neither_the_boundary_along_c_nor_the_axes_of_a_run_matter(
    make_slab: MakeSlab, shift: float
) -> None:
    model = make_slab("NCM", 2)
    slab, turn = model.structure, np.roll(np.eye(3), 1, axis=0)
    places = np.mod(slab.frac_coords + shift * np.eye(3)[2], 1.0)
    for matrix in (slab.lattice.matrix, slab.lattice.matrix @ turn, slab.lattice.matrix @ -turn):
        run = Structure(Lattice(matrix), slab.species, places)
        assert oxygen_environments(run, 2) == environments(model)


def test_off_the_basal_plane_depth_decides_the_layer() -> None:
    # O 2.0 angstrom apart, as the planes of (104) are
    heights = [2.0 * i for i in range(5)]
    column = Structure(Lattice.orthorhombic(9, 9, 30), ["O"] * 5, [[0, 0, z / 30] for z in heights])
    found = oxygen_environments(column, set())
    layers = [found[i].layer for i in range(5)]
    assert layers == ["surface", "subsurface", "inner", "subsurface", "surface"]
