"""What a doctor says of a project: each fault by itself, with what to do about it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from remote_study import change_project

from llo_dft.study.doctor import job_findings
from llo_dft.study.doctor import project_doctor as remote_doctor
from llo_dft.study.doctor.job_findings import JobShell, ProbeError
from llo_dft.study.doctor.project_doctor import examine_project
from llo_dft.submit.batch import BATCH_SYSTEMS, BatchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from study_fixtures import MakeRemote

    from llo_dft.documents.document import Finding

#: What this package's own doctor finds in the environment of a job where all is well.
WELL = [
    {"what": "llo_dft", "state": "ok", "found": "1.0 on Python 3.11", "remedy": ""},
    {"what": "engine chgnet", "state": "ok", "found": "0.4.2", "remedy": ""},
    {"what": "engine sevenn", "state": "optional", "found": "not installed", "remedy": "x"},
    {"what": "VASP's command", "state": "ok", "found": "'srun vasp_std'", "remedy": ""},
    {"what": "VASP's POTCARs", "state": "ok", "found": "PBE_54", "remedy": ""},
]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a job's own doctor finds, to be changed; and a scheduler that takes everything."""
    found = [dict(one) for one in WELL]
    # as llo-dft doctor --json prints it, below what a profile has to say
    monkeypatch.setattr(
        JobShell, "run_package", lambda *_: f"Welcome\n{json.dumps(found, indent=1)}\n"
    )
    monkeypatch.setattr(JobShell, "find_program", lambda *_: "/opt/vasp/bin/vasp_std")
    monkeypatch.setattr(job_findings, "check_slurm_script", lambda _: None)
    queue = SimpleNamespace(jobs=lambda: dict.fromkeys("123"))
    monkeypatch.setitem(BATCH_SYSTEMS, "slurm", queue)
    return found


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.what: finding for finding in findings}


@pytest.mark.usefixtures("environment")
def test_a_project_that_is_well(make_remote: MakeRemote) -> None:
    study = make_remote()
    found = by_name(examine_project("lab", None))
    assert {name for name, one in found.items() if one.state != "ok"} == {"walltimes"}
    assert found["walltimes"].state == "optional"
    assert "--recipe" in found["walltimes"].remedy
    assert found["scheduler slurm"].found == "it answers; 3 jobs of yours"
    assert {"database", f"work_dir {study.folder.path.parent / 'work'}"} < set(found)
    assert {"VASP's POTCARs on worker mpi", "engine chgnet on worker cpu"} < set(found)
    # seen where VASP runs, not where a potential does
    assert "VASP's command on worker cpu" not in found


def store(**fields: Any) -> Callable[[dict[str, Any]], None]:
    def change(project: dict[str, Any]) -> None:
        project["queue"]["store"] = {
            "@module": "llo_dft.submit.remote.mongo_store",
            "@class": "EnvironmentMongoStore",
            "database": "llo",
            "collection_name": "jobs",
            "port": 1,
            "mongoclient_kwargs": {"serverSelectionTimeoutMS": 50},
        } | fields

    return change


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("change", "what", "remedy"),
    [
        (store(), "database", r"can't be reached.*see host, port and tls"),
        (
            store(username="me", password_variable="NOT_SET"),  # noqa: S106 (its name)
            "database",
            "variable NOT_SET, which holds the password of me",
        ),
        (
            lambda project: project["workers"]["mpi"].update(work_dir="/proc/nowhere/work"),
            "work_dir /proc/nowhere/work",
            "choose another work_dir",
        ),
        (
            lambda project: project["workers"].pop("cpu"),
            "a job of type potential",
            "no 'cpu' in workers; it has login, mpi",
        ),
    ],
)
def test_each_fault_has_its_remedy(
    make_remote: MakeRemote, change: Callable[[dict[str, Any]], None], what: str, remedy: str
) -> None:
    import re

    study = make_remote()
    change_project(study.project.file, change)
    finding = by_name(examine_project("lab", None))[what]
    assert finding.state == "missing"
    assert re.search(remedy, finding.remedy)


def test_a_program_that_a_job_would_not_find(
    make_remote: MakeRemote, environment: list[dict[str, Any]]
) -> None:
    make_remote()
    environment[3] |= {"state": "optional", "found": "'srun vasp_std' is not found"}
    environment[4] |= {"state": "optional", "found": "/potcars", "remedy": "Li_sv is not there"}
    found = by_name(examine_project("lab", None))
    potcars, finding = (found[f"VASP's {what} on worker mpi"] for what in ("POTCARs", "command"))
    assert potcars.remedy.splitlines()[0] == "Li_sv is not there"
    # optional to a person, but a job of this type does nothing else
    assert (finding.state, finding.found) == ("missing", "'srun vasp_std' is not found")
    assert "see exec_config.vasp in " in finding.remedy


def test_a_scheduler_that_refuses(
    make_remote: MakeRemote,
    environment: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del environment

    def refuse(*_: object) -> None:
        raise ProbeError("invalid partition specified: main")

    def no_answer() -> None:
        raise BatchError("squeue did not answer")

    study = make_remote()
    monkeypatch.setattr(job_findings, "check_slurm_script", refuse)
    monkeypatch.setattr(JobShell, "run_package", refuse)
    found = by_name(examine_project("lab", None))
    static = found["a job of type static"]
    assert (static.state, static.found) == ("missing", "refused: invalid partition specified: main")
    assert "workers.mpi.resources and metadata.llo_dft.job_types.static" in static.remedy
    assert str(study.project.file) in found["Python on worker mpi"].remedy
    monkeypatch.setitem(BATCH_SYSTEMS, "slurm", SimpleNamespace(jobs=no_answer))
    found = by_name(examine_project("lab", None))
    assert found["scheduler slurm"].state == "missing"
    assert "a job of type static" not in found  # it would say the same once more


def test_a_scheduler_that_is_not_here(
    make_remote: MakeRemote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_remote()
    monkeypatch.setenv("PATH", str(tmp_path))
    (finding,) = remote_doctor._schedulers(study.project)
    assert finding.found == "squeue is not on the PATH"
    assert "on a machine that submits jobs; see scheduler_type of the workers" in finding.remedy


@pytest.mark.usefixtures("environment")
def test_walltimes_are_held_against_the_estimate(make_remote: MakeRemote) -> None:
    study = make_remote()
    # 200 core-seconds an atom and step, 18 steps, 24 atoms on one core: 24 of 12 h
    finding = by_name(examine_project("lab", study.prepared))["walltimes"]
    assert finding.state == "missing"
    assert "raise walltime, or cores and ranks, of metadata.llo_dft.job_types." in finding.remedy

    def quicker(project: dict[str, Any]) -> None:
        for kind in project["metadata"]["llo_dft"]["job_types"].values():
            if "core_seconds_per_atom_step" in kind:
                kind["core_seconds_per_atom_step"] = 2.0

    change_project(study.project.file, quicker)
    finding = by_name(examine_project("lab", study.prepared))["walltimes"]
    assert (finding.state, finding.remedy) == ("ok", "")

    def unknown(project: dict[str, Any]) -> None:
        for kind in project["metadata"]["llo_dft"]["job_types"].values():
            kind.pop("core_seconds_per_atom_step", None)

    change_project(study.project.file, unknown)
    finding = by_name(examine_project("lab", study.prepared))["walltimes"]
    assert (finding.state, "core_seconds_per_atom_step" in finding.remedy) == ("optional", True)


@pytest.mark.usefixtures("server")
def test_a_project_that_is_not_there() -> None:
    found = examine_project("no-such-project", None)
    assert [one.state for one in found] == ["missing"]
    assert "llo-dft hpc init" in found[0].remedy
