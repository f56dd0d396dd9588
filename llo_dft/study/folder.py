"""The folder of a study: its owner, one run at a time, and files that appear whole."""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from llo_dft.errors import InputError
from llo_dft.plain_files import from_json, no_links, sealed, unseal
from llo_dft.recipe import Recipe, parse_recipe

#: What distinguishes studies. The oxygen reservoir does not: it only changes how the same
#: calculations are evaluated.
IDENTITY = ("study", "cathode", "slab", "coating", "delithiation", "vacancies", "engine")

#: What is left of a run that was killed at its start.
_LEFT_BY_KILL = (".lock", ".study.json.partial")


#: Number of attempts at a lock, and time between: checking it takes less than a millisecond.
_LOCK_TRIES = 20
_LOCK_PAUSE_S = 0.02


class StudyFolderError(InputError):
    """A folder that can't take this study."""


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that it appears whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    with open(partial, "w", encoding="utf-8", opener=no_links) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


@dataclass(frozen=True)
class StudyFolder:
    """Where a study keeps its structures, calculations and results."""

    path: Path

    @property
    def calculations(self) -> Path:
        """Folder of the calculation cache."""
        return self.path / "calculations"

    @property
    def plan(self) -> Path:
        """File of the plan that was run."""
        return self.path / "plan.json"

    @property
    def results(self) -> Path:
        """File of the results."""
        return self.path / "results.json"

    def recipe(self) -> Recipe:
        """Return the recipe that this folder belongs to.

        Raises ``StudyFolderError`` if there is no study here, or its file was changed.
        """
        file = self.path / "study.json"
        if not file.is_file():
            raise StudyFolderError(
                f"{self.path} is not a study; expected the folder given to "
                "'llo-dft run' or 'llo-dft build' with -o"
            )
        try:
            record: dict[str, Any] = from_json(file.read_text(encoding="utf-8"))
            intact, fields = unseal(record), record["recipe"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StudyFolderError(f"{file} can't be read: {error}") from error
        if not intact:
            raise StudyFolderError(
                f"{file} was changed after it was written; undo that, or run the recipe that you "
                "want in a new folder"
            )
        return parse_recipe(fields, str(file))

    def check_free_for(self, recipe: Recipe, files: Mapping[str, str] | None = None) -> None:
        """Refuse a folder of another study, or one with other files.

        ``files`` are the hashes of ``named_files``. Those without a stored hash, as in folders of
        older versions, are not compared.

        Raises ``StudyFolderError``, naming what differs.
        """
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise StudyFolderError(f"{self.path} is a file; expected a folder, or nothing")
        if all(file.name in _LEFT_BY_KILL for file in self.path.iterdir()):
            return
        if not (self.path / "study.json").is_file():
            raise StudyFolderError(
                f"{self.path} is not empty and no study of this package; choose a new folder"
            )
        theirs = self.recipe()
        differing = [
            f"[{section}]"
            for section in IDENTITY
            if _identity(theirs, section) != _identity(recipe, section)
        ]
        stored = self._stored_files()
        differing += [
            f"the contents of {name}"
            for name, digest in (files or {}).items()
            if stored.get(name, digest) != digest
        ]
        if differing:
            raise StudyFolderError(
                f"{self.path} is the folder of another study ({theirs.study.name!r}): "
                f"{', '.join(differing)} differ; choose a new folder"
            )

    def claim(self, recipe: Recipe, files: Mapping[str, str] | None = None) -> None:
        """Assign the folder to this study, with the hashes of its files. Call it under the lock.

        Raises ``StudyFolderError`` if it belongs to another study.
        """
        self.check_free_for(recipe, files)
        held = self._stored_files() | dict(files or {})
        record = {
            "recipe": recipe.model_dump(mode="json"),
            "files": held,
            "identity": study_identity(recipe, held),
        }
        write_whole(self.path / "study.json", json.dumps(sealed(record), indent=1) + "\n")

    def _stored_files(self) -> dict[str, str]:
        """Return the hashes of the files that the stored recipe names; empty for an older study."""
        try:
            fields: dict[str, Any] = from_json((self.path / "study.json").read_bytes())
        except FileNotFoundError:
            return {}
        files = fields.get("files")
        return files if isinstance(files, dict) else {}

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the folder, created if needed, for one run; a kill also ends the lock.

        Raises ``StudyFolderError`` if another run has locked it, or it can't be created.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            held = open(self.path / ".lock", "w", opener=no_links)  # noqa: SIM115 (opener)
        except OSError as error:
            raise StudyFolderError(f"{self.path} can't be written: {error}") from error
        with held as file:
            if not self._try_lock(file):
                raise StudyFolderError(f"another run is using {self.path}; wait for it, or end it")
            yield

    def _try_lock(self, file: IO[str]) -> bool:
        """Take the lock; wait a moment, since ``is_running`` elsewhere may be checking it."""
        for _ in range(_LOCK_TRIES):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_LOCK_PAUSE_S)
            except OSError as error:
                raise StudyFolderError(
                    f"{self.path} can't be locked ({error.strerror}); expected a file system that "
                    "supports flock: choose another folder, or have it mounted with locks"
                ) from error
            else:
                return True
        return False

    def is_running(self) -> bool:
        """Return whether a run has locked the folder."""
        if not (self.path / ".lock").exists():
            return False
        with (self.path / ".lock").open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            except OSError:  # a file system without locks: no run can lock it
                return False
        return False


def named_files(recipe: Recipe, recipe_folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each crystal's file that a recipe names, by its name there.

    A missing file has none: reading it raises the error.
    """
    phase = recipe.coating.phase if recipe.coating is not None else ""
    coating = phase if phase.lower().endswith(".cif") else None
    files = {
        name: recipe_folder / Path(name).expanduser()
        for name in (recipe.cathode.file, coating)
        if name
    }
    return {
        name: hashlib.sha256(file.read_bytes()).hexdigest()
        for name, file in files.items()
        if file.is_file()
    }


def study_identity(recipe: Recipe, files: Mapping[str, str] | None = None) -> str:
    """Return a hash of all that distinguishes a study: its recipe, and the files it names."""
    sections: dict[str, Any] = {section: _identity(recipe, section) for section in IDENTITY}
    text = json.dumps(sections | {"files": dict(files or {})}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


#: Fields added by later versions. They count only if they differ from the earlier meaning, so that
#: a folder of an earlier version is still the same study.
_ADDED: Final = {
    "cathode": ("cif", "shape"),
    "slab": ("miller", "symmetric", "termination"),
    "coating": ("miller",),
    "vacancies": ("side",),
}


def _identity(recipe: Recipe, section: str) -> dict[str, Any]:
    table = getattr(recipe, section)
    fields: dict[str, Any] = {} if table is None else table.model_dump(mode="json")
    for name in _ADDED.get(section, ()):
        if table is not None and getattr(table, name) == type(table).model_fields[name].default:
            del fields[name]
    # where it is computed and how many of its vacancies do not make it another study
    for name in ("device", "budget"):
        fields.pop(name, None)
    return fields
