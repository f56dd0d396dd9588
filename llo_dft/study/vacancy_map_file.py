"""A map of E_f(T, p) as a file: a figure, a table, or arrays for a notebook."""

from pathlib import Path
from typing import Final

import numpy as np

from llo_dft.documents.oxygen import VacancyMap
from llo_dft.documents.study_result import StudyResult
from llo_dft.errors import InputError
from llo_dft.report.figures.temperature_pressure_map import save_vacancy_map
from llo_dft.report.page.csv_tables import csv_text
from llo_dft.study.folder import write_whole

#: File endings that a map can be written to.
MAP_SUFFIXES: Final = (".png", ".pdf", ".svg", ".csv", ".npz")


def write_map(result: StudyResult, path: Path) -> None:
    """Write the map in the format of the file's ending.

    ``.npz`` holds ``temperatures_k`` (n_T,), ``pressures_bar`` (n_p,), ``lithium_fractions``
    (n_hosts,; NaN where not known), ``hosts`` (n_hosts,; paths) and ``formation_energies_ev``
    (n_hosts, n_T, n_p); ``.csv`` the same, one row per value.

    Raises ``InputError`` if no host has a formation energy.
    """
    grid = result.vacancy_map
    if grid is None or not grid.hosts:
        raise InputError(f"no host has a formation energy: {path} is not written")
    suffix = path.suffix.lower()
    if suffix == ".csv":
        write_whole(path, _table(grid))
    elif suffix == ".npz":
        fractions = [host.lithium_fraction for host in grid.hosts]
        with path.open("wb") as file:  # given a name, numpy would add an ending
            np.savez_compressed(
                file,
                temperatures_k=np.array(grid.temperatures_k),
                pressures_bar=np.array(grid.pressures_bar),
                lithium_fractions=np.array([np.nan if x is None else x for x in fractions]),
                hosts=np.array([host.label for host in grid.hosts]),
                formation_energies_ev=np.array([host.formation_energies_ev for host in grid.hosts]),
            )
    else:
        save_vacancy_map(result, path)


def _table(grid: VacancyMap) -> str:
    head = ["host", "lithium_fraction", "temperature_k", "pressure_bar", "formation_energy_ev"]
    rows = [
        [host.label, host.lithium_fraction, temperature, pressure, energy]
        for host in grid.hosts
        for temperature, row in zip(grid.temperatures_k, host.formation_energies_ev, strict=True)
        for pressure, energy in zip(grid.pressures_bar, row, strict=True)
    ]
    return csv_text(head, rows)
