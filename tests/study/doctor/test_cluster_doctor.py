"""What a doctor says of a cluster file: each fault by itself, with what to do about it."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from cluster_studies import write_cluster
from slow_engine import SlowEngine
from studies import tiny_recipe

from llo_dft.study.doctor import job_findings
from llo_dft.study.doctor.cluster_doctor import examine_cluster
from llo_dft.study.doctor.job_findings import JobShell
from llo_dft.study.folder import StudyFolder
from llo_dft.study.run_study import prepare_run
from llo_dft.submit.batch import BATCH_SYSTEMS

if TYPE_CHECKING:
    from pathlib import Path

    from slurm import LocalSlurm

    from llo_dft.documents.document import Finding
    from llo_dft.study.run_study import PreparedRun

#: Starts the package where the potentials are not installed: what it says of them takes seconds.
WITHOUT_POTENTIALS = f"""#!/bin/bash
shift 3
exec '{sys.executable}' -P -c '
import sys
sys.modules |= dict.fromkeys(["chgnet", "sevenn"])
from llo_dft.cli.main import command_line
command_line()' "$@"
"""

VASP_NAMES = {"VASP's command on a job", "VASP's POTCARs on a job", "VASP itself on a job"}


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.what: finding for finding in findings}


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Slurm that takes everything."""
    queue = SimpleNamespace(jobs=lambda: dict.fromkeys("123"))
    monkeypatch.setitem(BATCH_SYSTEMS, "slurm", queue)
    monkeypatch.setattr(job_findings, "check_slurm_script", lambda _: None)


@pytest.fixture(scope="module")
def printed() -> str:
    """What the package says of itself where it is installed: it takes seconds to start."""
    return JobShell((), sys.executable, login=False).run_package("doctor", "--json")


@pytest.fixture
def installed(printed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job finds the package; for tests that are about something else."""
    monkeypatch.setattr(JobShell, "run_package", lambda *_: printed)


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PreparedRun:
    monkeypatch.setattr("llo_dft.study.run_study.engine_from", SlowEngine)
    folder = StudyFolder(tmp_path / "of-no-study")
    return prepare_run(tiny_recipe(), tmp_path, folder, computes_here=False)


@pytest.mark.usefixtures("answering", "installed")
def test_a_file_that_is_well(tmp_path: Path) -> None:
    found = by_name(examine_cluster(write_cluster(tmp_path), None))
    assert {name for name, one in found.items() if one.state != "ok"} == {"walltimes"}
    assert found["scheduler slurm"].found == "it answers; 3 jobs of yours"
    assert found["the job of workers"].found == found["the job of driver"].found
    assert found["Python on a job"].found.startswith("0.")
    assert "engine chgnet on a job" in found
    assert not VASP_NAMES & set(found)


@pytest.mark.usefixtures("answering", "installed")
def test_what_a_job_lacks(tmp_path: Path) -> None:
    vasp = {"ranks": 1}
    found = by_name(examine_cluster(write_cluster(tmp_path, workers=vasp), None))
    assert {found[name].state for name in VASP_NAMES} == {"missing"}
    assert "PMG_VASP_PSP_DIR" in found["VASP's POTCARs on a job"].remedy
    assert f"see prologue in {tmp_path}" in found["VASP's POTCARs on a job"].remedy
    assert "engine chgnet on a job" not in found


@pytest.mark.usefixtures("answering")
def test_vasp_behind_what_starts_it_and_a_prologue_that_talks(tmp_path: Path) -> None:
    program, python = tmp_path / "my vasp", tmp_path / "python"
    for file, script in ((program, "#!/bin/bash\n"), (python, WITHOUT_POTENTIALS)):
        file.write_text(script, encoding="utf-8")
        file.chmod(0o700)
    prologue = f"echo Welcome to the cluster\nexport ATOMATE2_VASP_CMD=\"env '{program}'\"\n"
    file = write_cluster(tmp_path, workers={"ranks": 1}, prologue=prologue, python=str(python))
    found = by_name(examine_cluster(file, None))
    assert found["prologue"].state == found["Python on a job"].state == "ok"
    assert found["VASP's command on a job"].state == "ok"
    assert found["VASP itself on a job"].found.splitlines()[-1] == str(program)


@pytest.mark.usefixtures("answering")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"python": "/of/no/python"}, "/of/no/python: No such file or directory"),
        ({"python": "/usr/bin/env"}, "/usr/bin/env --help"),
        ({"prologue": "echo Welcome; exit 3"}, "it says 'Welcome'"),
    ],
)
def test_a_job_that_does_not_come_to_the_package(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    finding = by_name(examine_cluster(write_cluster(tmp_path, **changes), None))["Python on a job"]
    assert finding.state == "missing"
    assert said in finding.found
    assert "see prologue and python in " in finding.remedy


@pytest.mark.usefixtures("answering", "installed")
def test_what_the_prologue_complains_of_is_shown(tmp_path: Path) -> None:
    prologue = "module_of_nobody load vasp\necho 'not there' >&2\n"
    finding = by_name(examine_cluster(write_cluster(tmp_path, prologue=prologue), None))["prologue"]
    assert finding.state == "optional"
    assert "module_of_nobody: command not found" in finding.found
    assert finding.found.endswith(" and 1 more")
    file = write_cluster(tmp_path, prologue="")
    assert "prologue" not in by_name(examine_cluster(file, None))


@pytest.mark.usefixtures("answering", "installed")
def test_a_job_sees_nothing_of_this_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATOMATE2_VASP_CMD", sys.executable)
    found = by_name(examine_cluster(write_cluster(tmp_path, workers={"ranks": 1}), None))
    assert found["VASP itself on a job"].found == "ATOMATE2_VASP_CMD is not set"


@pytest.mark.usefixtures("installed")
def test_a_scheduler_that_is_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_cluster(tmp_path, python=sys.executable)
    monkeypatch.setenv("PATH", "")
    found = by_name(examine_cluster(file, None))
    assert found["scheduler slurm"].found == "squeue is not on the PATH"
    assert "on a machine that submits jobs" in found["scheduler slurm"].remedy
    assert "the job of workers" not in found  # it would say the same once more


@pytest.mark.usefixtures("answering", "installed")
def test_a_file_without_a_driver(tmp_path: Path) -> None:
    file = write_cluster(tmp_path)
    fields = json.loads(file.read_text(encoding="utf-8"))
    del fields["driver"]
    file.write_text(json.dumps(fields), encoding="utf-8")
    finding = by_name(examine_cluster(file, None))["the driver's job"]
    assert (finding.state, "'llo-dft run' does without" in finding.remedy) == ("optional", True)


def test_a_file_that_can_not_be_used(tmp_path: Path) -> None:
    (finding,) = examine_cluster(write_cluster(tmp_path, scheduler="fork"), None)
    assert finding.state == "missing"
    assert "scheduler = 'fork'" in finding.remedy


@pytest.mark.usefixtures("answering", "installed")
def test_dask_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    finding = by_name(examine_cluster(write_cluster(tmp_path), None))["Dask"]
    assert (finding.state, "llo-dft[dask]" in finding.remedy) == ("missing", True)


@pytest.mark.usefixtures("answering", "installed")
def test_walltimes_are_held_against_the_estimate(
    tmp_path: Path, prepared: PreparedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SlowEngine, "seconds_per_atom", lambda *_: None)
    assert by_name(examine_cluster(write_cluster(tmp_path), prepared))["walltimes"].state == (
        "optional"
    )
    # 24 atoms with 17 evaluations; the crystals' 32 are of fewer
    for seconds, state in ((1.0, "ok"), (10.0, "missing")):
        monkeypatch.setattr(SlowEngine, "seconds_per_atom", lambda *_, s=seconds: s)
        finding = by_name(examine_cluster(write_cluster(tmp_path), prepared))["walltimes"]
        assert finding.state == state
    assert "raise workers.walltime in " in finding.remedy


@pytest.mark.slurm
def test_slurm_itself_says_what_it_would_not_take(slurm: LocalSlurm, tmp_path: Path) -> None:
    del slurm
    found = by_name(examine_cluster(write_cluster(tmp_path), None))
    assert found["scheduler slurm"].state == "ok"
    assert found["the job of workers"].state == found["the job of driver"].state == "ok"
    file = write_cluster(tmp_path, workers={"queue": "of_nobody"})
    found = by_name(examine_cluster(file, None))
    assert "invalid partition specified: of_nobody" in found["the job of workers"].found
    assert found["the job of workers"].remedy == f"see workers in {file}"
    assert found["the job of driver"].state == "ok"
