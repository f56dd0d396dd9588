"""Voltage and charge difference as the page draws them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from compared_studies import TERMINATION, host, study, vacancy

from llo_dft.documents.electrons.charge import PlanarProfile
from llo_dft.documents.electrons.electronic import (
    BandCenters,
    BandEdges,
    ClassCenters,
    SpinCenters,
    WindowCenters,
)
from llo_dft.documents.voltage import VoltageCurve, VoltageStep
from llo_dft.report.page.further_charts import (
    charge_chart,
    comparison_chart,
    comparison_csv,
    density_chart,
    voltage_chart,
)
from llo_dft.report.page.page_content import Densities


def test_a_voltage_is_drawn_from_the_fuller_to_the_emptier_host() -> None:
    steps = [
        VoltageStep(lithium_fraction_from=1.0, lithium_fraction_to=0.75, n_li=4, voltage_v=3.8),
        VoltageStep(lithium_fraction_from=0.75, lithium_fraction_to=0.5, n_li=4, voltage_v=4.6),
    ]
    curve = VoltageCurve(
        average_v=4.2,
        steps=steps,
        points=[],
        lithium_metal_ev_per_atom=-2.0,
        lithium_metal_source="made up",
    )
    chart = voltage_chart([("bulk", curve), ("bare", curve), ("coated, a", curve)])
    trace, *slabs = chart["data"]
    # the slabs look as in the figure of the energies, the crystal like neither
    assert [one["line"]["color"] for one in slabs] == ["system0", "system1"]
    assert trace["line"]["color"] == "system5"
    # plotly's "vh" goes up first and along then: each voltage ends at the place beside it
    assert list(zip(trace["x"], trace["y"], strict=True)) == [(1.0, 3.8), (0.75, 3.8), (0.5, 4.6)]
    assert trace["line"]["shape"] == "vh"


def test_q_of_z_has_an_axis_of_its_own() -> None:
    planar = PlanarProfile(
        axis=2,
        start_fraction=0.0,
        coordinate_angstrom=[0.0, 1.0],
        line_density_e_per_angstrom=[0.5, -0.5],
        cumulative_angstrom=[0.0, 1.0],
        cumulative_e=[0.0, 0.25],
    )
    chart = charge_chart(planar)
    density, charge = chart["data"]
    for axis in ("yaxis", "yaxis2"):  # both zeros at one height
        low, high = chart["layout"][axis]["range"]
        assert low == -high
    assert (density["y"], charge["y"], charge["yaxis"]) == ([0.5, -0.5], [0.0, 0.25], "y2")


def test_the_energies_shown_are_those_with_a_density() -> None:
    energies = np.linspace(-40.0, 10.0, 501)
    up = np.exp(-((energies + 1.0) ** 2) / 0.02)
    window = WindowCenters.model_construct(valence=SimpleNamespace(center_ev=-2.0))
    one = ClassCenters.model_construct(centers=SpinCenters.model_construct(both=window))
    edges = BandEdges.model_construct(vbm_ev=-1.0, cbm_ev=None)
    centers = BandCenters.model_construct(
        reference="vbm", reference_ev=1.0, edges=edges, classes={"3TM": one}
    )
    chart = density_chart(Densities("bare", "Bare", centers, energies, {"3TM": np.array([up, up])}))
    low, high = chart["layout"]["xaxis"]["range"]
    assert -4.0 < low < -3.5 < -0.5 < high < 0.0  # about the peak at -2 eV from the VBM
    first, second = chart["data"]
    assert max(first["y"]) == -min(second["y"]) > 0.9
    assert chart["layout"]["shapes"][0]["x0"] == -2.0
    (name,) = chart["layout"]["annotations"]
    assert (name["text"], name["x"]) == ("-2.00 eV, 3TM", -2.0)
    assert chart["layout"]["yaxis"]["domain"][1] < name["y"] < 1.0


RESULTS = {
    "one": study("chgnet", host(1.0, vacancy("O1", 2.0)), host(0.5, vacancy("O1", -0.5))),
    "other": study("vasp", host(1.0, vacancy("O1", 3.0), coated=True)),
}


def test_each_study_has_its_colour_and_coated_slabs_open_marks() -> None:
    first, second = comparison_chart(RESULTS)["data"]
    assert (first["name"], first["y"]) == ("one: bare", [2.0, -0.5])
    assert first["line"]["color"] != second["line"]["color"]
    assert second["marker"]["symbol"].endswith("-open")


def test_the_numbers_are_those_of_the_figure() -> None:
    assert comparison_csv(RESULTS).splitlines()[1:] == [
        "one,bare,0.0,2.0",
        "one,bare,1.0,-0.5",
        f'other,"coated, {TERMINATION}",0.0,3.0',
    ]
