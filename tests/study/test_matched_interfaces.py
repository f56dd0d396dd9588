from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from ase.io import read as read_atoms
from pymatgen.core import Structure

from llo_dft.builders.interface.contacts import short_contacts
from llo_dft.builders.matching.find_matches import find_matches
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.errors import InputError
from llo_dft.resources import resource_path
from llo_dft.study import matched_interfaces
from llo_dft.study.matched_interfaces import BUILT, FORMATS, cut_slab, write_interfaces

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.builders.matching.find_matches import LatticeMatch
    from llo_dft.builders.surface.general_slab import SlabCut

#: Alumina on Li2MnO3: 42 A^2.
FILM = resource_path("structures", "Al2O3.cif")
SUBSTRATE = resource_path("structures", "Li2MnO3.cif")


@pytest.fixture(scope="module")
def sides() -> tuple[SlabCut, SlabCut, list[LatticeMatch]]:
    film, substrate = cut_slab(FILM, (0, 0, 1)), cut_slab(SUBSTRATE, (0, 0, 1))
    slabs = film.structure, substrate.structure
    vectors = [slab.lattice.matrix[:2] for slab in slabs]
    counts = len(slabs[0]), len(slabs[1])
    return film, substrate, find_matches(*vectors, max_area=45, max_strain=0.05, atom_counts=counts)


def test_an_interface_is_the_same_in_every_format(
    sides: tuple[SlabCut, SlabCut, list[LatticeMatch]], tmp_path: Path
) -> None:
    film, substrate, matches = sides
    (entry,) = write_interfaces(film, substrate, matches[:1], 1, tmp_path, list(FORMATS))
    assert json.loads((tmp_path / BUILT).read_text()) == [entry]
    assert entry["files"] == [f"interface-1{end}" for end in (".cif", ".vasp", ".xyz", ".png")]
    cif = Structure.from_file(tmp_path / "interface-1.cif")
    poscar = Structure.from_file(tmp_path / "interface-1.vasp")
    xyz = read_atoms(tmp_path / "interface-1.xyz")
    assert len(cif) == entry["n_atoms"] == matches[0].n_atoms
    for other in (poscar, xyz):
        symbols = other.get_chemical_symbols() if other is xyz else symbols_of(other)
        assert sorted(symbols) == sorted(symbols_of(cif))
    assert np.allclose(poscar.lattice.matrix, xyz.cell.array, atol=1e-6)
    # the substrate keeps its own lattice, the film takes the strain, and nothing is too close
    area = np.linalg.norm(np.cross(*poscar.lattice.matrix[:2]))
    times = round(abs(np.linalg.det(matches[0].substrate_transformation)))
    own = np.linalg.norm(np.cross(*substrate.structure.lattice.matrix[:2]))
    assert area == pytest.approx(times * own)
    assert area == pytest.approx(entry["area_a2"])
    metals = [i for i, symbol in enumerate(symbols_of(poscar)) if symbol == "Mn"]
    films = [i for i, symbol in enumerate(symbols_of(poscar)) if symbol == "Al"]
    coords, lattice = poscar.frac_coords, poscar.lattice.matrix
    assert not short_contacts(lattice, coords, symbols_of(poscar), (metals, films))
    assert poscar.cart_coords[films, 2].min() > poscar.cart_coords[metals, 2].max()


def test_a_match_that_can_t_be_built_makes_room_for_the_next(
    sides: tuple[SlabCut, SlabCut, list[LatticeMatch]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    film, substrate, matches = sides
    twice = [matches[0], matches[0]]
    real = matched_interfaces.search_interfaces
    calls: list[int] = []

    def first_too_close(*args: object, **options: object) -> object:
        calls.append(1)
        if len(calls) == 1:
            raise InputError("all have atoms too close")
        return real(*args, **options)

    monkeypatch.setattr(matched_interfaces, "search_interfaces", first_too_close)
    bad, good = write_interfaces(film, substrate, twice, 1, tmp_path, ["cif"])
    assert (bad["match"], bad["files"], bad["reason"]) == (1, [], "all have atoms too close")
    assert (good["match"], good["files"]) == (2, ["interface-1.cif", "interface-1.png"])


def test_a_plane_that_is_none_names_the_file() -> None:
    with pytest.raises(InputError, match=r"Al2O3\.cif, plane \(0, 0, 0\): .*names no plane"):
        cut_slab(FILM, (0, 0, 0))
