"""(001) terminations of layered oxides, known by counting ions; other planes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.surface.general_slab import SlabCut, general_slab
from llo_dft.builders.surface.slab import SlabError, build_slab, recut, stacks
from llo_dft.builders.surface.terminations import (
    SlabModel,
    build_termination,
    termination_names,
)
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.resources import load_structure

if TYPE_CHECKING:

    class MakeBulk(Protocol):
        def __call__(self, name: str) -> Structure: ...


METALS = {"Mn", "Ni", "Co"}

VACUUM = 15.0
NAMES = ["half", "full", "none", "full/none", "full/half", "half/none"]
#: Li layers on the two faces together, less the one that a neutral slab has.
EXCESS = dict(zip(NAMES, [0, 1, -1, 0, 0.5, -0.5], strict=True))
DIPOLE_TOLERANCE = 1e-6  # e angstrom


def list_all(bulk: Structure, tm_layers: int) -> dict[str, SlabCut]:
    thickness = tm_layers * layer_distance(bulk, len(stacks(bulk, 1)))
    cuts = general_slab(
        bulk, (0, 0, 1), min_slab_size=0.99 * thickness, min_vacuum_size=VACUUM, seed=7
    )
    return {cut.name: cut for cut in cuts}


def build(bulk: Structure, name: str, tm_layers: int = 1) -> SlabModel:
    return build_termination(bulk, name, tm_layers=tm_layers, vacuum=VACUUM, seed=7)


def layer_distance(bulk: Structure, sheets: int) -> float:
    return float(bulk.volume / np.linalg.norm(np.cross(*bulk.lattice.matrix[:2])) / sheets)


CASES = [("Li2MnO3", 1, 6, 1), ("Li2MnO3", 2, 6, 1), ("NCM", 2, 6, 1), ("LiCoO2", 1, 2, 3)]


@pytest.mark.parametrize(("name", "tm_layers", "per_layer", "sheets"), CASES)
def test_facts_by_counting_ions(
    make_bulk: MakeBulk, name: str, tm_layers: int, per_layer: int, sheets: int
) -> None:
    """Relative to half/half: charge is the Li too many; full/none moves half a layer across."""
    bulk = make_bulk(name)
    found = list_all(bulk, tm_layers)
    assert list(found) == NAMES
    neutral = found["half"].charge
    for termination in found.values():
        excess = EXCESS[termination.name]
        assert termination.charge - neutral == excess * per_layer
        assert termination.stoichiometric == (excess == 0)
        assert termination.symmetric == ("/" not in termination.name)
        assert termination.polar == ("/" in termination.name)
    moved = per_layer / 2 * layer_distance(bulk, sheets) * tm_layers
    assert found["full/none"].dipole == pytest.approx(moved, abs=DIPOLE_TOLERANCE)
    for alike in ("half", "full", "none"):
        assert found[alike].dipole == pytest.approx(0.0, abs=DIPOLE_TOLERANCE)


@pytest.mark.parametrize("name", [*NAMES, "none/full", "half/full", "none/half", "full/full"])
def test_the_faces_carry_what_the_name_says(make_bulk: MakeBulk, name: str) -> None:
    slab = build(make_bulk("NCM"), name, 2).structure
    oxygen = [site.z for site in slab if site.specie.symbol == "O"]
    lithium = np.array([site.z for site in slab if site.specie.symbol == "Li"])
    top, _, bottom = name.partition("/")
    count = {"full": 6, "half": 3, "none": 0}
    assert (lithium > max(oxygen)).sum() == count[top]
    assert (lithium < min(oxygen)).sum() == count[bottom or top]
    assert slab.lattice.c - np.ptp(slab.cart_coords[:, 2]) == pytest.approx(VACUUM)
    for site in slab:
        if site.specie.symbol in METALS:
            assert sum(n.specie.symbol == "O" for n in slab.get_neighbors(site, 2.5)) == 6
    assert symbols_of(slab) == symbols_of(slab.get_sorted_structure())


def test_half_is_the_slab_of_a_study(make_bulk: MakeBulk) -> None:
    bulk = make_bulk("NCM")
    ours, model = build(bulk, "half", 2), build_slab(bulk, tm_layers=2, vacuum=VACUUM, seed=7)
    assert ours.structure.to_json() == model.structure.to_json()
    assert ours.turn_over is not None
    assert ours.turn_over.tolist() == model.turn_over.tolist()


@pytest.mark.parametrize(("one", "other"), [("full/none", "none/full"), ("full/half", "half/full")])
def test_upside_down_it_is_the_other_order_of_faces(
    make_bulk: MakeBulk, one: str, other: str
) -> None:
    bulk = make_bulk("LiCoO2")
    slabs = [build(bulk, name, 2) for name in (one, other)]
    assert slabs[0].energy_ev == pytest.approx(slabs[1].energy_ev, abs=1e-5)
    matcher = StructureMatcher(primitive_cell=False)
    assert matcher.fit(slabs[0].structure, slabs[1].structure)


@pytest.mark.parametrize("name", ["full", "full/none", "half/none"])
def test_cut_again_from_the_same_bulk_it_is_the_same(make_bulk: MakeBulk, name: str) -> None:
    bulk = make_bulk("Li2MnO3")
    slab = build(bulk, name, 2)
    assert recut(slab.template, bulk, bulk).to_json() == slab.structure.to_json()


def rectangular_r3m() -> Structure:
    """Return LiCoO2 in its R-3m cell, doubled in the plane to sqrt(3) a x a."""
    hexagonal = load_structure("LiCoO2")
    hexagonal.make_supercell([[1, -1, 0], [1, 1, 0], [0, 0, 1]])
    return hexagonal


def c2m() -> Structure:
    """Return the same crystal in a C2/m cell, one layer per c, written out by hand.

    a_m = a - b and b_m = a + b of the hexagonal axes span a rectangle of two cells; c_m goes to
    the next layer, which R-3m shifts by (2/3, 1/3) or (1/3, 2/3): by a third of a_m, no more.
    """
    parent = load_structure("LiCoO2")
    a, c = parent.lattice.a, parent.lattice.c
    lattice = Lattice([[np.sqrt(3) * a, 0, 0], [0, a, 0], [-np.sqrt(3) * a / 3, 0, c / 3]])
    height = 3 * (1 / 3 - 0.2605)  # of O over its Co plane, in layer distances
    x = (height - 1) / 3  # O lies a third of a_m from Co, where the next layer's Co is
    sites = [("Co", 0.0, 0.0), ("Li", 0.5, 0.5), ("O", x, height), ("O", -x, -height)]
    symbols = [symbol for symbol, _, _ in sites for _ in range(2)]
    coords = [(u + s, s, w) for _, u, w in sites for s in (0.0, 0.5)]
    return Structure(lattice, symbols, np.mod(coords, 1.0))


def test_the_two_settings_are_the_same_crystal() -> None:
    assert StructureMatcher(ltol=1e-3, stol=1e-3, angle_tol=0.1).fit(rectangular_r3m(), c2m())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tm_layers", [1, 2, 3])
def test_both_settings_give_the_same_slab(name: str, tm_layers: int) -> None:
    r3m, monoclinic = (build(bulk, name, tm_layers) for bulk in (rectangular_r3m(), c2m()))
    assert r3m.structure.lattice.abc == pytest.approx(monoclinic.structure.lattice.abc)
    assert r3m.energy_ev == pytest.approx(monoclinic.energy_ev, abs=1e-4)
    matcher = StructureMatcher(ltol=1e-3, stol=1e-2, angle_tol=0.1, primitive_cell=False)
    assert matcher.fit(r3m.structure, monoclinic.structure)


def test_terminations_that_the_cell_cannot_halve_say_so() -> None:
    bulk = load_structure("LiCoO2")
    assert termination_names(bulk, tm_layers=1, vacuum=VACUUM) == NAMES
    assert list(list_all(bulk, 1)) == ["full", "none", "full/none"]
    with pytest.raises(SlabError, match=r"1 sites, an odd number.*supercell of even size"):
        build(load_structure("LiCoO2"), "half/none")


def test_a_slab_that_cannot_be_turned_over_lists_both_orders(make_bulk: MakeBulk) -> None:
    bulk = make_bulk("Li2MnO3")
    oxygen = [i for i, symbol in enumerate(symbols_of(bulk)) if symbol == "O"]
    bulk.translate_sites([oxygen[0]], [0.02, 0.01, 0.015])
    names = [*NAMES, "none/full", "half/full", "none/half"]
    assert termination_names(bulk, tm_layers=1, vacuum=VACUUM) == names
    found = list_all(bulk, 1)
    assert list(found) == names[1:]  # no operation maps the top of "half" onto its bottom
    assert found["full/none"].dipole != pytest.approx(-found["none/full"].dipole, abs=1e-3)


def test_an_unknown_name_lists_the_known_ones(make_bulk: MakeBulk) -> None:
    with pytest.raises(SlabError, match=r"called 'quarter'; expected one of half/half, half, "):
        build(make_bulk("Li2MnO3"), "quarter")


def test_a_delithiated_bulk_is_refused(make_bulk: MakeBulk) -> None:
    bulk = make_bulk("Li2MnO3")
    bulk.remove_sites([i for i, s in enumerate(bulk) if abs(s.frac_coords[2] - 0.5) < 0.1])
    with pytest.raises(SlabError, match=r"is empty; expected the bulk with all its Li. Delithiate"):
        termination_names(bulk, tm_layers=1, vacuum=VACUUM)


def test_same_seed_same_bytes(make_bulk: MakeBulk) -> None:
    first, second = (build(make_bulk("NCM"), "half/none", 2) for _ in range(2))
    assert first.structure.to_json() == second.structure.to_json()
    assert first.template == second.template
