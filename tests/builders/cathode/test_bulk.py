"""Bulk cells: the ideal stacking against LiCoO2, the ordering against all arrangements."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest
from pymatgen.analysis.ewald import EwaldSummation
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core.lattice import Lattice
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from llo_dft.builders.cathode.arrangements import SiteOrdering, Sublattice, arrangements
from llo_dft.builders.cathode.bulk import (
    BulkModel,
    build_bulk,
    hexagonal_scaffold,
    ideal_scaffold,
    on_supercell,
    tm_layer_sites,
)
from llo_dft.builders.cathode.composition import CompositionError
from llo_dft.builders.surface.symmetry import top_bottom_permutations
from llo_dft.chemistry.element_table import ELEMENTS
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    class MakeBulk(Protocol):
        def __call__(self, name: str) -> Structure: ...


ENERGY_TOLERANCE_EV = 1e-5
NCM = "Li1.2Mn0.54Ni0.13Co0.13O2"


def build(
    li2mno3: Structure,
    formula: str,
    supercell: tuple[int, int] = (1, 1),
    ordering: SiteOrdering = "honeycomb",
    tolerance: float = 0.07,
) -> BulkModel:
    return build_bulk(
        li2mno3, formula, supercell=supercell, ordering=ordering, seed=1, tolerance=tolerance
    )


def ewald_energy(structure: Structure) -> float:
    """Energy with formal charges by pymatgen, background included."""
    charged = structure.copy()
    charged.add_oxidation_state_by_site(
        [float(ELEMENTS[site.specie.symbol].charge) for site in structure]
    )
    return float(EwaldSummation(charged).total_energy)


def oxygen_neighbors(structure: Structure, site: int, cutoff: float = 2.4) -> list[float]:
    return sorted(
        neighbor.nn_distance
        for neighbor in structure.get_neighbors(structure[site], cutoff)
        if neighbor.specie.symbol == "O"
    )


def test_the_ideal_stacking_is_that_of_licoo2() -> None:
    """With LiCoO2's own cell it must be LiCoO2 (a = sqrt(3) a_hex, layer distance c_hex / 3)."""
    licoo2 = load_structure("LiCoO2")
    a, spacing = np.sqrt(3) * licoo2.lattice.a, licoo2.lattice.c / 3
    lattice = Lattice([[a, 0, 0], [0, np.sqrt(3) * a, 0], [-a / 3, 0, spacing]])
    scaffold = ideal_scaffold(lattice)
    scaffold.replace_species({"Mn": "Co"})
    assert SpacegroupAnalyzer(scaffold, symprec=1e-4).get_space_group_symbol() == "R-3m"
    matcher = StructureMatcher(ltol=1e-3, stol=1e-3, angle_tol=0.1, scale=False)
    assert matcher.fit(scaffold, licoo2)


def test_the_ideal_stacking_keeps_a_and_layer_distance(li2mno3: Structure) -> None:
    scaffold = ideal_scaffold(li2mno3.lattice)
    a, b, c = scaffold.lattice.matrix
    assert scaffold.lattice.a == pytest.approx(li2mno3.lattice.a)
    assert scaffold.lattice.b == pytest.approx(np.sqrt(3) * scaffold.lattice.a)
    distance = abs(np.linalg.det([a, b, c])) / np.linalg.norm(np.cross(a, b))
    assert distance == pytest.approx(4.739, abs=1e-3)  # c sin(beta) = 5.0245 sin(109.398)
    for site, atom in enumerate(scaffold):
        if atom.specie.symbol != "O":
            bonds = oxygen_neighbors(scaffold, site)
            assert len(bonds) == 6
            assert np.ptp(bonds) < 1e-3


@pytest.mark.parametrize(
    ("formula", "supercell", "ordering", "counts"),
    [
        ("Li2MnO3", (1, 1), "honeycomb", {"Li": 2, "Mn": 4}),
        ("Li2MnO3", (1, 1), "ewald", {"Li": 2, "Mn": 4}),
        (NCM, (1, 1), "honeycomb", {"Li": 1, "Mn": 3, "Ni": 1, "Co": 1}),
        ("Li1.2Mn0.6Ni0.2O2", (1, 2), "ewald", {"Li": 2, "Mn": 7, "Ni": 3}),
        ("Li1.2Mn0.6Ni0.2O2", (3, 1), "honeycomb", {"Li": 4, "Mn": 11, "Ni": 3}),
        ("Li1.2Mn0.54Ni0.2Al0.06O2", (3, 1), "honeycomb", {"Li": 3, "Mn": 10, "Ni": 4, "Al": 1}),
        ("LiCoO2", (1, 1), "ewald", {"Co": 6}),
        ("LiCoO2", (2, 1), "honeycomb", {"Co": 12}),
    ],
)
def test_cells_hold_what_they_say(
    li2mno3: Structure,
    formula: str,
    supercell: tuple[int, int],
    ordering: SiteOrdering,
    counts: dict[str, int],
) -> None:
    model = build(li2mno3, formula, supercell, ordering)
    n_sites = 6 * supercell[0] * supercell[1]
    in_layer = [model.structure[i].specie.symbol for i in tm_layer_sites(model.structure)]
    assert {symbol: in_layer.count(symbol) for symbol in set(in_layer)} == counts
    assert model.layer.counts == counts
    assert model.structure.composition["O"] == 2 * n_sites
    assert model.structure.composition["Li"] == n_sites + counts.get("Li", 0)
    assert top_bottom_permutations(model.structure)
    electronegativities = [site.specie.X for site in model.structure]
    assert electronegativities == sorted(electronegativities)


def test_li2mno3_comes_back_unchanged(li2mno3: Structure) -> None:
    model = build(li2mno3, "Li2MnO3")
    assert StructureMatcher(ltol=1e-4, stol=1e-4, scale=False).fit(model.structure, li2mno3)


def test_the_best_ewald_order_of_li2mno3_is_its_honeycomb(li2mno3: Structure) -> None:
    """Found anywhere on the ideal layer: Li with six Mn around it, no Li-Li neighbours."""
    structure = build(li2mno3, "Li2MnO3", ordering="ewald").structure
    sheet = tm_layer_sites(structure)
    for site in (i for i in sheet if structure[i].specie.symbol == "Li"):
        around = structure.get_neighbors(structure[site], 3.0)
        in_plane = [n.specie.symbol for n in around if n.index in sheet]
        assert in_plane == ["Mn"] * 6


@pytest.mark.parametrize(
    ("formula", "supercell"),
    [
        (NCM, (1, 1)),
        ("Li1.2Mn0.6Ni0.2O2", (2, 1)),
    ],
)
def test_honeycomb_puts_lithium_only_where_li2mno3_has_it(
    li2mno3: Structure, formula: str, supercell: tuple[int, int]
) -> None:
    bulk = build(li2mno3, formula, supercell).structure
    parent = li2mno3.copy()
    parent.make_supercell([*supercell, 1])
    for site in bulk:
        if site.specie.symbol == "Li":
            assert min(parent, key=site.distance).specie.symbol == "Li"


def test_lithium_that_would_rather_lie_elsewhere_stays_on_the_honeycomb(li2mno3: Structure) -> None:
    """With so many Mg and Nb one Li, left free, goes to a site of Mn."""
    scaffold = li2mno3 * (2, 1, 1)
    sheet, counts = tm_layer_sites(scaffold), {"Li": 2, "Mg": 7, "Nb": 3}
    honeycomb = frozenset(i for i in sheet if scaffold[i].specie.symbol == "Li")
    for site in sheet:
        scaffold.replace(site, "Mn")

    def places(allowed: frozenset[int] | None) -> set[int]:
        shared = [Sublattice(sheet, counts, allowed)]
        best, *_ = arrangements(scaffold, shared, ordering="ewald", kept="turn", seed=7)
        return {i for i, symbol in best.elements.items() if symbol == "Li"}

    assert places(honeycomb) <= honeycomb
    assert not places(None) <= honeycomb


def test_the_energy_is_that_of_the_structure(li2mno3: Structure) -> None:
    for ordering in ("honeycomb", "ewald"):
        model = build(li2mno3, NCM, ordering=ordering)
        assert model.ordering_energy_ev == pytest.approx(
            ewald_energy(model.structure), abs=ENERGY_TOLERANCE_EV
        )


@pytest.mark.parametrize("formula", ["LiNi0.5Mn0.5O2", NCM])
def test_no_symmetric_arrangement_of_the_layer_is_lower(li2mno3: Structure, formula: str) -> None:
    model = build(li2mno3, formula, ordering="ewald")
    structure = model.structure
    sheet = tm_layer_sites(structure)
    symbols = [structure[i].specie.symbol for i in sheet]
    lowest = np.inf
    for arrangement in set(permutations(symbols)):
        candidate = structure.copy()
        for site, symbol in zip(sheet, arrangement, strict=True):
            candidate.replace(site, symbol)
        energy = ewald_energy(candidate)
        if energy < lowest - ENERGY_TOLERANCE_EV and top_bottom_permutations(candidate):
            lowest = energy
    assert model.ordering_energy_ev == pytest.approx(lowest, abs=ENERGY_TOLERANCE_EV)


def test_more_lithium_than_the_honeycomb_has_room_for(li2mno3: Structure) -> None:
    with pytest.raises(CompositionError, match="2 Li sites in the TM layer, but 3 Li must go"):
        build(li2mno3, "Li1.5Ru0.5O2")
    assert build(li2mno3, "Li1.5Ru0.5O2", ordering="ewald").layer.counts == {"Li": 3, "Ru": 3}


def test_a_layer_that_can_only_be_ordered_without_symmetry_is_refused(li2mno3: Structure) -> None:
    """Eight elements with odd numbers of sites, but no operation leaves eight sites in place."""
    formula = "Li1.0833Mn0.4167Ni0.0833Co0.0833Al0.0833Ti0.0833Fe0.0833Cr0.0835O2"
    with pytest.raises(CompositionError, match=r"no arrangement of .* on 12 sites keeps"):
        build(li2mno3, formula, (2, 1))


def test_the_tm_layer_is_found_across_the_cell_boundary(make_bulk: MakeBulk) -> None:
    bulk = make_bulk("Li2MnO3")
    expected = set(tm_layer_sites(bulk))
    assert len(expected) == 6
    for shift in (0.001, -0.001, 0.5, 0.25):
        moved = bulk.copy()
        moved.translate_sites(range(len(moved)), [0, 0, shift])
        assert set(tm_layer_sites(moved)) == expected


def test_a_layer_that_is_not_flat_is_found_on_both_sides_of_the_boundary(
    make_bulk: MakeBulk,
) -> None:
    bulk = make_bulk("Li2MnO3")
    expected = set(tm_layer_sites(bulk))
    for site in expected:
        bulk.translate_sites([site], [0, 0, 0.02 if bulk[site].specie.symbol == "Mn" else -0.02])
    assert set(tm_layer_sites(bulk)) == expected


def test_no_transition_metal_no_layer() -> None:
    coating = load_structure("Li3PO4_beta")
    with pytest.raises(CompositionError, match="has no transition metal"):
        tm_layer_sites(coating)


@pytest.mark.parametrize("ordering", ["honeycomb", "ewald"])
def test_same_seed_same_bytes(li2mno3: Structure, ordering: SiteOrdering) -> None:
    first, second = (build(li2mno3, NCM, ordering=ordering).structure for _ in range(2))
    assert first.to_json() == second.to_json()


def test_replicas_are_distinct_orderings_of_rising_energy() -> None:
    def replica(number: int) -> BulkModel:
        return build_bulk(
            load_structure("Li2MnO3"),
            "Li1.2Mn0.54Ni0.13Co0.13O2",
            supercell=(2, 1),
            ordering="honeycomb",
            seed=0,
            tolerance=0.05,
            replica=number,
        )

    found = [replica(number) for number in range(5)]
    energies = [model.ordering_energy_ev for model in found]
    assert energies == sorted(energies)
    assert np.diff(energies).min() > 1e-3
    assert len({model.structure.composition for model in found}) == 1
    for model in found:  # each must still give a symmetric slab
        assert top_bottom_permutations(model.structure)
    matcher = StructureMatcher(primitive_cell=False, scale=False, attempt_supercell=False)
    assert not matcher.fit(found[0].structure, found[1].structure)
    with pytest.raises(CompositionError, match=r"finds 6 distinct arrangements.*at least 100"):
        build_bulk(
            load_structure("Li2MnO3"),
            "Li1.2Mn0.54Ni0.13Co0.13O2",
            supercell=(1, 1),
            ordering="honeycomb",
            seed=0,
            tolerance=0.05,
            replica=99,
        )


def test_a_cell_of_any_shape_holds_the_honeycomb_or_is_refused():
    li2mno3 = load_structure("Li2MnO3.cif")
    asked = {"ordering": "honeycomb", "seed": 0, "tolerance": 0.05}
    bulk = build_bulk(li2mno3, "Li2MnO3", supercell=((1, 2), (-2, 2)), **asked).structure
    assert bulk.composition.reduced_formula == "Li2MnO3"
    sheet = tm_layer_sites(bulk)
    edge = li2mno3.lattice.a / np.sqrt(3)
    for site in sheet:
        around = [bulk[n.index].specie.symbol for n in bulk.get_neighbors(bulk[site], 1.01 * edge)]
        metals = sorted(s for s in around if s != "O")
        # each Li of the honeycomb among six Mn, each Mn among three Li and three Mn
        expected = ["Mn"] * 6 if bulk[site].specie.symbol == "Li" else ["Li"] * 3 + ["Mn"] * 3
        assert metals == expected
    with pytest.raises(CompositionError, match=r"holds no whole honeycomb; use ordering"):
        build_bulk(li2mno3, "Li1.2Mn0.6Ni0.2O2", supercell=((1, 0), (0, 20)), **asked)


def test_the_hexagonal_cell_is_a_twelfth_of_the_rectangular_layers():
    lattice = load_structure("Li2MnO3.cif").lattice
    small, wide = hexagonal_scaffold(lattice), ideal_scaffold(lattice)
    assert (len(small), len(wide)) == (4, 24)
    assert small.lattice.a == pytest.approx(small.lattice.b)
    assert small.lattice.gamma == pytest.approx(120.0)
    assert small.volume == pytest.approx(wide.volume / 6)
    again = on_supercell(small, ((2, 1), (0, 3)))
    assert StructureMatcher(primitive_cell=True).fit(again, wide)
