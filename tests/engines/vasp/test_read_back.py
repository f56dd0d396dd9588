import numpy as np
import pytest

from llo_dft.engines.vasp.files.file_errors import MARK
from llo_dft.engines.vasp.files.vasprun.read_vasprun import VaspFileError
from llo_dft.engines.vasp.read_back import read_back
from llo_dft.testing import vasprun_writer


def run_in(folder, **fields):
    """A folder with a small vasprun.xml."""
    text = vasprun_writer.text(vasprun_writer.Run(**fields))
    (folder / "vasprun.xml").write_text(text, encoding="latin-1")
    return text


def test_settings_energy_and_structure_are_those_of_the_file(tmp_path):
    run_in(tmp_path, u_values={"Mn": 3.9})
    found = read_back(tmp_path)
    assert found.fingerprint.engine_version == "6.4.2"
    assert found.fingerprint.u_values_ev == {"Mn": 3.9}
    assert found.energy_ev is not None
    assert np.isfinite(found.energy_ev)
    assert "Mn" in found.structure.symbol_set
    assert (found.problems, found.mock, found.magmoms_mu_b) == ((), False, None)


def test_only_version_k_spacing_and_what_hardly_counts_are_left_to_the_run(tmp_path):
    run_in(tmp_path)
    of_the_run = {"engine_version", "k_spacing_per_angstrom", "other_settings"}
    assert set(read_back(tmp_path).of_the_run) == of_the_run


def test_a_run_that_did_not_converge_has_a_problem(tmp_path):
    run_in(tmp_path, n_electronic=60)
    assert read_back(tmp_path).problems == ("not converged: 60 steps, and NELM is 60",)


def test_a_stand_ins_file_is_known_by_its_mark(tmp_path):
    text = run_in(tmp_path)
    (tmp_path / "vasprun.xml").write_text(text.replace("6.4.2", f"6.4.2 {MARK}"), "latin-1")
    assert read_back(tmp_path).mock


def test_a_missing_or_damaged_file_is_an_error(tmp_path):
    with pytest.raises(VaspFileError, match="no vasprun"):
        read_back(tmp_path)
    text = run_in(tmp_path)
    (tmp_path / "vasprun.xml").write_text(text[: len(text) // 2], encoding="latin-1")
    with pytest.raises(VaspFileError, match="vasprun"):
        read_back(tmp_path)
