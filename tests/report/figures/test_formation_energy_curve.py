from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from made_results import made_result as result
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.lines import Line2D
from matplotlib.text import Text

from llo_dft.analysis.oxygen.chemical_potential import oxygen_chemical_potential
from llo_dft.analysis.vacancy.pairs import vacancy_pairs
from llo_dft.analysis.vacancy.turning_lines import charge_points
from llo_dft.analysis.vacancy.turning_point import turning_point
from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.labels import system_name
from llo_dft.documents.sites import OxygenEnvironment
from llo_dft.documents.state_of_charge import StateOfCharge, TurningPoint
from llo_dft.documents.study_result import (
    HostResult,
    StudyResult,
    VacancyResult,
)
from llo_dft.report.figures import formation_energy_curve as curve_module
from llo_dft.report.figures.formation_energy_curve import (
    plot_vacancy_curve,
    save_vacancy_curve,
)
from llo_dft.report.figures.palette import system_colors as colors_of

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

WHITE = "#ffffff"
REASON = "none in range"


def vacancy(energy_ev: float | None, site_class: str = "3TM", **fields: Any) -> VacancyResult:
    around = OxygenEnvironment(
        n_tm=3, n_li=0, n_former=0, n_li_interlayer=1, layer="surface", side="top"
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


@pytest.fixture
def axes() -> Axes:
    return Figure().add_subplot()


def points(axes: Axes) -> dict[tuple[float, float], Line2D]:
    """Every point that was drawn by itself, by where it is."""
    found = {}
    for line in axes.lines:
        x, y = np.atleast_1d(line.get_xdata()), np.atleast_1d(line.get_ydata())
        if len(x) == 1 and line.get_marker() in Line2D.filled_markers:
            found[float(x[0]), float(y[0])] = line
    return found


def system_colors(made: StudyResult) -> dict[str, str]:
    return colors_of(system_name(one.system, one.termination) for one in made.hosts)


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
    line = curve(axes, "lowest, bare")
    assert (line[0], line[-1]) == ((1.0, 1.5), (0.5, -0.5))
    left, right = axes.get_xlim()
    assert left > right  # charging goes to the right
    assert "eV per O" in axes.get_ylabel()


def legend(axes: Axes) -> dict[str, Any]:
    """What the legend shows, by what it calls it."""
    found = axes.get_legend()
    assert found is not None
    named = [text.get_text() for text in found.get_texts()]
    return dict(zip(named, found.legend_handles, strict=True))


def test_each_class_has_its_own_marker_and_is_in_the_legend(axes: Axes) -> None:
    classes = ["3TM", "2TM+1Li", "1TM+2Li", "2TM+1P", "3TM+1P", "free", "1TM"]
    made = [vacancy(float(i), name) for i, name in enumerate(classes)]
    plot_vacancy_curve(result(host(1.0, *made)), axes)
    drawn = {classes[int(y)]: point for (_, y), point in points(axes).items()}
    assert len({point.get_marker() for point in drawn.values()}) == len(classes)
    assert len({to_hex(point.get_color()) for point in drawn.values()}) == 1
    shown = legend(axes)
    for name, point in drawn.items():
        assert shown[f"O of {name}"].get_marker() == point.get_marker()
    assert "O bonded to the coating" not in shown


def test_a_class_of_which_nothing_is_drawn_is_not_in_the_legend(axes: Axes) -> None:
    unknown = vacancy(None, "bonded to the coating", site=None, environment=None)
    plot_vacancy_curve(result(host(1.0, vacancy(1.0), unknown)), axes)
    assert {"O of 3TM", "lattice rebuilt", "lowest, bare"} == set(legend(axes))
    assert texts(axes) == ["1 without a result"]


def test_a_vacancy_whose_lattice_rebuilt_itself_is_hollow(axes: Axes) -> None:
    rebuilt = vacancy(0.2, flags=["o2: O1-O2 1.24 A"])
    charged = vacancy(0.4, flags=["moment: Mn8 3.1 -> 3.7 mu_B"])
    plot_vacancy_curve(result(host(1.0, vacancy(0.1), rebuilt, charged)), axes)
    faces = {y: to_hex(point.get_markerfacecolor()) for (_, y), point in points(axes).items()}
    assert faces[0.2] == WHITE
    assert WHITE not in {faces[0.1], faces[0.4]}
    assert [v.rebuilt for v in (vacancy(0.1), rebuilt, charged)] == [False, True, False]


@pytest.mark.parametrize(
    "flag", ["superoxo: O1-O2 1.3 A", "moved: Li3 1.9 A", "p_o_broken: P1-O5 2.4 A"]
)
def test_every_flag_but_a_moment_is_a_rebuilt_lattice(flag: str) -> None:
    assert vacancy(0.2, flags=["moment: Mn8 3.1 -> 3.7 mu_B", flag]).rebuilt


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


def test_a_turning_point_is_a_line_and_its_interval_a_bar(axes: Axes) -> None:
    at, earliest, latest = (StateOfCharge(lithium_fraction=x) for x in (0.42, 0.45, 0.4))
    point = TurningPoint(system="bare", at=at, earliest=earliest, latest=latest)
    plot_vacancy_curve(result(host(1.0, vacancy(1.0)), turning_points=[point]), axes)
    drawn = [list(line.get_xdata()) for line in axes.lines]
    assert [0.42, 0.42] in drawn
    assert [0.45, 0.4] in drawn
    assert texts(axes) == ["x0 = 0.42"]


def test_the_line_crosses_zero_at_the_turning_point(axes: Axes) -> None:
    lowest = [(1.0, [2.6]), (0.75, [1.3]), (0.5, [-0.3]), (0.25, [-0.9])]
    hosts = [host(x, *map(vacancy, energies)) for x, energies in lowest]
    point = turning_point("bare", charge_points(hosts, "bare", None))
    plot_vacancy_curve(result(*hosts, turning_points=[point]), axes)
    x, y = zip(*curve(axes, "lowest, bare"), strict=True)
    assert point.at is not None
    assert point.at.lithium_fraction is not None
    order = np.argsort(x)
    at_zero = np.interp(point.at.lithium_fraction, np.array(x)[order], np.array(y)[order])
    assert at_zero == pytest.approx(0.0, abs=2e-3)


def test_the_legend_lies_below_the_axes(axes: Axes) -> None:
    plot_vacancy_curve(result(host(1.0, vacancy(1.0))), axes)
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    FigureCanvasAgg(figure).draw()
    found = axes.get_legend()
    assert found is not None
    below = axes.xaxis.label.get_window_extent()
    assert found.get_window_extent().y1 <= below.y0


def plain(*hosts: HostResult, **fields: Any) -> StudyResult:
    oxygen = oxygen_chemical_potential("none", -4.9, "O2 in o2", 600.0, 0.2)
    settings = Fingerprint(
        engine="vasp", engine_version="6.4.2", functional="PBE+U", u_values_ev={"Mn": 3.9}
    )
    own = {"study": None, "fingerprint": settings, "composition": "Li4 Mn2 O6", "oxygen": oxygen}
    return result(*hosts, **own | fields)


def plain_vacancy(energy_ev: float | None, site_class: str = "", n_former: int = 0) -> Any:
    around = OxygenEnvironment(
        n_tm=2, n_li=1, n_former=n_former, n_li_interlayer=1, layer="surface", side="top"
    )
    return vacancy(
        energy_ev, site_class, run="v", pair="", environment=around if site_class else None
    )


def plain_host(x: float | None, n_li: int, *vacancies: VacancyResult) -> HostResult:
    return host(1.0, *vacancies, run=f"host_{n_li}", n_li=n_li, lithium_fraction=x)


def test_plain_runs_are_drawn_as_a_study_is(axes: Axes) -> None:
    rebuilt = plain_vacancy(0.2, "2TM+1Li").model_copy(update={"flags": ["moved: Li3 1.9 A"]})
    half = plain_host(0.5, 2, rebuilt, plain_vacancy(None))
    full = plain_host(1.0, 4, plain_vacancy(2.0), plain_vacancy(1.5, "2TM+1Li", n_former=1))
    plot_vacancy_curve(plain(half, full, allowed=["cell"]), axes)
    drawn = points(axes)
    assert set(drawn) == {(0.5, 0.2), (1.0, 2.0), (1.0, 1.5)}
    assert to_hex(drawn[0.5, 0.2].get_markerfacecolor()) == WHITE
    assert drawn[1.0, 1.5].get_marker() == "*"
    assert {"O of 2TM+1Li", "O of unknown class", "O bonded to the coating"} < set(legend(axes))
    assert texts(axes) == ["1 without a result"]
    title = axes.get_title(loc="left").splitlines()
    assert title[0] == "Li4 Mn2 O6, vasp 6.4.2, PBE+U, U(Mn) 3.9 eV"
    assert title[1:] == ["O2 scheme 'none', 600 K, 0.2 bar", "allowed to differ: cell"]


def test_a_plain_host_without_a_fraction_is_left_out(axes: Axes) -> None:
    plot_vacancy_curve(plain(plain_host(None, 4, plain_vacancy(2.0)), mock=True), axes)
    assert points(axes) == {}
    assert axes.get_title(loc="left").startswith("MOCK OUTPUTS - NOT A RESULT")


def test_no_turning_point_draws_none(axes: Axes) -> None:
    point = TurningPoint(system="bare", at=None, reason=REASON)
    plot_vacancy_curve(result(host(1.0, vacancy(1.0)), turning_points=[point]), axes)
    assert len(axes.patches) == 0
    assert texts(axes) == []


def coated(x: float, *vacancies: VacancyResult, termination: str = "flat") -> HostResult:
    return host(x, *vacancies, system="coated", termination=termination)


def test_bare_and_each_coating_are_told_apart_by_color(axes: Axes) -> None:
    hosts = [
        host(1.0, vacancy(1.0)),
        coated(1.0, vacancy(2.0)),
        coated(0.9, vacancy(3.0), termination="step"),
    ]
    made = result(*hosts)
    plot_vacancy_curve(made, axes)
    colors = system_colors(made)
    assert list(colors) == ["bare", "coated, flat", "coated, step"]
    assert len(set(colors.values())) == 3
    for place, name in (((1.0, 1.0), "bare"), ((1.0, 2.0), "coated, flat")):
        point = points(axes)[place]
        assert (point.get_marker(), point.get_color()) == ("s", colors[name])
        assert curve(axes, f"lowest, {name}") == [place]
        assert legend(axes)[f"lowest, {name}"].get_color() == colors[name]
    assert curve(axes, "lowest, coated, step") == [(0.9, 3.0)]


def test_with_more_coatings_than_colors_all_are_drawn(axes: Axes) -> None:
    made = result(*[coated(1.0, vacancy(float(i)), termination=f"t{i}") for i in range(6)])
    plot_vacancy_curve(made, axes)
    assert len(points(axes)) == len(system_colors(made)) == 6


def test_o_bonded_to_the_coating_is_a_star_in_the_color_of_its_coating(axes: Axes) -> None:
    around = vacancy(2.0).environment
    assert around is not None
    bonded = vacancy(2.0, environment=around.model_copy(update={"n_former": 1}))
    made = result(host(1.0, vacancy(1.0)), coated(1.0, bonded, vacancy(3.0)))
    plot_vacancy_curve(made, axes)
    drawn = points(axes)
    assert {y: point.get_marker() for (_, y), point in drawn.items()} == {
        1.0: "s",
        2.0: "*",
        3.0: "s",
    }
    assert drawn[1.0, 2.0].get_color() == system_colors(made)["coated, flat"]
    assert legend(axes)["O bonded to the coating"].get_marker() == "*"


def test_the_turning_points_of_two_systems_have_their_colors(axes: Axes) -> None:
    turning = [
        TurningPoint(system="bare", at=StateOfCharge(lithium_fraction=0.6)),
        TurningPoint(system="coated", termination="flat", at=StateOfCharge(lithium_fraction=0.4)),
    ]
    made = result(host(1.0, vacancy(1.0)), coated(1.0, vacancy(2.0)), turning_points=turning)
    plot_vacancy_curve(made, axes)
    told = {text.get_text(): text.get_color() for text in axes.texts}
    colors = system_colors(made)
    assert told == {"x0 = 0.60": colors["bare"], "x0 = 0.40": colors["coated, flat"]}
    assert len(axes.patches) == 0


def charged(q: float, *vacancies: VacancyResult, **fields: Any) -> HostResult:
    """A host whose holes are known, of an oxide with two Li for each metal."""
    charge = {"n_holes": round(4 * q), "holes_per_tm": q, "capacity_mah_per_g": 229.4 * q}
    return host(1.0 - q / 2, *vacancies, **charge | fields)


def test_a_study_is_drawn_over_holes_with_x_and_capacity_above(axes: Axes) -> None:
    made = result(charged(0.0, vacancy(2.0)), charged(1.0, vacancy(-0.5)))
    plot_vacancy_curve(made, axes)
    assert set(points(axes)) == {(0.0, 2.0), (1.0, -0.5)}
    left, right = axes.get_xlim()
    assert left < right
    assert [one.get_xlabel() for one in axes.child_axes] == [
        "x of the bare slab",
        "Capacity (mAh/g)",
    ]


def test_rebuilt_vacancies_are_not_on_the_lowest_line(axes: Axes) -> None:
    rebuilt = vacancy(-3.0, flags=["moved: Li3 1.9 A"])
    made = result(charged(0.0, vacancy(2.0)), charged(1.0, vacancy(-0.5), rebuilt))
    plot_vacancy_curve(made, axes)
    assert curve(axes, "lowest, bare")[-1] == (1.0, -0.5)
    assert (1.0, -3.0) in points(axes)


def test_where_the_lowest_is_not_one_o_each_is_named(axes: Axes) -> None:
    hosts = [
        charged(0.0, vacancy(2.0, site=4), lowest="O4"),
        charged(1.0, vacancy(-0.5, site=7), lowest="O7"),
    ]
    turning = [turning_point("bare", charge_points(hosts, "bare", None))]
    plot_vacancy_curve(result(*hosts, turning_points=turning), axes)
    assert set(texts(axes)) == {"O4", "O7", "q0 = 0.80"}
    foot = axes.get_ylim()[0]
    on = {"system": "coated", "termination": "flat"}
    hosts += [
        charged(0.0, vacancy(2.0, site=8), lowest="O8", **on),
        charged(1.0, vacancy(-0.5, site=9), lowest="O9", **on),
    ]
    turning.append(
        turning_point("coated", charge_points(hosts, "coated", "flat"), termination="flat")
    )
    again = Figure().add_subplot()
    plot_vacancy_curve(result(*hosts, turning_points=turning), again)
    assert {"O4\nO8", "O7\nO9"} < set(texts(again))
    assert again.get_ylim()[0] < foot - 0.05, "two names need more room"
    one = Figure().add_subplot()
    same = [
        h.model_copy(update={"lowest": "O4", "vacancies": [vacancy(1.0, site=4)]}) for h in hosts
    ]
    plot_vacancy_curve(
        result(*same, turning_points=[turning_point("bare", charge_points(same, "bare", None))]),
        one,
    )
    assert not {"O4", "O7"} & set(texts(one))


def test_one_o_that_both_have_is_joined_by_a_thin_line(axes: Axes) -> None:
    hosts = [
        charged(q, vacancy(energy), vacancy(energy - 1, site=9), termination=name, system=system)
        for name, system, rise in ((None, "bare", 0.0), ("flat", "coated", 0.5))
        for q, energy in ((0.0, 2.0 + rise), (1.0, 1.0 + rise))
    ]
    pairs = vacancy_pairs(hosts)
    assert {pair.site for pair in pairs} == {3, 9}
    plot_vacancy_curve(result(*hosts, pairs=pairs), axes)
    thin = [line for line in axes.lines if line.get_linewidth() < 1 and len(line.get_xdata()) > 1]
    ends = {(round(line.get_ydata()[0], 6), round(line.get_ydata()[-1], 6)) for line in thin}
    assert {(2.0, 1.0), (2.5, 1.5), (1.0, 0.0), (1.5, 0.5)} <= ends
    assert "one O, bare and coated" in legend(axes)


def test_with_pairs_the_file_has_their_differences_below(tmp_path: Path) -> None:
    hosts = [
        charged(0.0, vacancy(2.0)),
        charged(0.0, vacancy(2.5), termination="flat", system="coated"),
    ]
    heights = []
    for pairs in ([], vacancy_pairs(hosts)):
        file = tmp_path / "figure.png"
        save_vacancy_curve(result(*hosts, pairs=pairs), file)
        heights.append(imread(file).shape[0])
    assert heights[1] > 1.2 * heights[0]


@pytest.mark.parametrize("study", ["some", None])
def test_why_nothing_is_stated_stands_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, study: str | None
) -> None:
    kept: list[Figure] = []
    monkeypatch.setattr(curve_module, "save_figure", lambda figure, *_, **__: kept.append(figure))
    found = result(charged(0.0, vacancy(2.0)), study=study, no_crossings="the forces are too rough")
    save_vacancy_curve(found, tmp_path / "figure.png")
    (figure,) = kept
    said = [text.get_text() for text in figure.findobj(Text)]
    assert "\n".join(said).replace("\n", " ").count("the forces are too rough") == 1
