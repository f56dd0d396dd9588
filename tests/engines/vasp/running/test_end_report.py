import json

import pytest

from llo_dft.engines.vasp.running.end_report import corrections, failure, reached_wall_time, run_log

ZBRENT = {
    "errors": ["zbrent"],
    "actions": [
        {"file": "CONTCAR", "action": {"_file_copy": {"dest": "POSCAR"}}},
        {"dict": "INCAR", "action": {"_set": {"EDIFF": 1e-6}}},
    ],
}
STUCK = {"errors": ["Positive energy"], "actions": None}
STOPPED = {"errors": ["Walltime reached"], "actions": None}
AFTER_STOP = {
    "errors": ["Unconverged"],
    "actions": [{"dict": "INCAR", "action": {"_set": {"IBRION": 1}}}],
}


class ReturnCodeError(Exception):
    """Stands for custodian's."""


ReturnCodeError.__module__ = "custodian.custodian"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "std_err.txt").write_text("", encoding="ascii")
    lines = " | Tetrahedra! |\nDAV: 1 -0.1E+02\n\n   1 F= -.1E+03\n writing wavefunctions \n"
    (tmp_path / "vasp.out").write_text(lines, encoding="ascii")
    return tmp_path


def log(folder, *made, **entry):
    (folder / "custodian.json").write_text(
        json.dumps([{"corrections": list(made), **entry}]), encoding="utf-8"
    )
    return run_log(folder)


def test_a_repair_says_what_was_wrong_and_what_was_changed(folder):
    assert corrections(log(folder, ZBRENT, STUCK)) == [
        "ZBRENT (line search of the relaxation): CONTCAR copied to POSCAR, EDIFF = 1e-06"
    ]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ({"file": "WAVECAR", "action": {"_file_delete": {"mode": "actual"}}}, "WAVECAR removed"),
        ({"dict": "INCAR", "action": {"_unset": {"IMIX": 1}}}, "IMIX taken out"),
        (
            {"dict": "KPOINTS", "action": {"_set": {"generation_style": "Gamma"}}},
            "generation_style",
        ),
        ({"dict": "POSCAR", "action": {"_set": {"structure": {}}}}, "POSCAR changed"),
    ],
)
def test_every_kind_of_action_has_its_words(folder, action, words):
    (text,) = corrections(log(folder, {"errors": ["x"], "actions": [action]}))
    assert text.startswith(f"x: {words}")


def test_what_is_changed_after_the_wall_time_is_no_repair(folder):
    found = log(folder, ZBRENT, STOPPED, AFTER_STOP)
    assert reached_wall_time(found)
    assert len(corrections(found)) == 1
    assert not reached_wall_time(log(folder, ZBRENT))


def test_a_log_that_is_missing_or_cut_off_is_empty(folder):
    assert run_log(folder) == []
    (folder / "custodian.json").write_text('[{"corrections": [', encoding="ascii")
    assert run_log(folder) == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (-9, "VASP was killed by SIGKILL"),
        (137, "VASP was killed by SIGKILL"),
        (-11, "VASP was killed by SIGSEGV"),
        (174, "VASP ended with exit status 174"),
        (1, "VASP ended with exit status 1"),
    ],
)
def test_the_exit_status_is_told_even_if_a_file_was_found_bad_first(folder, status, expected):
    log(folder, validator={"@class": "VasprunXMLValidator"})
    reason = failure(ReturnCodeError("bad"), folder, status)
    assert reason.startswith(expected)
    assert reason.endswith("its last words: 'Tetrahedra!'")


def test_files_are_blamed_only_if_vasp_ended_well(folder):
    log(folder, validator={"@class": "VasprunXMLValidator"})
    assert "vasprun.xml is cut off" in failure(ReturnCodeError("bad"), folder, 0)
    log(folder, validator={"@class": "VaspFilesValidator"})
    assert "no CONTCAR, OSZICAR or OUTCAR" in failure(ReturnCodeError("bad"), folder, 0)


def test_custodians_own_verdict_comes_first(folder):
    log(folder, ZBRENT, ZBRENT, max_errors=True)
    text = failure(ReturnCodeError("bad"), folder, -15)
    assert text.startswith("custodian gave up after 2 repairs: ZBRENT")
    log(folder, ZBRENT, STUCK, handler={"@class": "PositiveEnergyErrorHandler"})
    text = failure(ReturnCodeError("bad"), folder, -15)
    assert text.startswith("custodian knows no repair: positive total energy")


def test_a_repair_that_failed_is_not_called_a_kill(folder):
    log(folder)
    text = failure(ValueError("Empty\n POSCAR"), folder, -15)
    assert text.startswith("custodian stopped VASP and failed at the repair (ValueError: Empty PO")
    assert "can not be read (ValueError" in failure(ValueError("odd"), folder, 0)


def test_the_line_that_says_most_is_quoted(folder):
    (folder / "std_err.txt").write_text(
        "forrtl: No space left on device\nforrtl: severe (38): error during write\n",
        encoding="ascii",
    )
    assert "'forrtl: No space left on device'" in failure(ReturnCodeError("bad"), folder, 38)
