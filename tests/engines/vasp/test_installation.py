import pytest

from llo_dft.engines.base import EngineError
from llo_dft.engines.vasp.installation import VaspMachine, check_potcars, check_program
from llo_dft.testing import stub_potcars

VARIABLES = (
    *("ATOMATE2_VASP_CMD", "LLO_DFT_JOB_END_TIME", "SLURM_JOB_END_TIME"),
    *("LLO_DFT_VASP_STOP_BEFORE_S", "LLO_DFT_VASP_POLLING_S", "LLO_DFT_VASP_MONITOR_S"),
    "LLO_DFT_RANKS",
)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_without_a_word_vasp_is_vasp_std_and_time_has_no_end():
    machine = VaspMachine.here()
    assert machine.command == "vasp_std"
    assert machine.end_time is None
    assert (machine.polling_s, machine.monitor_s, machine.stop_before_s) == (10, 300, 300)


def test_the_environment_is_read_when_it_is_needed(monkeypatch):
    monkeypatch.setenv("ATOMATE2_VASP_CMD", "srun vasp_std")
    monkeypatch.setenv("SLURM_JOB_END_TIME", "2000")
    assert VaspMachine.here().command == "srun vasp_std"
    assert VaspMachine.here().end_time == 2000
    monkeypatch.setenv("LLO_DFT_JOB_END_TIME", "1000")
    assert VaspMachine.here().end_time == 1000


@pytest.mark.parametrize("name", ["LLO_DFT_JOB_END_TIME", "LLO_DFT_RANKS"])
def test_what_is_no_number_is_refused(monkeypatch, name):
    monkeypatch.setenv(name, "tomorrow")
    with pytest.raises(EngineError, match=f"{name} = 'tomorrow' .* expected a number"):
        VaspMachine.here()


def test_a_command_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("ATOMATE2_VASP_CMD", "no_such_launcher vasp_std")
    with pytest.raises(EngineError, match="'no_such_launcher vasp_std' is not found here; set"):
        check_program()
    monkeypatch.setenv("ATOMATE2_VASP_CMD", "ls -l")
    check_program()


@pytest.mark.filterwarnings("ignore:POTCAR data")
def test_pseudopotentials_are_found_as_pymatgen_finds_them(tmp_path, monkeypatch):
    from pymatgen.io.vasp.inputs import PotcarSingle

    stub_potcars.use(stub_potcars.install(tmp_path), monkeypatch)
    check_potcars(["Li", "O", "Mn"])
    assert PotcarSingle.from_symbol_and_functional("Li_sv", "PBE_54").nelectrons == 3


def test_missing_and_other_pseudopotentials_are_refused_by_name(tmp_path, monkeypatch):
    folder = stub_potcars.install(tmp_path)
    stub_potcars.use(folder, monkeypatch)
    file = folder / "POT_GGA_PAW_PBE_54" / "O" / "POTCAR"
    file.write_text(file.read_text(encoding="ascii").replace("08Apr2002", "22Mar2012"), "ascii")
    with pytest.raises(
        EngineError, match=r"O in .* is 'PAW_PBE O 22Mar2012'; expected 'PAW_PBE O 08"
    ):
        check_potcars(["O"])
    file.unlink()
    with pytest.raises(EngineError, match="the pseudopotential O is not found in"):
        check_potcars(["Li", "O"])


def test_a_folder_that_nobody_named_is_asked_for(monkeypatch):
    from pymatgen.core import SETTINGS

    monkeypatch.delenv("PMG_VASP_PSP_DIR", raising=False)
    monkeypatch.delitem(SETTINGS, "PMG_VASP_PSP_DIR", raising=False)
    with pytest.raises(EngineError, match="not known here; set PMG_VASP_PSP_DIR"):
        check_potcars(["O"])
