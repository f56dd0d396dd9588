"""The commands of batch systems: what they are given, and what is understood of their answers."""

from __future__ import annotations

import json
import re
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llo_dft.submit.batch import BATCH_SYSTEMS, BatchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from llo_dft.submit.batch import BatchSystem

NASTY = 'it\'s "a" $(touch planted); `touch planted` study'

#: What the commands print, from their manuals.
PBS_LIST = """
pbs-server:
                                                            Req'd  Req'd   Elap
Job ID          Username Queue    Jobname    SessID NDS TSK Memory Time  S Time
--------------- -------- -------- ---------- ------ --- --- ------ ----- - -----
1234.pbs-serve* student  workq    llodabcdef    --    1   4    8gb 01:30 Q   --
1235.pbs-serve* student  workq    llodabcdef  77123   1   4    8gb 01:30 R 00:02
1236.pbs-serve* student  workq    llodabcdef    --    1   1    1gb 24:00 H   --
"""
SGE_LIST = """\
job-ID  prior   name       user         state submit/start at     queue               slots
-------------------------------------------------------------------------------------------
   1234 0.00000 llodabcdef student      qw    11/22/2026 16:00:00                         4
   1235 0.55500 llodabcdef student      r     11/22/2026 16:00:00 all.q@node1             4
   1236 0.00000 llodabcdef student      hqw   11/22/2026 16:00:00                         1
"""
LSF_LIST = "1234  PEND llodabcdef\n1235  RUN llodabcdef\n1236  PSUSP llodabcdef\n"
SLURM_LIST = "1234 PENDING a b; c\n1235 RUNNING llo-dft dabcdef\n1236 PENDING \n1236 PENDING x\n"

SLURM, PBS, SGE, LSF = (BATCH_SYSTEMS[name] for name in ("slurm", "pbs", "sge", "lsf"))

LISTS = [(SLURM, SLURM_LIST), (PBS, PBS_LIST), (SGE, SGE_LIST), (LSF, LSF_LIST)]
ANSWERS = [
    (SLURM, "1234\n"),
    (SLURM, "1234;cluster\n"),
    (PBS, "1234.pbs-server\n"),
    (SGE, "1234\n"),
    (LSF, "Job <1234> is submitted to queue <normal>.\n"),
]


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Put a command on the PATH that notes what it got, prints something and ends so."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    monkeypatch.setenv("PATH", str(bin_folder), prepend=":")

    def make(name: str, printed: str = "", status: int = 0, error: str = "") -> Path:
        noted = tmp_path / f"{name}.json"
        program = bin_folder / name
        program.write_text(
            f"#!{sys.executable}\n"
            "import json, os, sys\n"
            f"noted = open({str(noted)!r}, 'a')\n"
            "noted.write(json.dumps([sys.argv[1:], sys.stdin.read(), os.getcwd()]) + '\\n')\n"
            f"sys.stdout.write({printed!r}); sys.stderr.write({error!r}); sys.exit({status})\n",
            encoding="utf-8",
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return noted

    return make


def calls(noted: Path) -> list[tuple[list[str], str, str]]:
    return [tuple(json.loads(line)) for line in noted.read_text().splitlines()]


@pytest.mark.parametrize(("batch", "answer"), ANSWERS)
def test_a_script_is_submitted_as_text_from_its_folder(
    batch: BatchSystem, answer: str, stand_in: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / NASTY.replace("/", "_")
    folder.mkdir()
    noted = stand_in(batch.submit[0], answer)
    assert batch.submit_script("the script", folder, NASTY, "driver", after="77") == "1234"
    ((arguments, script, place),) = calls(noted)
    assert (script, place) == ("the script", str(folder))
    name = arguments[arguments.index(batch.name_option) + 1]
    assert name.startswith(f"{NASTY} d" if batch is SLURM else "llod")
    # what every scheduler's list shows of a name, and takes as one
    assert re.fullmatch("llod[a-z2-7]{6}", name) or batch is SLURM
    assert any("77" in argument for argument in arguments)
    # the folder is no part of the command
    assert not [argument for argument in arguments if str(tmp_path) in argument]


@pytest.mark.parametrize(("batch", "table"), LISTS)
def test_the_list_of_jobs_is_understood(
    batch: BatchSystem, table: str, stand_in: Callable[..., Path]
) -> None:
    stand_in(batch.list_own[0], table)
    found = batch.jobs()
    assert [found[job].status for job in ("1234", "1235", "1236")] == [
        "pending",
        "running",
        "pending",
    ]
    assert found["1235"].name == ("llo-dft dabcdef" if batch is SLURM else "llodabcdef")
    assert found["1235"].state in table  # the scheduler's own word


@pytest.mark.parametrize("batch", BATCH_SYSTEMS.values(), ids=BATCH_SYSTEMS)
def test_an_empty_list(batch: BatchSystem, stand_in: Callable[..., Path]) -> None:
    if batch is LSF:
        stand_in("bjobs", status=255, error="No unfinished job found\n")
    else:
        stand_in(batch.list_own[0])
    assert batch.jobs() == {}


def test_a_scheduler_that_refuses_is_quoted(stand_in: Callable[..., Path], tmp_path: Path) -> None:
    stand_in("sbatch", status=1, error="sbatch: error: invalid\n partition specified: x\n")
    with pytest.raises(BatchError, match=r"^sbatch refused: sbatch: error: invalid partition spec"):
        SLURM.submit_script("", tmp_path, "name", "worker")
    stand_in("sbatch", "no number")
    with pytest.raises(BatchError, match="sbatch printed no job's id but 'no number'"):
        SLURM.submit_script("", tmp_path, "name", "worker")
    stand_in("squeue", status=1)
    with pytest.raises(BatchError, match="squeue refused: exit status 1"):
        SLURM.jobs()


def test_a_scheduler_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BatchError, match=r"qsub is not on the PATH; .*'scheduler' in the cluster"):
        PBS.submit_script("", tmp_path, "name", "worker")


def test_jobs_that_are_over_need_not_be_cancelled(stand_in: Callable[..., Path]) -> None:
    noted = stand_in("scancel", status=1, error="Invalid job id specified")
    stand_in("squeue", "12 RUNNING a name\n")
    SLURM.cancel_jobs(["10", "11"])
    assert calls(noted)[0][0] == ["10", "11"]
    with pytest.raises(BatchError, match="scancel refused: Invalid job id"):
        SLURM.cancel_jobs(["10", "12"])
    SLURM.cancel_jobs([])
    assert len(calls(noted)) == 2


def submitted_name(noted: Path, batch: BatchSystem) -> str:
    arguments = calls(noted)[-1][0]
    return arguments[arguments.index(batch.name_option) + 1]


@pytest.mark.parametrize("batch", BATCH_SYSTEMS.values(), ids=BATCH_SYSTEMS)
def test_a_job_is_its_folders_by_its_name(
    batch: BatchSystem, stand_in: Callable[..., Path], tmp_path: Path
) -> None:
    original, copy = tmp_path / "study", tmp_path / "copy"
    names = {}
    for folder in (original, copy):
        folder.mkdir()
        for role in ("driver", "worker"):
            noted = stand_in(batch.submit[0], "1\n")
            batch.submit_script("", folder, "llo-dft tiny", role)
            names[folder, role] = submitted_name(noted, batch)
    assert len(set(names.values())) == 4
    made = {
        "slurm": "{0} RUNNING {1}",
        "pbs": "{0}.server me workq {1} 1 1 1 8gb 01:30 R 00:02",
        "sge": "{0} 0.5 {1} me r",
        "lsf": "{0} RUN {1}",
    }[next(name for name, one in BATCH_SYSTEMS.items() if one is batch)]
    listed = [(9, names[original, "driver"]), (10, names[copy, "driver"]), (11, "other")]
    listed += [(100, names[original, "driver"]), (12, names[original, "worker"])]
    stand_in(batch.list_own[0], "\n".join(made.format(*one) for one in listed))
    assert list(batch.own_jobs(original, "driver")) == ["9", "100"]
    assert list(batch.own_jobs(original, "worker")) == ["12"]
    assert list(batch.own_jobs(copy, "driver")) == ["10"]
    assert batch.own_jobs(copy, "worker") == {}


def test_a_folder_is_known_by_the_path_it_is_given_by(
    stand_in: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "study").mkdir()
    monkeypatch.chdir(tmp_path)
    noted = stand_in("sbatch", "1\n")
    found = set()
    for path in (Path("study"), tmp_path / "study", tmp_path / "study" / ".." / "study"):
        SLURM.submit_script("", path, "title", "worker")
        found.add(submitted_name(noted, SLURM))
    assert len(found) == 1


def test_workers_that_do_not_go_are_named(
    stand_in: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llo_dft.submit.batch._GONE_S", 0.0)
    noted = stand_in("scancel")
    stand_in("squeue", "11 RUNNING somebody's")
    SLURM.end_workers(tmp_path)
    assert not noted.exists()  # nothing of it is there
    stand_in("sbatch", "12\n")
    SLURM.submit_script("", tmp_path, "title", "worker")
    name = submitted_name(tmp_path / "sbatch.json", SLURM)
    stand_in("squeue", f"11 RUNNING somebody's\n12 RUNNING {name}")
    with pytest.raises(BatchError, match="worker jobs 12 were cancelled but are still there"):
        SLURM.end_workers(tmp_path)
    assert calls(noted) == [(["12"], "", calls(noted)[0][2])]
