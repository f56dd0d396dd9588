from __future__ import annotations

import bz2
import gzip
import lzma

import pytest
from vaspout_writer import write

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.run_folder import find_outcar, find_run, read_run
from llo_dft.testing.vasprun_writer import Run, text

XML = text(Run()).encode("latin-1")


def other(energy: float) -> bytes:
    return text(Run(energies=(energy,), entropy=0.0)).encode("latin-1")


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [
        ("", bytes),
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
        (".lzma", lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE)),
    ],
)
def test_a_run_is_found_however_it_is_packed(tmp_path, suffix, pack):
    (tmp_path / f"vasprun.xml{suffix}").write_bytes(pack(XML))
    assert read_run(tmp_path).energy_ev == pytest.approx(-41.25248314, abs=1e-8)


def test_of_a_row_of_relaxations_the_last_is_read_and_named(tmp_path):
    for number in (1, 2, 10):
        path = tmp_path / f"vasprun.xml.relax{number}.gz"
        path.write_bytes(gzip.compress(other(-40.0 - number)))
        (tmp_path / f"OUTCAR.relax{number}").write_text("")
    run = read_run(tmp_path)
    assert run.energy_ev == -50.0
    assert run.notes == ("read from vasprun.xml.relax10.gz",)
    assert find_outcar(run.path).name == "OUTCAR.relax10"
    (tmp_path / "vasprun.xml").write_bytes(other(-60.0))  # the single point that follows them
    assert read_run(tmp_path).energy_ev == -60.0
    assert find_outcar(tmp_path / "vasprun.xml") is None


def test_two_runs_in_one_folder_are_both_named_and_none_is_taken(tmp_path):
    (tmp_path / "vasprun.xml").write_bytes(other(-40.0))
    (tmp_path / "vasprun.xml.gz").write_bytes(gzip.compress(other(-47.0)))
    with pytest.raises(VaspFileError, match=r"vasprun.xml and vasprun.xml.gz are from two runs"):
        read_run(tmp_path)
    assert read_run(tmp_path / "vasprun.xml.gz").energy_ev == -47.0
    (tmp_path / "vasprun.xml.gz").write_bytes(gzip.compress(other(-40.0)))  # a packed copy
    assert read_run(tmp_path).energy_ev == -40.0


def test_a_name_that_could_be_a_run_is_named(tmp_path):
    (tmp_path / "vasprun.xml.static.gz").write_bytes(gzip.compress(XML))
    with pytest.raises(VaspFileError, match=r"name the file to read.* vasprun.xml.static.gz"):
        read_run(tmp_path)
    assert read_run(tmp_path / "vasprun.xml.static.gz").energy_ev is not None


def test_a_link_that_leads_nowhere_is_named(tmp_path):
    (tmp_path / "vasprun.xml").symlink_to(".git/annex/objects/x")
    with pytest.raises(VaspFileError, match=r"vasprun.xml is a link to a file that is not here"):
        read_run(tmp_path)


def test_vasprun_xml_goes_before_vaspout_h5_even_if_it_is_damaged(tmp_path):
    run = Run(n_energies=57)
    write(tmp_path / "vaspout.h5", run)
    assert find_run(tmp_path).name == "vaspout.h5"
    assert read_run(tmp_path, dos=True).fermi_ev == run.fermi
    (tmp_path / "vasprun.xml").write_bytes(XML[:5000])
    assert find_run(tmp_path).name == "vasprun.xml"
    with pytest.raises(VaspFileError, match="truncated"):
        read_run(tmp_path)
    (tmp_path / "vasprun.xml").unlink()
    renamed = (tmp_path / "vaspout.h5").rename(tmp_path / "slab.h5")
    assert read_run(renamed).energy_ev is not None  # known by its content
    with pytest.raises(VaspFileError, match=r"no vasprun.xml and no vaspout.h5 in this folder"):
        find_run(tmp_path)
    with pytest.raises(VaspFileError, match="no such file or folder"):
        find_run(tmp_path / "none")


def test_a_packed_vaspout_is_read_and_named(tmp_path):
    plain = write(tmp_path / "vaspout.h5", Run())
    (tmp_path / "vaspout.h5.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    run = read_run(tmp_path)
    assert run.energy_ev is not None
    assert "read from vaspout.h5.gz" in run.notes


def outcar(energy: float, word: str) -> str:
    return (
        " vasp.6.4.2\n-------- Iteration      1(   1)  --------\n"
        f"{word}\n  free  energy   TOTEN  = {energy:18.8f} eV\n"
    )


REACHED = "------- aborting loop because EDIFF is reached -------"


def test_outcar_decides_where_a_vaspout_does_not_say(tmp_path):
    run = Run(entropy=0.0, n_energies=57)
    write(tmp_path / "vaspout.h5", run, history=False, verdict=None)
    unknown = read_run(tmp_path)
    assert unknown.energy_ev == run.energies[-1]
    assert any("does not say whether the electrons converged" in note for note in unknown.notes)
    (tmp_path / "OUTCAR").write_text(outcar(run.energies[-1], REACHED))
    known = read_run(tmp_path)
    assert known.convergence.electronic
    assert known.convergence.electronic_reason == "OUTCAR: EDIFF is reached"
    assert not any("does not say" in note for note in known.notes)
    (tmp_path / "OUTCAR").write_text(
        outcar(run.energies[-1], "aborting loop EDIFF was not reached (unconverged)")
    )
    assert read_run(tmp_path).energy_ev is None


def test_outcar_has_the_last_word_on_the_ions(tmp_path):
    """EDIFFG = 1E-8: the last change is above it by what VASP does not print."""
    settings = {"EDIFFG": ("", f"{1e-8:16.8f}"), "IBRION": ("int", "     2")}
    run = Run(energies=(-4.82, -4.828203), entropy=0.0, settings=settings)
    (tmp_path / "vasprun.xml").write_text(text(run), encoding="latin-1")
    assert "energy still changing" in read_run(tmp_path).convergence.ionic_reason
    reached = " reached required accuracy - stopping structural energy minimisation\n"
    (tmp_path / "OUTCAR").write_text(outcar(-4.828203, REACHED) + reached)
    assert read_run(tmp_path).energy_ev == -4.828203
    (tmp_path / "OUTCAR").write_text(outcar(-9.0, REACHED) + reached)
    foreign = read_run(tmp_path)
    assert foreign.energy_ev is None
    assert any("OUTCAR is from another run" in note for note in foreign.notes)
