import pytest
import vasprun_writer

from llo_dft.documents.calculation import Fingerprint
from llo_dft.engines.vasp.files.standin_mark import MARK
from llo_dft.engines.vasp.files.vasprun.read_vasprun import VaspFileError, read_vasprun
from llo_dft.jobs.read_back import ReadBackError, read_back


@pytest.fixture
def run(tmp_path):
    """A folder with a small vasprun.xml, and what that file says of itself."""
    text = vasprun_writer.text(vasprun_writer.Run(u_values={"Mn": 3.9}))
    (tmp_path / "vasprun.xml").write_text(text, encoding="latin-1")
    found = read_vasprun(tmp_path / "vasprun.xml")
    return tmp_path, Fingerprint(**found.settings.as_fields()), found.energy_ev


def test_what_agrees_gets_the_version_and_k_points_of_the_run(run):
    folder, fingerprint, energy = run
    asked = fingerprint.model_copy(update={"engine_version": "", "k_spacing_per_angstrom": 0.5})
    found = read_back(folder, asked, energy)
    assert found.fingerprint == fingerprint
    assert found.fingerprint.engine_version == "6.4.2"
    assert not found.mock


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cutoff_ev": 650.0}, r"cutoff_ev: 650\.0 was asked for, VASP's output has 520\.0"),
        ({"functional": "PBE"}, r"functional: 'PBE' was asked for, VASP's output has 'PBE\+U'"),
        ({"u_values_ev": {"Mn": 4.0}}, r"u_values_ev: \{'Mn': 4\.0\} was .* \{'Mn': 3\.9\}"),
        ({"pseudopotentials": {}}, "pseudopotentials: .* has .*PAW_PBE Mn_pv 02Aug2007"),
        ({"dispersion": "D3(BJ)"}, r"dispersion: 'D3\(BJ\)' was asked for"),
    ],
)
def test_another_setting_is_refused_with_both_values(run, changes, message):
    folder, fingerprint, energy = run
    with pytest.raises(ReadBackError, match=message):
        read_back(folder, fingerprint.model_copy(update=changes), energy)


def test_another_energy_is_refused_with_both(run):
    folder, fingerprint, energy = run
    with pytest.raises(ReadBackError, match=rf"atomate2 read .* eV, vasprun.xml has {energy}"):
        read_back(folder, fingerprint, energy + 2e-5)
    read_back(folder, fingerprint, energy + 5e-6)


def test_a_run_that_did_not_converge_is_refused(tmp_path):
    text = vasprun_writer.text(vasprun_writer.Run(n_electronic=60))
    (tmp_path / "vasprun.xml").write_text(text, encoding="latin-1")
    found = read_vasprun(tmp_path / "vasprun.xml")
    fingerprint = Fingerprint(**found.settings.as_fields())
    with pytest.raises(ReadBackError, match="not converged: 60 steps, and NELM is 60"):
        read_back(tmp_path, fingerprint, found.steps[-1].energy_ev)


def test_a_stand_ins_file_is_known_by_its_mark(run):
    folder, fingerprint, energy = run
    text = (folder / "vasprun.xml").read_text(encoding="latin-1")
    (folder / "vasprun.xml").write_text(text.replace("6.4.2", f"6.4.2 {MARK}"), "latin-1")
    assert read_back(folder, fingerprint, energy).mock


def test_a_missing_or_damaged_file_is_an_error(run, tmp_path):
    folder, fingerprint, energy = run
    text = (folder / "vasprun.xml").read_text(encoding="latin-1")
    (folder / "vasprun.xml").write_text(text[: len(text) // 2], encoding="latin-1")
    with pytest.raises(VaspFileError, match="vasprun"):
        read_back(folder, fingerprint, energy)
    (folder / "vasprun.xml").unlink()
    with pytest.raises(VaspFileError, match="no vasprun"):
        read_back(tmp_path, fingerprint, energy)


def test_other_engines_leave_no_vasprun(tmp_path):
    asked = Fingerprint(engine="chgnet", engine_version="1", functional="PBE")
    found = read_back(tmp_path, asked, -1.0)
    assert (found.fingerprint, found.mock) == (asked, False)
