"""What the page's figure of energies draws, and where."""

from __future__ import annotations

from compared_studies import TERMINATION, host, pair, study, vacancy

from llo_dft.documents.state_of_charge import StateOfCharge, TurningPoint
from llo_dft.documents.voltage import VoltageCurve, VoltageResult, VoltageStep
from llo_dft.report.page.charts import energy_chart, vacancy_row


def traces(chart: dict) -> dict[str, dict]:
    return {trace["name"]: trace for trace in chart["data"] if "name" in trace}


def test_rebuilt_vacancies_are_hollow_and_no_part_of_the_line() -> None:
    rebuilt = vacancy("O2", -3.0, flags=["moved: Li1 2.00 A"])
    hosts = [host(1.0, vacancy("O1", 2.0), rebuilt), host(0.5, vacancy("O1", -0.5))]
    drawn = traces(energy_chart(study("chgnet", *hosts)))
    line = drawn["lowest O, bare"]["y"]
    assert (line[0], line[-1], min(line)) == (2.0, -0.5, -0.5)
    assert drawn["bare: lattice rebuilt"]["y"] == [-3.0]
    assert drawn["bare: lattice rebuilt"]["marker"]["symbol"] == ["circle-open"]
    assert drawn["bare: each O"]["customdata"] == [
        vacancy_row(hosts[0], hosts[0].vacancies[0]),
        vacancy_row(hosts[1], hosts[1].vacancies[0]),
    ]


def test_the_diamond_of_a_crossing_has_the_interval_as_its_bar() -> None:
    at, late = StateOfCharge(holes_per_tm=0.8), StateOfCharge(holes_per_tm=0.9)
    point = TurningPoint(system="bare", at=at, earliest=at, latest=late)
    hosts = [host(1.0, vacancy("O1", 2.0)), host(0.5, vacancy("O1", -0.5))]
    bar = traces(energy_chart(study("chgnet", *hosts, turning_points=[point])))[
        "crosses zero, bare"
    ]
    assert (bar["x"], bar["y"]) == ([0.8], [0.0])
    assert bar["error_x"]["arrayminus"] == [0.0]
    assert round(bar["error_x"]["array"][0], 9) == 0.1


def test_differences_have_axes_of_their_own_and_name_the_coated_vacancy() -> None:
    coated = host(1.0, vacancy("O1", 2.4), coated=True)
    found = study("chgnet", host(1.0, vacancy("O1", 2.0)), coated, pairs=[pair("O1", 1, 0.4)])
    chart = energy_chart(found)
    drawn = traces(chart)[f"difference, {TERMINATION}"]
    assert (drawn["yaxis"], drawn["y"]) == ("y2", [0.4])
    assert drawn["customdata"] == [vacancy_row(coated, coated.vacancies[0])]
    assert chart["layout"]["xaxis"]["anchor"] == "y2"


def test_above_stand_x_and_capacity_of_the_bare_slab() -> None:
    axis = energy_chart(study("chgnet", host(0.5, vacancy("O1", 1.0))))["layout"]["xaxis2"]
    assert (axis["tickvals"], axis["ticktext"]) == ([1.0], ["0.50<br>230"])
    assert axis["title"]["text"] == "bare slab: x, mAh/g"


def test_a_place_without_a_voltage_keeps_its_line() -> None:
    step = VoltageStep(lithium_fraction_from=1.0, lithium_fraction_to=0.5, n_li=8, voltage_v=3.9)
    curve = VoltageCurve.model_construct(steps=[step])
    found = VoltageResult.model_construct(system="bare", termination=None, curve=curve)
    hosts = [host(x, vacancy("O1", 1.0)) for x in (1.0, 0.5)]
    axis = energy_chart(study("chgnet", *hosts, voltages=[found]))["layout"]["xaxis2"]
    assert sorted(axis["ticktext"]) == ["0.50<br>230<br>3.90 V", "1.00<br>0<br>-"]
    assert axis["title"]["text"] == "bare slab: x, mAh/g, V"


def test_no_host_no_figure() -> None:
    assert energy_chart(study("chgnet")) is None
