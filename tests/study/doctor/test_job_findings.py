"""What both doctors make of what a job's shell and a scheduler say."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from llo_dft.engines.base import Program
from llo_dft.study.doctor import job_findings
from llo_dft.study.doctor.job_findings import (
    program_findings,
    scheduler_finding,
    script_finding,
    walltime_finding,
)
from llo_dft.study.doctor.job_shell import ProbeError
from llo_dft.submit.batch import BATCH_SYSTEMS, BatchError

PROGRAM = Program("VASP", "ATOMATE2_VASP_CMD")
WELL = [
    {"what": "llo_dft", "state": "ok", "found": "1.0", "remedy": ""},
    {"what": "engine chgnet", "state": "ok", "found": "0.4.2", "remedy": ""},
    {"what": "engine sevenn", "state": "optional", "found": "not installed", "remedy": "x"},
    {"what": "VASP's command", "state": "optional", "found": "not found", "remedy": "set it"},
]


class Shell:
    """A job's shell that prints what it is given, or fails."""

    def __init__(self, printed: str | ProbeError, program: str | ProbeError = "/bin/vasp") -> None:
        self.printed, self.program = printed, program

    def run_package(self, *arguments: str) -> str:
        assert arguments == ("doctor", "--json")
        return self._give(self.printed)

    def find_program(self, variable: str) -> str:
        assert variable == PROGRAM.variable
        return self._give(self.program)

    def _give(self, what: str | ProbeError) -> str:
        if isinstance(what, ProbeError):
            raise what
        return what


def findings(shell: Shell, *programs: Program) -> dict[str, tuple[str, str, str]]:
    found = program_findings(shell, "a node", programs, package="install it", settings="the file")
    return {one.what: (one.state, one.found, one.remedy) for one in found}


def test_without_a_program_the_potentials_that_are_there_count() -> None:
    printed = f"Welcome\n{json.dumps(WELL, indent=1)}\n"
    assert findings(Shell(printed)) == {
        "Python on a node": ("ok", "1.0", ""),
        "engine chgnet on a node": ("ok", "0.4.2", ""),
    }


def test_what_is_optional_to_a_person_is_missing_to_a_job_that_does_nothing_else() -> None:
    found = findings(Shell(json.dumps(WELL, indent=1)), PROGRAM)
    assert found["VASP's command on a node"] == ("missing", "not found", "set it\nsee the file")
    assert found["VASP itself on a node"] == ("ok", "/bin/vasp", "")
    assert "engine chgnet on a node" not in found


def test_a_program_that_is_not_found_names_where_it_is_set() -> None:
    shell = Shell(json.dumps(WELL, indent=1), ProbeError("ATOMATE2_VASP_CMD is not set"))
    state, text, remedy = findings(shell, PROGRAM)["VASP itself on a node"]
    assert (state, text) == ("missing", "ATOMATE2_VASP_CMD is not set")
    assert remedy.startswith("see modules and ATOMATE2_VASP_CMD of the file; ")


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        (ProbeError("no such file"), "no such file"),
        ("Welcome\nbash: python: command not found\n", "it says 'bash: python: command not found'"),
        ("[\n {", "it says ' {'"),
    ],
)
def test_a_package_that_does_not_start_is_all_that_is_said(printed: Any, text: str) -> None:
    assert findings(Shell(printed), PROGRAM) == {
        "Python on a node": ("missing", text, "install it")
    }


def test_a_scheduler_answers_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise BatchError("squeue is not on the PATH; run this elsewhere, and see 'scheduler'")

    for jobs, expected in ((lambda: {"1": 0, "2": 0}, "it answers; 2 jobs of yours"), (refuse, "")):
        monkeypatch.setitem(BATCH_SYSTEMS, "slurm", SimpleNamespace(jobs=jobs))
        found = scheduler_finding("slurm", "remedy")
        assert found.found == (expected or "squeue is not on the PATH")
        assert (found.state, found.remedy) == (("ok", "") if expected else ("missing", "remedy"))


def test_slurms_word_on_a_script(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(script: str) -> None:
        raise ProbeError(f"no partition in {script}")

    monkeypatch.setattr(job_findings, "check_slurm_script", refuse)
    found = script_finding("a job", "the script", " on worker x", "remedy")
    assert (found.state, found.found) == ("missing", "refused: no partition in the script")
    monkeypatch.setattr(job_findings, "check_slurm_script", lambda _: None)
    assert (
        script_finding("a job", "", " on worker x", "").found == "Slurm would take it on worker x"
    )


@pytest.mark.parametrize(
    ("part", "state"), [(0.79, "ok"), (0.8, "ok"), (0.81, "missing"), (5.0, "missing")]
)
def test_an_estimate_may_take_four_fifths_of_a_walltime(part: float, state: str) -> None:
    study: Any = SimpleNamespace(engine=SimpleNamespace(name="e"))
    found = walltime_finding(study, lambda _: ("bulk", part, "raise it"), "unknown")
    assert (found.state, found.remedy) == (state, "" if state == "ok" else "raise it")
    assert found.found == f"bulk takes the most, about {100 * part:.0f} % of its walltime"


def test_no_study_and_an_engine_that_can_not_tell_are_no_faults() -> None:
    study: Any = SimpleNamespace(engine=SimpleNamespace(name="e"))
    assert walltime_finding(None, lambda _: None, "unknown").state == "optional"
    found = walltime_finding(study, lambda _: None, "unknown")
    assert (found.state, found.remedy) == ("optional", "unknown")
    assert "the engine e can't estimate" in found.found
