"""Records of submissions, in files that only their owner may read."""

import os
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from llo_dft.errors import InputError


class Record(BaseModel):
    """A record; unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


_R = TypeVar("_R", bound=Record)


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner may read, even while it is written.

    Raises ``OSError`` if it already exists, or can't be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def write_record(path: Path, record: Record) -> None:
    """Replace the record; a prologue in it may be confidential."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    write_private(partial, record.model_dump_json(indent=1) + "\n")
    partial.replace(path)


def read_record(path: Path, kind: type[_R]) -> _R | None:
    """Return the record; None if there is none.

    Raises ``InputError`` if the file does not fit: it was changed by hand, or is another
    version's.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise InputError(
            f"{path} can't be read ({error.error_count()} faults): it was changed by hand, or "
            "written by another version; cancel its jobs by hand, remove it and submit again"
        ) from error
