"""Plotly figures of a study, as JSON for its JavaScript; the page sets the colours.

A colour here is the name of a style of the page ("system0", "muted"), which has a light and a dark
version.
"""

from collections.abc import Sequence
from typing import Any, Final

from llo_dft.analysis.vacancy.turning_lines import charge_points
from llo_dft.analysis.vacancy.turning_point import lowest_line
from llo_dft.documents.labels import pair_name, system_name
from llo_dft.documents.state_of_charge import StateOfCharge
from llo_dft.documents.study_result import HostResult, StudyResult, VacancyResult
from llo_dft.documents.voltage import VoltageCurve
from llo_dft.report.figures.figure_parts import charge_place

#: A figure of plotly: {"data": [...], "layout": {...}}.
Chart = dict[str, Any]

#: Most colours that the page has for systems and classes.
_COLORS: Final = 6
_DASHES: Final = ("solid", "dash", "dashdot", "dot", "longdash", "longdashdot")
_SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "pentagon", "cross")
_BONDED: Final = "star"


def energy_chart(result: StudyResult) -> Chart | None:
    """Return E_f over the state of charge, and below it coated - bare; None without hosts.

    A point's ``customdata`` is its row in the table of vacancies.
    """
    placed = [host for host in result.hosts if host.lithium_fraction is not None]
    if not placed:
        return None
    systems = list(dict.fromkeys((host.system, host.termination) for host in placed))
    data: list[Chart] = []
    for number, (system, termination) in enumerate(systems):
        hosts = [
            host for host in placed if (host.system, host.termination) == (system, termination)
        ]
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


def _energy_points(
    hosts: Sequence[HostResult], name: str, look: dict[str, str], *, rebuilt: bool
) -> Chart:
    shown = [
        (host, vacancy, vacancy.formation_energy_ev)
        for host in hosts
        for vacancy in host.vacancies
        if vacancy.formation_energy_ev is not None and vacancy.rebuilt == rebuilt
    ]
    if not shown:
        return {}
    symbols = [_BONDED if vacancy.bonded_to_former else look["symbol"] for _, vacancy, _ in shown]
    return {
        "name": f"{name}: {'lattice rebuilt' if rebuilt else 'each O'}",
        "mode": "markers",
        "x": [charge_place(host.charge) for host, _, _ in shown],
        "y": [energy for _, _, energy in shown],
        "customdata": [vacancy_row(host, vacancy) for host, vacancy, _ in shown],
        "text": [
            f"{name}, {_oxygen(vacancy)}<br>{energy:.3f} eV per O<br>{host.charge.text}"
            + ("<br>bonded to the coating" if vacancy.bonded_to_former else "")
            + ("<br>the lattice was rebuilt: decides nothing" if rebuilt else "")
            for host, vacancy, energy in shown
        ],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": _markers(symbols, look["color"], rebuilt=rebuilt),
    }


def _predicted_points(hosts: Sequence[HostResult], name: str, look: dict[str, str]) -> Chart:
    shown = [
        (host, vacancy, vacancy.predicted)
        for host in hosts
        for vacancy in host.vacancies
        if vacancy.predicted is not None
    ]
    if not shown:
        return {}
    limits = {
        "array": [one.high_ev - one.formation_energy_ev for *_, one in shown],
        "arrayminus": [one.formation_energy_ev - one.low_ev for *_, one in shown],
    }
    return {
        "name": f"{name}: predicted, not computed",
        "mode": "markers",
        "x": [charge_place(host.charge) for host, *_ in shown],
        "y": [one.formation_energy_ev for *_, one in shown],
        "customdata": [vacancy_row(host, vacancy) for host, vacancy, _ in shown],
        "text": [
            f"{name}, {_oxygen(vacancy)}<br>{one.text} eV per O<br>{host.charge.text}"
            for host, vacancy, one in shown
        ],
        "hovertemplate": "%{text}<extra></extra>",
        "error_y": {"type": "data", "symmetric": False, **limits, "color": look["color"]},
        "marker": _markers(["line-ew"] * len(shown), look["color"], rebuilt=True),
        "opacity": 0.6,
    }


def _markers(symbols: Sequence[str], color: str, *, rebuilt: bool) -> Chart:
    """Return the look of points, hollow where the lattice was rebuilt."""
    names = [f"{one}-open" if rebuilt else one for one in symbols]
    return {"symbol": names, "color": color, "size": 11, "line": {"width": 2 if rebuilt else 1}}


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
    traces: list[Chart] = []
    for termination in dict.fromkeys(pair.termination for pair in result.pairs):
        look = look_of(systems.index(("coated", termination)))
        for rebuilt in (False, True):
            pairs = [
                pair
                for pair in result.pairs
                if pair.termination == termination and pair.rebuilt == rebuilt
            ]
            if not pairs:
                continue
            symbols = [_BONDED if one.bonded_to_former else look["symbol"] for one in pairs]
            traces.append(
                {
                    "name": f"difference, {termination}" + ": lattice rebuilt" * rebuilt,
                    "mode": "markers",
                    "x": [pair.holes_per_tm for pair in pairs],
                    "y": [pair.difference_ev for pair in pairs],
                    "yaxis": "y2",
                    "customdata": [
                        _coated_row(result, pair.termination, pair.pair, pair.n_holes)
                        for pair in pairs
                    ],
                    "text": [
                        f"{pair_name(pair.site, pair.bare_site)}, {pair.site_class}, "
                        f"{termination}<br>coated - bare "
                        f"{pair.difference_ev:+.3f} eV<br>{pair.holes_per_tm:.2f} holes per TM"
                        + ("<br>the lattice was rebuilt: decides nothing" if rebuilt else "")
                        for pair in pairs
                    ],
                    "hovertemplate": "%{text}<extra></extra>",
                    "showlegend": False,
                    "marker": _markers(symbols, look["color"], rebuilt=rebuilt),
                }
            )
    return traces


def _coated_row(result: StudyResult, termination: str, pair: str, n_holes: int) -> str:
    """Return the row of the coated vacancy of a pair."""
    return next(
        (
            vacancy_row(host, vacancy)
            for host in result.hosts
            for vacancy in host.vacancies
            if (host.termination, host.n_holes, vacancy.pair) == (termination, n_holes, pair)
        ),
        "",
    )


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
    holes = any(host.holes_per_tm is not None for host in placed)
    curves = [one.curve for one in result.voltages if one.curve is not None]
    volts = curves[0] if curves and holes else None
    axis: Chart = {
        "title": {"text": "holes per transition metal → charging" if holes else "x → charging"},
        "zeroline": False,
        "anchor": "y2" if result.pairs else "y",
    }
    if not holes:
        axis["autorange"] = "reversed"
    layout: Chart = {
        "xaxis": axis,
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
