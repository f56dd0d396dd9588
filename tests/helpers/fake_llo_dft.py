"""``llo-dft`` with a fake engine that takes its time, for jobs in a queue.

``python fake_llo_dft.py ARGUMENTS``. The recipe's ``engine.overrides`` may hold ``seconds`` (how
long a calculation takes), ``counter`` (a file that gets a line for each calculation that begins)
and ``faults`` (what is to go wrong, by the name of the calculation's kind).
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fake_engine import FakeCalculation, FakeEngine

from llo_dft.cli import submit
from llo_dft.cli.main import app
from llo_dft.engines.registry import oxygen_reference
from llo_dft.study import run

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from llo_dft import recipe
    from llo_dft.engines.base import Outcome
    from llo_dft.typing import CalculationKind


@dataclass
class SlowCalculation(FakeCalculation):
    """A calculation of the fake engine after some seconds."""

    seconds: float = 0.0

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        outcome = super().calculate(structure, folder)
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            time.sleep(0.02)
        return outcome


class SlowEngine(FakeEngine):
    """An engine of such calculations."""

    def __init__(self, settings: recipe.Engine) -> None:
        overrides: dict[str, Any] = dict(settings.overrides)
        super().__init__(overrides.get("counter", ""), overrides.get("faults"))
        self.seconds = overrides.get("seconds", 0.0)
        # the recipe names a real engine, whose O2 it takes: all else is the fake one's
        self.oxygen = oxygen_reference(settings)

    def maker(self, kind: CalculationKind) -> SlowCalculation:
        faults = self.faults
        return SlowCalculation(
            kind, self.protocol, self.counter, faults, seconds=float(self.seconds)
        )


def driver_command(python: str) -> list[str]:
    """Start this program, not the real one, in a job."""
    return [python, str(Path(__file__).resolve())]


if __name__ == "__main__":
    # a worker imports the classes by the module's name, which is not __main__ there
    import fake_llo_dft

    run.engine_from = fake_llo_dft.SlowEngine
    submit.driver_command = driver_command
    sys.exit(app())
