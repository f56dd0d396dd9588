"""Li-O-Li axes and what delithiation leaves of them; environments beneath a coating."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.environment.oxygen_environment import li_o_li_axes, oxygen_environments
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.documents.sites import LithiumAxes
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from llo_dft.builders.surface.slab import SlabModel

    class MakeSlab(Protocol):
        def __call__(self, name: str, tm_layers: int = ...) -> SlabModel: ...


METALS = {"Mn", "Ni", "Co"}


def lithium_of(structure: Structure) -> list[int]:
    return [i for i, symbol in enumerate(symbols_of(structure)) if symbol == "Li"]


def in_sheets(slab: Structure) -> list[int]:
    planes = [site.z for site in slab if site.specie.symbol in METALS]
    return [i for i in lithium_of(slab) if min(abs(slab[i].z - z) for z in planes) < 1.0]


def coated(slab: Structure) -> tuple[Structure, list[int]]:
    """Return the slab with a PO4-like cap 1.6 angstrom above its highest O, and its own sites."""
    ours = list(range(len(slab)))
    top = max((i for i in ours if slab[i].specie.symbol == "O"), key=lambda i: slab[i].z)
    cap = slab.copy()
    above = slab[top].coords
    for symbol, offset in [("P", [0, 0, 1.6]), ("O", [0, 1.4, 2.1]), ("Li", [0, 1.4, 4.0])]:
        cap.append(symbol, above + np.array(offset), coords_are_cartesian=True)
    return cap, ours


@pytest.mark.parametrize(("name", "axes"), [("Li2MnO3", 1), ("LiCoO2", 0), ("LiNiO2", 0)])
def test_axes_of_an_inner_oxygen_are_the_lithium_of_its_sheet(
    make_slab: MakeSlab, name: str, axes: int
) -> None:
    """Every inner O is an octahedron: opposite each cation of its sheet lies an interlayer Li."""
    model = make_slab(name, 3)
    environments = oxygen_environments(model.structure, 3)
    found = li_o_li_axes(model.structure, tm_layers=3)
    assert found.keys() == environments.keys()
    for site, environment in environments.items():
        if environment.layer != "surface":
            assert found[site] == LithiumAxes(li_o_li=axes)


@pytest.mark.parametrize("name", ["NCM", "LNMO"])
def test_only_oxygens_beside_lithium_of_the_sheet_have_axes(make_slab: MakeSlab, name: str) -> None:
    model = make_slab(name, 2)
    found = li_o_li_axes(model.structure, tm_layers=2)
    for site, environment in oxygen_environments(model.structure, 2).items():
        assert found[site].li_o_li <= environment.n_li
        if environment.layer != "surface":
            assert found[site].li_o_li == environment.n_li


def test_half_the_axes_of_a_half_filled_face_were_never_there(make_slab: MakeSlab) -> None:
    model = make_slab("Li2MnO3", 2)
    found = li_o_li_axes(model.structure, tm_layers=2)
    layers = oxygen_environments(model.structure, 2)
    surface = [found[site].li_o_li for site, e in layers.items() if e.layer == "surface"]
    # each face Li is one end of three axes or none: it stands on three O, each with one Li
    assert sum(surface) == len(surface) // 2


@pytest.mark.parametrize(
    ("empty", "left"),
    [("none", (1, 0, 0)), ("sheet", (0, 1, 0)), ("layer", (0, 1, 0)), ("both", (0, 0, 1))],
)
def test_what_delithiation_leaves(
    make_slab: MakeSlab, empty: str, left: tuple[int, int, int]
) -> None:
    model = make_slab("Li2MnO3", 3)
    slab = model.structure
    sheet = in_sheets(slab)
    layer = [i for i in lithium_of(slab) if i not in sheet]
    removed = {"none": [], "sheet": sheet, "layer": layer, "both": sheet + layer}[empty]
    environments = oxygen_environments(slab, 3)
    for site, axes in li_o_li_axes(slab, removed, tm_layers=3).items():
        if environments[site].layer != "surface":
            assert (axes.li_o_li, axes.li_o_empty, axes.empty_o_empty) == left


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_axes_are_conserved_and_each_lithium_ends_what_it_ended(
    make_slab: MakeSlab, data: st.DataObject
) -> None:
    slab = make_slab("LNMO", 2).structure
    lithium = lithium_of(slab)
    removed = data.draw(st.sets(st.sampled_from(lithium)))
    before, after = (li_o_li_axes(slab, gone, tm_layers=2) for gone in ((), removed))
    one_by_one = Counter(
        site
        for lost in removed
        for site, axes in li_o_li_axes(slab, [lost], tm_layers=2).items()
        for _ in range(axes.li_o_empty)
    )
    for site, axes in after.items():
        assert axes.li_o_li + axes.li_o_empty + axes.empty_o_empty == before[site].li_o_li
        assert axes.li_o_empty + 2 * axes.empty_o_empty == one_by_one[site]


def test_by_hand() -> None:
    """An O with Li in the sheet, one Li straight opposite, and one 40 degrees off the axis."""
    cell = Lattice.orthorhombic(14.0, 14.0, 40.0)
    oxygen = np.array([7.0, 7.0, 11.0])
    lower = np.array([1.7, 0.0, -1.0])
    away = np.array([-0.65, 0.0, 1.84])
    atoms = [
        ("Mn", oxygen + np.array([-1.6, 0.0, -1.0])),
        ("Li", oxygen + lower),
        ("Li", oxygen - 1.1 * lower),
        ("Li", oxygen + away),
        ("O", oxygen),
    ]
    symbols, coords = zip(*atoms, strict=True)
    structure = Structure(cell, symbols, coords, coords_are_cartesian=True)
    assert li_o_li_axes(structure, tm_layers=1) == {4: LithiumAxes(li_o_li=1)}
    assert li_o_li_axes(structure, [2], tm_layers=1) == {4: LithiumAxes(li_o_empty=1)}
    assert li_o_li_axes(structure, [3], tm_layers=1) == {4: LithiumAxes(li_o_li=1)}
    assert li_o_li_axes(structure, [1, 2], tm_layers=1) == {4: LithiumAxes(empty_o_empty=1)}


def test_a_coating_adds_its_phosphorus_and_no_oxygen_of_its_own(make_slab: MakeSlab) -> None:
    model = make_slab("Li2MnO3", 2)
    bare = oxygen_environments(model.structure, 2)
    cap, ours = coated(model.structure)
    found = oxygen_environments(cap, 2, llo_sites=ours)
    assert found.keys() == bare.keys()
    changed = {site for site in bare if found[site] != bare[site]}
    (bonded,) = [site for site in changed if found[site].n_former]
    assert found[bonded].label == f"{bare[bonded].label}+1former"
    for site in bare:
        assert (found[site].layer, found[site].side) == (bare[site].layer, bare[site].side)
        assert (found[site].n_tm, found[site].n_li) == (bare[site].n_tm, bare[site].n_li)


def test_removed_sites_must_hold_lithium(make_slab: MakeSlab) -> None:
    slab = make_slab("Li2MnO3").structure
    oxygen = symbols_of(slab).index("O")
    with pytest.raises(InputError, match=rf"removed names O at {oxygen}; expected sites with Li"):
        li_o_li_axes(slab, [oxygen], tm_layers=1)


@pytest.mark.parametrize("name", ["removed"])
def test_sites_must_be_those_of_the_structure(make_slab: MakeSlab, name: str) -> None:
    slab = make_slab("Li2MnO3").structure
    with pytest.raises(
        ValueError, match=rf"{name} contains \[-1, 99\]; expected indices from 0 to"
    ):
        li_o_li_axes(slab, **{name: [-1, 99]}, tm_layers=1)  # type: ignore[arg-type]
