"""An engine under which every oxide is below its elements, over few phases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.runs.phases.phase_source import competing_phases
from llo_dft.testing.fake_engine import (
    LABEL_HALF_O2_EV,
    LITHIUM_METAL_EV,
    METAL_EV,
    FakeCalculation,
    FakeEngine,
)

if TYPE_CHECKING:
    import pytest
    from pymatgen.core.structure import Structure

    from llo_dft.typing import CalculationKind

_FEW = ("Ni", "Co", "Mn_alpha", "P_black", "Li2O", "Li2O2", "MnO")


class Deep(FakeCalculation):
    """Each O gains 1 eV for each other element of its compound."""

    def _energy_ev(self, structure: Structure) -> float:
        oxygen = LABEL_HALF_O2_EV - len(structure.symbol_set) + 1
        atom_ev = {"Li": LITHIUM_METAL_EV, "O": oxygen}
        return sum(atom_ev.get(site.specie.symbol, METAL_EV) for site in structure)


class DeepEngine(FakeEngine):
    """The engine of ``Deep``."""

    def maker(self, kind: CalculationKind) -> Deep:
        """Return what computes one kind."""
        return Deep(kind, self.protocol)


def use_deep_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let reactions of studies be of this engine and over these phases."""
    few = {name: about for name, about in competing_phases().items() if name in _FEW}
    module = "llo_dft.study.contacts.study_reactions.engine_from"
    monkeypatch.setattr(module, lambda _settings: DeepEngine())
    monkeypatch.setattr("llo_dft.runs.phases.phase_source.competing_phases", lambda: few)
