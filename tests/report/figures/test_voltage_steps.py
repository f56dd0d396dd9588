from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from matplotlib.figure import Figure
from plain_results import plain_result

from llo_dft.analysis.voltage_curve import LithiatedHost, voltage_curve
from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.voltage import VoltageResult
from llo_dft.report.figures import voltage_steps as figures

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from llo_dft.documents.study_result import StudyResult
    from llo_dft.documents.voltage import VoltageCurve

SETTINGS = Fingerprint(
    engine="vasp",
    engine_version="6.4.2",
    functional="PBE+U",
    u_values_ev={"Mn": 3.9},
    cutoff_ev=520.0,
    dispersion="D3(BJ)",
)


def curve(*points: tuple[int, float]) -> VoltageCurve:
    hosts = [LithiatedHost(n, energy, n / 4, f"host_{n}") for n, energy in points]
    return voltage_curve(hosts, -1.9, "Li metal in li")


CURVE = curve((4, -80.0), (3, -73.5), (2, -68.0), (0, -55.0))


@pytest.fixture
def axes() -> Axes:
    return Figure().add_subplot()


def test_the_steps_are_drawn_where_they_are(axes: Axes) -> None:
    figures.plot_voltage(CURVE, axes)
    (stairs,) = axes.patches
    values, edges, _ = stairs.get_data()
    assert list(edges) == [0.0, 0.5, 1.0]
    assert list(values) == pytest.approx([4.6, 4.1])  # from empty to full
    assert axes.lines[0].get_ydata() == pytest.approx([4.35, 4.35])
    left, right = axes.get_xlim()
    assert left > 1.0  # charging goes to the right
    assert right < 0.0


def test_hosts_above_the_hull_are_hollow_in_both(axes: Axes) -> None:
    figures.plot_voltage(CURVE, axes)
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert [list(line.get_xdata()) for line in hollow] == [[0.75]]
    hull = Figure().add_subplot()
    figures.plot_hull(CURVE, hull)
    hollow = [line for line in hull.lines if line.get_markerfacecolor() == "white"]
    assert [list(line.get_xdata()) for line in hollow] == [[0.75]]
    assert hollow[0].get_ydata() == pytest.approx([(-73.5 + 73.75) / 4])
    assert list(hull.lines[0].get_xdata()) == [1.0, 0.5, 0.0]
    left, right = hull.get_xlim()
    assert left > right  # charging goes to the right here too


def test_a_single_step_can_be_drawn(axes: Axes) -> None:
    figures.plot_voltage(curve((4, -80.0), (0, -55.0)), axes)
    assert not [line for line in axes.lines if line.get_markerfacecolor() == "white"]


@pytest.mark.parametrize(("draw", "least"), [("plot_voltage", 0.5), ("plot_hull", 0.02)])
def test_rounding_is_not_drawn_as_a_difference(axes: Axes, draw: str, least: float) -> None:
    flat = curve((4, -80.0), (2, -72.2 + 1e-13), (0, -64.4))
    getattr(figures, draw)(flat, axes)
    low, high = axes.get_ylim()
    assert high - low >= least * 0.99
    getattr(figures, draw)(CURVE, other := Figure().add_subplot())
    assert other.get_ylim()[1] - other.get_ylim()[0] < 1.0  # no wider than it must be


def runs(
    curve: VoltageCurve | None = CURVE, reason: str | None = None, **changes: object
) -> StudyResult:
    voltages = [VoltageResult(system="bare", curve=curve, reason=reason)]
    return plain_result(fingerprint=SETTINGS, voltages=voltages, **changes)


def test_the_file_names_what_computed_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    titles: list[str] = []
    original = Figure.suptitle
    monkeypatch.setattr(
        Figure, "suptitle", lambda self, text, **k: titles.append(text) or original(self, text, **k)
    )
    figures.save_voltage(runs(), tmp_path / "a.svg", also=[".pdf"])  # as a report asks for it
    figures.save_voltage(runs(mock=True, allowed=["functional"]), tmp_path / "b.png")
    first, second = titles
    assert first.startswith("Li4 Mn2 O6, vasp 6.4.2, PBE+U, U(Mn) 3.9 eV, D3(BJ), 520 eV")
    assert "Li metal in li" in first
    assert second.startswith("MOCK OUTPUTS - NOT A RESULT")
    assert "allowed to differ: functional" in second
    assert {one.name for one in tmp_path.iterdir()} == {"a.svg", "a.pdf", "b.png"}


def test_there_is_no_figure_without_a_curve(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no curve to draw: it failed"):
        figures.save_voltage(runs(curve=None, reason="it failed"), tmp_path / "a.png")
