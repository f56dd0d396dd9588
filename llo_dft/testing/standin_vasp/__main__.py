"""Runs in the current folder, as ``vasp_std`` does."""

from __future__ import annotations

import sys
from pathlib import Path

from llo_dft.testing.standin_vasp.session import run
from llo_dft.testing.standin_vasp.settings import SettingsError, load_settings

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


def command() -> None:
    """Run as the console command ``llo-dft-standin-vasp``."""
    sys.exit(main())


if __name__ == "__main__":
    command()
