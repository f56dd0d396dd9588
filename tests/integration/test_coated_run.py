"""A coated study in its folder: killed and gone on with, its files, and what is said of it."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import coated_studies
import jsonschema
import pytest
from coated_studies import run_coated
from typer.testing import CliRunner

from llo_dft.calculations.cache import CalculationCache
from llo_dft.cli.main import app
from llo_dft.study.folder import StudyFolder
from llo_dft.study.result import reanalyze
from llo_dft.study.result_files import FIGURE, write_study
from llo_dft.study.study_files import read_results, results_schema
from llo_dft.study.study_status import study_status
from llo_dft.testing.fake_engine import HALF_O2_EV, LABEL_HALF_O2_EV, fault_name

if TYPE_CHECKING:
    from llo_dft.calculations.cache import JournalEntry
    from llo_dft.documents.plan import StudyPlan
    from llo_dft.documents.study_result import StudyResult

FLAT, STEP = "flat-Li2-PO4", "step-Li0-PO3"

#: How long the killed run may take to come as far as the interfaces, on a busy machine.
PATIENCE_S = 300.0
CALCULATION_S = 0.2

#: The O2 of the engine itself less that of the labels, both from 0 K, eV per O.
ENTHALPY_0_TO_298_EV = 0.045
TABLE_ROUNDING_EV = 1.2e-3

FIRE = "RuntimeError: the cluster is on fire"


@dataclass
class Interrupted:
    """A study that was killed, and finished by another process."""

    folder: StudyFolder
    journal_at_kill: list[JournalEntry]
    result: StudyResult

    @property
    def cache(self) -> CalculationCache:
        return CalculationCache(self.folder.calculations)

    def computed(self) -> list[str]:
        counter = self.folder.path.with_suffix(".counter")
        return counter.read_text(encoding="utf-8").splitlines()


def kill_halfway(folder: Path) -> list[JournalEntry]:
    """Start the study and kill it once the first interface is relaxed."""
    started = subprocess.Popen(
        [sys.executable, coated_studies.__file__, str(folder), str(CALCULATION_S)],
        stderr=subprocess.PIPE,
        text=True,
    )
    cache = CalculationCache(folder / "calculations")
    deadline = time.monotonic() + PATIENCE_S
    while not any(e.event == "completed" and "interface" in e.label for e in cache.journal()):
        assert started.poll() is None, started.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    started.send_signal(signal.SIGKILL)
    started.communicate(timeout=PATIENCE_S)
    return cache.journal()


@pytest.fixture(scope="module")
def study(coated_plan: StudyPlan, tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    """Read only."""
    folder = tmp_path_factory.mktemp("coated") / "study"
    journal = kill_halfway(folder)
    assert not (folder / "results.json").exists()
    return Interrupted(StudyFolder(folder), journal, run_coated(folder, coated_plan))


@pytest.fixture(scope="module")
def troubled(coated_plan: StudyPlan, tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """A study in which no candidate of the step completes. Read only."""
    folder = tmp_path_factory.mktemp("troubled") / "study"
    step = coated_plan.candidates(STEP)[0].structure
    run_coated(folder, coated_plan, **{fault_name("slab_relax", step): "raise"})
    return StudyFolder(folder)


def labels(entries: list[JournalEntry], event: str) -> list[str]:
    return [entry.label for entry in entries if entry.event == event]


def test_what_was_completed_when_it_was_killed_is_not_started_again(
    study: Interrupted, coated_plan: StudyPlan
) -> None:
    before = study.journal_at_kill
    after = study.cache.journal()
    assert after[: len(before)] == before
    done = labels(before, "completed")
    assert 1 < len(done) < coated_plan.n_calculations
    again = labels(after[len(before) :], "started")
    assert set(again).isdisjoint(done)
    # where P begins in several places, each is on record with its own name
    whole = [one for one in [*done, *again] if ", " not in one]
    assert sorted(whole) == sorted(coated_plan.labels)
    assert set(done) <= set(labels(after[len(before) :], "reused"))
    # two calculations at a time: no more than two were under way, and are computed twice
    n_results = len(list(study.folder.calculations.glob("*/result.json")))
    twice = Counter(study.computed()).total() - n_results
    assert 0 <= twice <= 2
    assert not list(study.folder.calculations.glob(".partial-*"))


def test_a_killed_study_ends_as_one_that_was_left_alone(study: Interrupted) -> None:
    result = study.result
    assert result.is_complete
    assert result.counts == {"completed": len(result.calculations)}
    # by hand, see the tests of the flow: 0.1 eV for each Li that the coated cell has more
    found = [(p.termination, p.site, round(p.difference_ev, 6)) for p in result.pairs]
    assert sorted(found) == [
        (FLAT, 24, 1.8),
        (FLAT, 32, 1.8),
        (STEP, 24, 0.3),
        (STEP, 25, 0.3),
        (STEP, 25, 0.3),
        (STEP, 32, 0.3),
    ]
    assert [one.rank for one in result.interfaces] == [1, 1]


def test_status_of_a_finished_coated_study(study: Interrupted, coated_plan: StudyPlan) -> None:
    status = study_status(study.folder)
    assert status.is_complete
    assert [c.label for c in status.calculations] == coated_plan.labels
    assert {c.status for c in status.calculations} == {"completed"}


def test_its_results_are_what_their_schema_says(study: Interrupted, troubled: StudyFolder) -> None:
    schema = json.loads(results_schema())
    for folder in (study.folder, troubled):
        results = json.loads(folder.results.read_text(encoding="utf-8"))
        jsonschema.validate(results, schema)
        assert len(results["interfaces"]) == 2


def test_relaxed_structures_are_where_the_results_say(
    study: Interrupted, coated_plan: StudyPlan
) -> None:
    folder = study.folder.path
    for host in study.result.hosts:
        assert host.structure is not None
        assert Path(host.structure).stem == host.label
    for one in study.result.interfaces:
        assert one.structure == f"relaxed/interface_{one.termination}_1.cif"
        pristine = f"relaxed/{coated_plan.pristine_label(one.termination)}.cif"
        assert (folder / pristine).read_bytes() == (folder / one.structure).read_bytes()
    named = {record.label for record in study.result.calculations}
    named |= {coated_plan.pristine_label(termination) for termination in (FLAT, STEP)}
    assert {path.stem for path in (folder / "relaxed").iterdir()} == named


def rows_of(folder: StudyFolder) -> list[dict[str, str]]:
    text = (folder.path / "results.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_the_table_tells_terminations_apart(study: Interrupted) -> None:
    rows = rows_of(study.folder)
    assert Counter(row["termination"] for row in rows) == {"": 4, FLAT: 2, STEP: 4}
    assert {(row["system"], row["termination"] == "") for row in rows} == {
        ("bare", True),
        ("coated", False),
    }
    bonded = [row for row in rows if row["environment.n_former"] == "1"]
    assert {row["termination"] for row in bonded} == {STEP}
    assert {row["pair"] for row in bonded} == {"O32", f"{STEP}-OP1"}
    charged = [row for row in rows if row["n_holes"] == "8"]
    assert {float(row["holes_per_tm"]) for row in charged} == {1.0}
    assert {(row["termination"], row["lithium_fraction"]) for row in charged} == {
        ("", "0.5"),
        (FLAT, "0.5"),
        (STEP, "0.125"),
    }


def test_the_table_has_the_reasons_where_a_termination_failed(troubled: StudyFolder) -> None:
    rows = rows_of(troubled)
    lacking = [row for row in rows if row["status"] != "completed"]
    assert (
        len(lacking) == 2 + 4
    )  # the bare partners of O bonded to the coating, and all of the step
    for row in lacking:
        assert row["formation_energy_ev"] == ""
        assert FIRE in row["reason"]
        assert (row["environment.n_tm"] == "") == (row["pair"] == f"{STEP}-OP1")


def test_figures_are_drawn(study: Interrupted, troubled: StudyFolder) -> None:
    for folder in (study.folder, troubled):
        assert (folder.path / FIGURE).read_bytes().startswith(b"\x89PNG")


def test_analyzed_again_it_is_the_same(study: Interrupted, troubled: StudyFolder) -> None:
    for folder, written in (
        (study.folder, study.result),
        (troubled, read_results(troubled.results)),
    ):
        assert reanalyze(folder) == written.model_copy(update={"files": {}})


def test_another_o2_shifts_all_vacancies_and_the_interface_that_lacks_o(
    study: Interrupted,
) -> None:
    before, after = study.result, reanalyze(study.folder, scheme="none")
    shift = HALF_O2_EV + ENTHALPY_0_TO_298_EV - LABEL_HALF_O2_EV
    for ours, theirs in zip(before.hosts, after.hosts, strict=True):
        for was, now in zip(ours.vacancies, theirs.vacancies, strict=True):
            assert was.formation_energy_ev is not None
            assert now.formation_energy_ev == pytest.approx(
                was.formation_energy_ev + shift, abs=TABLE_ROUNDING_EV
            )
    # in the difference of a pair the O2 cancels, and a voltage has none
    assert [p.difference_ev for p in after.pairs] == pytest.approx(
        [p.difference_ev for p in before.pairs]
    )
    assert after.voltages == before.voltages
    (flat, step), (flat_now, step_now) = before.interfaces, after.interfaces
    assert flat_now == flat
    assert step.energy.coating_energy_j_per_m2 is not None
    # three O less than whole Li3PO4: 3 mu_O on its area
    assert step_now.energy.coating_energy_j_per_m2 == pytest.approx(
        step.energy.coating_energy_j_per_m2 + 3 * shift / (step.area_angstrom2 or 0.0) * 16.0218,
        abs=3 * TABLE_ROUNDING_EV,
    )


def test_the_command_line_shows_the_pairs_and_says_that_all_is_there(study: Interrupted) -> None:
    done = CliRunner().invoke(app, ["analyze", "vacancy", str(study.folder.path)])
    assert done.exit_code == 0
    assert "The same O in both at equal charge, eV per O" in done.stdout
    assert "+0.300" in done.stdout
    text = " ".join(done.stdout.split())
    assert f"{STEP}: bonds to lattice O: 1.60, 1.62, 1.64 A" in text
    assert f"{FLAT}: no bond to lattice O" in text
    assert "bare: 2.00 V on average (1.00-0.50 2.00 V)" in text
    assert CliRunner().invoke(app, ["status", str(study.folder.path)]).exit_code == 0


def test_the_command_line_names_a_failed_coating_and_exits_with_1(troubled: StudyFolder) -> None:
    shown = CliRunner().invoke(app, ["analyze", "vacancy", str(troubled.path)])
    assert shown.exit_code == 1
    text = " ".join(shown.stdout.split())
    assert f"{STEP}: failed: {FIRE}" in text
    assert "bare: 2.00 V on average" in text  # the bare line is still there
    told = CliRunner().invoke(app, ["status", str(troubled.path)])
    assert told.exit_code == 1
    lines = [" ".join(line.split()) for line in told.stdout.splitlines()]
    for rank in (0, 1):
        assert any(line.startswith(f"failed interface_{STEP}_{rank}: {FIRE}") for line in lines)
    assert [line for line in lines if f"coated_{STEP}_x0.1250_vac" in line]


def test_a_calculation_that_was_removed_takes_what_hangs_on_it(
    study: Interrupted, tmp_path: Path
) -> None:
    folder = StudyFolder(shutil.copytree(study.folder.path, tmp_path / "study"))
    lost = {record.label: record.key for record in study.result.calculations}
    shutil.rmtree(folder.calculations / str(lost[f"interface_{FLAT}_coating"]))
    shutil.rmtree(folder.calculations / str(lost["Li"]))
    after = reanalyze(folder)
    flat, step = after.interfaces
    assert (flat.status, step.status) == ("completed", "completed")
    assert flat.energy.work_of_adhesion_j_per_m2 is None
    assert flat.energy.reason == "work of adhesion: a part has no energy"
    assert step.energy.coating_energy_j_per_m2 is None
    assert step.energy.reason == (
        "no work of adhesion: the parts have formal charges; "
        "coating energy: missing Li metal, the voltage"
    )
    assert {voltage.curve for voltage in after.voltages} == {None}
    assert after.counts == {"completed": len(after.calculations) - 2, "missing": 2}
    assert after.pairs == study.result.pairs


def test_reasons_of_candidates_whose_jobs_broke_down_are_kept_in_the_folder(
    study: Interrupted, coated_plan: StudyPlan, tmp_path: Path
) -> None:
    """As after workers that died: no document of the step at all."""
    folder = StudyFolder(shutil.copytree(study.folder.path, tmp_path / "study"))
    died = {f"interface_{STEP}_{rank}": f"worker {rank} died" for rank in (0, 1)}
    not_run = {label: "no interface" for label in coated_plan.labels if STEP in label}
    for label, reason in (not_run | died).items():
        CalculationCache(folder.calculations).note("missing", label, reason=reason)
    with folder.lock():
        found = write_study(folder)

    step = next(one for one in found.interfaces if one.termination == STEP)
    assert [one.reason for one in step.candidates] == ["worker 0 died", "worker 1 died"]
    both = f"interface_{STEP}_0: worker 0 died; interface_{STEP}_1: worker 1 died"
    assert (step.status, step.reason) == ("missing", both)
    pristine, half = (host for host in found.hosts if host.termination == STEP)
    assert (pristine.status, pristine.reason) == ("missing", both)
    assert (half.status, half.reason) == ("missing", "no interface")
    lacking = [v for host in found.hosts for v in host.vacancies if v.status == "missing"]
    assert [vacancy.reason for vacancy in lacking] == ["no interface"] * 6
    reasons = {record.label: record.reason for record in found.calculations if record.reason}
    assert reasons == not_run | died
    # what there is stays as it is, and nothing relaxed stays of what is no longer there
    assert found.interfaces[0] == study.result.interfaces[0]
    assert not [file for file in (folder.path / "relaxed").iterdir() if STEP in file.name]
    assert read_results(folder.results) == found
    assert reanalyze(folder) == found.model_copy(update={"files": {}})
