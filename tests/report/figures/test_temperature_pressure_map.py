from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.figure import Figure
from plain_results import plain_host, plain_result

from llo_dft.analysis.oxygen.chemical_potential import oxygen_chemical_potential
from llo_dft.analysis.vacancy.vacancy_map import turning_temperature, vacancy_map
from llo_dft.documents.calculation import Fingerprint
from llo_dft.report.figures import temperature_pressure_map as figures

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.documents.oxygen import VacancyMap
    from llo_dft.documents.study_result import HostResult, StudyResult

OXYGEN = oxygen_chemical_potential("none", -4.9, "O2 in o2", 300.0, 1.0)
TEMPERATURES = np.linspace(300, 1200, 46).tolist()
PRESSURES = np.logspace(-8, 1, 37).tolist()


def host(energy: float, x: float | None = 0.5) -> HostResult:
    return plain_host("host", energy, x=x)


def grid(*energies: float) -> VacancyMap:
    return vacancy_map([host(energy) for energy in energies], OXYGEN, TEMPERATURES, PRESSURES)


def test_the_line_is_where_the_energy_is_zero() -> None:
    """At 1 bar it must pass the turning temperature, which is found in another way."""
    axes = Figure().add_subplot()
    made = grid(0.5)
    figures.plot_vacancy_map(made, made.hosts[0], axes)
    contours = [c for c in axes.collections if hasattr(c, "levels")]
    (line,) = contours
    assert list(line.levels) == [0.0]
    points = line.get_paths()[0].vertices
    at_one_bar = np.interp(0.0, points[:, 1], points[:, 0])
    expected = turning_temperature([0.5], OXYGEN)[0]
    assert at_one_bar == pytest.approx(expected, abs=1.0)


@pytest.mark.parametrize(("energy", "text"), [(9.0, "above"), (-9.0, "below")])
def test_a_map_without_a_line_says_so(energy: float, text: str) -> None:
    axes = Figure().add_subplot()
    made = grid(energy)
    figures.plot_vacancy_map(made, made.hosts[0], axes)
    assert not [c for c in axes.collections if hasattr(c, "levels")]
    assert [note.get_text() for note in axes.texts] == [f"{text} zero throughout"]


def result(made: VacancyMap | None, **changes: object) -> StudyResult:
    settings = Fingerprint(engine="vasp", engine_version="6.4.2", functional="HSE06")
    return plain_result(fingerprint=settings, oxygen=OXYGEN, vacancy_map=made, **changes)


def test_the_file_has_a_panel_for_each_host_and_names_what_computed_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Figure] = []
    original = Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *a, **k: drawn.append(self) or original(self, *a, **k)
    )
    figures.save_vacancy_map(
        result(grid(0.5, 9.0, -0.5, 0.1), mock=True, allowed=["cell"]), tmp_path / "map.png"
    )
    (figure,) = drawn
    panels = [axes for axes in figure.axes if axes.get_visible() and axes.get_xlabel()]
    assert len(panels) == 4
    title = figure.get_suptitle()
    assert title.startswith("MOCK OUTPUTS - NOT A RESULT\nvasp 6.4.2, HSE06")
    assert "O2 scheme 'none', O2 in o2" in title
    assert "allowed to differ: cell" in title


def test_a_result_without_a_map_is_not_drawn(tmp_path: Path) -> None:
    for made in (None, vacancy_map([], OXYGEN, TEMPERATURES, PRESSURES)):
        with pytest.raises(ValueError, match="no host has a formation energy"):
            figures.save_vacancy_map(result(made), tmp_path / "map.png")


def test_a_host_without_a_fraction_has_its_path() -> None:
    axes = Figure().add_subplot()
    made = vacancy_map([host(0.5, None)], OXYGEN, TEMPERATURES, PRESSURES)
    figures.plot_vacancy_map(made, made.hosts[0], axes)
    assert axes.get_title() == "bare: host"
