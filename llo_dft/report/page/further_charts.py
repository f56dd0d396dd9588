"""Plotly figures of voltage, densities of states, charge difference, and of several studies."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from llo_dft.analysis.vacancy.turning_lines import charge_points
from llo_dft.documents.electrons.charge import PlanarProfile
from llo_dft.documents.labels import system_name
from llo_dft.documents.study_result import StudyResult
from llo_dft.documents.voltage import VoltageCurve
from llo_dft.report.figures.density_of_states import visible_range
from llo_dft.report.page.charts import Chart, look_of
from llo_dft.report.page.csv_tables import csv_text
from llo_dft.report.page.page_content import Densities

#: Height of the name of a class above the curves, in heights of the figure.
_ROW: Final = 0.07

#: Look of the crystal among the systems.
_BULK: Final = 5

#: Smallest range of the voltages shown, V.
_LEAST_RANGE_V: Final = 0.5


def voltage_chart(curves: Iterable[tuple[str, VoltageCurve]]) -> Chart:
    """Return the voltage of each system as steps over the lithium fraction."""
    data: list[Chart] = []
    systems: list[str] = []
    seen: list[float] = []
    for name, curve in curves:
        systems += [name] if name not in {"bulk", "bare"} else []
        look = look_of({"bulk": _BULK, "bare": 0}.get(name, len(systems)))
        x = [curve.steps[0].lithium_fraction_from] if curve.steps else []
        x += [step.lithium_fraction_to for step in curve.steps]
        volts = [step.voltage_v for step in curve.steps]
        seen += volts
        data.append(
            {
                "name": f"{name}, average {curve.average_v:.2f} V",
                "mode": "lines",
                "x": x,
                "y": [*volts[:1], *volts],
                "line": {"shape": "vh", "color": look["color"], "dash": look["dash"], "width": 2.5},
                "hovertemplate": "x = %{x:.3f}<br>%{y:.3f} V<extra></extra>",
            }
        )
    layout = {
        "xaxis": {"title": {"text": "lithium fraction x → charging"}, "autorange": "reversed"},
        "yaxis": {"title": {"text": "voltage against Li (V)"}} | _least_range(seen),
        "height": 380,
        "legend": {"orientation": "h", "y": -0.25, "yanchor": "top"},
    }
    return {"data": data, "layout": layout}


def _least_range(values: list[float]) -> Chart:
    """Return an axis of at least ``_LEAST_RANGE_V``, so that equal steps look equal."""
    if not values or max(values) - min(values) >= _LEAST_RANGE_V:
        return {}
    middle = (max(values) + min(values)) / 2
    return {"range": [middle - _LEAST_RANGE_V / 2, middle + _LEAST_RANGE_V / 2]}


def density_chart(found: Densities) -> Chart:
    """Return the density of O 2p of each class, with a dotted line at its centre.

    The line ends at the name of its class; that of the deepest centre is the highest.
    """
    zero = found.centers.reference_ev
    energies = np.asarray(found.energies_ev) - zero
    data, shapes, names = [], [], []
    marked: list[tuple[float, str, str]] = []
    for number, (name, spins) in enumerate(found.classes.items()):
        look = look_of(number)
        center = found.centers.classes[name].centers.both.valence.center_ev
        for spin, density in enumerate(spins):
            sign = -1.0 if spin else 1.0
            data.append(
                {
                    "name": name,
                    "legendgroup": name,
                    "showlegend": spin == 0,
                    "mode": "lines",
                    "x": np.round(energies, 4).tolist(),
                    "y": np.round(sign * np.asarray(density), 5).tolist(),
                    "line": {"color": look["color"], "dash": look["dash"], "width": 1.5},
                }
            )
        if center is not None:
            marked.append((center, name, look["color"]))
    top = 1.0 - _ROW * len(marked)
    for row, (center, name, color) in enumerate(sorted(marked, reverse=True)):
        end = {"yref": "paper", "x0": center, "x1": center, "y0": 0, "y1": top + (row + 0.5) * _ROW}
        shapes.append({"type": "line", "line": {"color": color, "dash": "dot", "width": 2}} | end)
        text = {"text": f"{center:.2f} eV, {name}", "font": {"color": color}, "showarrow": False}
        place = {"x": center, "yref": "paper", "y": end["y1"], "xanchor": "left"}
        names.append(text | place | {"yanchor": "middle"})
    reference = found.centers.reference.upper()
    ends = visible_range(energies, list(found.classes.values()), found.centers.edges, zero)
    layout = {
        "xaxis": {"title": {"text": f"E - E({reference}) (eV)"}, "range": list(map(float, ends))},
        "yaxis": {"title": {"text": "O 2p (1/eV per atom)"}, "domain": [0.0, top]},
        "shapes": shapes,
        "annotations": names,
        "height": 420,
        "legend": {"orientation": "h", "y": -0.22, "yanchor": "top"},
    }
    return {"data": data, "layout": layout}


def charge_chart(planar: PlanarProfile) -> Chart:
    """Return the charge difference along the normal, and Q(z) on a second axis."""
    right = {"overlaying": "y", "side": "right", "showgrid": False, "tickmode": "auto"}
    return {
        "data": [
            {
                "name": "Δρ(z)",
                "mode": "lines",
                "fill": "tozeroy",
                "x": np.round(planar.coordinate_angstrom, 4).tolist(),
                "y": np.round(planar.line_density_e_per_angstrom, 6).tolist(),
                "line": {"color": "system0", "width": 2},
            },
            {
                "name": "Q(z): gained below z",
                "mode": "lines",
                "x": np.round(planar.cumulative_angstrom, 4).tolist(),
                "y": np.round(planar.cumulative_e, 6).tolist(),
                "yaxis": "y2",
                "line": {"color": "system1", "width": 2, "dash": "dash"},
            },
        ],
        "layout": {
            "xaxis": {"title": {"text": "z (Å)"}},
            "yaxis": {"title": {"text": "Δρ(z) (e/Å)"}}
            | _about_zero(planar.line_density_e_per_angstrom),
            "yaxis2": right | {"title": {"text": "Q(z) (e)"}} | _about_zero(planar.cumulative_e),
            "height": 380,
            "legend": {"orientation": "h", "y": -0.25, "yanchor": "top"},
        },
    }


def _about_zero(values: Iterable[float]) -> Chart:
    """Return an axis with zero in the middle, so that two axes have it at one height."""
    limit = 1.08 * max(map(abs, values), default=0.0) or 1.0
    return {"range": [-limit, limit]}


def _lines(
    results: Mapping[str, StudyResult],
) -> Iterator[tuple[int, str, str, list[float], list[float]]]:
    """Return number and name of each study, and the lowest E_f of each of its systems."""
    for number, (name, result) in enumerate(results.items()):
        hosts = [host for host in result.hosts if host.lithium_fraction is not None]
        for system, termination in dict.fromkeys((h.system, h.termination) for h in hosts):
            points = [one for one in charge_points(hosts, system, termination) if one.kept_ev]
            places = [one.charge.position for one in points]
            energies = [min(one.kept_ev) for one in points]
            yield number, name, system_name(system, termination), places, energies


def comparison_chart(results: Mapping[str, StudyResult]) -> dict[str, Any]:
    """Return plotly's figure: a colour for each study, filled marks bare and open ones coated."""
    data = []
    for number, study, system, places, energies in _lines(results):
        look, coated = look_of(number), system != "bare"
        data.append(
            {
                "name": f"{study}: {system}",
                "mode": "lines+markers",
                "x": places,
                "y": energies,
                "line": {
                    "color": look["color"],
                    "dash": "dash" if coated else "solid",
                    "width": 2.5,
                },
                "marker": {"symbol": look["symbol"] + "-open" * coated, "size": 10},
                "hovertemplate": "%{x:.2f} holes per TM<br>%{y:.3f} eV per O",
            }
        )
    layout = {
        "xaxis": {"title": {"text": "holes per transition metal → charging"}, "zeroline": False},
        "yaxis": {"title": {"text": "lowest E_f (eV per O)"}, "zerolinewidth": 2},
        "height": 480,
        "legend": {"orientation": "h", "y": -0.18, "yanchor": "top"},
    }
    return {"data": data, "layout": layout}


def comparison_csv(results: Mapping[str, StudyResult]) -> str:
    """Return a line for each point of the figure."""
    head = ["study", "system", "holes_per_tm", "lowest_formation_energy_ev"]
    rows = [
        [study, system, *point]
        for _, study, system, places, energies in _lines(results)
        for point in zip(places, energies, strict=True)
    ]
    return csv_text(head, rows)
