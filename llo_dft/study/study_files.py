"""Putting the files of a study's result in place, and reading its documents."""

import hashlib
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from llo_dft.documents.document import Document
from llo_dft.documents.labels import charge_difference_folder, density_of_states_file
from llo_dft.documents.plan import StudyPlan
from llo_dft.documents.study_result import SCHEMA_VERSION, StudyResult
from llo_dft.plain_files import from_json, sealed, unseal
from llo_dft.study.folder import StudyFolder, StudyFolderError, write_whole

#: Folder of a new set of files that is complete but not yet in place.
READY = ".results-ready"

#: Name of the replaced results.json in that folder, until all of the new set is in place.
_REPLACED = "replaced.json"

_Stored = TypeVar("_Stored", bound=Document)


def is_study(folder: Path) -> bool:
    """Tell whether a folder is that of a study."""
    return os.path.isfile(folder / "study.json")  # noqa: PTH113 (no error of a name too long)


def studies_in(folder: Path) -> dict[str, Path]:
    """Return the studies of a screen or of several cells by name; otherwise the folder itself."""
    below = [] if is_study(folder) or not folder.is_dir() else sorted(folder.iterdir())
    return {path.name: path for path in below if is_study(path)} or {folder.name: folder}


def read_results(path: Path | str) -> StudyResult:
    """Read results.json, by its path or by the study's folder.

    Raises ``StudyFolderError`` if it is missing, or not in this package's format.
    """
    path = Path(path)
    path = path / "results.json" if path.is_dir() else path
    recover(path.parent)
    ready = path.parent / READY / path.name  # complete, but perhaps being moved
    try:
        text = (path if path.is_file() or not ready.is_file() else ready).read_bytes()
    except FileNotFoundError as error:
        raise StudyFolderError(f"there is no {path}: run the study first") from error
    return _stored(StudyResult, text, path, "result")


def _stored(kind: type[_Stored], text: bytes, path: Path, name: str) -> _Stored:
    """Return a document of a study from the text of its file, which is as it was written."""
    again = "run the study again, its calculations are kept"
    try:
        fields: dict[str, Any] = from_json(text)
        intact = unseal(fields)
        found = kind.model_validate(fields)
    except ValidationError as error:
        if theirs := [e["input"] for e in error.errors() if e["loc"] == ("schema_version",)]:
            raise StudyFolderError(
                f"{path} is a result in format {theirs[0]!r}, but this version reads format "
                f"{SCHEMA_VERSION}; {again}"
            ) from error
        raise StudyFolderError(
            f"{path} is not a {name} of this version ({error.error_count()} faults); {again}"
        ) from error
    except (ValueError, AttributeError, TypeError) as error:
        raise StudyFolderError(f"{path} is not a {name} of this version; {again}") from error
    if not intact:
        raise StudyFolderError(f"{path} was changed after it was written; {again}")
    return found


def stored_plan(folder: StudyFolder) -> StudyPlan:
    """Return the plan that was run: a newer version might make another from the recipe.

    Raises ``StudyFolderError`` if there is none, or it is not of this version's format.
    """
    try:
        return _stored(StudyPlan, folder.plan.read_bytes(), folder.plan, "plan")
    except FileNotFoundError as error:
        raise StudyFolderError(
            f"there is no {folder.plan}; run the study again, its calculations are kept"
        ) from error


def write_plan(plan: StudyPlan, folder: StudyFolder) -> None:
    """Write the plan that is run."""
    write_whole(folder.plan, json.dumps(sealed(plan.model_dump(mode="json"))) + "\n")


def results_schema() -> str:
    """Return the JSON schema of results.json."""
    schema = StudyResult.model_json_schema()
    schema["properties"]["digest"] = {"type": "string", "description": "SHA-256 of all else here"}
    return json.dumps(schema, indent=1) + "\n"


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def changed_files(result: StudyResult, folder: Path) -> list[str]:
    """Return the files of a result that are gone or not as they were written with it."""
    return [
        name
        for name, digest in result.files.items()
        if not (folder / name).is_file() or file_digest(folder / name) != digest
    ]


def put_in_place(folder: Path) -> None:
    """Replace the old set of files by a new one, or by what remains to be moved of it.

    Files missing from the new set are removed. Call it under the study's lock. The old
    results.json is removed first and the new one moved last: whenever there is one, all files are
    of its set, and until then this can be repeated.
    """
    ready = folder / READY
    if not ready.is_dir():
        return
    old, result = ready / _REPLACED, ready / "results.json"
    if result.exists():
        if (folder / result.name).exists():
            (folder / result.name).replace(old)
        for stale in _electronic_files(old) - _electronic_files(result):
            _remove(folder / stale)
        for new in set(ready.iterdir()) - {old, result}:
            if new.is_dir():
                _remove(folder / new.name)
            new.replace(folder / new.name)
        result.replace(folder / result.name)
    old.unlink(missing_ok=True)
    ready.rmdir()


def recover(folder: Path) -> None:
    """Move a new set of files left by a killed run into place, unless a run is active."""
    if (folder / READY).is_dir():
        with suppress(StudyFolderError), StudyFolder(folder).lock():
            put_in_place(folder)


def _electronic_files(result: Path) -> set[str]:
    """Return the files of hosts and terminations that a results.json names."""
    try:
        fields: dict[str, Any] = from_json(result.read_bytes())
        drawn = [str(one.get("figure")) for one in fields.get("band_centers", [])]
        ends = (".png", ".svg", ".pdf")
        named = {f"{name.removesuffix('.png')}{end}" for name in drawn for end in ends}
        named |= {str(one.get("folder")) for one in fields.get("charge_differences", [])}
    except (OSError, ValueError, AttributeError, TypeError):
        return set()  # none, or not from this package
    starts = density_of_states_file("").partition(".")[0], charge_difference_folder("")
    return {name for name in named if name.startswith(starts) and Path(name).name == name}


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
