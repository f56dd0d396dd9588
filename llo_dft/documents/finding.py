"""One thing that ``llo-dft doctor`` looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """What was looked at, its state, what was found there, and what to do if it is missing.

    "optional" is what only some studies need.
    """

    what: str
    state: Literal["ok", "missing", "optional"]
    found: str
    remedy: str = ""
