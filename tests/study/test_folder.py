from __future__ import annotations

import errno
import fcntl
import json
import re
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from studies import tiny_recipe

from llo_dft.recipe import parse_recipe
from llo_dft.study.folder import (
    StudyFolder,
    StudyFolderError,
    named_files,
    study_identity,
    write_whole,
)

if TYPE_CHECKING:
    from pathlib import Path


CIF_COATING = {
    "phase": "film.CIF",
    "setting": "Pmn2_1",
    "terminations": ["flat-Li2-PO4"],
}


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    """The folder of the tiny study, claimed."""
    made = StudyFolder(tmp_path / "study")
    with made.lock():
        made.claim(tiny_recipe())
    return made


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ("study", {"name": "other"}),
        ("study", {"seed": 1}),
        ("cathode", {"composition": "Li2MnO3"}),
        ("slab", {"tm_layers": 2}),
        ("delithiation", {"fractions": [0.5]}),
        ("vacancies", {"both_faces": True}),
        ("engine", {"protocol": "stringent"}),
        ("engine", {"overrides": {"max_steps": 9}}),
    ],
)
def test_a_folder_of_another_study_is_refused(
    folder: StudyFolder, table: str, changes: dict[str, Any]
) -> None:
    other = tiny_recipe(**{table: changes})
    message = rf"is the folder of another study \('tiny'\): \[{table}\] differ; choose a new folder"
    with pytest.raises(StudyFolderError, match=message):
        folder.check_free_for(other)
    before = (folder.path / "study.json").read_bytes()
    with pytest.raises(StudyFolderError, match=message):
        folder.claim(other)
    assert (folder.path / "study.json").read_bytes() == before
    assert study_identity(other) != study_identity(tiny_recipe())


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ("oxygen", {"scheme": "none", "temperature": 600.0, "pressure": 0.2}),
        ("engine", {"device": "cuda"}),
    ],
)
def test_what_changes_no_calculation_does_not_make_it_another_study(
    folder: StudyFolder, table: str, changes: dict[str, Any]
) -> None:
    same = tiny_recipe(**{table: changes})
    folder.check_free_for(same)
    folder.claim(same)
    assert folder.recipe() == same
    assert study_identity(same) == study_identity(tiny_recipe())


def test_a_budget_may_be_raised_or_left_out_in_the_same_folder() -> None:
    ranked = {"pre_relax": {"name": "chgnet"}}
    identities = {study_identity(tiny_recipe(engine=ranked | one)) for one in ({}, {"budget": 5})}
    assert identities == {study_identity(tiny_recipe(engine=ranked | {"budget": 9}))}


def test_another_crystal_under_the_same_name_makes_it_another_study(tmp_path: Path) -> None:
    recipe = tiny_recipe(cathode={"composition": "cell.cif"}, coating=CIF_COATING)
    for name in ("cell.cif", "film.CIF"):
        (tmp_path / name).write_text("data_one", encoding="utf-8")
    made, files = StudyFolder(tmp_path / "study"), named_files(recipe, tmp_path)
    with made.lock():
        made.claim(recipe, files)
        made.claim(recipe)  # by who does not know them: they are still held
    made.check_free_for(recipe, files)
    for name in files:
        (tmp_path / name).write_text("data_two", encoding="utf-8")
        edited = named_files(recipe, tmp_path)
        message = (
            rf"another study \('tiny'\): the contents of {re.escape(name)} differ; choose a new"
        )
        with pytest.raises(StudyFolderError, match=message):
            made.check_free_for(recipe, edited)
        with pytest.raises(StudyFolderError, match=message):
            made.claim(recipe, edited)
        assert study_identity(recipe, edited) != study_identity(recipe, files)
        (tmp_path / name).write_text("data_one", encoding="utf-8")
    assert list(files) == ["cell.cif", "film.CIF"]
    assert named_files(recipe, tmp_path / "nowhere") == named_files(tiny_recipe(), tmp_path) == {}


@pytest.mark.parametrize("stored", [None, [], {}])
def test_files_of_which_an_older_study_has_no_hash_are_accepted(
    folder: StudyFolder, stored: object
) -> None:
    record = json.loads((folder.path / "study.json").read_text(encoding="utf-8"))
    record["files"] = stored
    del record["digest"]
    (folder.path / "study.json").write_text(json.dumps(record), encoding="utf-8")
    folder.claim(tiny_recipe(), {"cell.cif": "a hash"})
    with pytest.raises(StudyFolderError, match=r"the contents of cell\.cif differ"):
        folder.check_free_for(tiny_recipe(), {"cell.cif": "another"})


def test_somebody_elses_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(StudyFolderError, match="is not empty and no study of this package"):
        StudyFolder(tmp_path).check_free_for(tiny_recipe())


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StudyFolderError, match="file is a file; expected a folder, or nothing"):
        StudyFolder(tmp_path / "file").check_free_for(tiny_recipe())


@pytest.mark.parametrize("left", [[], [".lock"], [".lock", ".study.json.partial"]])
def test_an_empty_folder_and_one_left_by_a_kill_are_free(tmp_path: Path, left: list[str]) -> None:
    for name in left:
        (tmp_path / name).touch()
    StudyFolder(tmp_path).check_free_for(tiny_recipe())
    StudyFolder(tmp_path / "new").check_free_for(tiny_recipe())
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"recipe": 5}'])
def test_a_study_file_that_was_changed_by_hand(folder: StudyFolder, content: bytes) -> None:
    (folder.path / "study.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"study\.json") as caught:
        folder.recipe()
    assert len(str(caught.value).splitlines()) == 1


def test_a_folder_without_a_study(tmp_path: Path) -> None:
    message = re.escape(f"{tmp_path} is not a study; expected the folder given to")
    with pytest.raises(StudyFolderError, match=message):
        StudyFolder(tmp_path).recipe()


def test_a_lock_of_another_process_holds_until_it_is_killed(folder: StudyFolder) -> None:
    program = (
        "import fcntl, sys, time; file = open(sys.argv[1], 'w');"
        "fcntl.flock(file, fcntl.LOCK_EX); print('held', flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-S", "-c", program, str(folder.path / ".lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert folder.is_running()
        with pytest.raises(StudyFolderError, match="another run is using"), folder.lock():
            pass
        holder.kill()
    assert not folder.is_running()
    with folder.lock():
        assert folder.is_running()


def test_a_look_at_the_lock_does_not_stop_a_run_that_starts(folder: StudyFolder) -> None:
    looking = (folder.path / ".lock").open("r")
    fcntl.flock(looking, fcntl.LOCK_SH)
    threading.Timer(0.1, looking.close).start()
    with folder.lock():
        assert folder.is_running()


def test_a_file_system_without_locks_is_named(
    folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with (
        pytest.raises(StudyFolderError, match=r"can't be locked \(No locks available\); expected"),
        folder.lock(),
    ):
        pass
    assert not folder.is_running()


def test_a_file_appears_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.json"
    write_whole(path, "first")

    def no_room(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", no_room)
    with pytest.raises(OSError, match="no space left"):
        write_whole(path, "second")
    assert path.read_text(encoding="utf-8") == "first"


def test_a_recipe_that_was_changed_in_the_folder_is_refused(folder: StudyFolder) -> None:
    file = folder.path / "study.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    record["recipe"]["engine"]["protocol"] = "fast"
    file.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(StudyFolderError, match=r"study\.json was changed after it was written"):
        folder.recipe()


def test_the_stored_recipe_is_the_one_that_was_given(folder: StudyFolder) -> None:
    record = json.loads((folder.path / "study.json").read_text(encoding="utf-8"))
    assert record["identity"] == study_identity(tiny_recipe())
    assert folder.recipe() == tiny_recipe()


def test_a_recipe_of_before_names_the_study_that_it_named() -> None:
    """The hash that it had before there were miller and cif, so that old folders are resumed."""
    fields = {
        "study": {"name": "coated"},
        "cathode": {"composition": "Li2MnO3", "supercell": [1, 2]},
        "slab": {"tm_layers": 1, "vacuum": 10.0},
        "coating": {"phase": "beta", "setting": "Pmn2_1", "terminations": ["step-Li0-PO3"]},
        "delithiation": {"fractions": [1.0], "symmetric": True},
        "vacancies": {"environments": ["2TM+1Li"]},
        "oxygen": {"scheme": "none"},
        "engine": {"name": "chgnet"},
    }
    assert study_identity(parse_recipe(fields, "test")) == "3cf6af93b4ca0d59"
    other = fields | {"coating": {"phase": "LiF", "miller": [1, 1, 0]}}
    first = study_identity(parse_recipe(other, "test"))
    other["coating"]["miller"] = [0, 0, 1]
    assert study_identity(parse_recipe(other, "test")) != first
