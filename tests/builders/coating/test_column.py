"""The crystal turned so that its plane lies flat: which PO4 are whole, and which cuts keep them."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.coating.column import CoatingError, Column, coating_column, grouped
from llo_dft.builders.coating.named_plane import phosphate_plane
from llo_dft.resources import load_structure

FILES = {"Pmn2_1": "Li3PO4_beta", "Pmnb": "Li3PO4_gamma", "Pnma": "Li3PO4_gamma"}
SETTINGS = list(FILES)
#: Distance from one PO4 layer to the next, angstrom.
LAYER = {"Pmn2_1": 5.2394, "Pmnb": 10.4612 / 2, "Pnma": 6.1113 / 2}


def column_of(setting: str) -> Column:
    bulk = load_structure(FILES[setting])
    return coating_column(bulk, phosphate_plane(bulk, setting))


@pytest.mark.parametrize("setting", SETTINGS)
def test_planar_cuts_that_keep_every_po4_whole(setting: str) -> None:
    """One a layer, by testing every cut; in Pnma two, each the other upside down."""
    column = column_of(setting)
    period, heights = column.period, np.sort(column.cell.cart_coords[:, 2])
    gaps = np.diff([*heights, heights[0] + period])
    spans = [
        (
            column.cell[i].z + min(one.vector[2] for one in bonds),
            column.cell[i].z + max(one.vector[2] for one in bonds),
        )
        for i, bonds in column.ligands.items()
    ]
    whole = 0
    for height in (heights + gaps / 2)[gaps > 0.2]:
        cut = [low < height + k * period < high for low, high in spans for k in (-1, 0, 1)]
        whole += not any(cut)
    assert whole == (2 if setting == "Pnma" else 1) * column.layers_per_period
    assert column.layers_per_period == round(period / LAYER[setting])


@pytest.mark.parametrize("setting", SETTINGS)
def test_each_phosphorus_owns_four_oxygen_and_each_oxygen_has_one(setting: str) -> None:
    column = column_of(setting)
    owned = [one.site for bonds in column.ligands.values() for one in bonds]
    assert sorted(owned) == sorted(column.cell.indices_from_symbol("O"))
    for phosphorus, bonds in column.ligands.items():
        assert len(bonds) == 4
        lengths = [np.linalg.norm(one.vector) for one in bonds]
        assert 1.5 < min(lengths) <= max(lengths) < 1.6
        # the four vectors of a tetrahedron nearly cancel
        assert np.linalg.norm(sum(one.vector for one in bonds)) < 0.3
        (number,) = [n for n, p in enumerate(column.planes) if phosphorus in p.sites]
        assert all(column.holders(one.site, one.period) == [number] for one in bonds)
    assert set(column.loose) == set(column.cell.indices_from_symbol("Li"))


@pytest.mark.parametrize("setting", SETTINGS)
def test_planes_and_layers_go_on_beyond_one_period(setting: str) -> None:
    column = column_of(setting)
    n = len(column.planes)
    here, above = column.plane(0), column.plane(n)
    assert above.height - here.height == pytest.approx(column.period)
    assert above.layer - here.layer == column.layers_per_period
    assert column.plane(-1).height == pytest.approx(column.planes[-1].height - column.period)
    numbers = [k for layer in range(-1, 3) for k in column.layer(layer)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    heights = [column.plane(k).height for k in numbers]
    assert heights == sorted(heights)


def test_heights_closer_than_a_plane_is_thick_are_one_plane() -> None:
    assert grouped([(1.0, 5), (0.0, 3), (0.4, 4), (1.6, 6)]) == [[3, 4], [5], [6]]


def test_a_crystal_without_charge_balance_is_refused() -> None:
    bulk = load_structure("Li3PO4_beta")
    bulk.replace_species({"P": "Al"})
    with pytest.raises(CoatingError, match=r"formal charges of Li3AlO4 leave -4 e .*expected 0"):
        coating_column(bulk, (0, 1, 0))


def test_what_holds_no_anion_is_named() -> None:
    far = Structure(
        Lattice.cubic(9.0),
        ["Al", "Al", "O", "O", "O"],
        [*np.diag([0.5] * 3).tolist(), [0.25] * 3, [0.75] * 3],
    )
    with pytest.raises(CoatingError, match=r"Al0, Al1 of Al2 O3 hold no anion"):
        coating_column(far, (0, 0, 1))
    with pytest.raises(CoatingError, match="has no anion"):
        coating_column(Structure(Lattice.cubic(3.5), ["Li"], [[0, 0, 0]]), (0, 0, 1))


@pytest.mark.parametrize(
    ("name", "plane", "kinds", "loose"),
    [
        ("LiNbO3", (0, 0, 1), 1, {"Li"}),
        ("Li3YCl6", (0, 0, 1), 2, {"Li"}),
        ("Li6PS5Cl", (0, 0, 1), 1, {"Li", "S", "Cl"}),
        ("Al2O3", (0, 0, 1), 1, set()),
        ("LiF", (0, 0, 1), 1, set()),
    ],
)
def test_layers_that_differ_are_told_apart(name, plane, kinds, loose) -> None:
    column = coating_column(load_structure(name), plane)
    assert len(column.layer_kinds) == kinds
    assert column.repeat % kinds == 0
    assert {column.cell[i].specie.symbol for i in column.loose} == loose
