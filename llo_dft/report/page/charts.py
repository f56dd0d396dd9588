"""Plotly figures of a study, as JSON for its JavaScript; the page sets the colours.

A colour here is the name of a style of the page ("system0", "muted"), which has a light and a dark
version.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from llo_dft.analysis.vacancy.turning_lines import charge_points
from llo_dft.analysis.vacancy.turning_point import lowest_line
from llo_dft.documents.labels import pair_name, system_name
from llo_dft.documents.state_of_charge import StateOfCharge
from llo_dft.documents.study_result import HostResult, StudyResult, VacancyResult
from llo_dft.documents.voltage import VoltageCurve
from llo_dft.report.figures.figure_parts import charge_place
from llo_dft.typing import System

#: A figure of plotly: {"data": [...], "layout": {...}}.
Chart = dict[str, Any]

#: Most colours that the page has for systems and classes.
_COLORS: Final = 6
_DASHES: Final = ("solid", "dash", "dashdot", "dot", "longdash", "longdashdot")
_SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "pentagon", "cross")
_BONDED: Final = "star"

#: What is said of a point whose lattice was rebuilt.
_REBUILT: Final = "<br>the lattice was rebuilt: decides nothing"


def energy_chart(result: StudyResult) -> Chart | None:
    """Return E_f over the state of charge, and below it coated - bare; None without hosts.

    A point's ``customdata`` is its row in the table of vacancies.
    """
    placed = [host for host in result.hosts if host.lithium_fraction is not None]
    if not placed:
        return None
    by_system: dict[tuple[System, str | None], list[HostResult]] = {}
    for host in placed:
        by_system.setdefault((host.system, host.termination), []).append(host)
    systems = list(by_system)
    data: list[Chart] = []
    for number, ((system, termination), hosts) in enumerate(by_system.items()):
        name, look = system_name(system, termination), look_of(number)
        places, energies = lowest_line(charge_points(hosts, system, termination))
        data.append(
            {
                "name": f"lowest O, {name}",
                "mode": "lines",
                "x": places,
                "y": energies,
                "line": {"color": look["color"], "dash": look["dash"], "width": 2.5},
                "hoverinfo": "skip",
                "visible": True if places else "legendonly",
            }
        )
        data += [_energy_points(hosts, name, look, rebuilt=one) for one in (False, True)]
        data.append(_predicted_points(hosts, name, look))
    data += _turning_bars(result, systems)
    if result.pairs:
        data += _pair_points(result, systems)
    data.append(_upper_axis_holder(placed))
    return {"data": [one for one in data if one], "layout": _energy_layout(result, placed)}


def look_of(number: int) -> dict[str, str]:
    """Return colour, dash and symbol of the system or class of that number."""
    turn = number % _COLORS
    return {"color": f"system{turn}", "dash": _DASHES[turn], "symbol": _SYMBOLS[turn]}


def vacancy_row(host: HostResult, vacancy: VacancyResult) -> str:
    """Return the name of a vacancy's row on the page."""
    return f"{host.label}/{vacancy.pair}"


class _Point(NamedTuple):
    """A vacancy or pair on a chart: its place, its row in the table, and what is said of it."""

    x: float
    y: float
    row: str
    text: str
    bonded: bool = False


def _points(name: str, points: Sequence[_Point], look: dict[str, str], *, hollow: bool) -> Chart:
    """Return points as a trace; empty without points."""
    if not points:
        return {}
    symbols = [_BONDED if one.bonded else look["symbol"] for one in points]
    return {
        "name": name,
        "mode": "markers",
        "x": [one.x for one in points],
        "y": [one.y for one in points],
        "customdata": [one.row for one in points],
        "text": [one.text for one in points],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "symbol": [one + "-open" * hollow for one in symbols],
            "color": look["color"],
            "size": 11,
            "line": {"width": 2 if hollow else 1},
        },
    }


def _energy_points(
    hosts: Sequence[HostResult], name: str, look: dict[str, str], *, rebuilt: bool
) -> Chart:
    points = [
        _Point(
            charge_place(host.charge),
            energy,
            vacancy_row(host, vacancy),
            f"{name}, {_oxygen(vacancy)}<br>{energy:.3f} eV per O<br>{host.charge.text}"
            + "<br>bonded to the coating" * vacancy.bonded_to_former
            + _REBUILT * rebuilt,
            vacancy.bonded_to_former,
        )
        for host in hosts
        for vacancy in host.vacancies
        if (energy := vacancy.formation_energy_ev) is not None and vacancy.rebuilt == rebuilt
    ]
    of = "lattice rebuilt" if rebuilt else "each O"
    return _points(f"{name}: {of}", points, look, hollow=rebuilt)


def _predicted_points(hosts: Sequence[HostResult], name: str, look: dict[str, str]) -> Chart:
    points = [
        _Point(
            charge_place(host.charge),
            one.formation_energy_ev,
            vacancy_row(host, vacancy),
            f"{name}, {_oxygen(vacancy)}<br>{one.text} eV per O<br>{host.charge.text}",
        )
        for host in hosts
        for vacancy in host.vacancies
        if (one := vacancy.predicted) is not None
    ]
    predicted = [one for host in hosts for one in host.predicted]
    limits = {
        "array": [one.high_ev - one.formation_energy_ev for one in predicted],
        "arrayminus": [one.formation_energy_ev - one.low_ev for one in predicted],
    }
    bars = {"type": "data", "symmetric": False, **limits, "color": look["color"]}
    look = look | {"symbol": "line-ew"}
    made = _points(f"{name}: predicted, not computed", points, look, hollow=True)
    return made and made | {"error_y": bars, "opacity": 0.6}


def _oxygen(vacancy: VacancyResult) -> str:
    name = vacancy.pair if vacancy.site is None else f"O{vacancy.site}"
    return f"{name} ({vacancy.site_class})" if vacancy.site_class else name


def _turning_bars(result: StudyResult, systems: Sequence[tuple[str, str | None]]) -> list[Chart]:
    """Return a diamond on the line of zero where each system turns, with its interval."""
    bars: list[Chart] = []
    for point in result.turning_points:
        if point.site is not None or point.at is None:
            continue
        place = charge_place(point.at)
        ends = [charge_place(one) for one in (point.earliest, point.latest) if one is not None]
        low, high = min([place, *ends]), max([place, *ends])
        name = system_name(point.system, point.termination)
        color = look_of(systems.index((point.system, point.termination)))["color"]
        bar = {"type": "data", "symmetric": False, "color": color, "thickness": 3, "width": 8}
        text = f"{name} crosses zero at {point.at.text}<br>interval {low:.2f} to {high:.2f}"
        bars.append(
            {
                "name": f"crosses zero, {name}",
                "mode": "markers",
                "x": [place],
                "y": [0.0],
                "text": [text],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {"symbol": "diamond", "size": 13, "color": color},
                "error_x": bar | {"array": [high - place], "arrayminus": [place - low]},
            }
        )
    return bars


def _pair_points(result: StudyResult, systems: Sequence[tuple[str, str | None]]) -> list[Chart]:
    """Return what the coating does to each O, rebuilt ones hollow."""
    rows = {
        (host.termination, host.n_holes, vacancy.pair): vacancy_row(host, vacancy)
        for host in result.hosts
        for vacancy in host.vacancies
    }
    traces: list[Chart] = []
    for termination in dict.fromkeys(pair.termination for pair in result.pairs):
        look = look_of(systems.index(("coated", termination)))
        for rebuilt in (False, True):
            points = [
                _Point(
                    pair.holes_per_tm,
                    pair.difference_ev,
                    rows.get((termination, pair.n_holes, pair.pair), ""),
                    f"{pair_name(pair.site, pair.bare_site)}, {pair.site_class}, {termination}"
                    f"<br>coated - bare {pair.difference_ev:+.3f} eV"
                    f"<br>{pair.holes_per_tm:.2f} holes per TM" + _REBUILT * rebuilt,
                    pair.bonded_to_former,
                )
                for pair in result.pairs
                if pair.termination == termination and pair.rebuilt == rebuilt
            ]
            name = f"difference, {termination}" + ": lattice rebuilt" * rebuilt
            made = _points(name, points, look, hollow=rebuilt)
            traces.append(made and made | {"yaxis": "y2", "showlegend": False})
    return traces


def _upper_axis_holder(placed: Sequence[HostResult]) -> Chart:
    """Return an invisible trace, without which plotly draws no upper axis."""
    return {
        "x": [charge_place(host.charge) for host in placed],
        "y": [0.0] * len(placed),
        "xaxis": "x2",
        "mode": "markers",
        "opacity": 0,
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _energy_layout(result: StudyResult, placed: Sequence[HostResult]) -> Chart:
    bare = {charge_place(host.charge): host.charge for host in reversed(placed)}
    bare |= {charge_place(host.charge): host.charge for host in placed if host.system == "bare"}
    volts = next((one.curve for one in result.voltages if one.curve is not None), None)
    layout: Chart = {
        "xaxis": {
            "title": {"text": "holes per transition metal → charging"},
            "zeroline": False,
            "anchor": "y2" if result.pairs else "y",
        },
        "xaxis2": {
            "overlaying": "x",
            "matches": "x",
            "side": "top",
            "anchor": "y",
            "tickvals": list(bare),
            "ticktext": [_further(charge, volts) for charge in bare.values()],
            "showgrid": False,
            "zeroline": False,
            "title": {"text": "bare slab: x, mAh/g" + (", V" if volts else "")},
        },
        "yaxis": {
            "title": {"text": "E_f (eV per O)"},
            "domain": [0.42, 1.0] if result.pairs else [0.0, 1.0],
            "zerolinewidth": 2,
        },
        "height": 640 if result.pairs else 480,
        "hovermode": "closest",
        "legend": {"orientation": "h", "y": -0.16 if result.pairs else -0.24, "yanchor": "top"},
    }
    if result.pairs:
        layout["yaxis2"] = {
            "title": {"text": "coated - bare,<br>same O (eV)"},
            "domain": [0.0, 0.3],
            "zerolinewidth": 2,
        }
    return layout


def _further(charge: StateOfCharge, curve: VoltageCurve | None) -> str:
    """Return x, capacity and voltage of a state of charge, one per line; "-" if unknown.

    The voltage is that of the step that ends there or passes it.
    """
    parts = []
    if charge.lithium_fraction is not None:
        parts.append(f"{charge.lithium_fraction:.2f}")
    if charge.capacity_mah_per_g is not None:
        parts.append(f"{charge.capacity_mah_per_g:.0f}")
    if curve is not None and charge.lithium_fraction is not None:
        here = charge.lithium_fraction + 1e-6
        parts += [
            f"{step.voltage_v:.2f} V"
            for step in curve.steps
            if step.lithium_fraction_to <= here < step.lithium_fraction_from
        ] or ["-"]
    return "<br>".join(parts)
