"""The faces that a crystal of PO4 may show, by counting what each keeps."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from llo_dft.builders.coating.column import CoatingError, Column, coating_column
from llo_dft.builders.coating.faces import (
    BOTTOM,
    TOP,
    CrystalFace,
    cut_valences,
    faces,
    film_atoms,
    lost_anions,
)
from llo_dft.builders.coating.named_plane import phosphate_plane
from llo_dft.chemistry.bond_valence import bond_valence
from llo_dft.resources import load_structure

FILES = {"Pmn2_1": "Li3PO4_beta", "Pmnb": "Li3PO4_gamma", "Pnma": "Li3PO4_gamma"}
SETTINGS = list(FILES)


@cache
def column_of(setting: str) -> Column:
    bulk = load_structure(FILES[setting])
    return coating_column(bulk, phosphate_plane(bulk, setting))


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
                lost = [one.site for one in lost_anions(column, site, face, outward)]
                assert len(lost) == face.missing
                height = {one.site: outward * one.vector[2] for one in column.ligands[site]}
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
    with pytest.raises(CoatingError, match=r"leave nothing between them, .*Use more layers"):
        film_atoms(column, step)


def test_a_face_that_opens_units_cuts_the_bonds_of_each_o_that_goes() -> None:
    """An O of 2 e that keeps k e to the film adds 2 k - 2: two a cell, each with its P-O."""
    top = named("Pmn2_1", 0, TOP, "flat-Li2-PO4")
    whole, opened = (
        cut_valences(
            column_of("Pmn2_1"),
            film_atoms(column_of("Pmn2_1"), (named("Pmn2_1", 0, BOTTOM, name), top)),
        )[0]
        for name in ("flat-Li2-PO4", "flat-Li2-PO3")
    )
    assert 2 * (2 * bond_valence("P", "O", 1.56) - 2) < opened - whole < 2 * 2
