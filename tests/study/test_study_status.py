from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from llo_dft.calculations.cache import CalculationCache
from llo_dft.study.folder import StudyFolderError
from llo_dft.study.study_status import CalculationStatus, StudyStatus, study_status

if TYPE_CHECKING:
    from llo_dft.documents.plan import StudyPlan
    from llo_dft.study.folder import StudyFolder


def state_of(status: StudyStatus, label: str) -> tuple[str, str | None]:
    found = next(c for c in status.calculations if c.label == label)
    return found.status, found.reason


def last_label(plan: StudyPlan) -> str:
    host = plan.hosts[-1]
    return f"{host.label}_vac_{host.vacancies[-1].pair}"


def test_everything_completed(finished: Any, plan: StudyPlan) -> None:
    status = study_status(finished.folder)
    assert status.is_complete
    assert status.study == "tiny"
    assert status.counts["completed"] == len(status.calculations) == plan.n_calculations
    for calculation in status.calculations:
        assert (finished.folder.calculations / str(calculation.folder) / "result.json").is_file()


def test_failed_skipped_and_missing_with_their_reasons(troubled: Any, plan: StudyPlan) -> None:
    status = study_status(troubled.folder)
    counts = {state: n for state, n in status.counts.items() if n}
    assert counts == {"completed": 7, "failed": 1, "skipped": 2, "missing": 2}
    fire = "RuntimeError: the cluster is on fire"
    assert state_of(status, plan.hosts[1].label) == ("failed", fire)
    for site in plan.hosts[1].vacancies:
        state, reason = state_of(status, f"{plan.hosts[1].label}_vac_{site.pair}")
        assert (state, reason) == ("skipped", f"{plan.hosts[1].label} failed: {fire}")
    for site in plan.hosts[0].vacancies:
        state, reason = state_of(status, f"{plan.hosts[0].label}_vac_{site.pair}")
        assert state == "missing"
        assert "worker" in str(reason).lower()
    failed = next(c for c in status.calculations if c.status == "failed")
    assert (troubled.folder.calculations / str(failed.folder) / "error.txt").is_file()
    assert not status.is_complete
    assert json.loads(json.dumps(status.as_json()))["counts"] == status.counts


def begin_last_again(folder: StudyFolder, plan: StudyPlan) -> str:
    """Make the folder that of a run in which the last calculation was started and no more."""
    cache = CalculationCache(folder.calculations)
    label = last_label(plan)
    key = next(entry.key for entry in cache.journal() if entry.label == label)
    shutil.rmtree(folder.calculations / key)
    cache.note("started", label, key)
    folder.results.unlink()
    return label


def test_a_started_calculation_runs_while_the_folder_is_held(
    copied: StudyFolder, plan: StudyPlan
) -> None:
    label = begin_last_again(copied, plan)
    with copied.lock():
        status = study_status(copied)
    assert state_of(status, label) == ("running", None)
    assert status.counts["completed"] == plan.n_calculations - 1


def test_a_started_calculation_was_interrupted_once_the_run_is_gone(
    copied: StudyFolder, plan: StudyPlan
) -> None:
    label = begin_last_again(copied, plan)
    status = study_status(copied)
    assert state_of(status, label) == ("missing", "the run ended before it did")
    assert not status.is_complete


def test_a_kill_between_the_result_and_its_line_in_the_journal(
    copied: StudyFolder, plan: StudyPlan
) -> None:
    journal = copied.calculations / "journal.jsonl"
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    assert '"completed"' in lines[-1]
    journal.write_text("".join(lines[:-1]), encoding="utf-8")
    status = study_status(copied)
    assert status.is_complete
    assert state_of(status, last_label(plan)) == ("completed", None)


def test_a_result_that_was_removed_is_missing(copied: StudyFolder, plan: StudyPlan) -> None:
    cache = CalculationCache(copied.calculations)
    key = next(entry.key for entry in cache.journal() if entry.label == last_label(plan))
    shutil.rmtree(copied.calculations / key)
    state = state_of(study_status(copied), last_label(plan))
    assert state == ("missing", "its folder was removed")


@pytest.mark.parametrize("left", [0, 100])
def test_a_result_that_was_emptied_or_cut_is_no_completed_calculation(
    copied: StudyFolder, plan: StudyPlan, left: int
) -> None:
    cache = CalculationCache(copied.calculations)
    key = next(entry.key for entry in cache.journal() if entry.label == last_label(plan))
    os.truncate(copied.calculations / key / "result.json", left)
    status = study_status(copied)
    state, reason = state_of(status, last_label(plan))
    assert (state, status.is_complete) == ("missing", False)
    assert f"{key}/result.json is not a calculation of this package's format" in str(reason)
    assert status.counts["completed"] == plan.n_calculations - 1


def test_a_vacancy_without_its_energy_leaves_the_study_incomplete(copied: StudyFolder) -> None:
    results = json.loads(copied.results.read_text(encoding="utf-8"))
    del results["digest"]
    results["hosts"][0]["vacancies"][0] |= {"formation_energy_ev": None, "reason": "it moved"}
    copied.results.write_text(json.dumps(results), encoding="utf-8")
    status = study_status(copied)
    assert status.counts["completed"] == len(status.calculations)
    assert not status.is_complete
    assert status.lacking == "it has gaps; results.json says why"


@pytest.mark.parametrize("change", ["gone", "changed"])
def test_a_file_that_is_not_as_it_was_written_is_named(copied: StudyFolder, change: str) -> None:
    assert study_status(copied).lacking == ""
    table = copied.path / "results.csv"
    if change == "gone":
        table.unlink()
    else:
        table.write_text(f"{table.read_text(encoding='utf-8')}9\n", encoding="utf-8")
    status = study_status(copied)
    assert status.lacking == "changed after they were written: results.csv"
    assert not status.is_complete


def test_without_results_a_study_is_incomplete(copied: StudyFolder) -> None:
    copied.results.unlink()
    status = study_status(copied)
    assert (status.lacking, status.is_complete) == ("there is no results.json yet", False)
    with copied.lock():
        assert study_status(copied).lacking == "its run has not ended"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"calculations": 5}'])
def test_a_manifest_that_was_changed_is_named(copied: StudyFolder, content: str) -> None:
    (copied.path / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(StudyFolderError, match=r"manifest\.json is not a manifest of this package"):
        study_status(copied)


def test_what_was_only_built_is_all_missing(copied: StudyFolder, plan: StudyPlan) -> None:
    shutil.rmtree(copied.calculations)
    copied.results.unlink()
    status = study_status(copied)
    assert status.counts["missing"] == plan.n_calculations
    assert not status.is_complete


def test_a_folder_that_was_neither_built_nor_run(copied: StudyFolder) -> None:
    (copied.path / "manifest.json").unlink()
    with pytest.raises(StudyFolderError, match="was neither built nor run yet"):
        study_status(copied)


def test_what_the_relaxed_structures_have_no_place_for_is_not_missing() -> None:
    done = CalculationStatus("bulk", "completed")
    nowhere = CalculationStatus("a bond", "skipped", "there is no bond", applicable=False)
    assert StudyStatus("s", [done, nowhere]).is_complete
    assert not StudyStatus("s", [done, CalculationStatus("a bond", "skipped", "x")]).is_complete


def test_what_was_corrected_is_told_when_the_run_ended(copied: StudyFolder) -> None:
    results = json.loads(copied.results.read_text(encoding="utf-8"))
    del results["digest"]
    record = next(one for one in results["calculations"] if one["label"] == "bulk")
    record["corrections"] = ["ZBRENT: CONTCAR copied to POSCAR"]
    copied.results.write_text(json.dumps(results), encoding="utf-8")
    told = {one.label: one.corrections for one in study_status(copied).calculations}
    assert told.pop("bulk") == ["ZBRENT: CONTCAR copied to POSCAR"]
    assert not any(told.values())
    record["key"] = "of another calculation"
    copied.results.write_text(json.dumps(results), encoding="utf-8")
    assert not any(one.corrections for one in study_status(copied).calculations)
