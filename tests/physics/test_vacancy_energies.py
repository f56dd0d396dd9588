"""Formation energies and voltages of plain runs, against sums done by other means."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llo_dft.analysis.oxygen.chemical_potential import OXYGEN_SCHEMES, oxygen_chemical_potential
from llo_dft.analysis.vacancy.vacancy_map import vacancy_map
from llo_dft.documents.study_result import HostResult, VacancyResult
from llo_dft.runs.run_vacancies import OxygenRequest, vacancy_runs
from llo_dft.runs.run_voltage import voltage_runs
from llo_dft.testing import plain_run_writer as make

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llo_dft.documents.study_result import StudyResult

#: mu_O(T) - mu_O(0 K) of O2 at 1 bar, eV per O: JANAF tables, as in Reuter and Scheffler,
#: Phys. Rev. B 65, 035406 (2001), table I: -0.27 (300 K), -0.61 (600 K), -1.10 (1000 K).
JANAF = {300.0: -0.27, 600.0: -0.61, 1000.0: -1.10}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    make.host(folder / "host")
    make.vacancy(folder / "one")
    make.vacancy(folder / "two", -61.5, (6, 8))
    make.oxygen(folder / "o2")
    return folder


def energies(found: StudyResult) -> list[float]:
    listed = [vacancy.formation_energy_ev for vacancy in found.hosts[0].vacancies]
    return [energy for energy in listed if energy is not None]


def computed(runs: Path, temperature: float, pressure: float) -> StudyResult:
    request = OxygenRequest("none", temperature, pressure, o2=runs / "o2")
    return vacancy_runs([runs / "host"], [runs / "one", runs / "two"], request)


@pytest.mark.parametrize("temperature", sorted(JANAF))
def test_at_one_bar_by_hand_with_the_tables(runs: Path, temperature: float) -> None:
    one, two = energies(computed(runs, temperature, 1.0))
    assert one == pytest.approx(-71 + 80 - 9.8 / 2 + JANAF[temperature], abs=6e-3)
    assert two == pytest.approx((-61.5 + 80) / 2 - 9.8 / 2 + JANAF[temperature], abs=6e-3)


def test_a_decade_of_pressure_is_worth_what_an_ideal_gas_says(runs: Path) -> None:
    low, high = (energies(computed(runs, 600.0, p))[0] for p in (1e-3, 1e-2))
    assert high - low == pytest.approx(0.5 * 600 / 11604.518 * 2.302585, abs=1e-6)


def test_temperature_moves_every_vacancy_alike(runs: Path) -> None:
    """One to one with mu_O, whether one O was removed or two."""
    before, after = computed(runs, 300.0, 1.0), computed(runs, 1000.0, 0.2)
    assert before.oxygen is not None
    assert after.oxygen is not None
    shift = after.oxygen.mu_ev - before.oxygen.mu_ev
    for a, b in zip(energies(before), energies(after), strict=True):
        assert b - a == pytest.approx(shift, abs=1e-12)


@settings(max_examples=50)
@given(
    st.lists(st.floats(-3, 5), min_size=1, max_size=4),
    st.lists(st.floats(100, 2000), min_size=2, max_size=4, unique=True).map(sorted),
    st.lists(st.floats(1e-12, 100), min_size=2, max_size=4, unique=True).map(sorted),
    st.sampled_from(sorted(OXYGEN_SCHEMES)),
)
def test_a_map_falls_with_temperature_and_rises_with_pressure(
    values: list[float], temperatures: list[float], pressures: list[float], scheme: str
) -> None:
    """As long as mu_O does: an ideal gas below some 100 bar."""
    oxygen = oxygen_chemical_potential(scheme, -4.9, "made up", 298.15, 1.0)  # type: ignore[arg-type]
    fields = {"site": None, "site_class": "", "environment": None, "status": "completed"}
    host = HostResult(
        run="host",
        status="completed",
        system="bare",
        lithium_fraction=None,
        vacancies=[VacancyResult(formation_energy_ev=value, **fields) for value in values],
    )
    (found,) = vacancy_map([host], oxygen, temperatures, pressures).hosts
    rows = found.formation_energies_ev
    assert all(_rises(row) for row in rows)
    assert all(_rises([-value for value in column]) for column in zip(*rows, strict=True))
    (there,) = vacancy_map([host], oxygen, [298.15], [1.0]).hosts
    assert there.formation_energies_ev[0][0] == pytest.approx(min(values))
    empty = host.model_copy(update={"vacancies": []})
    assert vacancy_map([empty], oxygen, temperatures, pressures).hosts == []


def _rises(values: Sequence[float]) -> bool:
    return all(b > a - 1e-9 for a, b in pairwise(values))


def test_a_voltage_is_the_free_energy_of_the_cell_reaction(runs: Path, tmp_path: Path) -> None:
    """Host -> host less Li + Li metal: by Nernst, energy over charge, whatever the zero."""
    make.host(tmp_path / "half", -68.0, 2)
    make.lithium(tmp_path / "metal")
    (voltage,) = voltage_runs([runs / "host", tmp_path / "half"], tmp_path / "metal").voltages
    curve = voltage.curve
    assert curve is not None
    reaction_ev = -68.0 + 2 * make.LI_EV - make.HOST_EV
    assert curve.average_v == pytest.approx(reaction_ev / 2)
    assert curve.average_v > 0
