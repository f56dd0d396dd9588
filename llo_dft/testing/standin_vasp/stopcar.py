"""STOPCAR: how a run is asked to end by itself."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_ORDER = re.compile(r"(LSTOP|LABORT)\s*=\s*\.?([TF])", re.IGNORECASE)


class Stopcar:
    """Looks for STOPCAR in a folder.

    Attributes
    ----------
    soft, hard
        Whether LSTOP, or LABORT, was found.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "STOPCAR"
        self.soft = False
        self.hard = False

    def found(self) -> bool:
        """Look again, and tell whether the run is to end."""
        if not (self.soft or self.hard) and self._path.is_file():
            for name, value in _ORDER.findall(self._path.read_text(encoding="latin-1")):
                if value.upper() == "T":
                    self.soft |= name.upper() == "LSTOP"
                    self.hard |= name.upper() == "LABORT"
        return self.soft or self.hard

    @property
    def said(self) -> str:
        """What VASP says of it; nothing if it was not found."""
        if not (self.soft or self.hard):
            return ""
        return f" {'hard' if self.hard else 'soft'} stop encountered!  aborting job ...\n"

    def remove(self) -> None:
        """Delete it as VASP does, unless it is read-only, which is how to keep it."""
        if self._path.is_file() and self._path.stat().st_mode & stat.S_IWUSR:
            self._path.unlink()
