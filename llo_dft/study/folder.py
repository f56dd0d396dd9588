"""The folder of a study: whose it is, one run at a time, and files that appear whole."""

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
from llo_dft.plain_files import no_links
from llo_dft.recipe import Recipe, parse_recipe

#: What makes a study another one. The oxygen reservoir is not among them: it changes what is
#: read out of the same calculations.
IDENTITY = ("study", "cathode", "slab", "coating", "delithiation", "vacancies", "engine")

#: What a run that was killed at its very beginning leaves.
_LEFT_BY_KILL = (".lock", ".study.json.partial")


#: How often a lock is tried, and how long between: a look at it takes less than a millisecond.
_LOCK_TRIES = 20
_LOCK_PAUSE_S = 0.02


class StudyFolderError(InputError):
    """A folder that can't take this study."""


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that it is there whole or not at all."""
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

        Raises
        ------
        StudyFolderError
            If there is no study here, or its file was changed.
        """
        file = self.path / "study.json"
        if not file.is_file():
            raise StudyFolderError(
                f"{self.path} holds no study; expected the folder given to "
                "'llo-dft run' or 'llo-dft build' with -o"
            )
        try:
            fields: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["recipe"]
        except (ValueError, KeyError, TypeError) as error:
            raise StudyFolderError(f"{file} can't be read: {error}") from error
        return parse_recipe(fields, str(file))

    def check_free_for(self, recipe: Recipe, files: Mapping[str, str] | None = None) -> None:
        """Refuse a folder of another study, or one with somebody else's files.

        ``files`` are the hashes of ``named_files``. One that the folder has no hash of, as one
        of an older version hasn't, is not compared.

        Raises
        ------
        StudyFolderError
            Naming what differs.
        """
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise StudyFolderError(f"{self.path} is a file; expected a folder, or nothing there")
        if all(file.name in _LEFT_BY_KILL for file in self.path.iterdir()):
            return
        if not (self.path / "study.json").is_file():
            raise StudyFolderError(
                f"{self.path} is not empty and holds no study of this package; choose a new folder"
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
        """Make the folder this study's, with the hashes of its files. Call it under the lock.

        Raises
        ------
        StudyFolderError
            If it is another's.
        """
        self.check_free_for(recipe, files)
        held = self._stored_files() | dict(files or {})
        record = {
            "recipe": recipe.model_dump(mode="json"),
            "files": held,
            "identity": study_identity(recipe, held),
        }
        write_whole(self.path / "study.json", json.dumps(record, indent=1) + "\n")

    def _stored_files(self) -> dict[str, str]:
        """Return the hashes of the files that the stored recipe names; none of an older study."""
        try:
            fields: dict[str, Any] = json.loads((self.path / "study.json").read_bytes())
        except FileNotFoundError:
            return {}
        files = fields.get("files")
        return files if isinstance(files, dict) else {}

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder, made if need be, for one run; also a kill gives it free again.

        Raises
        ------
        StudyFolderError
            If another run holds it, or it can't be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            held = open(self.path / ".lock", "w", opener=no_links)  # noqa: SIM115 (opener)
        except OSError as error:
            raise StudyFolderError(f"{self.path} can't be written: {error}") from error
        with held as file:
            if not self._try_lock(file):
                raise StudyFolderError(
                    f"another run is at work in {self.path}; wait for it, or end it"
                )
            yield

    def _try_lock(self, file: IO[str]) -> bool:
        """Take the lock; wait a moment, since ``is_running`` of another process may look at it."""
        for _ in range(_LOCK_TRIES):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_LOCK_PAUSE_S)
            except OSError as error:
                raise StudyFolderError(
                    f"{self.path} can't be locked ({error.strerror}); expected a file system that "
                    "has flock: choose a folder elsewhere, or have it mounted with locks"
                ) from error
            else:
                return True
        return False

    def is_running(self) -> bool:
        """Return whether a run holds the folder now."""
        if not (self.path / ".lock").exists():
            return False
        with (self.path / ".lock").open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            except OSError:  # a file system without locks: no run can hold it
                return False
        return False


def named_files(recipe: Recipe, recipe_folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each crystal's file that a recipe names, by its name there.

    One that is not there has none: who reads it says so.
    """
    phase = recipe.coating.phase if recipe.coating is not None else ""
    coating = phase if phase.lower().endswith(".cif") else None
    files = {name: recipe_folder / name for name in (recipe.cathode.file, coating) if name}
    return {
        name: hashlib.sha256(file.read_bytes()).hexdigest()
        for name, file in files.items()
        if file.is_file()
    }


def study_identity(recipe: Recipe, files: Mapping[str, str] | None = None) -> str:
    """Return a hash of all that makes a study another one: its recipe, and the files it names."""
    sections: dict[str, Any] = {section: _identity(recipe, section) for section in IDENTITY}
    text = json.dumps(sections | {"files": dict(files or {})}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


#: Fields that later versions added. They count only where they are not what was meant before, so
#: that a folder of an earlier version is still of the same study.
_ADDED: Final = {
    "cathode": ("cif",),
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
    # neither where it is computed nor how many of its vacancies makes it another study
    for name in ("device", "budget"):
        fields.pop(name, None)
    return fields
