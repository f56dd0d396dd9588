from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest
from plain_results import plain_result

from llo_dft.documents.oxygen import HostMap, VacancyMap
from llo_dft.errors import InputError
from llo_dft.study.vacancy_map_file import write_map

if TYPE_CHECKING:
    from pathlib import Path

GRID = VacancyMap(
    temperatures_k=[300.0, 600.0, 900.0],
    pressures_bar=[0.2, 1.0],
    hosts=[
        HostMap(
            label="full",
            system="bare",
            lithium_fraction=1.0,
            formation_energies_ev=[[2.0, 2.1], [1.5, 1.6], [0.9, 1.1]],
        ),
        HostMap(
            label="half, or so",
            system="bare",
            lithium_fraction=None,
            formation_energies_ev=[[0.5, 0.6], [0.1, 0.2], [-0.4, -0.3]],
        ),
    ],
)


def test_a_table_has_a_line_for_each_value(tmp_path: Path) -> None:
    write_map(plain_result(vacancy_map=GRID), tmp_path / "map.csv")
    with (tmp_path / "map.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 2 * 3 * 2
    (one,) = [
        line
        for line in lines
        if line["host"] == "half, or so"
        and (float(line["temperature_k"]), float(line["pressure_bar"])) == (900.0, 0.2)
    ]
    assert one["lithium_fraction"] == ""
    assert float(one["formation_energy_ev"]) == -0.4


def test_arrays_have_hosts_temperatures_and_pressures_in_this_order(tmp_path: Path) -> None:
    write_map(plain_result(vacancy_map=GRID), tmp_path / "map.NPZ")
    with np.load(tmp_path / "map.NPZ", allow_pickle=False) as found:
        energies = found["formation_energies_ev"]
        assert energies.shape == (2, 3, 2)
        assert energies[1, 2, 0] == -0.4
        assert found["hosts"].tolist() == ["full", "half, or so"]
        assert found["lithium_fractions"][0] == 1.0
        assert np.isnan(found["lithium_fractions"][1])


@pytest.mark.parametrize("grid", [None, GRID.model_copy(update={"hosts": []})])
def test_without_an_energy_nothing_is_written(tmp_path: Path, grid: VacancyMap | None) -> None:
    path = tmp_path / "map.csv"
    with pytest.raises(InputError, match=r"no host has a formation energy: .* is not written"):
        write_map(plain_result(vacancy_map=grid), path)
    assert not path.exists()
