"""Results as pandas tables: every number in its column, units in the names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_results import made_result as result

from llo_dft.analysis.electronic.oxidation_states import oxidation_states
from llo_dft.analysis.voltage_curve import LithiatedHost, voltage_curve
from llo_dft.documents.electrons.electronic import CalculationSummary
from llo_dft.documents.sites import OxygenEnvironment
from llo_dft.documents.state_of_charge import StateOfCharge, TurningPoint, TurningShare
from llo_dft.documents.study_result import HostResult, VacancyResult
from llo_dft.documents.voltage import VoltageResult
from llo_dft.report import tables
from llo_dft.resources import load_structure
from llo_dft.runs.orbital_centers import centers_of_run
from llo_dft.runs.run_summary import summarize
from llo_dft.testing.vasprun_writer import Run, text

AROUND = OxygenEnvironment(
    n_tm=2, n_li=1, n_former=1, n_li_interlayer=3, layer="surface", side="top"
)


def vacancy(energy_ev: float | None, **fields: Any) -> VacancyResult:
    return VacancyResult(
        **{
            "site": 5,
            "pair": "O5",
            "site_class": "2TM+1Li",
            "environment": AROUND,
            "formation_energy_ev": energy_ev,
            "alternatives_ev": {} if energy_ev is None else {"none": energy_ev + 0.5},
            "status": "failed" if energy_ev is None else "completed",
            "reason": "no power" if energy_ev is None else None,
            "flags": ["moved: Li3 1.92 A", "peroxo: O1-O2 1.45 A"],
        }
        | fields
    )


def host(x: float, *vacancies: VacancyResult) -> HostResult:
    return HostResult(
        system="bare",
        lithium_fraction=x,
        requested_lithium_fraction=x,
        energy_ev=-100.0 - x,
        status="completed",
        vacancies=list(vacancies),
    )


CURVE = voltage_curve(
    [LithiatedHost(n, energy, n / 4) for n, energy in ((4, -80.0), (2, -68.0), (0, -55.0))],
    -1.9,
    "Li metal in li",
)


def test_vacancies_have_their_host_environment_and_schemes() -> None:
    found = tables.vacancy_table(
        result(host(1.0, vacancy(2.0)), host(0.5, vacancy(-0.1), vacancy(None)))
    )
    assert found["lithium_fraction"].tolist() == [1.0, 0.5, 0.5]
    assert found["formation_energy_ev"].tolist()[:2] == [2.0, -0.1]
    assert np.isnan(found["formation_energy_ev"][2])  # and so pandas computes on
    assert found["alternatives_ev.none"][0] == 2.5
    assert found["environment.n_former"].tolist() == [1, 1, 1]
    assert found["reason"][2] == "no power"
    assert found["flags"][0] == "moved: Li3 1.92 A; peroxo: O1-O2 1.45 A"
    lowest = found.groupby("lithium_fraction")["formation_energy_ev"].min()
    assert lowest.to_dict() == {1.0: 2.0, 0.5: -0.1}


def test_every_number_says_its_unit() -> None:
    unitless = {"lithium_fraction", "requested_lithium_fraction", "site", "weight", "holes_per_tm"}
    unitless |= {"lithium_fraction_from", "lithium_fraction_to"}
    made = [
        tables.vacancy_table(result(host(1.0, vacancy(2.0)))),
        tables.host_table(result(host(1.0, vacancy(2.0)))),
        tables.voltage_table(CURVE),
    ]
    for frame in made:
        for column in frame.select_dtypes("number"):
            name = column.removeprefix("environment.")
            known = name in unitless or name.startswith(("n_", "li_o", "empty_o"))
            assert known or name.endswith(("_ev", "_v", "_k", "_mah_per_g")) or "_ev." in name, (
                column
            )


def test_hosts_have_their_lowest_vacancy() -> None:
    kept = vacancy(2.0, flags=[])
    found = tables.host_table(result(host(1.0, kept, vacancy(1.5)), host(0.5, vacancy(None))))
    assert found["energy_ev"].tolist() == [-101.0, -100.5]
    assert found["lowest_formation_energy_ev"][0] == 2.0
    assert found["lowest_with_rebuilt_ev"][0] == 1.5
    assert np.isnan(found["lowest_formation_energy_ev"][1])
    assert found["n_vacancies"].tolist() == [2, 1]


def test_turning_points_and_those_that_are_not_there() -> None:
    at, early = (StateOfCharge(holes_per_tm=q, lithium_fraction=1 - q) for q in (0.6, 0.5))
    share = TurningShare(source="sites", earliest=early, latest=at)
    points = [
        TurningPoint(system="bare", at=at, shares=[share], oxygens=["O1", "O2"]),
        TurningPoint(system="coated", at=None, reason="none"),
    ]
    found = tables.turning_table(result(turning_points=points))
    assert found["at.holes_per_tm"][0] == 0.6
    assert found["at.lithium_fraction"][0] == 0.4
    assert found["sites.earliest.holes_per_tm"][0] == 0.5
    assert np.isnan(found["at.holes_per_tm"][1])
    assert found["oxygens"].tolist() == ["O1; O2", ""]
    assert found["reason"][1] == "none"


def test_voltages_of_a_study_and_of_a_curve_are_the_same_steps() -> None:
    alone = tables.voltage_table(CURVE)
    assert alone["voltage_v"].tolist() == pytest.approx([4.1, 4.6])
    assert alone["average_v"].tolist() == pytest.approx([4.35, 4.35])
    voltages = [
        VoltageResult(system="bare", curve=CURVE),
        VoltageResult(system="coated", curve=None, reason="no Li metal"),
    ]
    of_study = tables.voltage_table(result(voltages=voltages))
    assert of_study["system"].tolist() == ["bare", "bare"]
    pd.testing.assert_series_equal(alone["voltage_v"], of_study["voltage_v"])
    assert len(tables.voltage_table([CURVE, CURVE])) == 4


def test_band_centres_have_a_row_for_each_window_spin_and_site(tmp_path) -> None:
    (tmp_path / "vasprun.xml").write_text(text(Run()), encoding="latin-1")
    centers, _ = centers_of_run(tmp_path, ("O", "p"), "vbm", None)
    found = tables.band_center_table(centers)
    n_classes, n_sites = len(centers.classes), len(centers.sites)
    assert len(found) == (1 + n_classes + n_sites) * 3 * 3
    total = found.query("of == 'all' and spin == 'both' and window == 'valence'")
    assert total["center_ev"].item() == centers.total.both.valence.center_ev
    sites = found.query("of == 'site' and spin == 'both' and window == 'valence'")
    mean = (sites["center_ev"] * sites["weight"]).sum() / sites["weight"].sum()
    assert mean == pytest.approx(total["center_ev"].item(), abs=1e-9)


def test_summaries_and_oxidation_states(tmp_path) -> None:
    (tmp_path / "vasprun.xml").write_text(text(Run()), encoding="latin-1")
    broken = CalculationSummary(path="none", problems=["no such file"])
    found = tables.summary_table([summarize(tmp_path), broken])
    assert found["energy_ev"][0] == pytest.approx(-41.25248314)
    assert found["functional"][0] == "PBE"
    assert found["problems"][1] == "no such file"
    structure = load_structure("Li2MnO3")
    moments = [3.1 if site.specie.symbol == "Mn" else 0.0 for site in structure]
    states = tables.oxidation_table(oxidation_states(structure, moments))
    assert states.groupby("element")["state"].unique().map(list).to_dict() == {
        "Li": [1.0],
        "Mn": [4.0],
        "O": [-2.0],
    }


def test_without_rows_there_are_columns() -> None:
    empty = result()
    assert "formation_energy_ev" in tables.vacancy_table(empty)
    assert "energy_ev" in tables.host_table(empty)
    assert "at" in tables.turning_table(empty)
    assert "difference_ev" in tables.pair_table(empty)
    assert "voltage_v" in tables.voltage_table(empty)
    assert "center_ev" in tables.band_center_table()
    for frame in (tables.vacancy_table(empty), tables.voltage_table(empty)):
        assert frame.empty


def test_numbers_of_a_stand_in_say_so() -> None:
    assert tables.vacancy_table(result(host(1.0, vacancy(2.0)), mock=True))["mock"].all()
    assert "mock" not in tables.vacancy_table(result(host(1.0, vacancy(2.0))))


def test_without_pandas_it_says_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ImportError, match=r"need pandas; install it with pip install .*notebook"):
        tables.host_table(result())
