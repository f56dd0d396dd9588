"""Runs in the current folder, as ``vasp_std`` does."""

from __future__ import annotations

import sys
from pathlib import Path

from standin_vasp.session import run
from standin_vasp.settings import SettingsError, load_settings

#: Exit status where the stand-in itself was told nonsense: nothing that VASP ever returns.
_BAD_SETTINGS = 96


def main() -> int:
    """Return the exit status."""
    try:
        settings = load_settings()
    except (SettingsError, OSError, TypeError, ValueError) as error:
        sys.stderr.write(f"stand-in for VASP: {error}\n")
        return _BAD_SETTINGS
    return run(Path.cwd(), settings)


if __name__ == "__main__":
    sys.exit(main())
