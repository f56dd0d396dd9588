from __future__ import annotations

import gzip
import itertools
import lzma
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from pymatgen.io.vasp.outputs import Vasprun as PymatgenVasprun

from llo_dft.engines.vasp.files import byte_stream
from llo_dft.engines.vasp.files.vasprun.read_vasprun import (
    ProjectionRequest,
    VaspFileError,
    Vasprun,
    read_vasprun,
)
from llo_dft.testing.vasprun_writer import L_FIELDS, LM_FIELDS, LMF_FIELDS, Run, text

O_P = ProjectionRequest("p", element="O")


def written(folder: Path, run: Run) -> Path:
    path = folder / "vasprun.xml"
    path.write_text(text(run), encoding="latin-1")
    return path


def by_pymatgen(path: Path) -> PymatgenVasprun:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return PymatgenVasprun(str(path), parse_potcar_file=False)


def assert_same(own: Vasprun, peer: PymatgenVasprun) -> None:
    """Everything that both read is the same, to the bit unless sums are taken."""
    spins = sorted(peer.tdos.densities, key=int, reverse=True)
    assert own.steps[-1].energy_ev == pytest.approx(float(peer.final_energy), abs=1e-10)
    assert own.convergence.electronic == peer.converged_electronic
    assert own.convergence.ionic == peer.converged_ionic
    assert list(own.final.symbols) == peer.atomic_symbols
    np.testing.assert_array_equal(own.final.fractional, peer.final_structure.frac_coords)
    np.testing.assert_array_equal(own.final.lattice_angstrom, peer.final_structure.lattice.matrix)
    np.testing.assert_array_equal(
        own.steps[-1].forces_ev_per_angstrom, peer.ionic_steps[-1]["forces"]
    )
    np.testing.assert_array_equal(own.steps[-1].stress_kbar, peer.ionic_steps[-1]["stress"])
    assert own.total_dos is not None
    assert own.eigenvalues is not None
    assert own.fermi_ev == peer.efermi
    np.testing.assert_array_equal(own.total_dos.energies_ev, peer.tdos.energies)
    for index, spin in enumerate(spins):
        np.testing.assert_array_equal(own.total_dos.density[index], peer.tdos.densities[spin])
        np.testing.assert_array_equal(own.total_dos.integrated[index], peer.idos.densities[spin])
        bands = peer.eigenvalues[spin]
        np.testing.assert_array_equal(own.eigenvalues.energies_ev[index], bands[..., 0])
        np.testing.assert_array_equal(own.eigenvalues.occupations[index], bands[..., 1])
    if own.projected_dos is not None:
        for site, density in zip(own.projected_dos.sites, own.projected_dos.density, strict=True):
            for index, spin in enumerate(spins):
                orbitals = peer.pdos[site]
                sums = sum(
                    d[spin] for o, d in orbitals.items() if o.name[0] == own.projected_dos.orbital
                )
                np.testing.assert_allclose(density[index], sums, atol=1e-10, rtol=0)


@pytest.mark.parametrize(
    ("spins", "fields", "u_values", "energies", "old"),
    [
        *itertools.product(
            (1, 2), (L_FIELDS, LM_FIELDS), (None, {"Mn": 3.9}), ((-41.25,),), (False,)
        ),
        (2, LMF_FIELDS, None, (-41.0, -41.2, -41.201), False),
        (1, LM_FIELDS, {"Mn": 3.9}, (-41.0, -41.2, -41.201), True),
    ],
)
def test_reads_what_pymatgen_reads(tmp_path, spins, fields, u_values, energies, old):
    run = Run(spins=spins, fields=fields, u_values=u_values, energies=energies, old_energies=old)
    path = written(tmp_path, run)
    peer = by_pymatgen(path)
    for orbital in "spd":
        request = ProjectionRequest(orbital, element="O")
        assert_same(read_vasprun(path, eigenvalues=True, projection=request), peer)
    own = read_vasprun(path)
    assert own.fingerprint.functional == ("PBE+U" if u_values else "PBE")
    assert own.fingerprint.u_values_ev == (u_values or {})
    assert own.fingerprint.cutoff_ev == 520.0
    assert len(own.steps) == len(energies)
    assert own.problems == ()


def of_ase(name: str) -> Path:
    data = pytest.importorskip("ase.test.testdata", reason="ase without its test data")
    path = Path(next(iter(data.__path__))) / "vasp" / name
    if not path.is_file():
        pytest.skip("ase without its test data")
    return path


def test_reads_a_real_file():
    path = of_ase("vasprun_dfpt.xml")
    assert_same(read_vasprun(path, eigenvalues=True, dos=True), by_pymatgen(path))


def test_a_pressure_is_taken_out_of_the_energy_of_a_real_file():
    own = read_vasprun(of_ase("vasprun_pstress.xml"))
    assert own.steps[-1].energy_ev == -20.24720095  # of the last electronic step
    volume = abs(np.linalg.det(own.final.lattice_angstrom))
    enthalpy = -20.24010135  # of the step; 1 eV/A^3 are 1602.1766 kbar
    assert own.steps[-1].energy_ev + 1.0 * volume / 1602.1766 == pytest.approx(enthalpy, abs=1e-6)
    assert any("PSTRESS = 1 kbar" in note for note in own.notes)


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_compressed_is_the_same(tmp_path, suffix, pack):
    plain = written(tmp_path, Run())
    packed = tmp_path / f"vasprun.xml{suffix}"
    packed.write_bytes(pack(plain.read_bytes()))
    first, second = (read_vasprun(path, projection=O_P) for path in (plain, packed))
    assert first.projected_dos is not None
    assert second.projected_dos is not None
    np.testing.assert_array_equal(first.projected_dos.density, second.projected_dos.density)
    assert first.energy_ev == second.energy_ev
    packed.write_bytes(pack(plain.read_bytes())[:-20])
    with pytest.raises(VaspFileError, match=r"truncated.*compressed file ends|corrupt"):
        read_vasprun(packed, projection=O_P)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_bombs_are_refused(tmp_path, pack, monkeypatch):
    monkeypatch.setattr(byte_stream, "FREE_BYTES", 1 << 20)
    path = tmp_path / "vasprun.xml.gz"
    tag = text(Run(n_energies=11)).replace("<calculation>", "<calculation><projected>", 1)
    head = tag[: tag.index("<projected>") + 11].encode()
    path.write_bytes(pack(head + b" " * (1 << 24)))
    with pytest.raises(VaspFileError, match=r"refused.*200 times its size"):
        read_vasprun(path)


def test_projections_of_the_construction_are_found(tmp_path):
    run = Run(fields=LM_FIELDS)
    own = read_vasprun(written(tmp_path, run), projection=ProjectionRequest("px", element="O"))
    assert own.projected_dos is not None
    np.testing.assert_allclose(own.projected_dos.density, run.partial()[3:, :, 3], atol=1e-12)


def test_density_integrates_to_the_electrons(tmp_path):
    run = Run(n_energies=801, energy_range=(-10.0, 8.0))
    own = read_vasprun(written(tmp_path, run), dos=True)
    assert own.total_dos is not None
    dos = own.total_dos
    below = dos.energies_ev <= dos.fermi_ev
    electrons = np.trapezoid(dos.density[:, below], dos.energies_ev[below]).sum()
    assert electrons == pytest.approx(run.n_electrons, abs=0.02)


DAMAGE = [
    ("<modeling>", "<!DOCTYPE m [<!ENTITY a 'b'>]>\n<modeling>", "refused.*DOCTYPE"),
    ("</incar>", "&a;</incar>", "corrupt.*undefined entity"),
    ('<i name="e_fr_energy">    -41.', '<i name="e_fr_energy">************', "not a number"),
    ('<i name="e_0_energy">    -41.25248314', '<i name="e_0_energy">     NaN', "not a number.*NaN"),
    ("<rc><c>Mn</c><c>   2</c>", "<rc><c>Mn</c><c>   3</c>", "corrupt.*lists of atoms"),
    ("</modeling>", "", "truncated.*file ends here"),
    ("</modeling>", "</modeling>\n<modeling>", "text after"),
    (" </calculation>\n", "", "corrupt.*no end of <calculation>"),
    ('<set comment="ion 2">', '<set comment="ion 3">', "expected set number 2"),
]


@pytest.mark.parametrize(("before", "after", "match"), DAMAGE)
def test_damage_is_named(tmp_path, before, after, match):
    path = written(tmp_path, Run())
    content = path.read_text(encoding="latin-1")
    assert before in content
    path.write_text(content.replace(before, after), encoding="latin-1")
    with pytest.raises(VaspFileError, match=match):
        read_vasprun(path, eigenvalues=True, projection=O_P)


def damaged_row(path: Path, old: str, new: str) -> Path:
    """Change the first number that fits in the projections on the first O."""
    content = path.read_text(encoding="latin-1")
    start = content.index("<r>", content.index('<set comment="ion 4">'))
    path.write_text(content[:start] + content[start:].replace(old, new, 1), encoding="latin-1")
    return path


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("0.0000 </r>", "****** </r>", r"not a number at byte \d+.*is not"),
        ("0.0000 </r>", "0.00x0 </r>", r"corrupt at byte \d+ \(in <dos><partial>\): row 1 of 61"),
        ("   0.0000 </r>", "      NaN </r>", "not a number at byte"),
        ("<r>", "<s>", "corrupt.*is not"),
    ],
)
def test_damaged_projections_are_named(tmp_path, old, new, match):
    run = Run(fields=("    s", "    p"))
    path = damaged_row(written(tmp_path, run), old, new)
    with pytest.raises(VaspFileError, match=match):
        read_vasprun(path, projection=O_P)


def test_an_overflow_in_a_part_of_the_energy_that_nobody_uses_does_no_harm(tmp_path):
    path = written(tmp_path, Run())
    content = path.read_text(encoding="latin-1")
    stars = '<i name="pawpsdc">**************** </i>\n    <i name="e_fr_energy">'
    path.write_text(content.replace('<i name="e_fr_energy">', stars), encoding="latin-1")
    assert read_vasprun(path).energy_ev == pytest.approx(-41.25248314, abs=1e-8)


def test_what_is_absent_is_named(tmp_path):
    path = written(tmp_path, Run())
    for request, match in (
        (ProjectionRequest("p", element="P"), "no atom of P in Li Mn O"),
        (ProjectionRequest("g"), "no column for 'g'"),
    ):
        with pytest.raises(VaspFileError, match=match):
            read_vasprun(path, projection=request)
    path = written(tmp_path, Run(fields=None))
    with pytest.raises(VaspFileError, match=r"absent.*LORBIT"):
        read_vasprun(path, projection=O_P)
    with pytest.raises(VaspFileError, match=r"unreadable.*No such file"):
        read_vasprun(tmp_path / "none.xml")


@pytest.mark.parametrize(
    ("settings", "run", "electronic", "ionic", "match"),
    [
        ({"NELM": ("int", "     4")}, {}, False, True, "4 steps, and NELM is 4"),
        (
            {"NSW": ("int", "     2")},
            {"energies": (-1.0, -1.1)},
            True,
            False,
            "2 steps, and NSW is 2",
        ),
        (
            {"EDIFFG": ("", "     -0.00001000")},
            {"energies": (-1.0, -1.1)},
            True,
            False,
            "a force of",
        ),
        ({"EDIFF": ("", "      0.00000001")}, {}, False, True, "still changing by"),
        (
            {"IBRION": ("int", "     0"), "NSW": ("int", "     2")},
            {"energies": (-1.0, -1.1)},
            True,
            True,
            "",
        ),
    ],
)
def test_unconverged_runs_have_no_energy(tmp_path, settings, run, electronic, ionic, match):
    own = read_vasprun(written(tmp_path, Run(settings=settings, **run)))
    assert (own.convergence.electronic, own.convergence.ionic) == (electronic, ionic)
    assert match in " ".join(own.problems)
    assert (own.energy_ev is None) == (not (electronic and ionic))


@pytest.mark.parametrize(
    ("settings", "functional"),
    [
        (
            {
                "LHFCALC": ("logical", " T  "),
                "AEXX": ("", "      0.25000000"),
                "HFSCREEN": ("", "      0.20000000"),
            },
            "HSE06",
        ),
        ({"LHFCALC": ("logical", " T  "), "AEXX": ("", "      0.25000000")}, "PBE0"),
        (
            {
                "LHFCALC": ("logical", " T  "),
                "AEXX": ("", "      0.25000000"),
                "HFSCREEN": ("", "      0.20700000"),
            },
            "HSE06(HFSCREEN=0.207)",
        ),
        ({"GGA": ("string", "PS")}, "PBEsol"),
        ({"GGA": ("string", "--")}, "PBE"),
        ({"METAGGA": ("string", "R2SCAN")}, "r2SCAN"),
    ],
)
def test_functionals(tmp_path, settings, functional):
    assert (
        read_vasprun(written(tmp_path, Run(settings=settings))).fingerprint.functional == functional
    )


def test_k_spacing_counts_two_pi(tmp_path):
    run = Run(lattice=np.diag([5.0, 4.0, 8.0]), n_kpoints=4)
    spacing = read_vasprun(written(tmp_path, run)).fingerprint.k_spacing_per_angstrom
    assert spacing == pytest.approx(2 * np.pi / 4.0, abs=1e-8)  # 4 x 1 x 1: b is the coarsest


def test_another_layout_is_read_word_by_word(tmp_path):
    path = written(tmp_path, Run())
    first = read_vasprun(path, eigenvalues=True, projection=O_P)
    content = path.read_text(encoding="latin-1")
    path.write_text(content.replace(" </r>\n", "</r>"), encoding="latin-1")
    second = read_vasprun(path, eigenvalues=True, projection=O_P)
    assert first.projected_dos is not None
    assert second.projected_dos is not None
    np.testing.assert_array_equal(first.projected_dos.density, second.projected_dos.density)
    assert second.eigenvalues is not None
    assert second.eigenvalues.energies_ev.shape == (2, 2, 54)
    path.write_text(
        content.replace(" </r>\n", "</r>").replace("0.0000</r>", "******</r>", 1),
        encoding="latin-1",
    )
    with pytest.raises(VaspFileError, match="not a number"):
        read_vasprun(path, eigenvalues=True)


def test_two_lists_of_k_points_and_velocities_are_passed_over(tmp_path):
    path = written(tmp_path, Run())
    content = path.read_text(encoding="latin-1")
    kpoints = content[content.index(" <kpoints>") : content.index(" <parameters>")]
    bands = content[content.index("  <eigenvalues>") : content.index("  <dos>")]
    other = bands.replace("<field>occ</field>", "<field>data</field>")
    velocities = f"  <electronvelocities>\n{kpoints}{other}  </electronvelocities>\n"
    second = kpoints.replace("0.50000000", "0.25000000")
    content = content.replace(" <atominfo>", f"{second} <atominfo>")
    path.write_text(content.replace("  <dos>", f"{velocities}  <dos>"), encoding="latin-1")
    own = read_vasprun(path, eigenvalues=True, dos=True)
    np.testing.assert_array_equal(own.header.kpoints.points[1], [0.5, 0, 0])
    np.testing.assert_allclose(own.eigenvalues.energies_ev, Run().bands()[..., 0], atol=1e-12)


def test_a_run_without_steps_is_read_and_has_no_energy(tmp_path):
    path = written(tmp_path, Run())  # as a run of BSE, which reads the states of another
    content = path.read_text(encoding="latin-1")
    start, end = content.index(" <calculation>"), content.index(' <structure name="finalpos"')
    path.write_text(content[:start] + "</modeling>\n", encoding="latin-1")
    own = read_vasprun(path)
    assert own.energy_ev is None
    assert own.final.formula == "Li2 Mn1 O3"
    assert "the run has no total energy" in own.problems
    path.write_text(content[:start], encoding="latin-1")
    with pytest.raises(VaspFileError, match="truncated"):
        read_vasprun(path)
    assert end > start


def test_a_long_last_move_of_molecular_dynamics_is_read(tmp_path):
    path = written(tmp_path, Run())
    still = read_vasprun(path)
    before, mark, after = path.read_text(encoding="latin-1").partition('name="finalpos"')
    first = re.compile(r'("positions" >\s*<v>)\s*\S+')
    path.write_text(before + mark + first.sub(r"\1 0.43219876", after, count=1), encoding="latin-1")
    moved = read_vasprun(path)
    assert moved.final.fractional[0, 0] == pytest.approx(0.43219876)
    assert abs(moved.final.fractional - still.final.fractional)[0, 0] > 0.1
    assert moved.energy_ev == still.energy_ev


def test_an_overflow_in_an_early_electronic_step_does_no_harm(tmp_path):
    path = written(tmp_path, Run())
    content = path.read_text(encoding="latin-1")
    place = content.index('name="e_fr_energy">') + len('name="e_fr_energy">')
    path.write_text(f"{content[:place]}{'*' * 16}{content[place + 16 :]}", encoding="latin-1")
    own = read_vasprun(path)
    assert own.energy_ev == pytest.approx(-41.25248314, abs=1e-8)
    assert np.isnan(own.steps[0].electronic_ev[0])


def test_another_file_of_vasp_is_named(tmp_path):
    path = tmp_path / "OUTCAR"
    path.write_text(" vasp.6.4.2 20Jul23\n executed on\n")
    with pytest.raises(VaspFileError, match=r"unreadable: this is not a vasprun.xml"):
        read_vasprun(path)
