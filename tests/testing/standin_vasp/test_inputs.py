"""What VASP reads, what it warns of and where it stops."""

from __future__ import annotations

import bz2
import json
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pymatgen.io.vasp
import pytest
from custodian.vasp.handlers import VaspErrorHandler
from pymatgen.core import Structure
from pymatgen.io.vasp.inputs import Incar as PymatgenIncar
from pymatgen.io.vasp.inputs import Poscar
from vasp_inputs import RELAX, STATIC, oxide, write_inputs

from llo_dft.testing.standin_vasp.reading.incar_reader import read_incar
from llo_dft.testing.standin_vasp.reading.kpoints import read_kpoints
from llo_dft.testing.standin_vasp.reading.poscar import poscar_text, read_poscar
from llo_dft.testing.standin_vasp.reading.potentials import _KNOWN, read_potentials
from llo_dft.testing.standin_vasp.reading.whole_input import read_inputs
from llo_dft.testing.standin_vasp.session import run
from llo_dft.testing.standin_vasp.settings import StandInSettings
from llo_dft.testing.standin_vasp.stops import VaspStop

if TYPE_CHECKING:
    from llo_dft.testing.standin import StandIn


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_inputs(tmp_path / "run", oxide(), RELAX, hubbard=True)


def set_tag(folder: Path, **tags: object) -> None:
    incar = PymatgenIncar.from_file(folder / "INCAR")
    PymatgenIncar(incar | tags).write_file(folder / "INCAR")


def refusal(folder: Path) -> str:
    """Return what VASP says when it stops."""
    with pytest.raises(VaspStop, match=r"\|     (ERROR|STAND-IN) ") as found:
        read_inputs(folder)
    return " ".join(found.value.text.replace("|", " ").split())


def test_inputs_of_pymatgen_are_read(folder: Path):
    inputs = read_inputs(folder)
    assert inputs.crystal.kinds == (("Li", 4), ("Mn", 2), ("O", 6))
    assert inputs.n_electrons == 74
    assert inputs.cutoff_ev == 520
    assert inputs.incar.values["MAGMOM"] == [0.6] * 4 + [5.0] * 2 + [0.6] * 6
    assert inputs.incar.values["LASPH"] is True
    assert inputs.incar.warnings == []


@pytest.mark.parametrize("name", ["INCAR", "POSCAR", "POTCAR"])
def test_a_missing_file_is_named(folder: Path, name: str):
    (folder / ("POTCAR.spec" if name == "POTCAR" else name)).unlink()
    assert f"No {name} found, STOPPING" in refusal(folder)


@pytest.mark.parametrize(
    ("tag", "values", "count"),
    [("MAGMOM", [5.0] * 11, 12), ("MAGMOM", [5.0] * 13, 12), ("LDAUU", [0.0, 3.9], 3)],
)
def test_a_list_of_another_length_is_refused(folder: Path, tag: str, values: list, count: int):
    set_tag(folder, **{tag: values})
    said = refusal(folder)
    assert f"Error reading item '{tag}' from file INCAR." in said
    assert f"Found N= {len(values)} data, expected {count}." in said


@pytest.mark.parametrize("line", ["NSW = many", "EDIFF = small", "LWAVE = perhaps", "ISPIN = 2.5"])
def test_a_value_of_another_type_is_refused(folder: Path, line: str):
    text = (folder / "INCAR").read_text()
    (folder / "INCAR").write_text(f"{line}\n{text}")
    assert f"Error reading item '{line.split(maxsplit=1)[0]}' from file INCAR." in refusal(folder)


@pytest.mark.parametrize("symbols", ["Li_sv Mn_pv", "Li_sv Mn_pv O O"])
def test_another_number_of_potentials_is_refused(folder: Path, symbols: str):
    (folder / "POTCAR.spec").write_text(symbols)
    said = refusal(folder)
    assert "number of potentials on File POTCAR incompatible with number of species" in said
    assert f"INCAR : 3 POTCAR: {len(symbols.split())}" in said


def test_potentials_in_another_order_are_refused(folder: Path):
    (folder / "POTCAR.spec").write_text("Li_sv\nO\nMn_pv")
    assert "POSCAR says Mn where POTCAR has PAW_PBE O" in refusal(folder)


def test_an_element_in_two_blocks_wants_two_potentials(folder: Path):
    ordered = oxide()
    Poscar(Structure.from_sites([*ordered[1:], ordered[0]])).write_file(folder / "POSCAR")
    assert "INCAR : 4 POTCAR: 3" in refusal(folder)


def test_an_unknown_potential_is_refused(folder: Path):
    (folder / "POTCAR.spec").write_text("Li_sv\nMn_best\nO")
    assert "The potential Mn_best of POTCAR.spec is not known" in refusal(folder)


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({"NBANDS": 36}, "TOO FEW BANDS"),
        ({"ISMEAR": -5}, "Tetrahedron method fails (number of k-points < 4)"),
        ({"IBRION": 0}, "does not do IBRION = 0"),
        ({"ISIF": 4}, "does not do ISIF = 4"),
        ({"LSORBIT": True}, "does not do LSORBIT"),
    ],
)
def test_what_cannot_be_done_is_refused(folder: Path, tags: dict, said: str):
    write_inputs(folder, oxide(), RELAX | tags, kpoints=(1, 1, 1))
    assert said in refusal(folder)


def test_too_few_bands_for_one_spin_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]):
    set_tag(folder, NBANDS=39)
    assert run(folder, StandInSettings()) == 1
    assert "TOO FEW BANDS" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"NSW": "many"}, "read_error"),
        ({"NBANDS": 36}, "too_few_bands"),
        ({"ISMEAR": -5}, "tet"),
    ],
)
def test_custodian_knows_what_is_said(folder: Path, vasp: StandIn, change: dict, error: str):
    write_inputs(folder, oxide(), RELAX, kpoints=(1, 1, 1))
    text = "".join(f"{name} = {value}\n" for name, value in change.items())
    (folder / "INCAR").write_text(text + (folder / "INCAR").read_text())
    (folder / "vasp.out").write_text(vasp.run(folder, expected=1).stdout)
    set_tag(folder, NSW=1)  # pymatgen's own reader stops at "many"
    handler = VaspErrorHandler()
    assert handler.check(str(folder))
    assert error in handler.errors
    assert "I REFUSE TO CONTINUE WITH THIS SICK JOB" in (folder / "OUTCAR").read_text()


def test_a_left_handed_cell_is_refused(folder: Path):
    lines = (folder / "POSCAR").read_text().splitlines()
    lines[2], lines[3] = lines[3], lines[2]
    (folder / "POSCAR").write_text("\n".join(lines))
    assert "the triple product of the basis vectors is negative" in refusal(folder)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("direct", "Direct\n 0.1 0.2", "could not convert"),
        ("4 2 6", "4 2 7", "12 positions of 13 ions"),
        ("4 2 6", "4 2", "3 elements and 2 numbers of atoms"),
        ("Li Mn O", "4 2 6", "no line of elements"),
        ("1.0\n", "one\n", "three lattice vectors and their scale are expected"),
    ],
)
def test_a_damaged_poscar_is_refused(folder: Path, old: str, new: str, said: str):
    text = (folder / "POSCAR").read_text()
    assert old in text
    (folder / "POSCAR").write_text(text.replace(old, new, 1))
    if said == "could not convert":
        assert "Error reading POSCAR file." in refusal(folder)
    else:
        assert said in refusal(folder)


def test_incar_is_read_as_the_manual_says(tmp_path: Path):
    path = tmp_path / "INCAR"
    path.write_text(
        "! a comment\nNSW = 5 ; ibrion = 2 # and more\nEDIFF = 1d-6\nLREAL = .FALSE.\n"
        "MAGMOM = 2*1.5 \\\n  3*0\nSYSTEM = two words\nNSW = 7\nNOSUCH = 1\nno statement\n"
        "LWAVE = F\nLCHARG = .True.\nLVHAR=T\n"
    )
    incar = read_incar(path)
    assert incar.values == {
        "NSW": 5,
        "IBRION": 2,
        "EDIFF": 1e-6,
        "LREAL": False,
        "SYSTEM": "two words",
        "MAGMOM": [1.5, 1.5, 0, 0, 0],
        "LWAVE": False,
        "LCHARG": True,
        "LVHAR": True,
    }
    assert [text.split()[2] for text in incar.warnings] == ["NSW", "NOSUCH"]


def test_an_unknown_tag_is_warned_of_and_changes_nothing(folder: Path, vasp: StandIn):
    (folder / "INCAR").write_text("LDAUUU = 0 4 0\n" + (folder / "INCAR").read_text())
    said = vasp.run(folder).stdout
    assert "WARNING" in said
    for text in (said, (folder / "OUTCAR").read_text()):
        assert "The tag LDAUUU in the INCAR file is not known and is ignored." in text
    assert "LDAUUU" not in (folder / "vasprun.xml").read_text()


def test_every_tag_of_pymatgens_sets_is_known():
    from llo_dft.testing.standin_vasp.reading.tags import KINDS

    path = Path(pymatgen.io.vasp.__file__).parent / "incar_parameters.json"
    types = json.loads(path.read_text())
    names = {"bool": "logical", "float": "float", "int": "int", "str": "string"}
    # of these pymatgen's type is not VASP's, or the list is one of several types
    others = {"NUPDOWN", "SPRING", "ENMAX", "HFSCREENC", "LREAL", "LOCPROJ"}
    wrong = {
        name
        for name, kind in KINDS.items()
        if name in types
        and isinstance(types[name]["type"], str)
        and types[name]["type"] in names
        and kind != names[types[name]["type"]]
    }
    assert wrong <= others


def test_the_table_of_potentials_is_that_of_the_real_ones():
    path = Path(pymatgen.io.vasp.__file__).parent / "potcar-summary-stats.json.bz2"
    real = json.loads(bz2.decompress(path.read_bytes()))["PBE_54"]
    for symbol, (n_valence, _, date) in _KNOWN.items():
        (found,) = real[f"PAW_PBE{symbol}{date}"][:1]
        assert found["symbol"] == symbol
        assert found["ZVAL"] == n_valence


def test_potcar_says_what_is_in_it(tmp_path: Path):
    (tmp_path / "POTCAR.spec").write_text("Li")
    stub = "  PAW_PBE {0}\n   {1}\n   TITEL  = PAW_PBE {0}\n   POMASS =   {2}; ZVAL   = {1} mass\n"
    stub += "   ENMAX  =  {3}; ENMIN  =  300 eV\n Local part\n End of Dataset\n"
    first = stub.format("Xx_sv 01Jan2001", "7.500", "12.5", "411.5")
    (tmp_path / "POTCAR").write_text(first + "  PAW_PBE Mn_pv 02Aug2007\n End of Dataset\n")
    strange, known = read_potentials(tmp_path)
    assert (strange.element, strange.n_valence, strange.cutoff_ev) == ("Xx", 7.5, 411.5)
    assert strange.mass == 12.5
    assert (known.title, known.n_valence) == ("PAW_PBE Mn_pv 02Aug2007", 13)


def test_poscar_survives_the_way_through_contcar(folder: Path):
    crystal = read_poscar(folder / "POSCAR")
    (folder / "POSCAR").write_text(poscar_text(crystal, "again"))
    again = read_poscar(folder / "POSCAR")
    assert np.array_equal(again.lattice, crystal.lattice)
    moved = again.fractional - crystal.fractional
    assert np.abs(moved - np.rint(moved)).max() < 1e-15
    assert np.allclose(Structure.from_file(folder / "POSCAR").lattice.matrix, crystal.lattice)


@pytest.mark.parametrize("form", ["cartesian", "scaled", "volume"])
def test_poscar_in_other_forms_is_the_same(folder: Path, form: str):
    crystal = read_poscar(folder / "POSCAR")
    poscar = Poscar.from_file(folder / "POSCAR")
    text = poscar.get_str(direct=form != "cartesian")
    lines = text.splitlines()
    if form != "cartesian":
        factor = 2.0
        lines[1] = "0.5" if form == "scaled" else str(-crystal.volume)
        lines[2:5] = [" ".join(f"{factor * x:.14f}" for x in v) for v in crystal.lattice]
    (folder / "POSCAR").write_text("\n".join(lines))
    again = read_poscar(folder / "POSCAR")
    assert np.allclose(again.lattice, crystal.lattice)
    assert np.allclose(again.fractional, crystal.fractional)


@pytest.mark.parametrize("counts", [(1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 3, 2), (5, 2, 2)])
@pytest.mark.parametrize("style", ["Gamma", "Monkhorst-Pack"])
def test_k_points_and_their_opposites_fill_the_grid(tmp_path: Path, style: str, counts: tuple):
    (tmp_path / "KPOINTS").write_text(f"grid\n0\n{style}\n{counts[0]} {counts[1]} {counts[2]}\n")
    points = read_kpoints(tmp_path / "KPOINTS", read_incar_of(tmp_path, ""), np.eye(3))
    n = np.array(counts)
    offset = 0 if style == "Gamma" else 0.5 * (n % 2 == 0)
    whole = {_folded((np.array(i) + offset) / n) for i in product(*(range(m) for m in counts))}
    both = {_folded(sign * point) for point in points.points for sign in (1, -1)}
    assert both == whole
    assert points.weights.sum() == pytest.approx(1)
    assert np.allclose(points.weights * n.prod() % 1, 0)
    every = read_kpoints(tmp_path / "KPOINTS", read_incar_of(tmp_path, "ISYM = -1"), np.eye(3))
    assert len(every.points) == n.prod()


def _folded(point: np.ndarray) -> tuple[int, ...]:
    return tuple(int(x) for x in np.rint(np.asarray(point) % 1.0 * 1e6).astype(int) % 1_000_000)


def read_incar_of(folder: Path, text: str):
    (folder / "INCAR").write_text(text)
    return read_incar(folder / "INCAR")


def test_kspacing_stands_in_for_kpoints(tmp_path: Path):
    incar = read_incar_of(tmp_path, "KSPACING = 0.3\nKGAMMA = .FALSE.")
    points = read_kpoints(tmp_path / "KPOINTS", incar, np.diag([3.0, 10.0, 30.0]))
    assert points.divisions == (7, 3, 1)  # 2 pi / 3 / 0.3 = 6.98
    assert points.style == "Monkhorst-Pack"


def test_a_list_of_k_points_keeps_its_weights(tmp_path: Path):
    (tmp_path / "KPOINTS").write_text("list\n2\nReciprocal\n0 0 0 1\n0.5 0 0 3\n")
    points = read_kpoints(tmp_path / "KPOINTS", read_incar_of(tmp_path, ""), np.eye(3))
    assert points.weights.tolist() == [0.25, 0.75]
    assert points.divisions is None
    (tmp_path / "KPOINTS").write_text("path\n10\nLine-mode\nReciprocal\n0 0 0\n0.5 0 0\n")
    with pytest.raises(VaspStop, match="k-points along lines"):
        read_kpoints(tmp_path / "KPOINTS", read_incar_of(tmp_path, ""), np.eye(3))


def test_a_static_run_needs_no_kpoints(tmp_path: Path, vasp: StandIn):
    vasp.run(write_inputs(tmp_path, oxide(), STATIC | {"KSPACING": 0.5}, kpoints=None))
    assert "NKPTS =" in (tmp_path / "OUTCAR").read_text()
