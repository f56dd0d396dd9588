"""The pytest plugin: fixtures for tests of one's own builders and flows, without a DFT code.

pytest loads it wherever llo_dft is installed, so nothing else is imported before a test asks for a
fixture. docs/testing.md has a worked example.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymatgen.core.structure import Structure

    from llo_dft.testing.fake_engine import FakeEngine
    from llo_dft.testing.standin import StandIn


class RunWriter(Protocol):
    """Writes the made-up run of a structure into a folder of the test's ``tmp_path``."""

    def __call__(
        self,
        name: str,
        structure: Structure,
        energy_ev: float,
        forces_ev_per_angstrom: Sequence[Sequence[float]] | None = None,
        **fields: Any,
    ) -> Path:
        """Return the folder; parameters as of ``plain_run_writer.write_run``."""
        ...


class RecordedRuns(Protocol):
    """Compares a finished run with the record of it beside the test's file."""

    def __call__(self, run: Path, name: str) -> None:
        """Compare, or write the record where pytest runs with ``--record-runs``."""
        ...


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--record-runs``."""
    text = "write the records that recorded_runs compares with, instead of comparing (llo_dft)"
    parser.addoption("--record-runs", action="store_true", help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker of the stand-in."""
    config.addinivalue_line(
        "markers",
        "standin_vasp(faults=..., moment_ev=..., ...): arguments of llo_dft.testing.standin.install"
        " for the fixture standin_vasp",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep pymatgen's warnings of POTCAR stubs out of tests that use them."""
    for item in items:
        if "standin_vasp" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.filterwarnings("ignore:POTCAR data with symbol"))


@pytest.fixture
def standin_vasp(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> StandIn:
    """Install the stand-in for VASP, found as ``vasp_std`` by this process and all that it starts.

    atomate2, custodian and this package run it; stubs take the place of the licensed POTCAR files.
    ``@pytest.mark.standin_vasp(faults=[{"kind": "zbrent"}])`` lets a run fail in VASP's ways. All
    that it writes is marked: no analysis of this package reports it as a result.
    """
    from llo_dft.testing import standin, stub_potcars

    marker = request.node.get_closest_marker("standin_vasp")
    installed = standin.install(tmp_path / "vasp", **(marker.kwargs if marker else {}))
    installed.use(monkeypatch)
    installed.use_in_atomate2(monkeypatch)
    stub_potcars.use(stub_potcars.install(tmp_path / "vasp" / "potcars"), monkeypatch)
    return installed


@pytest.fixture
def plain_run_writer(tmp_path: Path) -> RunWriter:
    """Write a finished, made-up VASP run of any structure and energy; its files are marked."""
    from llo_dft.testing.plain_run_writer import write_run

    def write(
        name: str,
        structure: Structure,
        energy_ev: float,
        forces_ev_per_angstrom: Sequence[Sequence[float]] | None = None,
        **fields: Any,
    ) -> Path:
        return write_run(tmp_path / name, structure, energy_ev, forces_ev_per_angstrom, **fields)

    return write


@pytest.fixture
def fake_engine() -> FakeEngine:
    """Give an engine whose energies can be worked out on paper; its results are marked as mock."""
    from llo_dft.testing.fake_engine import FakeEngine

    return FakeEngine(mock=True)


@pytest.fixture
def recorded_runs(request: pytest.FixtureRequest) -> RecordedRuns:
    """Compare inputs and outputs of a finished run with ``recorded/NAME`` beside the test."""
    from llo_dft.testing.recorded import assert_run_as_recorded

    record = bool(request.config.getoption("--record-runs"))

    def compare(run: Path, name: str) -> None:
        assert_run_as_recorded(Path(run), request.path.parent / "recorded" / name, record=record)

    return compare
