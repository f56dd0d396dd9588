"""Slabs: whole sheets, half the Li on each face, exact vacuum, cut again from a relaxed bulk."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest
from pymatgen.analysis.ewald import EwaldSummation
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.cathode.bulk import build_bulk
from llo_dft.builders.cell_checks import is_stoichiometric, is_symmetric
from llo_dft.builders.surface.slab import SlabError, build_slab, recut
from llo_dft.builders.surface.symmetry import top_bottom_permutations
from llo_dft.chemistry.formal_charges import formal_charges, symbols_of
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from llo_dft.builders.surface.slab import SlabModel

    class MakeBulk(Protocol):
        def __call__(self, name: str) -> Structure: ...

    class MakeSlab(Protocol):
        def __call__(self, name: str, tm_layers: int = ...) -> SlabModel: ...


METALS = {"Mn", "Ni", "Co"}

VACUUM = 15.0
LENGTH_TOLERANCE = 1e-8
ENERGY_TOLERANCE_EV = 1e-5
CASES = [
    *(("Li2MnO3", n) for n in (1, 2, 3, 4)),
    *(("LiCoO2", n) for n in (1, 2, 3, 4)),
    ("LiNiO2", 2),
    ("NCM", 1),
    ("NCM", 3),
    ("LNMO", 2),
    ("Al-doped", 1),
    ("Ti-doped", 1),
]


def cut(bulk: Structure, tm_layers: int = 1, vacuum: float = VACUUM) -> SlabModel:
    return build_slab(bulk, tm_layers=tm_layers, vacuum=vacuum, seed=7)


def ewald_energy(structure: Structure) -> float:
    charged = structure.copy()
    symbols = symbols_of(structure)
    charged.add_oxidation_state_by_site(formal_charges(symbols, symbols))
    return float(EwaldSummation(charged).total_energy)


def heights_of(structure: Structure, symbols: set[str] | frozenset[str]) -> np.ndarray:
    return np.array([site.z for site in structure if site.specie.symbol in symbols])


@pytest.mark.parametrize(("name", "tm_layers"), CASES)
def test_every_metal_keeps_its_six_oxygens(make_slab: MakeSlab, name: str, tm_layers: int) -> None:
    slab = make_slab(name, tm_layers).structure
    for site in slab:
        if site.specie.symbol in METALS:
            bonds = [n for n in slab.get_neighbors(site, 2.5) if n.specie.symbol == "O"]
            assert len(bonds) == 6


@pytest.mark.parametrize(("name", "tm_layers"), CASES)
def test_as_many_formula_units_as_sheets_of_the_bulk(
    make_bulk: MakeBulk, make_slab: MakeSlab, name: str, tm_layers: int
) -> None:
    bulk, slab = make_bulk(name), make_slab(name, tm_layers).structure
    sheets = 3 if name in {"LiCoO2", "LiNiO2"} else 1
    assert is_stoichiometric(slab, bulk)
    assert len(slab) * sheets == len(bulk) * tm_layers


@pytest.mark.parametrize(("name", "tm_layers"), CASES)
def test_half_a_lithium_layer_lies_on_each_face_and_whole_ones_between(
    make_slab: MakeSlab, name: str, tm_layers: int
) -> None:
    slab = make_slab(name, tm_layers).structure
    oxygen = heights_of(slab, {"O"})
    lithium = heights_of(slab, {"Li"})
    bottom, top = (lithium < oxygen.min()).sum(), (lithium > oxygen.max()).sum()
    full_layer = len(oxygen) // (2 * tm_layers)
    assert bottom == top == full_layer / 2
    metals = heights_of(slab, METALS)
    gaps = np.sort(metals)[:-1][np.diff(np.sort(metals)) > 2.0]
    assert len(gaps) == tm_layers - 1
    for below in gaps:
        between = (lithium > below + 1.5) & (lithium < below + 3.5)
        assert between.sum() == full_layer


@pytest.mark.parametrize(("name", "tm_layers"), CASES)
def test_cell(make_slab: MakeSlab, make_bulk: MakeBulk, name: str, tm_layers: int) -> None:
    slab, bulk = make_slab(name, tm_layers).structure, make_bulk(name)
    matrix, z = slab.lattice.matrix, slab.cart_coords[:, 2]
    assert slab.lattice.c - np.ptp(z) == pytest.approx(VACUUM, abs=LENGTH_TOLERANCE)
    assert z.min() == pytest.approx(VACUUM / 2, abs=LENGTH_TOLERANCE)
    assert np.allclose(matrix[0, 1:], 0.0)
    assert matrix[1, 2] == pytest.approx(0.0)
    assert np.allclose(matrix[2, :2], 0.0)
    assert np.linalg.det(matrix) > 0
    assert slab.lattice.a == pytest.approx(bulk.lattice.a)
    assert slab.lattice.b == pytest.approx(bulk.lattice.b)
    assert slab.lattice.gamma == pytest.approx(bulk.lattice.gamma)


@pytest.mark.parametrize(("name", "tm_layers"), CASES)
def test_atoms_are_sorted_as_codes_write_them(
    make_slab: MakeSlab, name: str, tm_layers: int
) -> None:
    slab = make_slab(name, tm_layers).structure
    assert symbols_of(slab) == symbols_of(slab.get_sorted_structure())


@pytest.mark.parametrize("name", ["Li2MnO3", "NCM", "LiCoO2"])
def test_distances_within_the_slab_are_those_of_the_bulk(
    make_bulk: MakeBulk, make_slab: MakeSlab, name: str
) -> None:
    """The template says where in the bulk each atom lies: differences must agree as vectors."""
    bulk, model = make_bulk(name), make_slab(name, 2)
    template, slab = model.template, model.structure
    places = bulk.frac_coords[list(template.bulk_sites)] + np.array(template.images)
    in_bulk = bulk.lattice.get_cartesian_coords(places)
    a, b, _ = bulk.lattice.matrix
    normal = np.cross(a, b) / np.linalg.norm(np.cross(a, b))
    rise = (in_bulk - in_bulk[0]) @ normal
    assert np.allclose(rise, slab.cart_coords[:, 2] - slab.cart_coords[0, 2], atol=1e-8)
    turned = np.array([a / np.linalg.norm(a), np.cross(normal, a / np.linalg.norm(a)), normal])
    offset = slab.lattice.get_fractional_coords((in_bulk - in_bulk[0]) @ turned.T)
    difference = offset - (slab.frac_coords - slab.frac_coords[0])
    assert np.allclose(difference - np.round(difference), 0.0, atol=1e-8)


@pytest.mark.parametrize(("name", "tm_layers"), [("Li2MnO3", 1), ("NCM", 2), ("LiNiO2", 2)])
def test_the_energy_is_that_of_the_slab(make_slab: MakeSlab, name: str, tm_layers: int) -> None:
    """Also for LiNiO2, whose Ni is 3+ by its composition and not the usual 2+."""
    model = make_slab(name, tm_layers)
    assert model.energy_ev == pytest.approx(ewald_energy(model.structure), abs=ENERGY_TOLERANCE_EV)


@pytest.mark.parametrize("formula", ["Li2MnO3", "LiCoO2"])
def test_no_symmetric_choice_of_the_face_lithium_is_lower(li2mno3: Structure, formula: str) -> None:
    """All 20 x 20 pairs of half layers of a one-sheet slab that keep its symmetry."""
    bulk = build_bulk(
        li2mno3, formula, supercell=(1, 1), ordering="ewald", seed=0, tolerance=0.01
    ).structure
    model = cut(bulk)
    slab = model.structure
    oxygen = heights_of(slab, {"O"})
    whole = [site for site in slab if oxygen.min() <= site.z <= oxygen.max()]
    layers = [face_sites(bulk, model, image) for image in (0, -1)]
    lowest = np.inf
    for choices in product(combinations(range(6), 3), repeat=2):
        candidate = Structure.from_sites(whole)
        for layer, chosen in zip(layers, choices, strict=True):
            for index in chosen:
                candidate.append("Li", layer[index], coords_are_cartesian=True)
        if is_symmetric(candidate):
            lowest = min(lowest, ewald_energy(candidate))
    assert model.energy_ev == pytest.approx(lowest, abs=ENERGY_TOLERANCE_EV)


def face_sites(bulk: Structure, model: SlabModel, image: int) -> np.ndarray:
    """Return where the Li of the bulk's layer above (0) or below (-1) the sheet lie in the slab."""
    metal = next(i for i, s in enumerate(model.structure) if s.specie.symbol in METALS)
    origin = bulk.frac_coords[model.template.bulk_sites[metal]]
    places = [s.frac_coords for s in bulk if abs(s.frac_coords[2] - 0.5) < 0.1]
    a, b, _ = bulk.lattice.matrix
    x, z = a / np.linalg.norm(a), np.cross(a, b) / np.linalg.norm(np.cross(a, b))
    away = np.array(places) + np.array([0, 0, image]) - origin - model.template.images[metal]
    away += [0, 0, model.template.images[metal][2]]
    coords = bulk.lattice.get_cartesian_coords(away) @ np.array([x, np.cross(z, x), z]).T
    return np.array(coords + model.structure[metal].coords)


def variants(bulk: Structure) -> dict[str, Structure]:
    """Return the same crystal in other cells and with other coordinates."""
    a, b, c = bulk.lattice.matrix
    fractions = bulk.frac_coords
    images = np.random.default_rng(0).integers(-3, 4, fractions.shape)
    cells = {
        f"shifted by {z}": (bulk.lattice, np.mod(fractions + np.array([0, 0, z]), 1.0))
        for z in (0.25, 0.5, -0.001, 1e-7, -1e-7)
    }
    cells["outside the cell"] = (bulk.lattice, fractions + images)
    cells["left-handed"] = (Lattice([a, b, -c]), fractions * [1, 1, -1])
    sheared = Lattice([a, b, c + a - b])
    cells["another c"] = (sheared, sheared.get_fractional_coords(bulk.cart_coords))
    found = {
        name: Structure(lattice, bulk.species, places) for name, (lattice, places) in cells.items()
    }
    found["doubled along c"] = bulk * (1, 1, 2)
    return found


@pytest.mark.parametrize(("name", "tm_layers"), [("NCM", 2), ("LiCoO2", 2)])
def test_the_slab_does_not_depend_on_how_the_bulk_is_written(
    make_bulk: MakeBulk, make_slab: MakeSlab, name: str, tm_layers: int
) -> None:
    expected = make_slab(name, tm_layers)
    for variant, bulk in variants(make_bulk(name)).items():
        model = cut(bulk, tm_layers)
        assert model.energy_ev == pytest.approx(expected.energy_ev, abs=1e-4), variant
        assert symbols_of(model.structure) == symbols_of(expected.structure), variant
        assert is_symmetric(model.structure), variant
        assert model.structure.lattice.c == pytest.approx(expected.structure.lattice.c), variant


def test_planes_are_told_apart_however_tall_the_cell_is(make_bulk: MakeBulk) -> None:
    """Fifteen sheets in 70 angstrom: neighbouring TM planes are less than 0.07 of c apart."""
    model = cut(make_bulk("LiCoO2") * (1, 1, 5), 1)
    assert model.structure.composition.formula == "Li2 Co2 O4"


def test_vacuum_is_exact_where_the_lithium_layer_is_not_flat(make_bulk: MakeBulk) -> None:
    """Two Li that a two-fold axis exchanges, above and below their plane: the faces shed them."""
    bulk = make_bulk("Li2MnO3")
    lithium = [i for i, s in enumerate(bulk) if abs(s.frac_coords[2] - 0.5) < 0.1]
    up, down = next(
        (i, int(permutation[i]))
        for permutation in top_bottom_permutations(bulk)
        for i in lithium
        if permutation[i] > i
    )
    bulk.translate_sites([up], [0, 0, 0.05])
    bulk.translate_sites([down], [0, 0, -0.05])
    slab = cut(bulk).structure
    thickness = np.ptp(slab.cart_coords[:, 2])
    layers = bulk.volume / np.linalg.norm(np.cross(*bulk.lattice.matrix[:2]))
    assert thickness < 1.05 * layers  # with both of them it would be 1.1
    assert slab.lattice.c - thickness == pytest.approx(VACUUM, abs=LENGTH_TOLERANCE)


@pytest.mark.parametrize(("name", "tm_layers"), [("Li2MnO3", 1), ("NCM", 2), ("LiCoO2", 3)])
def test_recut_from_the_same_bulk_is_the_same_slab(
    make_bulk: MakeBulk, make_slab: MakeSlab, name: str, tm_layers: int
) -> None:
    bulk, model = make_bulk(name), make_slab(name, tm_layers)
    assert recut(model.template, bulk, bulk).to_json() == model.structure.to_json()


@pytest.mark.parametrize(("name", "tm_layers"), [("Li2MnO3", 1), ("NCM", 2), ("LiCoO2", 3)])
def test_recut_from_a_relaxed_bulk_keeps_every_atom(
    make_bulk: MakeBulk, make_slab: MakeSlab, name: str, tm_layers: int
) -> None:
    """Strain, noise, a drift across the boundary, and coordinates wrapped into the cell."""
    bulk, model = make_bulk(name), make_slab(name, tm_layers)
    rng = np.random.default_rng(5)
    strained = Lattice(bulk.lattice.matrix @ (np.eye(3) + rng.normal(scale=0.02, size=(3, 3))))
    noise = strained.get_fractional_coords(rng.normal(scale=0.05, size=(len(bulk), 3)))
    free = bulk.frac_coords + noise + [0.11, -0.07, -0.09]
    slabs = [
        recut(model.template, bulk, Structure(strained, bulk.species, places))
        for places in (free, np.mod(free, 1.0), free + rng.integers(-2, 3, free.shape))
    ]
    for slab in slabs:
        assert symbols_of(slab) == symbols_of(model.structure)
        assert slab.lattice.c - np.ptp(slab.cart_coords[:, 2]) == pytest.approx(VACUUM)
        assert np.allclose(slab.distance_matrix, slabs[0].distance_matrix, atol=1e-6)
        moved = slab.cart_coords[:, 2] - model.structure.cart_coords[:, 2]
        assert np.abs(moved).max() < 0.8
        for site in slab:
            if site.specie.symbol in METALS:
                assert sum(n.specie.symbol == "O" for n in slab.get_neighbors(site, 2.6)) == 6


def test_recut_wants_the_same_sites(make_bulk: MakeBulk, make_slab: MakeSlab) -> None:
    bulk, other = make_bulk("Li2MnO3"), make_bulk("NCM")
    with pytest.raises(SlabError, match="does not have the sites of the bulk"):
        recut(make_slab("Li2MnO3").template, bulk, other)


@pytest.mark.parametrize("name", ["LiCoO2", "LiNiO2"])
def test_one_lithium_cannot_be_halved(name: str) -> None:
    with pytest.raises(SlabError, match=r"has 1 sites, an odd number.*supercell of even size"):
        cut(load_structure(name))


def test_a_and_b_must_span_the_layers(li2mno3: Structure) -> None:
    turned = Structure(
        Lattice(li2mno3.lattice.matrix[[2, 0, 1]]),
        li2mno3.species,
        li2mno3.frac_coords[:, [2, 0, 1]],
    )
    with pytest.raises(SlabError, match="Choose a cell whose a and b span the layers"):
        cut(turned)


def test_a_rhombohedral_cell_is_not_cut_along_its_faces() -> None:
    """Its a and b span (104)-like planes with Co, then Li, 2.4 angstrom apart."""
    a, b, c = load_structure("LiCoO2").lattice.matrix
    lattice = Lattice(np.array([2 * a + b + c, -a + b + c, -a - 2 * b + c]) / 3)
    thirds = [[0.0] * 3, [0.5] * 3, [0.2605] * 3, [0.7395] * 3]
    rhombohedral = Structure(lattice, ["Co", "Li", "O", "O"], thirds)
    with pytest.raises(SlabError, match=r"transition metals are 2\.40 angstrom apart"):
        cut(rhombohedral * (2, 1, 1))


def test_transition_metals_in_the_lithium_layer_are_refused(make_bulk: MakeBulk) -> None:
    bulk = make_bulk("LiNiO2")
    symbols = symbols_of(bulk)
    bulk.replace(symbols.index("Li"), "Ni")
    bulk.replace(symbols.index("Ni"), "Li")
    with pytest.raises(SlabError, match="move transition metals out of the Li layers"):
        cut(bulk, 3)


def test_unlike_layers_must_be_taken_in_the_ratio_of_the_bulk(make_bulk: MakeBulk) -> None:
    bulk = make_bulk("LiCoO2")
    heights = sorted({round(s.frac_coords[2], 3) for s in bulk if s.specie.symbol == "Co"})
    for index, site in enumerate(bulk):
        if site.specie.symbol == "Co" and round(site.frac_coords[2], 3) == heights[0]:
            bulk.replace(index, "Al")
    with pytest.raises(SlabError, match="the layers of this bulk differ"):
        cut(bulk, 1)
    slab = cut(bulk, 3).structure
    assert slab.composition.reduced_formula == bulk.composition.reduced_formula
    planes = np.sort(heights_of(slab, {"Al"}))
    assert np.allclose(planes, slab.lattice.c / 2)  # the odd one in the middle


def test_an_emptied_lithium_layer_is_refused(make_bulk: MakeBulk) -> None:
    bulk = make_bulk("Li2MnO3")
    bulk.remove_sites([i for i, s in enumerate(bulk) if abs(s.frac_coords[2] - 0.5) < 0.1])
    with pytest.raises(SlabError, match="the Li layer is empty"):
        cut(bulk)


def test_a_layer_without_symmetry_is_refused(make_bulk: MakeBulk) -> None:
    bulk = make_bulk("Li2MnO3")
    rng = np.random.default_rng(0)
    for index in range(len(bulk)):
        bulk.translate_sites([index], rng.normal(scale=0.3, size=3), frac_coords=False)
    with pytest.raises(SlabError, match="no operation maps the top of this slab onto its bottom"):
        cut(bulk)


def test_a_slab_has_at_least_one_sheet(make_bulk: MakeBulk) -> None:
    with pytest.raises(SlabError, match="tm_layers is 0; a slab needs at least 1"):
        cut(make_bulk("Li2MnO3"), 0)


@pytest.mark.parametrize("name", ["NCM", "LiCoO2"])
def test_same_seed_same_bytes(make_bulk: MakeBulk, make_slab: MakeSlab, name: str) -> None:
    again, before = cut(make_bulk(name), 2), make_slab(name, 2)
    assert again.structure.to_json() == before.structure.to_json()
    assert again.template == before.template
    assert again.turn_over.tolist() == before.turn_over.tolist()
