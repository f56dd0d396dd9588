from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from studies import tiny_recipe

from llo_dft.errors import InputError
from llo_dft.study.compare_folders import compare_folders
from llo_dft.study.folder import StudyFolder, StudyFolderError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Change = dict[str, Any]


@pytest.fixture
def other(finished: Any, tmp_path: Path) -> Callable[..., StudyFolder]:
    """A copy of the finished study whose recipe was another; results stay as they are."""

    def copy(**tables: Change) -> StudyFolder:
        target = tmp_path / "other"
        shutil.copytree(finished.folder.path, target)
        file = target / "study.json"
        record = json.loads(file.read_text(encoding="utf-8"))
        recipe = tiny_recipe(**{"engine": {"protocol": "stringent"}} | tables)
        del record["digest"]
        record["recipe"] = recipe.model_dump(mode="json")
        file.write_text(json.dumps(record), encoding="utf-8")
        return StudyFolder(target)

    return copy


def test_the_same_numbers_have_no_spread(finished: Any, other: Any) -> None:
    second = other()
    found = compare_folders([finished.folder.path, second.path])
    assert found.is_complete
    assert found.spread.n == 6
    assert found.spread.largest_ev == 0.0
    folders = [engine.folder for engine in found.engines]
    assert folders == [str(finished.folder.path), str(second.path)]


@pytest.mark.parametrize(
    "change",
    [
        {"study": {"name": "another name"}},
        {"oxygen": {"scheme": "mp2020"}, "engine": {"name": "sevenn", "model": "7net-0"}},
        {"engine": {"overrides": {"force_tolerance": 0.2}}},
        {"electronic": {"dos": True}},
    ],
)
def test_what_may_differ(finished: Any, other: Any, change: Change) -> None:
    assert compare_folders([finished.folder.path, other(**change).path]).is_complete


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"study": {"seed": 3}}, r"\[study\] seed = 0 and 3; expected"),
        ({"slab": {"vacuum": 9.0}}, r"not the same study: \[slab\] vacuum = 8\.0 and 9\.0"),
        ({"delithiation": {"fractions": [1.0, 0.5]}}, r"\[delithiation\] fractions = "),
        ({"vacancies": {"per_environment": 2}}, r"\[vacancies\] per_environment = 1 and 2"),
        ({"cathode": {"composition": "Li2MnO3"}}, r"\[cathode\] composition = 'Li1.2"),
        ({"oxygen": {"temperature": 600.0}}, r"\[oxygen\] temperature = 298\.15 and 600\.0"),
        (
            {"slab": {"vacuum": 9.0}, "oxygen": {"pressure": 0.2}},
            r"\[slab\] vacuum = 8\.0 and 9\.0; \[oxygen\] pressure = 1\.0 and 0\.2; expected",
        ),
        (
            {
                "coating": {
                    "phase": "beta",
                    "setting": "Pmn2_1",
                    "terminations": ["flat-Li2-PO4"],
                }
            },
            r"not the same study: \[coating\] is in one of them only",
        ),
        (
            {"engine": {"protocol": "balanced", "device": "auto"}},
            r"both by engine chgnet with the same settings; expected different engines",
        ),
    ],
)
def test_what_may_not_differ(finished: Any, other: Any, change: Change, message: str) -> None:
    with pytest.raises(StudyFolderError, match=message):
        compare_folders([finished.folder.path, other(**change).path])


def test_one_study_is_no_comparison(finished: Any) -> None:
    with pytest.raises(StudyFolderError, match="two study folders or more, got 1"):
        compare_folders([finished.folder.path])


def test_the_same_folder_twice(finished: Any) -> None:
    with pytest.raises(StudyFolderError, match="both by engine chgnet with the same settings"):
        compare_folders([finished.folder.path, finished.folder.path])


def test_a_third_study_is_held_against_each(finished: Any, other: Any, tmp_path: Path) -> None:
    second = other()
    third = tmp_path / "third"
    shutil.copytree(second.path, third)
    with pytest.raises(StudyFolderError, match=r"other and .*third are both by engine chgnet"):
        compare_folders([finished.folder.path, second.path, third])


def test_a_folder_that_is_no_study(finished: Any, tmp_path: Path) -> None:
    with pytest.raises(StudyFolderError, match="nowhere is not a study"):
        compare_folders([finished.folder.path, tmp_path / "nowhere"])


def test_a_study_that_was_only_built(finished: Any, other: Any) -> None:
    built = other()
    built.plan.unlink()
    built.results.unlink()
    with pytest.raises(StudyFolderError, match=r"there is no .*plan\.json; run the study"):
        compare_folders([finished.folder.path, built.path])


def test_a_plan_of_another_format(finished: Any, other: Any) -> None:
    changed = other()
    changed.plan.write_text("{}", encoding="utf-8")
    with pytest.raises(StudyFolderError, match=r"plan\.json is not a plan of this version"):
        compare_folders([finished.folder.path, changed.path])


def moved_vacancy(plan: Change) -> None:
    plan["hosts"][0]["vacancies"][0]["site"] += 1


def moved_atom(plan: Change) -> None:
    plan["slab"]["sites"][0]["abc"][2] += 0.01


def other_lithium(plan: Change) -> None:
    plan["hosts"][1]["orderings"][0].reverse()


@pytest.mark.parametrize("change", [moved_vacancy, moved_atom, other_lithium])
def test_indices_that_may_mean_other_atoms(
    finished: Any, other: Any, change: Callable[[Change], None]
) -> None:
    changed = other()
    plan = json.loads(changed.plan.read_text(encoding="utf-8"))
    change(plan)
    del plan["digest"]
    changed.plan.write_text(json.dumps(plan), encoding="utf-8")
    with pytest.raises(StudyFolderError, match="have the same recipe but different plans"):
        compare_folders([finished.folder.path, changed.path])


def test_a_run_that_has_not_ended_counts_as_far_as_it_came(finished: Any, other: Any) -> None:
    partly = other()
    partly.results.unlink()
    complete = compare_folders([finished.folder.path, partly.path])
    assert complete.is_complete
    assert complete.spread.largest_ev == 0.0
    vacancy = finished.result.hosts[2].vacancies[1]
    shutil.rmtree(partly.calculations / vacancy.calculation)
    found = compare_folders([finished.folder.path, partly.path])
    (missing,) = found.missing
    assert missing.label == f"{finished.result.hosts[2].label}_vac_{vacancy.pair}"
    assert (missing.engine, missing.status) == (found.engines[1].name, "missing")
    assert found.hosts[2].vacancies[1].spread_ev is None
    assert found.spread.n == 5


def test_a_run_that_has_computed_nothing_yet_lacks_everything(finished: Any, other: Any) -> None:
    begun = other()
    begun.results.unlink()
    shutil.rmtree(begun.calculations)
    found = compare_folders([finished.folder.path, begun.path])
    assert len(found.missing) == len(finished.result.calculations)
    assert found.spread.n == 0


def test_what_failed_is_named_with_its_reason(troubled: Any, finished: Any, tmp_path: Path) -> None:
    target = tmp_path / "other"
    shutil.copytree(troubled.folder.path, target)
    folder = replace(troubled.folder, path=target)
    record = json.loads((target / "study.json").read_text(encoding="utf-8"))
    record["recipe"]["engine"]["protocol"] = "stringent"
    del record["digest"]
    (target / "study.json").write_text(json.dumps(record), encoding="utf-8")
    found = compare_folders([finished.folder.path, folder.path])
    failed = {one.label: one.reason for one in found.missing if one.status == "failed"}
    assert failed == {
        finished.result.hosts[1].label: "RuntimeError: the cluster is on fire",
    }
    assert {one.engine for one in found.missing} == {found.engines[1].name}


def test_a_damaged_result_is_bad_input(finished: Any, other: Any) -> None:
    damaged = other()
    damaged.results.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="is not a result of this version"):
        compare_folders([finished.folder.path, damaged.path])
