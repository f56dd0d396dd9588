"""The commands of batch systems: what they are given, and what is understood of their answers."""

from __future__ import annotations

import json
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from llo_dft.submit.batch import BATCH_SYSTEMS, LSF, PBS, SGE, SLURM, BatchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from llo_dft.submit.batch import BatchSystem

NASTY = 'it\'s "a" $(touch planted); `touch planted` study'

#: What the commands print, from their manuals.
PBS_LIST = """
pbs-server:
                                                            Req'd  Req'd   Elap
Job ID          Username Queue    Jobname    SessID NDS TSK Memory Time  S Time
--------------- -------- -------- ---------- ------ --- --- ------ ----- - -----
1234.pbs-serve* student  workq    llo-dft       --    1   4    8gb 01:30 Q   --
1235.pbs-serve* student  workq    llo-dft     77123   1   4    8gb 01:30 R 00:02
1236.pbs-serve* student  workq    llo-dft       --    1   1    1gb 24:00 H   --
"""
SGE_LIST = """\
job-ID  prior   name       user         state submit/start at     queue               slots
-------------------------------------------------------------------------------------------
   1234 0.00000 llo-dft    student      qw    11/22/2026 16:00:00                         4
   1235 0.55500 llo-dft    student      r     11/22/2026 16:00:00 all.q@node1             4
   1236 0.00000 llo-dft    student      hqw   11/22/2026 16:00:00                         1
"""
LSF_LIST = "1234  PEND\n1235  RUN\n1236  PSUSP\n"
SLURM_LIST = "1234 PENDING\n1235 RUNNING\n1236 PENDING\n"

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
    assert batch.submit_script("the script", folder, NASTY, after="77") == "1234"
    ((arguments, script, place),) = calls(noted)
    assert (script, place) == ("the script", str(folder))
    name = arguments[arguments.index(batch.name_option) + 1]
    assert name == (NASTY if batch is SLURM else "it_s_a_touch_pl")
    assert any("77" in argument for argument in arguments)
    # the folder is no part of the command
    assert not [argument for argument in arguments if str(tmp_path) in argument]


@pytest.mark.parametrize(("batch", "table"), LISTS)
def test_the_list_of_jobs_is_understood(
    batch: BatchSystem, table: str, stand_in: Callable[..., Path]
) -> None:
    stand_in(batch.list_own[0], table)
    assert batch.states() == {"1234": "queued", "1235": "running", "1236": "queued"}


@pytest.mark.parametrize("batch", BATCH_SYSTEMS.values(), ids=BATCH_SYSTEMS)
def test_an_empty_list(batch: BatchSystem, stand_in: Callable[..., Path]) -> None:
    if batch is LSF:
        stand_in("bjobs", status=255, error="No unfinished job found\n")
    else:
        stand_in(batch.list_own[0])
    assert batch.states() == {}


def test_a_scheduler_that_refuses_is_quoted(stand_in: Callable[..., Path], tmp_path: Path) -> None:
    stand_in("sbatch", status=1, error="sbatch: error: invalid\n partition specified: x\n")
    with pytest.raises(BatchError, match=r"^sbatch refused: sbatch: error: invalid partition spec"):
        SLURM.submit_script("", tmp_path, "name")
    stand_in("sbatch", "no number")
    with pytest.raises(BatchError, match="sbatch told no job's id but 'no number'"):
        SLURM.submit_script("", tmp_path, "name")
    stand_in("squeue", status=1)
    with pytest.raises(BatchError, match="squeue refused: exit status 1"):
        SLURM.states()


def test_a_scheduler_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BatchError, match=r"qsub is not on the PATH; .*'scheduler' in the cluster"):
        PBS.submit_script("", tmp_path, "name")


def test_jobs_that_are_over_need_not_be_cancelled(stand_in: Callable[..., Path]) -> None:
    noted = stand_in("scancel", status=1, error="Invalid job id specified")
    stand_in("squeue", "12 RUNNING\n")
    SLURM.cancel_jobs(["10", "11"])
    assert calls(noted)[0][0] == ["10", "11"]
    with pytest.raises(BatchError, match="scancel refused: Invalid job id"):
        SLURM.cancel_jobs(["10", "12"])
    SLURM.cancel_jobs([])
    assert len(calls(noted)) == 2
