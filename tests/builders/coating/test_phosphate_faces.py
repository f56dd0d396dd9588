"""The faces that a crystal of PO4 may show, by counting what each keeps."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from llo_dft.builders.coating.phosphate import build_phosphate_slab
from llo_dft.builders.coating.phosphate_column import Column, PhosphateError, phosphate_column
from llo_dft.builders.coating.phosphate_faces import (
    BOTTOM,
    TOP,
    CrystalFace,
    check_units,
    faces,
    film_atoms,
    lost_oxygen,
)
from llo_dft.resources import load_structure

FILES = {"Pmn2_1": "Li3PO4_beta", "Pmnb": "Li3PO4_gamma", "Pnma": "Li3PO4_gamma"}
SETTINGS = list(FILES)


@cache
def column_of(setting: str) -> Column:
    return phosphate_column(load_structure(FILES[setting]), setting)


def named(setting: str, layer: int, outward: int, name: str) -> CrystalFace:
    return next(one for one in faces(column_of(setting), layer, outward) if one.name == name)


@pytest.mark.parametrize("outward", [BOTTOM, TOP])
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_faces_name_says_what_it_lacks(setting: str, outward: int) -> None:
    found = faces(column_of(setting), 1, outward)
    names = [face.name for face in found]
    assert len(set(names)) == len(names)
    for face in found:
        shape, lithium, units = face.name.split("-")
        assert units == f"PO{4 - face.missing}"
        assert 0 <= face.missing <= 3
        assert int(lithium.removeprefix("Li")) >= 0
        # of a flat face the outermost plane of the layer is kept
        outermost = column_of(setting).layer(1)[::-outward][0]
        assert (shape == "flat") == (face.plane == outermost)


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_oxygen_that_goes_points_outward_most(setting: str) -> None:
    column = column_of(setting)
    for outward in (BOTTOM, TOP):
        for face in (one for one in faces(column, 0, outward) if one.missing):
            for site in column.plane(face.plane).sites:
                lost = lost_oxygen(column, site, face, outward)
                assert len(lost) == face.missing
                height = {oxygen: outward * vector[2] for oxygen, vector in column.oxygen[site]}
                kept = [h for oxygen, h in height.items() if oxygen not in lost]
                assert min(height[oxygen] for oxygen in lost) >= max(kept) - 0.02


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("setting", ["Pmn2_1", "Pmnb"])
def test_a_film_between_whole_faces_has_the_crystals_formula(setting: str, layers: int) -> None:
    column = column_of(setting)
    whole = (
        named(setting, 0, BOTTOM, "flat-Li2-PO4"),
        named(setting, layers - 1, TOP, "flat-Li2-PO4"),
    )
    atoms = film_atoms(column, whole)
    assert len(set(atoms)) == len(atoms)
    counts = Counter(column.cell[site].specie.symbol for site, _ in atoms)
    # Li2 on both faces are a Li too many: the half layer of one is the other's
    assert counts["O"] == 4 * counts["P"]
    assert counts["Li"] == 3 * counts["P"]


def test_faces_that_leave_nothing_between_them_are_refused() -> None:
    column = column_of("Pmn2_1")
    step = named("Pmn2_1", 0, BOTTOM, "step-Li0-PO4"), named("Pmn2_1", 0, TOP, "step-Li0-PO4")
    with pytest.raises(PhosphateError, match=r"leave nothing between them, .*Take more layers"):
        film_atoms(column, step)


def test_a_phosphate_that_lost_a_corner_is_named() -> None:
    film = build_phosphate_slab(
        load_structure("Li3PO4_beta"),
        setting="Pmn2_1",
        bottom="flat-Li2-PO4",
        layers=1,
        vacuum=12.0,
        top=None,
    ).structure
    phosphorus = film.indices_from_symbol("P")
    check_units(film, dict.fromkeys(phosphorus, 4))
    with pytest.raises(
        PhosphateError, match=f"P at site {phosphorus[0]} has 4 O within .*; expected 3"
    ):
        check_units(film, {phosphorus[0]: 3})
