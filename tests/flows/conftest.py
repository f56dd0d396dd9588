"""Flows run alone, and the plan's parts that they start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jobflow import JobStore, run_locally
from maggma.stores import MemoryStore

from llo_dft.testing.fake_engine import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jobflow import Flow

    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.typing import CalculationKind

Documents = dict[str, "CalculationDocument"]


@pytest.fixture
def maker() -> Callable[[CalculationKind], Any]:
    """The fake engine's makers, as an engine gives them."""
    return FakeEngine().maker


@pytest.fixture
def run_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Flow], Documents]:
    """Run a flow as jobflow's documentation has it; the calculations by their labels."""
    monkeypatch.chdir(tmp_path)

    def run(flow: Flow) -> Documents:
        responses = run_locally(flow, store=JobStore(MemoryStore()), ensure_success=True, log=False)
        return {
            label: responses[reference.uuid][1].output for label, reference in flow.output.items()
        }

    return run
