"""The calculation cache: one folder a calculation, which appears whole or not at all.

``calculations/KEY/result.json`` beside its raw files is a completed calculation. A failed one
leaves ``calculations/KEY.failed/`` with the reason in its result.json; it is no hit, so the
next run tries it again. A result.json holds its key, what the key is made of, and a digest of
itself: one that was changed, lies in another's folder, or whose key is not that of what it holds,
is refused. One of an older version is held to what it has of these.
``calculations/journal.jsonl`` says when each was started and ended, and why those were not tried,
or left nothing, that have no folder.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.documents.calculation import Asked, CalculationDocument, not_computed
from llo_dft.errors import InputError, printable
from llo_dft.plain_files import from_json, no_links, sealed, unseal
from llo_dft.typing import CalculationKind

_PARTIAL = ".partial-"
_FAILED = ".failed"

#: Reason of a calculation of which nothing is on record.
NO_RESULT: Final = "its job ended without a result"

#: Folder in which a calculation that was stopped leaves what the next attempt resumes from.
CONTINUE = "continue"

#: Folder in which a calculation leaves what others may begin with, such as wave functions.
START = "start"


#: What happens to a calculation.
Event: TypeAlias = Literal["started", "completed", "failed", "reused", "skipped", "missing"]


class CacheError(InputError):
    """A stored calculation that can't be read: it was changed by hand."""


#: Decimals of a key's lengths (angstrom) and fractional coordinates. The last bits of a plan
#: differ between kinds of processor (OpenBLAS has code of its own for each), by up to 1e-15.
KEY_DECIMALS: Final = 9


def key_geometry(structure: Structure) -> dict[str, Any]:
    """Return the lattice and coordinates of a structure as they enter a key."""
    coords = np.mod(structure.frac_coords.round(KEY_DECIMALS), 1.0)
    return {
        "lattice": (structure.lattice.matrix.round(KEY_DECIMALS) + 0.0).tolist(),
        "coords": (coords + 0.0).tolist(),
    }


def calculation_key(
    structure: Structure,
    kind: CalculationKind,
    protocol: str,
    asked: Asked,
    *,
    to_the_last_bit: bool = False,
) -> str:
    """Return the name of a calculation: a hash of all that bears on its result.

    Coordinates enter as ``key_geometry`` gives them; in studies of before, to the last bit. Of site
    properties only moments count.
    """
    exact = {
        "lattice": structure.lattice.matrix.tolist(),
        "coords": structure.frac_coords.tolist(),
    }
    text = json.dumps(
        {
            "species": [site.species_string for site in structure],
            "magmoms": [float(m) for m in structure.site_properties.get("magmom", [])],
            "fingerprint": asked.fingerprint.model_dump(mode="json"),
            "kind": kind,
            "protocol": protocol,
            "settings": asked.settings,
        }
        | (exact if to_the_last_bit else key_geometry(structure))
        | ({"electrons": asked.electrons} if asked.electrons else {}),
        sort_keys=True,
        allow_nan=False,
    )
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@dataclass(frozen=True)
class JournalEntry:
    """One line of the journal.

    A calculation was started, completed or failed; "reused" was taken from the cache, perhaps under
    a new label; "skipped" was not tried, "missing" left nothing: both have a reason and no key.
    With a key, the reason says why this one of several starts is the result.
    """

    event: Event
    key: str
    label: str
    time: float
    process: int
    reason: str = ""


@dataclass(frozen=True)
class CalculationCache:
    """The calculations under one folder. Safe with several processes and after a kill."""

    folder: Path

    def completed(self, key: str) -> CalculationDocument | None:
        """Return the completed calculation of that key, or None.

        Raises ``CacheError`` if there is a result that can't be read, was changed, or belongs to
        another key.
        """
        return _read(self.folder / key / "result.json")

    def has_completed(self, key: str) -> bool:
        """Tell whether the calculation of that key is completed, without reading it."""
        return (self.folder / key / "result.json").is_file()

    def n_completed(self) -> int:
        """Count the completed calculations, without reading them."""
        folders = [result.parent.name for result in self.folder.glob("*/result.json")]
        return sum(not (f.endswith(_FAILED) or f.startswith(_PARTIAL)) for f in folders)

    def failed(self, key: str) -> CalculationDocument | None:
        """Return the last failure of that key, or None."""
        return _read(self.folder / f"{key}{_FAILED}" / "result.json")

    @contextmanager
    def workspace(self, key: str) -> Iterator[Path]:
        """Give a folder to calculate in, which goes if nothing is stored from it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # readable as the umask says, so that colleagues can look at it: mkdtemp's would not be
        path = self.folder / f"{_PARTIAL}{key}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        path.mkdir()
        try:
            yield path
        finally:
            if path.exists():
                shutil.rmtree(path)

    def hand_over(self, key: str, workspace: Path) -> None:
        """Give a workspace what the last attempt left to resume from, its folder ``continue``."""
        left = self.folder / f"{key}{_FAILED}" / CONTINUE
        if left.is_dir():
            shutil.copytree(left, workspace / CONTINUE, copy_function=link_or_copy)

    def store(self, document: CalculationDocument, workspace: Path) -> CalculationDocument:
        """Turn a workspace into the calculation's folder, by one rename.

        Returns the document that is stored: another process may have been first, and then its
        result stays, so that all use the same numbers.
        """
        with (workspace / "result.json").open("w", encoding="utf-8") as file:
            fields = document.model_dump(mode="json")
            json.dump(sealed(fields), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        failed = self.folder / f"{document.key}{_FAILED}"
        if document.status != "completed":
            self._put_in_place(workspace, failed)
            self.note("failed", document.label, document.key)
            return document
        existing = self._put_in_place(workspace, self.folder / document.key)
        if existing is not None:
            return existing
        self.note("completed", document.label, document.key)
        with suppress(FileNotFoundError):
            shutil.rmtree(failed)
        return document

    def take_from(self, other: CalculationCache, but: tuple[str, ...]) -> None:
        """Take by links what another completed, but for labels that begin so. Under the lock."""
        for key in {one.key for one in other.journal() if not one.label.startswith(but)}:
            if other.has_completed(key) and not self.has_completed(key):
                with self.workspace(key) as made:
                    theirs = other.folder / key
                    shutil.copytree(theirs, made, copy_function=link_or_copy, dirs_exist_ok=True)
                    self._put_in_place(made, self.folder / key)

    def note(self, event: Event, label: str, key: str = "", reason: str = "") -> None:
        """Write a line of the journal; key and reason as in ``JournalEntry``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        entry = JournalEntry(event, key, label, time.time(), os.getpid(), reason)
        # one write of less than a page in append mode: lines of several processes do not mix
        path = self.folder / "journal.jsonl"
        line = json.dumps(entry.__dict__).encode() + b"\n"
        if _last_line_cut_off(path):
            line = b"\n" + line
        with open(path, "ab", opener=no_links) as file:
            file.write(line)

    def can_resume(self, key: str) -> bool:
        """Tell whether the last attempt left something that the next one resumes from."""
        return (self.folder / f"{key}{_FAILED}" / CONTINUE).is_dir()

    def documents(self, labels: Iterable[str]) -> dict[str, CalculationDocument]:
        """Return what is known of calculations, by their labels: the last attempt at each.

        One of which nothing is stored is ``missing`` or ``skipped``, with the reason on record.

        Raises ``CacheError`` as ``completed``.
        """
        last = {entry.label: entry for entry in self.journal()}
        return {label: self._document(label, last.get(label)) for label in labels}

    def journal(self) -> list[JournalEntry]:
        """Return the journal; a line that a kill cut off is left out."""
        path = self.folder / "journal.jsonl"
        entries: list[JournalEntry] = []
        if not path.exists():
            return entries
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                fields = from_json(line)
                texts = {k: printable(v) for k, v in fields.items() if isinstance(v, str)}
                entries.append(JournalEntry(**fields | texts))
            except (ValueError, TypeError, AttributeError):
                continue
        return entries

    def sweep(self) -> int:
        """Remove what killed calculations left; return how many. Call it under the study's lock.

        What the next attempt resumes from is kept for it.
        """
        left = sorted(self.folder.glob(f"{_PARTIAL}*"))
        for path in left:
            self._keep_continue(path)
            # a program whose worker was killed may still write there: the next sweep has the rest
            shutil.rmtree(path, ignore_errors=True)
        return len(left)

    def _keep_continue(self, workspace: Path) -> None:
        """Put a workspace's folder ``continue`` where ``hand_over`` looks for it."""
        key = workspace.name.removeprefix(_PARTIAL).partition("-")[0]
        kept = self.folder / f"{key}{_FAILED}" / CONTINUE
        if (workspace / CONTINUE).is_dir() and not self.has_completed(key):
            kept.parent.mkdir(exist_ok=True)
            shutil.rmtree(kept, ignore_errors=True)
            with suppress(OSError):  # the program may still write there
                (workspace / CONTINUE).rename(kept)

    def forget_starts(self) -> None:
        """Remove what calculations left for others to begin with: nothing is to be begun."""
        for path in self.folder.glob(f"*/{START}"):
            shutil.rmtree(path, ignore_errors=True)

    def engine_version(self, engine: str) -> str:
        """Return the version of an engine's program that the first calculation here was made by.

        Empty if there is none.
        """
        for entry in self.journal():
            if entry.event == "completed":
                found = self.completed(entry.key)
                if found is not None and found.fingerprint and found.fingerprint.engine == engine:
                    return found.fingerprint.engine_version
        return ""

    def _put_in_place(self, workspace: Path, target: Path) -> CalculationDocument | None:
        """Rename a workspace to its key; return what another process stored there first.

        A failure takes the place of an earlier one.
        """
        while True:
            try:
                workspace.rename(target)
            except OSError as error:
                if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                    raise
                with suppress(FileNotFoundError):  # another process may be at it too
                    if target.name.endswith(_FAILED):  # of several at the same time one stays
                        shutil.rmtree(target)
                    elif (existing := _read(target / "result.json")) is not None:
                        return existing
                    else:  # somebody took its result.json away: what is left is no calculation
                        target.rename(self.folder / f"{_PARTIAL}{target.name}-{os.getpid()}-left")
            else:
                return None

    def _document(self, label: str, entry: JournalEntry | None) -> CalculationDocument:
        if entry is None:
            return not_computed(label, "missing", NO_RESULT)
        if not entry.key:
            skipped = entry.event == "skipped"
            return not_computed(label, "skipped" if skipped else "missing", entry.reason)
        # the folder decides: a kill may have come between its rename and the line in the journal
        found = self.completed(entry.key) or self.failed(entry.key)
        if found is None:
            interrupted = entry.event == "started"
            reason = "the run ended before it did" if interrupted else "its folder was removed"
            return not_computed(label, "missing", reason)
        # stored under another label where two calculations of a study are the same
        notes = [*found.notes, *filter(None, [entry.reason])]
        return found.model_copy(update={"label": label, "notes": notes})


def link_or_copy(source: str, target: str) -> str:
    """Give a file another name, which costs nothing, or copy it where that can't be done."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _last_line_cut_off(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() != b"\n"
    except OSError:  # it is not there, or empty
        return False


def _read(path: Path) -> CalculationDocument | None:
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fields = from_json(text)
        intact = unseal(fields)
        document = CalculationDocument.model_validate(fields)
    # a structure that can't be made of its fields raises any error of pymatgen
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CacheError(
            f"{path} is not a calculation of this package's format; remove its folder to have "
            "it computed again"
        ) from error
    fault = None
    if not intact:
        fault = "was changed after it was written"
    elif document.key != path.parent.name.removesuffix(_FAILED):
        fault = f"is the result of another calculation, {document.label} (key {document.key})"
    elif _made_of_other_things(document):
        fault = f"has the key of another structure or other settings than it holds ({document.key})"
    elif (document.status == "completed") == path.parent.name.endswith(_FAILED):
        fault = f"is of a calculation that is {document.status}, in the folder of another"
    if fault is not None:
        raise CacheError(f"{path} {fault}; remove its folder to have it computed again")
    return document


def _made_of_other_things(document: CalculationDocument) -> bool:
    """Tell whether a key is not that of what its document holds; an old one can't be asked."""
    structure, asked = document.initial_structure, document.asked
    if structure is None or asked is None:
        return False
    given = structure, document.kind, document.protocol, asked
    return document.key not in {
        calculation_key(*given),
        calculation_key(*given, to_the_last_bit=True),
    }
