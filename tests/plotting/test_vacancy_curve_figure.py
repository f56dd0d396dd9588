from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from llo_dft.documents.study import (
    HostResult,
    OxygenEnvironment,
    StudyResult,
    TurningPoint,
    VacancyResult,
)
from llo_dft.plotting.vacancy_curve import is_rebuilt, plot_vacancy_curve, save_vacancy_curve

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

WHITE = "#ffffff"
REASON = "none in range"


def vacancy(energy_ev: float | None, site_class: str = "3TM", **fields: Any) -> VacancyResult:
    around = OxygenEnvironment(
        n_tm=3, n_li=0, n_p=0, n_li_interlayer=1, layer="surface", side="top"
    )
    done = energy_ev is not None
    return VacancyResult(
        **{
            "site": 3,
            "pair": "O3",
            "site_class": site_class,
            "environment": around,
            "formation_energy_ev": energy_ev,
            "status": "completed" if done else "failed",
            "reason": None if done else "no power",
        }
        | fields
    )


def host(x: float, *vacancies: VacancyResult, **fields: Any) -> HostResult:
    return HostResult(
        **{
            "system": "bare",
            "lithium_fraction": x,
            "requested_lithium_fraction": x,
            "status": "completed",
            "vacancies": list(vacancies),
        }
        | fields
    )


def result(*hosts: HostResult, **fields: Any) -> StudyResult:
    return StudyResult(
        **{
            "study": "s",
            "engine": "fake",
            "protocol": "fast",
            "fingerprint": None,
            "seed": 0,
            "composition": "Li2MnO3",
            "requested_composition": "Li2MnO3",
            "oxygen": None,
            "hosts": list(hosts),
            "counts": {},
        }
        | fields
    )


@pytest.fixture
def axes() -> Axes:
    return Figure().add_subplot()


def points(axes: Axes) -> dict[tuple[float, float], Line2D]:
    """Every point that was drawn by itself, by where it is."""
    found = {}
    for line in axes.lines:
        x, y = np.atleast_1d(line.get_xdata()), np.atleast_1d(line.get_ydata())
        if len(x) == 1 and line.get_marker() in {"o", "s"}:
            found[float(x[0]), float(y[0])] = line
    return found


def curve(axes: Axes, label: str) -> list[tuple[float, float]]:
    line = next(line for line in axes.lines if line.get_label() == label)
    return list(zip(line.get_xdata(), line.get_ydata(), strict=True))


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_every_energy_is_a_point_and_the_line_goes_through_the_lowest(axes: Axes) -> None:
    hosts = [
        host(1.0, vacancy(2.0), vacancy(1.5, "2TM+1Li")),
        host(0.5, vacancy(-0.5), vacancy(0.5, "2TM+1Li")),
    ]
    plot_vacancy_curve(result(*hosts), axes)
    assert set(points(axes)) == {(1.0, 2.0), (1.0, 1.5), (0.5, -0.5), (0.5, 0.5)}
    assert curve(axes, "lowest, bare") == [(0.5, -0.5), (1.0, 1.5)]
    left, right = axes.get_xlim()
    assert left > right  # charging goes to the right
    assert "eV per O" in axes.get_ylabel()


def test_each_class_has_its_own_color_and_is_in_the_legend(axes: Axes) -> None:
    classes = ["3TM", "2TM+1Li", "1TM+2Li", "2TM+1P", "3TM+1P", "free", "1TM"]
    made = [vacancy(float(i), name) for i, name in enumerate(classes)]
    plot_vacancy_curve(result(host(1.0, *made)), axes)
    drawn = points(axes)
    assert len(drawn) == len(classes)
    assert to_hex(drawn[1.0, 0.0].get_color()) != to_hex(drawn[1.0, 1.0].get_color())
    legend = axes.get_legend()
    assert legend is not None
    named = {text.get_text() for text in legend.get_texts()}
    assert {f"O of {name}" for name in classes} <= named


def test_a_vacancy_whose_lattice_rebuilt_itself_is_hollow(axes: Axes) -> None:
    rebuilt = vacancy(0.2, flags=["o2: O1-O2 1.24 A"])
    charged = vacancy(0.4, flags=["moment: Mn8 3.1 -> 3.7 mu_B"])
    plot_vacancy_curve(result(host(1.0, vacancy(0.1), rebuilt, charged)), axes)
    faces = {y: to_hex(point.get_markerfacecolor()) for (_, y), point in points(axes).items()}
    assert faces[0.2] == WHITE
    assert WHITE not in {faces[0.1], faces[0.4]}
    assert [is_rebuilt(v) for v in (vacancy(0.1), rebuilt, charged)] == [False, True, False]


@pytest.mark.parametrize(
    "flag", ["superoxo: O1-O2 1.3 A", "moved: Li3 1.9 A", "p_o_broken: P1-O5 2.4 A"]
)
def test_every_flag_but_a_moment_is_a_rebuilt_lattice(flag: str) -> None:
    assert is_rebuilt(vacancy(0.2, flags=["moment: Mn8 3.1 -> 3.7 mu_B", flag]))


def test_a_vacancy_without_a_result_is_told_of_at_its_fraction(axes: Axes) -> None:
    hosts = [host(1.0, vacancy(1.0), vacancy(None)), host(0.5, vacancy(None), vacancy(None))]
    plot_vacancy_curve(result(*hosts), axes)
    told = {text.xy[0]: text.get_text() for text in axes.texts}
    assert told == {1.0: "1 without a result", 0.5: "2 without a result"}
    assert set(points(axes)) == {(1.0, 1.0)}
    assert curve(axes, "lowest, bare") == [(1.0, 1.0)]
    left, right = axes.get_xlim()
    assert right < 0.5
    assert left > 1.0  # outside the axes a text is not drawn


def test_a_study_in_which_all_failed_still_has_a_figure(axes: Axes, tmp_path: Path) -> None:
    failed = result(host(1.0, vacancy(None)), host(0.0, vacancy(None), status="failed"))
    plot_vacancy_curve(failed, axes)
    assert points(axes) == {}
    save_vacancy_curve(failed, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 0


def test_mock_outputs_are_marked_as_such(axes: Axes) -> None:
    plot_vacancy_curve(result(host(1.0, vacancy(1.0)), mock=True), axes)
    assert axes.get_title(loc="left").startswith("MOCK OUTPUTS - NOT A RESULT")


def test_a_real_result_is_not_marked(axes: Axes) -> None:
    plot_vacancy_curve(result(host(1.0, vacancy(1.0))), axes)
    assert "MOCK" not in axes.get_title(loc="left")
    assert "fake (fast)" in axes.get_title(loc="left")


def test_a_turning_point_is_a_line_and_its_interval_a_band(axes: Axes) -> None:
    point = TurningPoint(system="bare", lithium_fraction=0.42, low=0.4, high=0.45)
    plot_vacancy_curve(result(host(1.0, vacancy(1.0)), turning_points=[point]), axes)
    assert [0.42, 0.42] in [list(line.get_xdata()) for line in axes.lines]
    (band,) = axes.patches
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((0.4, 0.45))
    assert texts(axes) == ["x0 = 0.42"]


def test_no_turning_point_draws_none(axes: Axes) -> None:
    point = TurningPoint(system="bare", lithium_fraction=None, low=None, high=None, reason=REASON)
    plot_vacancy_curve(result(host(1.0, vacancy(1.0)), turning_points=[point]), axes)
    assert len(axes.patches) == 0
    assert texts(axes) == []


def test_bare_and_coated_are_told_apart(axes: Axes) -> None:
    hosts = [host(1.0, vacancy(1.0)), host(1.0, vacancy(2.0), system="coated")]
    plot_vacancy_curve(result(*hosts), axes)
    drawn = points(axes)
    assert (drawn[1.0, 1.0].get_marker(), drawn[1.0, 2.0].get_marker()) == ("o", "s")
    assert curve(axes, "lowest, bare") == [(1.0, 1.0)]
    assert curve(axes, "lowest, coated") == [(1.0, 2.0)]
