"""The fake engine with calculations that take some time, so that they can be interrupted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llo_dft.engines.base import Program
from llo_dft.engines.potentials.known_potentials import known_potential
from llo_dft.testing.fake_engine import FakeCalculation, FakeEngine

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from llo_dft import recipe
    from llo_dft.engines.base import Outcome
    from llo_dft.typing import CalculationKind


@dataclass
class SlowCalculation(FakeCalculation):
    """A calculation of the fake engine, after some seconds.

    That of a slab waits as long as the file ``gate`` is there, so that it can be interrupted for
    certain.
    """

    seconds: float = 0.0
    gate: str = ""

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        end = time.monotonic() + self.seconds
        while time.monotonic() < end or self._is_held():
            time.sleep(0.02)
        return super().calculate(structure, folder)

    def _is_held(self) -> bool:
        return self.kind == "slab_relax" and self.gate != "" and Path(self.gate).exists()


class SlowEngine(FakeEngine):
    """The engine of a recipe; ``seconds``, ``gate``, ``counter`` and ``faults`` are overrides."""

    def __init__(self, settings: recipe.EngineChoice) -> None:
        overrides: dict[str, Any] = dict(settings.overrides)
        super().__init__(overrides.get("counter", ""), overrides.get("faults"))
        self.seconds = float(overrides.get("seconds", 0.0))
        self.gate = str(overrides.get("gate", ""))
        # the recipe names a real engine, and its O2 is taken; all else is the fake one's
        self.oxygen = known_potential(settings.name, settings.model).oxygen

    def maker(self, kind: CalculationKind) -> SlowCalculation:
        return SlowCalculation(
            kind, self.protocol, self.counter, self.faults, seconds=self.seconds, gate=self.gate
        )


class ProgramEngine(SlowEngine):
    """The same, whose jobs are those of a program."""

    program = Program("the fake", "FAKE_COMMAND")
