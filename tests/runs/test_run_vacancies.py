"""Formation energies of plain runs, bare and coated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plain_runs as make
import pytest
import vasprun_writer

from llo_dft.errors import InputError
from llo_dft.runs.run_vacancies import OxygenRequest, VacancyOptions, vacancy_runs

if TYPE_CHECKING:
    from pathlib import Path

GIVEN_O2 = OxygenRequest("none", 298.15, 1.0, o2_energy_ev=make.O2_EV)


def test_the_energy_is_that_worked_out_by_hand(tmp_path: Path) -> None:
    host = make.host(tmp_path / "host")
    found = vacancy_runs([host], [make.vacancy(tmp_path / "vacancy")], GIVEN_O2)
    (vacancy,) = found.hosts[0].vacancies
    assert found.oxygen is not None
    # half of O2 without its correction; 298.15 K and 1 bar lower it by 0.27 eV
    assert found.oxygen.mu_ev == pytest.approx(make.O2_EV / 2 - 0.27, abs=0.01)
    expected = make.VACANCY_EV - make.HOST_EV + found.oxygen.mu_ev
    assert vacancy.formation_energy_ev == pytest.approx(expected, abs=1e-9)


def test_two_oxygens_at_once_are_per_oxygen(tmp_path: Path) -> None:
    host = make.host(tmp_path / "host")
    pair = make.vacancy(tmp_path / "pair", -62.0, (8, 11))
    found = vacancy_runs([host], [pair], GIVEN_O2)
    (vacancy,) = found.hosts[0].vacancies
    assert vacancy.n_removed == 2
    expected = (-62.0 - make.HOST_EV) / 2 + found.oxygen.mu_ev
    assert vacancy.formation_energy_ev == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        ("best", "O2 scheme 'best' is unknown; exactly one of none, wang2006"),
        ("potential", "O2 scheme 'potential': "),
    ],
)
def test_a_scheme_that_does_not_go_is_refused(tmp_path: Path, scheme: str, message: str) -> None:
    oxygen = OxygenRequest(scheme, 298.15, 1.0, o2_energy_ev=make.O2_EV)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=message):
        vacancy_runs([make.host(tmp_path / "host")], [], oxygen)


def test_a_vacancy_that_can_not_be_read_is_listed_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "torn").mkdir()
    found = vacancy_runs([make.host(tmp_path / "host")], [tmp_path / "torn"], GIVEN_O2)
    assert found.hosts[0].vacancies == []
    assert not found.is_complete
    torn = next(one for one in found.calculations if one.label.endswith("torn"))
    assert "no vasprun.xml" in str(torn.reason)


@pytest.fixture
def with_phosphorus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vasprun_writer._TITLES, "P", "PAW_PBE P 06Sep2000")
    monkeypatch.setitem(vasprun_writer._VALENCE, "P", 5.0)


def coated(folder: Path, energy: float, gone: tuple[int, ...] = ()) -> Path:
    """The host with three Li and a P more, in a longer cell."""
    run = make.cell_run(energy, gone, lattice=make.CELL * [[1.0], [1.0], [1.5]])
    run.symbols = (*run.symbols, "Li", "Li", "Li", "P")
    more = [[0.3, 0.2, 0.8], [0.8, 0.2, 0.8], [0.3, 0.7, 0.8], [0.8, 0.7, 0.9]]
    run.fractional = np.vstack([run.fractional * [1, 1, 2 / 3], more]).round(8)
    run.forces = np.vstack([run.forces, np.zeros((4, 3))])
    return make.write(folder, make.with_electrons(run))


@pytest.mark.usefixtures("with_phosphorus")
def test_bare_and_coated_hosts_side_by_side(tmp_path: Path) -> None:
    hosts = [
        make.host(tmp_path / "bare"),
        make.host(tmp_path / "bare_half", -68.0, 2),
        coated(tmp_path / "coated", -120.0),
        coated(tmp_path / "coated_half", -108.0, (2, 3)),
    ]
    made = [
        coated(tmp_path / "coated_half_one", -100.0, (2, 3, 6)),
        make.vacancy(tmp_path / "bare_half_one", -64.0, (8,), 2),
        coated(tmp_path / "coated_one", -110.5, (9,)),
        make.vacancy(tmp_path / "bare_one"),
    ]
    found = vacancy_runs(hosts, made, GIVEN_O2, VacancyOptions(coating_li=3))
    assert [host.system for host in found.hosts] == ["bare", "bare", "coated", "coated"]
    assert [host.lithium_fraction for host in found.hosts] == [1.0, 0.5, 1.0, 0.5]
    assert [[v.run for v in host.vacancies] for host in found.hosts] == [
        [str(tmp_path / name)]
        for name in ("bare_one", "bare_half_one", "coated_one", "coated_half_one")
    ]
    assert [
        host.vacancies[0].removed[0].site for host in found.hosts if host.vacancies[0].removed
    ] == [*(8, 6, 9, 4)]
    points = {point.system: point for point in found.turning_points}
    assert points["bare"].at is not None
    assert points["coated"].at is None


def test_a_relaxation_that_rebuilt_the_lattice_is_flagged(tmp_path: Path) -> None:
    host = make.host(tmp_path / "host")
    pair = make.vacancy(tmp_path / "pair")
    file = pair / "vasprun.xml"
    text = file.read_text(encoding="latin-1")
    run = make.cell_run(-71.0, (8,))
    place = " ".join(f"{value:16.8f}" for value in run.fractional[6])
    near = run.fractional[7] - [0.0, 0.0, 1.25 / 9.0]
    first = text.index(place)  # initialpos stays as it was
    moved = " ".join(f"{value:16.8f}" for value in near)
    text = text[: first + 1] + text[first + 1 :].replace(place, moved)
    file.write_text(text, encoding="latin-1")
    found = vacancy_runs([host], [pair], GIVEN_O2)
    flags = found.hosts[0].vacancies[0].flags
    assert any(flag.startswith("o2: O6-O7 1.25 A") for flag in flags)
    assert found.hosts[0].flags == []
