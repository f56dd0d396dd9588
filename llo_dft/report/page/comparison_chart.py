"""Several studies together: the lowest E_f of each over the state of charge."""

from collections.abc import Iterator, Mapping
from typing import Any

from llo_dft.analysis.vacancy.turning_lines import charge_points
from llo_dft.documents.labels import system_name
from llo_dft.documents.study_result import StudyResult
from llo_dft.report.page.charts import look_of
from llo_dft.report.page.csv_tables import csv_text


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
