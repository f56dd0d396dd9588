"""Formation energies of plain runs, bare and coated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pymatgen.core import Structure

from llo_dft.builders.cathode.bulk import build_bulk
from llo_dft.builders.environment.oxygen_environment import oxygen_environments
from llo_dft.builders.surface.slab import build_slab
from llo_dft.errors import InputError
from llo_dft.resources import load_structure
from llo_dft.runs.plain_runs import read_plain_run
from llo_dft.runs.run_vacancies import OxygenRequest, VacancyOptions, removed_oxygens, vacancy_runs
from llo_dft.testing import plain_run_writer as make
from llo_dft.testing import vasprun_writer

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


def coated(folder: Path, energy: float, gone: tuple[int, ...] = ()) -> Path:
    """The host with three Li and a P more, in a longer cell."""
    run = make.cell_run(energy, gone, lattice=make.CELL * [[1.0], [1.0], [1.5]])
    run.symbols = (*run.symbols, "Li", "Li", "Li", "P")
    more = [[0.3, 0.2, 0.8], [0.8, 0.2, 0.8], [0.3, 0.7, 0.8], [0.8, 0.7, 0.9]]
    run.fractional = np.vstack([run.fractional * [1, 1, 2 / 3], more]).round(8)
    run.forces = np.vstack([run.forces, np.zeros((4, 3))])
    return make.write(folder, make.with_electrons(run))


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


def test_a_vacancy_of_a_host_that_is_not_the_lowest_decides_no_crossing(tmp_path: Path) -> None:
    """It may have found the 2 eV that its own host lies above the best ordering of Li."""
    hosts = [
        make.host(tmp_path / "full"),
        make.host(tmp_path / "low", -68.0, 2),
        make.write(tmp_path / "high", make.cell_run(-66.0, (0, 1))),
    ]
    made = [
        make.vacancy(tmp_path / "of_full"),
        make.vacancy(tmp_path / "of_low", -60.0, (8,), 2),
        make.write(tmp_path / "of_high", make.cell_run(-62.9, (0, 1, 8))),
    ]
    found = vacancy_runs(hosts, made, GIVEN_O2)
    (point,) = found.turning_points
    low, high = (host.vacancies[0].formation_energy_ev for host in found.hosts[1:])
    assert high < 0 < low
    assert point.at is None
    assert [note.rpartition("/")[2] for note in found.notes if "as many Li" in note] == [
        "high lies above another host with as many Li: its vacancies decide no crossing"
    ]
    assert any("x counts from the fullest host" in note for note in found.notes)


def test_no_crossing_of_atoms_that_are_not_at_rest(tmp_path: Path) -> None:
    hosts = [make.host(tmp_path / "full"), make.host(tmp_path / "half", -68.0, 2)]
    unrelaxed = make.cell_run(-64.0, (2, 3, 8))
    unrelaxed.forces *= 0.3 / np.linalg.norm(unrelaxed.forces, axis=1).max()
    made = [make.vacancy(tmp_path / "of_full"), make.write(tmp_path / "of_half", unrelaxed)]
    found = vacancy_runs(hosts, made, GIVEN_O2)
    assert "forces reach 0.300 eV/angstrom in" in str(found.no_crossings)
    assert found.turning_points == []
    assert {host.turning_temperature_k for host in found.hosts} == {None}
    allowed = vacancy_runs(hosts, made, GIVEN_O2, VacancyOptions(allow=["forces"]))
    assert allowed.turning_points[0].at is not None


@pytest.mark.parametrize(("n_host", "n_vacancy"), [(4, 4), (4, 3), (0, 0), (4, 0), (0, 4)])
def test_other_atoms_held_in_the_vacancy_are_named(
    tmp_path: Path, n_host: int, n_vacancy: int
) -> None:
    """A vacancy whose atoms all move gains what its host's held ones would have gained too."""
    folders = make.host(tmp_path / "host"), make.vacancy(tmp_path / "vacancy")
    for folder, held, n_atoms in zip(folders, (n_host, n_vacancy), (12, 11), strict=True):
        file = folder / "vasprun.xml"
        flags = ["F F F"] * held + ["T T T"] * (n_atoms - held)
        rows = "".join(f'<v type="logical">{one}</v>' for one in flags)
        end = " </structure>\n</modeling>"
        text = file.read_text(encoding="latin-1")
        selective = f'<varray name="selective" >{rows}</varray>'
        file.write_text(text.replace(end, selective + end), encoding="latin-1")
    found = vacancy_runs([folders[0]], [folders[1]], GIVEN_O2)
    named = [note for note in found.notes if "atoms that may not move" in note]
    assert bool(named) == (n_host - n_vacancy not in {0, 1})


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


def test_an_oxygen_is_named_by_its_number_in_the_host(tmp_path: Path) -> None:
    host = read_plain_run(make.host(tmp_path / "host"))
    vacancy = read_plain_run(make.vacancy(tmp_path / "vacancy", removed=(7, 10)))
    found = removed_oxygens(host, vacancy, None)
    assert sorted(one.site for one in found) == [7, 10]
    assert all(one.environment is None for one in found)


def test_a_host_without_so_many_layers_is_refused(tmp_path: Path) -> None:
    host = read_plain_run(make.host(tmp_path / "host"))
    vacancy = read_plain_run(make.vacancy(tmp_path / "vacancy"))
    with pytest.raises(InputError, match=r"--tm-layers 7: .*host: "):
        removed_oxygens(host, vacancy, 7)


def test_the_environment_is_that_of_the_oxygen_in_the_host(tmp_path: Path) -> None:
    bulk = build_bulk(
        load_structure("Li2MnO3"),
        "Li2MnO3",
        supercell=(1, 1),
        ordering="honeycomb",
        seed=0,
        tolerance=0.05,
    )
    slab = build_slab(bulk.structure, tm_layers=2, vacuum=10.0, seed=0).structure
    order = sorted(range(len(slab)), key=lambda i: "LiMnO".index(slab[i].specie.symbol))
    slab = Structure.from_sites([slab[i] for i in order])
    symbols = [site.specie.symbol for site in slab]
    gone = symbols.index("O") + 2
    for name, removed, energy in (("host", (), -100.0), ("vacancy", (gone,), -92.0)):
        kept = [i for i in range(len(slab)) if i not in removed]
        run = vasprun_writer.Run(
            symbols=tuple(symbols[i] for i in kept),
            lattice=slab.lattice.matrix.round(8),
            energies=(energy,),
            entropy=0.0,
            n_energies=11,
        )
        run.fractional = slab.frac_coords[kept].round(8)
        make.write(tmp_path / name, make.with_electrons(run))
    found = vacancy_runs(
        [tmp_path / "host"], [tmp_path / "vacancy"], GIVEN_O2, VacancyOptions(tm_layers=2)
    )
    (removed,) = found.hosts[0].vacancies[0].removed
    expected = oxygen_environments(slab, 2)[gone]
    assert removed.site == gone
    assert removed.site_class == expected.label
    assert removed.environment is not None
    assert removed.environment.n_tm == expected.n_tm > 0
    assert removed.environment.n_li_interlayer == expected.n_li_interlayer
    assert (removed.environment.layer, removed.environment.side) == (expected.layer, expected.side)


def test_atoms_that_are_elsewhere_leave_the_oxygen_unnamed(tmp_path: Path) -> None:
    host = make.host(tmp_path / "host")
    far = make.write(tmp_path / "far", make.cell_run(-70.0, (8,), shift=1.6))
    found = vacancy_runs([host], [far], GIVEN_O2)
    (vacancy,) = found.hosts[0].vacancies
    assert (vacancy.site, vacancy.removed, vacancy.n_removed) == (None, [], 1)
    assert vacancy.formation_energy_ev is not None
