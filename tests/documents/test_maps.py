from __future__ import annotations

from llo_dft.documents.maps import HostMap, VacancyMap


def test_a_map_comes_back_from_json() -> None:
    host = HostMap(
        label="host", system="bare", lithium_fraction=None, formation_energies_ev=[[1.0, 2.0]]
    )
    grid = VacancyMap(temperatures_k=[300.0], pressures_bar=[1.0, 0.1], hosts=[host])
    assert VacancyMap.model_validate_json(grid.model_dump_json()) == grid
