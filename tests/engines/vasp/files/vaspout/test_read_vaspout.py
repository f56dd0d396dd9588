"""vaspout.h5 against vasprun.xml of the same content, and against pymatgen's reader."""

from __future__ import annotations

import gzip
import itertools
import lzma
import warnings
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest
from vaspout_writer import write

from llo_dft.engines.vasp.files.vaspout.read_vaspout import read_vaspout
from llo_dft.engines.vasp.files.vasprun.read_vasprun import (
    ProjectionRequest,
    VaspFileError,
    read_vasprun,
)
from llo_dft.testing.vasprun_writer import L_FIELDS, LM_FIELDS, LMF_FIELDS, Run, text

if TYPE_CHECKING:
    from pathlib import Path

O_P = ProjectionRequest("p", element="O")
MOMENTS = [0.0, 0.01, 3.1, 0.05, -0.7, 0.02]

#: Rounding of what vasprun.xml prints: densities and bands to 4 decimals, the rest to 8.
FOUR, EIGHT = 0.6e-4, 0.6e-8


def even_run(**changes) -> Run:
    """A run whose energies are a multiple of 0.25 eV, so that both files have the same."""
    return Run(energy_range=(-8.0, 7.0), **changes)


def both(folder: Path, run: Run, **asked):
    (folder / "vasprun.xml").write_text(text(run), encoding="latin-1")
    write(folder / "vaspout.h5", run)
    return read_vasprun(folder / "vasprun.xml", **asked), read_vaspout(
        folder / "vaspout.h5", **asked
    )


def changed(folder: Path, name: str, value, run: Run | None = None, **written) -> Path:
    """A file with one dataset replaced; None deletes it."""
    path = write(folder / "vaspout.h5", run or even_run(), **written)
    with h5py.File(path, "r+") as file:
        if name in file:
            del file[name]
        if value is not None:
            file[name] = value
    return path


@pytest.mark.parametrize(
    ("spins", "fields", "u_values", "energies"),
    [
        *itertools.product((1, 2), (L_FIELDS, LM_FIELDS), (None, {"Mn": 3.9}), ((-41.25,),)),
        (2, LMF_FIELDS, None, (-41.0, -41.2, -41.201)),
        (1, LM_FIELDS, {"Mn": 3.9}, (-41.0, -41.2, -41.201)),
    ],
)
def test_is_read_as_vasprun_xml_is(tmp_path, spins, fields, u_values, energies):
    run = even_run(spins=spins, fields=fields, u_values=u_values, energies=energies)
    for orbital in "spd" if u_values is None and spins == 2 else "p":
        request = ProjectionRequest(orbital, element="O")
        xml, h5 = both(tmp_path, run, eigenvalues=True, projection=request)
        assert h5.fingerprint == xml.fingerprint
        assert h5.convergence == xml.convergence
        assert h5.final.symbols == xml.final.symbols
        assert h5.header.species == xml.header.species
        assert (h5.problems, h5.notes) == (xml.problems, xml.notes) == ((), ())
        for got, wanted in zip(h5.steps, xml.steps, strict=True):
            assert got.energy_ev == pytest.approx(wanted.energy_ev, abs=EIGHT)
            assert got.free_energy_ev == pytest.approx(wanted.free_energy_ev, abs=EIGHT)
            np.testing.assert_allclose(got.electronic_ev, wanted.electronic_ev, atol=EIGHT)
        forces = (one.steps[-1].forces_ev_per_angstrom for one in (h5, xml))
        np.testing.assert_allclose(*forces, atol=EIGHT)
        np.testing.assert_allclose(*(one.steps[-1].stress_kbar for one in (h5, xml)), atol=EIGHT)
        for got, wanted, digits in (
            (h5.final.fractional, xml.final.fractional, EIGHT),
            (h5.final.lattice_angstrom, xml.final.lattice_angstrom, EIGHT),
            (h5.header.kpoints.weights, xml.header.kpoints.weights, EIGHT),
            (h5.total_dos.energies_ev, xml.total_dos.energies_ev, EIGHT),
            (h5.total_dos.density, xml.total_dos.density, FOUR),
            (h5.total_dos.integrated, xml.total_dos.integrated, FOUR),
            (h5.eigenvalues.energies_ev, xml.eigenvalues.energies_ev, FOUR),
            (h5.eigenvalues.occupations, xml.eigenvalues.occupations, FOUR),
            (h5.projected_dos.density, xml.projected_dos.density, 9 * FOUR),  # sums of up to 7
        ):
            np.testing.assert_allclose(got, wanted, atol=digits, rtol=0)
        assert h5.fermi_ev == xml.fermi_ev
        assert h5.projected_dos.sites == xml.projected_dos.sites


def test_only_what_is_asked_for_is_read(tmp_path):
    path = write(tmp_path / "vaspout.h5", even_run())
    with h5py.File(path, "r+") as file:
        for name in ("results/electron_dos/dospar", "results/electron_eigenvalues/eigenvalues"):
            file[name][...] = np.nan
    own = read_vaspout(path, dos=True)
    assert own.eigenvalues is None
    assert own.projected_dos is None
    with pytest.raises(VaspFileError, match=r"not a number at results/electron_dos/dospar"):
        read_vaspout(path, projection=O_P)
    with pytest.raises(VaspFileError, match=r"not a number at results/electron_eigenvalues"):
        read_vaspout(path, eigenvalues=True)


def test_of_the_projections_only_the_chosen_atoms_are_read(tmp_path):
    run = even_run()
    path = write(tmp_path / "vaspout.h5", run)
    with h5py.File(path, "r+") as file:
        file["results/electron_dos/dospar"][:, :3] = np.nan
    own = read_vaspout(path, projection=ProjectionRequest("px", element="O"))
    exact = run.partial(decimals=None)[3:, :, 3]
    np.testing.assert_allclose(own.projected_dos.density, exact, atol=1e-14)


def test_pymatgen_reads_the_same_numbers(tmp_path):
    from pymatgen.io.vasp.outputs import Vaspout

    run = even_run(energies=(-41.0, -41.2, -41.201))
    path = write(tmp_path / "vaspout.h5", run, moments=MOMENTS)
    with h5py.File(path, "r+") as file:  # what pymatgen needs beside, or can't read
        file["input/kpoints/number_kpoints"] = np.int32(0)
        file["input/kpoints/coordinate_space"] = np.bytes_("R")
        for group in ("input/poscar", "results/positions"):
            file[f"{group}/selective_dynamics"] = np.int32(0)
            file[f"{group}/direct_coordinates"][...] = 0  # it takes 1 for Cartesian
        del file["input/potcar/content"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = Vaspout(str(path), store_potcar=False)
    own = read_vaspout(
        write(tmp_path / "vaspout.h5", run, moments=MOMENTS), eigenvalues=True, dos=True
    )
    assert own.energy_ev == pytest.approx(float(peer.final_energy), abs=1e-10)
    assert own.fermi_ev == peer.efermi
    for index, spin in enumerate(sorted(peer.tdos.densities, key=int, reverse=True)):
        np.testing.assert_array_equal(own.total_dos.density[index], peer.tdos.densities[spin])
        bands = peer.eigenvalues[spin]
        np.testing.assert_array_equal(own.eigenvalues.energies_ev[index], bands[..., 0])
        np.testing.assert_array_equal(own.eigenvalues.occupations[index], bands[..., 1])
    np.testing.assert_allclose(own.final.fractional, peer.final_structure.frac_coords, atol=1e-10)
    last = peer.ionic_steps[-1]
    np.testing.assert_array_equal(own.steps[-1].forces_ev_per_angstrom, last["forces"])
    totals = [site["tot"] for site in last["structure"].site_properties["magnetization"]]
    np.testing.assert_allclose(own.moments_mu_b, totals, atol=1e-10)


@pytest.mark.parametrize("old", [True, False])
def test_moments_in_both_layouts(tmp_path, old):
    run = even_run(energies=(-41.0, -41.2))
    own = read_vaspout(write(tmp_path / "vaspout.h5", run, moments=MOMENTS, old_moments=old))
    assert own.moments_mu_b == pytest.approx(MOMENTS, abs=1e-12)
    assert read_vaspout(write(tmp_path / "vaspout.h5", run)).moments_mu_b is None
    plain = even_run(spins=1)
    found = read_vaspout(write(tmp_path / "vaspout.h5", plain, moments=MOMENTS))
    assert found.moments_mu_b is None  # a run without spin has none


def test_u_values_come_from_the_text_where_the_parsed_array_is_cut(tmp_path):
    run = even_run(u_values={"Mn": 3.9, "O": 0.5})
    own = read_vaspout(write(tmp_path / "vaspout.h5", run))
    assert own.fingerprint.u_values_ev == {"Mn": 3.9, "O": 0.5}
    path = changed(tmp_path, "original/incar/content", b"LDAUU = 0 2*3.0\nLDAU = T", run)
    assert read_vaspout(path).fingerprint.u_values_ev == {"Mn": 3.0, "O": 3.0}
    path = changed(tmp_path, "original/incar/content", None, run)
    with pytest.raises(VaspFileError, match=r"absent.*LDAUU: 1 values of U for 3 kinds of atoms"):
        read_vaspout(path)


@pytest.mark.parametrize(
    ("settings", "functional"),
    [
        ({"LHFCALC": ("logical", " T  "), "HFSCREEN": ("", "0.2")}, "HSE06"),
        ({"LHFCALC": ("logical", " T  ")}, "PBE0"),
        ({"METAGGA": ("string", "R2SCAN")}, "r2SCAN"),
        ({"GGA": ("string", "Ps")}, "PBEsol"),
    ],
)
def test_functionals(tmp_path, settings, functional):
    own = read_vaspout(write(tmp_path / "vaspout.h5", even_run(settings=settings)))
    assert own.fingerprint.functional == functional


def test_defaults_that_incar_leaves_out(tmp_path):
    path = changed(tmp_path, "input/incar/ENCUT", None)
    with h5py.File(path, "r+") as file:
        content = file["original/incar/content"][()].decode()
        del file["original/incar/content"]
        file["original/incar/content"] = content.replace("ENCUT", "#").encode()
    assert read_vaspout(path).fingerprint.cutoff_ev == 400.0  # the largest ENMAX of the POTCARs
    path = changed(tmp_path, "input/kpoints", None)
    with h5py.File(path, "r+") as file:
        file["input/incar/KSPACING"] = 0.5
    lengths = 2 * np.pi * np.linalg.norm(np.linalg.inv(Run().lattice).T, axis=1)
    expected = max(lengths / np.ceil(lengths / 0.5))
    assert read_vaspout(path).fingerprint.k_spacing_per_angstrom == pytest.approx(expected)


def test_cartesian_positions_and_a_scale_are_understood(tmp_path):
    run = even_run()
    path = write(tmp_path / "vaspout.h5", run)
    with h5py.File(path, "r+") as file:
        group = file["results/positions"]
        group["lattice_vectors"][...] = run.lattice / 2
        group["scale"][...] = 2.0
        group["position_ions"][...] = run.fractional @ run.lattice / 2
        group["direct_coordinates"][...] = 0
    own = read_vaspout(path)
    np.testing.assert_allclose(own.final.lattice_angstrom, run.lattice, atol=1e-12)
    np.testing.assert_allclose(own.final.fractional, run.fractional, atol=1e-12)


def test_a_loop_that_vasp_calls_unconverged_gives_no_energy(tmp_path):
    own = read_vaspout(write(tmp_path / "vaspout.h5", even_run(), verdict=1))
    assert own.energy_ev is None
    assert "VASP says that its last electronic loop did not converge" in " ".join(own.problems)


def test_where_nothing_says_whether_electrons_converged_that_is_said(tmp_path):
    own = read_vaspout(write(tmp_path / "vaspout.h5", even_run(), history=False, verdict=None))
    assert own.energy_ev is not None
    assert "does not say whether the electrons converged" in own.convergence.electronic_reason


@pytest.mark.parametrize(
    ("settings", "run", "match"),
    [
        ({"NELM": ("int", "4")}, {}, "4 steps, and NELM is 4"),
        ({"NSW": ("int", "2")}, {"energies": (-1.0, -1.1)}, "2 steps, and NSW is 2"),
        ({"EDIFFG": ("", "-0.00001")}, {"energies": (-1.0, -1.1)}, "a force of"),
        ({"EDIFF": ("", "0.00000001")}, {}, "still changing by"),
    ],
)
def test_unconverged_runs_have_no_energy(tmp_path, settings, run, match):
    own = read_vaspout(write(tmp_path / "vaspout.h5", even_run(settings=settings, **run)))
    assert own.energy_ev is None
    assert match in " ".join(own.problems)


NAN = np.full((1, 3), np.nan)
DAMAGE = [
    ("intermediate/ion_dynamics/energies", NAN, "not a number at intermediate/ion_dynamics/ene"),
    ("intermediate/ion_dynamics/energies", np.array([[-1.0, -2.0, -9.0]]), "contradict one anoth"),
    ("intermediate/ion_dynamics/energies", np.zeros((0, 3)), "truncated.*no ionic step was fin"),
    ("intermediate/ion_dynamics/energies", None, "absent at intermediate/ion_dynamics: no ionic"),
    (
        "intermediate/ion_dynamics/forces",
        np.zeros((2, 6, 3)),
        r"of shape \(2, 6, 3\); expected \(1, 6",
    ),
    ("intermediate/ion_dynamics/oszicar", np.ones((4, 7)), "electronic steps of 4 ionic steps"),
    ("results/positions", None, "truncated at results/positions: no results in it"),
    (
        "results/positions/lattice_vectors",
        np.zeros((3, 3)),
        "corrupt at results/positions: a cell without volume",
    ),
    ("results/electron_dos/energies", -np.arange(61.0), "not ascending"),
    ("results/electron_dos/dosi", np.zeros((2, 60)), r"of shape \(2, 60\); expected \(2, 61\)"),
    ("results/electron_dos/dospar", None, "absent.*run VASP with LORBIT = 11"),
    ("results/electron_eigenvalues/eigenvalues", None, "absent at results/electron_eigenvalues/"),
    ("results/projectors/lchar", np.array([b"s", b"s"]), "corrupt at results/electron_dos/dospar"),
    ("input/incar/LDAU", np.int32(7), "7, not a logical"),
    ("input/incar/ENCUT", None, "INCAR sets ENCUT, but the settings that VASP read lack it"),
    ("input/potcar/content", None, "no POTCAR in it: nothing says which pseudopotentials"),
    ("input/potcar/content", b"TITEL = PAW_PBE O 08Apr2002\n", "1 pseudopotentials for 3 kinds"),
    ("version/minor", np.array(b"4"), "corrupt at version/minor: not 1 whole numbers"),
    ("version", None, "absent at version/major"),
]


@pytest.mark.parametrize(("name", "value", "match"), DAMAGE)
def test_damage_is_named(tmp_path, name, value, match):
    path = changed(tmp_path, name, value)
    with pytest.raises(VaspFileError, match=match):
        read_vaspout(path, eigenvalues=True, projection=O_P)


def test_what_is_asked_for_and_not_there_is_named(tmp_path):
    path = write(tmp_path / "vaspout.h5", even_run())
    for request, match in (
        (ProjectionRequest("p", element="P"), "no atom of P in Li Mn O"),
        (ProjectionRequest("g"), "absent at results/projectors/lchar: no column for 'g'"),
    ):
        with pytest.raises(VaspFileError, match=match):
            read_vaspout(path, projection=request)
    with pytest.raises(VaspFileError, match=r"unreadable.*No such file"):
        read_vaspout(tmp_path / "none.h5")


def test_cut_files_are_truncated_wherever_they_are_cut(tmp_path):
    path = write(tmp_path / "vaspout.h5", even_run())
    data = path.read_bytes()
    for share in (0.0, 0.0001, 0.0005, 0.3, 0.9, 0.9999):
        path.write_bytes(data[: int(share * len(data))])
        with pytest.raises(VaspFileError, match=r"truncated at the file: .*stopped while writing"):
            read_vaspout(path)


def test_a_compressed_file_is_read_as_the_plain_one(tmp_path):
    plain = write(tmp_path / "vaspout.h5", even_run())
    for suffix, module in ((".gz", gzip), (".xz", lzma)):
        packed = tmp_path / f"vaspout.h5{suffix}"
        packed.write_bytes(module.compress(plain.read_bytes()))
        assert read_vaspout(packed).energy_ev == read_vaspout(plain).energy_ev
        packed.write_bytes(module.compress(plain.read_bytes())[:-200])
        with pytest.raises(VaspFileError, match="truncated at the file"):
            read_vaspout(packed)


def test_other_files_are_named(tmp_path):
    path = tmp_path / "vaspout.h5"
    path.write_text("<modeling> and so on", encoding="ascii")
    with pytest.raises(VaspFileError, match=r"unreadable.*does not begin like an HDF5 file"):
        read_vaspout(path)


def test_links_out_of_the_file_are_refused(tmp_path):
    other = write(tmp_path / "other.h5", even_run())
    name = "results/electron_dos/dos"
    path = changed(tmp_path, name, h5py.ExternalLink(str(other), name))
    with pytest.raises(VaspFileError, match=r"refused at .*dos: a link that leads elsewhere"):
        read_vaspout(path, dos=True)
    path = changed(tmp_path, name, h5py.SoftLink("/results/electron_dos/dosi"))
    with pytest.raises(VaspFileError, match=r"refused at .*dos: a link that leads elsewhere"):
        read_vaspout(path, dos=True)
    path = changed(tmp_path, name, None)
    raw = tmp_path / "raw.bin"
    raw.write_bytes(np.zeros(122).tobytes())
    with h5py.File(path, "r+") as file:
        file.create_dataset(name, (2, 61), "<f8", external=[(str(raw), 0, h5py.h5f.UNLIMITED)])
    with pytest.raises(VaspFileError, match=r"refused at .*dos: its numbers are in another file"):
        read_vaspout(path, dos=True)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = changed(tmp_path, "results/electron_dos/dosi", None)
    with h5py.File(path, "r+") as file:
        file.create_dataset(
            "results/electron_dos/dosi", (2, 1 << 32), "<f8", chunks=(1, 1 << 16), compression=9
        )
        file["results/electron_dos/nedos"][...] = 61
    with pytest.raises(VaspFileError, match=r"refused at .*it claims 68719476736 bytes"):
        read_vaspout(path, dos=True)


def test_without_h5py_it_says_how_to_get_it(tmp_path, monkeypatch):
    path = write(tmp_path / "vaspout.h5", even_run())
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(VaspFileError, match=r"needs h5py; install it with pip install .*hdf5"):
        read_vaspout(path)
