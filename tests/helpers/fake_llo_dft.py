"""``llo-dft`` with a slow fake engine in place of any other: ``python fake_llo_dft.py ARGUMENTS``.

A driver that it submits is this program again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from slow_engine import SlowEngine

from llo_dft.cli import submit
from llo_dft.cli.main import app
from llo_dft.study import result
from llo_dft.study import run_study as run


def driver_command(python: str) -> list[str]:
    """Start this program, not the real one, in a job."""
    return [python, str(Path(__file__).resolve())]


if __name__ == "__main__":
    run.engine_from = result.engine_from = SlowEngine
    submit.driver_command = driver_command
    sys.exit(app())
