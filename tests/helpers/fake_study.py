"""A plan run through the flow in this process, on the fake engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jobflow import JobStore, run_locally
from maggma.stores import MemoryStore

from llo_dft.analysis.study_analysis import analyze_study
from llo_dft.analysis.study_calculations import StudyCalculations
from llo_dft.calculations.cache import CalculationCache
from llo_dft.documents.oxygen import OxygenSettings
from llo_dft.flows.whole_study import StudyMaker
from llo_dft.runner import run_flow
from llo_dft.testing.fake_engine import LABEL_HALF_O2_EV, FakeEngine

if TYPE_CHECKING:
    from pathlib import Path

    from jobflow import Flow

    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.documents.plan import StudyPlan
    from llo_dft.documents.study_result import StudyResult
    from llo_dft.typing import OxygenScheme

POSITION_TOLERANCE_ANGSTROM = 1e-6

#: The ways to run a flow.
WAYS = ["run_locally", "run_flow"]


@dataclass
class FakeStudy:
    """A plan run in a folder with an engine that counts its calculations."""

    plan: StudyPlan
    folder: Path
    how: str = "run_flow"
    scheme: OxygenScheme = "potential"
    engine_type: type[FakeEngine] = FakeEngine
    potential: FakeEngine | None = None

    @property
    def cache(self) -> CalculationCache:
        return CalculationCache(self.folder / "calculations")

    def run(self, **faults: str) -> StudyResult:
        engine = self.engine_type(str(self.folder / "counter"), faults)
        oxygen = OxygenSettings(
            scheme=self.scheme,
            temperature_k=298.15,
            pressure_bar=1.0,
            label_energy_ev_per_atom=LABEL_HALF_O2_EV,
            label_source=engine.oxygen.source,
        )
        maker = StudyMaker.of_engine(
            engine.maker,
            str(self.cache.folder),
            electrons=False,
            ranker=engine.maker("ranking"),
            potential=self.potential and self.potential.maker("slab_relax"),
        )
        run(maker.make(self.plan), self.how)
        made = StudyCalculations(
            self.plan,
            self.cache.documents(self.plan.labels),
            by_potential=self.cache.documents(self.plan.potential_labels),
        )
        return analyze_study(made, oxygen, engine=engine.name, protocol=engine.protocol)

    def calls(self) -> list[str]:
        counter = self.folder / "counter"
        return counter.read_text(encoding="utf-8").splitlines() if counter.exists() else []

    def document(self, label: str) -> CalculationDocument:
        keys = {entry.label: entry.key for entry in self.cache.journal()}
        found = self.cache.completed(keys[label])
        assert found is not None
        return found


def run(flow: Flow, how: str) -> None:
    store = JobStore(MemoryStore())
    if how == "run_locally":
        run_locally(flow, store=store, log=False)
        return
    result = run_flow(flow, store=store, executor=lambda: ThreadPoolExecutor(2), max_workers=2)
    assert not result.failures


def assert_same_atoms(
    child: CalculationDocument, parent: CalculationDocument, removed: list[int]
) -> None:
    """The child starts from the relaxed parent less some sites."""
    left = parent.structure.copy()
    left.remove_sites(removed)
    assert child.initial_structure.species == left.species
    assert np.allclose(
        child.initial_structure.cart_coords, left.cart_coords, atol=POSITION_TOLERANCE_ANGSTROM
    )
