"""The crystal turned so that its plane lies flat: which PO4 are whole, and which cuts keep them."""

from __future__ import annotations

import numpy as np
import pytest

from llo_dft.builders.coating.phosphate_column import (
    PhosphateError,
    grouped,
    phosphate_column,
)
from llo_dft.resources import load_structure

FILES = {"Pmn2_1": "Li3PO4_beta", "Pmnb": "Li3PO4_gamma", "Pnma": "Li3PO4_gamma"}
SETTINGS = list(FILES)
#: Distance from one PO4 layer to the next, angstrom.
LAYER = {"Pmn2_1": 5.2394, "Pmnb": 10.4612 / 2, "Pnma": 6.1113 / 2}


@pytest.mark.parametrize("setting", SETTINGS)
def test_planar_cuts_that_keep_every_po4_whole(setting: str) -> None:
    """One a layer, by testing every cut; in Pnma two, each the other upside down."""
    column = phosphate_column(load_structure(FILES[setting]), setting)
    period, heights = column.period, np.sort(column.cell.cart_coords[:, 2])
    gaps = np.diff([*heights, heights[0] + period])
    spans = [
        (
            column.cell[i].z + min(v[2] for _, v in bonds),
            column.cell[i].z + max(v[2] for _, v in bonds),
        )
        for i, bonds in column.oxygen.items()
    ]
    whole = 0
    for height in (heights + gaps / 2)[gaps > 0.2]:
        cut = [low < height + k * period < high for low, high in spans for k in (-1, 0, 1)]
        whole += not any(cut)
    assert whole == (2 if setting == "Pnma" else 1) * column.layers_per_period
    assert column.layers_per_period == round(period / LAYER[setting])


@pytest.mark.parametrize("setting", SETTINGS)
def test_each_phosphorus_owns_four_oxygen_and_each_oxygen_has_one(setting: str) -> None:
    column = phosphate_column(load_structure(FILES[setting]), setting)
    owned = [oxygen for bonds in column.oxygen.values() for oxygen, _ in bonds]
    assert sorted(owned) == sorted(column.cell.indices_from_symbol("O"))
    for phosphorus, bonds in column.oxygen.items():
        assert len(bonds) == 4
        lengths = [np.linalg.norm(vector) for _, vector in bonds]
        assert 1.5 < min(lengths) <= max(lengths) < 1.6
        # the four vectors of a tetrahedron nearly cancel
        assert np.linalg.norm(sum(vector for _, vector in bonds)) < 0.3
        assert all(column.owner(oxygen) == phosphorus for oxygen, _ in bonds)
        assert sum(phosphorus in plane.sites for plane in column.planes) == 1


@pytest.mark.parametrize("setting", SETTINGS)
def test_planes_and_layers_go_on_beyond_one_period(setting: str) -> None:
    column = phosphate_column(load_structure(FILES[setting]), setting)
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


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("Li3PO4_gamma", "Pbnm", "setting 'Pbnm' is unknown; expected Pmn2_1 for beta"),
        (
            "Li3PO4_gamma",
            "Pmn2_1",
            r"needs space group No. 31, but this structure is Pnma \(No. 62",
        ),
        ("Li3PO4_beta", "Pnma", r"needs space group No. 62, but this structure is Pmn2_1 \(No. 31"),
    ],
)
def test_the_setting_must_be_one_of_the_crystal(name: str, setting: str, message: str) -> None:
    with pytest.raises(PhosphateError, match=message):
        phosphate_column(load_structure(name), setting)


def test_a_supercell_is_refused() -> None:
    with pytest.raises(PhosphateError, match=r"expected one cell of 16 .beta. or 32 .gamma. atoms"):
        phosphate_column(load_structure("Li3PO4_beta") * (2, 1, 1), "Pmn2_1")


def test_another_oxide_of_the_space_group_is_refused() -> None:
    bulk = load_structure("Li3PO4_beta")
    bulk.replace_species({"P": "V"})
    with pytest.raises(PhosphateError, match=r"expected 4, and each O bonded to one P.*Check"):
        phosphate_column(bulk, "Pmn2_1")
