"""The inputs of a calculation: as recorded for one of each sort, and their sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pymatgen.io.vasp.inputs import Incar, Kpoints
from record_vasp_inputs import CASES, COMMAND, DATA, write_case

from llo_dft.builders.cathode.magnetism import with_initial_moments
from llo_dft.chemistry.element_table import ELEMENTS
from llo_dft.engines.vasp.inputs import _after_time_reversal, write_inputs
from llo_dft.engines.vasp.protocols import vasp_protocol
from llo_dft.resources import load_structure
from llo_dft.testing.recorded import INPUT_FILES, assert_as_recorded

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", CASES)
def test_the_inputs_are_the_recorded_ones(name: str, tmp_path: Path):
    write_case(CASES[name], tmp_path)
    assert_as_recorded(tmp_path, DATA / name, COMMAND)


def test_nothing_is_recorded_that_is_not_tested():
    assert {path.name for path in DATA.iterdir()} == {*CASES, "structures"}
    for name in CASES:
        assert {path.name for path in (DATA / name).iterdir()} == set(INPUT_FILES)
    used = {case.structure for case in CASES.values()}
    assert {path.stem for path in (DATA / "structures").iterdir()} == used


@pytest.mark.parametrize("mesh", [(1, 1, 1), (2, 1, 1), (4, 2, 1), (3, 3, 3), (6, 3, 6), (5, 4, 1)])
def test_time_reversal_halves_the_mesh_but_for_its_own_opposites(mesh):
    points = {tuple(p) for p in np.array(list(np.ndindex(*mesh))).tolist()}
    kept = {min(p, tuple((-np.array(p)) % mesh)) for p in points}
    assert _after_time_reversal(mesh) == len({tuple(int(i) for i in p) for p in kept})


def test_sizes_are_those_of_the_files_that_are_written(plan, tmp_path):
    slab = with_initial_moments(plan.slab, "ferro")
    protocol = vasp_protocol("balanced", {})
    for size in write_inputs(slab, "slab_relax", protocol, tmp_path):
        incar = Incar.from_file(tmp_path / size["folder"] / "INCAR")
        mesh = Kpoints.from_file(tmp_path / size["folder"] / "KPOINTS").kpts[0]
        assert size["n_k_points"] == _after_time_reversal(mesh)
        electrons, moment = size["n_electrons"], sum(incar["MAGMOM"])
        bands = max((electrons + 2) // 2 + len(slab) // 2, int(0.6 * electrons))
        assert size["n_bands"] == bands + int((moment + 1) // 2)
        assert moment > 10


@pytest.mark.parametrize(
    ("coating", "potentials"),
    [
        ("Li2SiO3", "Si Li_sv O"),
        ("LiNbO3", "Li_sv Nb_pv O"),
        ("LiTaO3", "Li_sv Ta_pv O"),
        ("LiF", "F Li_sv"),
        ("Al2O3", "Al O"),
        ("ZrO2_tetragonal", "O Zr_sv"),
        ("LLZO", "La Li_sv O Zr_sv"),
        ("Li3InCl6", "Cl In_d Li_sv"),
        ("Li3YCl6", "Cl Li_sv Y_sv"),
        ("Li6PS5Cl", "Cl Li_sv P S"),
        ("Li2CO3", "C Li_sv O"),
    ],
)
def test_every_coating_of_the_collection_has_inputs(coating, potentials, tmp_path):
    crystal = load_structure(coating)
    (size,) = [
        one
        for one in write_inputs(crystal, "bulk_relax", vasp_protocol("balanced", {}), tmp_path)
        if one["folder"] == "energy"
    ]
    spec = (tmp_path / size["folder"] / "POTCAR.spec").read_text(encoding="ascii").split()
    assert sorted(spec) == sorted(potentials.split())
    incar = Incar.from_file(tmp_path / size["folder"] / "INCAR")
    assert not incar.get("LDAU")  # the Materials Project puts no U on any of them
    assert incar["ENCUT"] >= max(ELEMENTS[e.symbol].potcar.enmax_ev for e in crystal.composition)
    electrons = sum(ELEMENTS[site.specie.symbol].potcar.valence for site in crystal)
    assert size["n_electrons"] == electrons
    assert electrons % 2 == 0
