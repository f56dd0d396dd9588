"""Plain VASP runs as calculations, and what they are to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plain_runs as make
import pytest
import vasprun_writer
from pymatgen.core import Lattice, Structure

from llo_dft.builders.cathode.bulk import build_bulk
from llo_dft.builders.environment.oxygen_environment import oxygen_environments
from llo_dft.builders.surface.slab import build_slab
from llo_dft.engines.vasp.files.vasprun.read_vasprun import VaspFileError
from llo_dft.errors import InputError
from llo_dft.resources import load_structure
from llo_dft.runs.host_assignment import (
    check_one_framework,
    fractions_of,
    host_of,
    lithium_fractions,
)
from llo_dft.runs.plain_runs import read_plain_run
from llo_dft.runs.run_vacancies import OxygenRequest, VacancyOptions, vacancy_runs

if TYPE_CHECKING:
    from pathlib import Path

GIVEN_O2 = OxygenRequest("none", 298.15, 1.0, o2_energy_ev=make.O2_EV)


def test_a_run_is_read_with_its_mesh_spins_and_moment(tmp_path: Path) -> None:
    run = read_plain_run(make.host(tmp_path / "host"))
    assert run.completed is not None
    mesh = run.completed.k_mesh
    assert mesh.divisions == (3, 1, 1)
    assert mesh.gamma_centred
    assert mesh.spacings_per_angstrom == pytest.approx(2 * np.pi / np.array([18, 6.5, 9]))
    assert run.completed.spin_polarized
    assert run.completed.moment_mu_b is None  # not asked for
    assert run.record().k_points == "0.3491 x 0.9666 x 0.6981 (3 x 1 x 1, with Gamma)"
    assert run.calculation.energy_ev == make.HOST_EV
    molecule = read_plain_run(make.oxygen(tmp_path / "o2"), "molecule_relax", moment=True)
    assert molecule.completed is not None
    assert molecule.completed.moment_mu_b == pytest.approx(2.0)


@pytest.mark.parametrize("charge", [1, -2])
def test_a_charged_cell_has_no_energy_to_compare(tmp_path: Path, charge: int) -> None:
    """E_f of a charged vacancy depends on the Fermi level and on the images of the charge."""
    run = read_plain_run(make.host(tmp_path / "host", charge=charge))
    assert run.completed is None
    assert (
        run.calculation.reason
        == f"the cell has a charge of {charge:+g} e, and only neutral ones are compared"
    )
    assert run.calculation.energy_ev is None


def test_a_list_of_k_points_is_none_of_a_grid(tmp_path: Path) -> None:
    folder = make.host(tmp_path / "host")
    file = folder / "vasprun.xml"
    text = file.read_text(encoding="latin-1")
    start, end = text.index("  <generation"), text.index("  </generation>\n") + 16
    file.write_text(text[:start] + text[end:], encoding="latin-1")
    run = read_plain_run(folder)
    assert run.completed is not None
    assert run.completed.k_mesh.divisions is None
    assert run.completed.k_mesh.points == pytest.approx(
        np.array([[0, 0, 0, 1 / 3], [1 / 3, 0, 0, 1 / 3], [2 / 3, 0, 0, 1 / 3]]), abs=1e-7
    )
    assert any("no spacing" in note for note in run.notes)
    one = make.host(tmp_path / "one", n_kpoints=1)
    text = (one / "vasprun.xml").read_text(encoding="latin-1")
    start, end = text.index("  <generation"), text.index("  </generation>\n") + 16
    (one / "vasprun.xml").write_text(text[:start] + text[end:], encoding="latin-1")
    gamma = read_plain_run(one)
    assert gamma.completed is not None
    assert gamma.completed.k_mesh.divisions == (1, 1, 1)  # a list of Gamma is the least grid


def test_what_is_not_there_is_not_a_failed_run(tmp_path: Path) -> None:
    with pytest.raises(VaspFileError, match="no such file or folder"):
        read_plain_run(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    empty = read_plain_run(tmp_path / "empty")
    assert (empty.run, empty.calculation.status) == (None, "missing")
    assert "no vasprun.xml" in (empty.calculation.reason or "")
    (tmp_path / "empty" / "vasprun.xml").write_text("")
    assert read_plain_run(tmp_path / "empty").record().status == "failed"


def cell(n_li: int, n_former: int = 0) -> Structure:
    symbols = ["Li"] * n_li + ["Mn"] * 2 + ["O"] * 6 + ["P"] * n_former
    return Structure(Lattice.cubic(9), symbols, np.random.default_rng(0).random((len(symbols), 3)))


def test_lithium_fractions_are_those_of_the_oxide() -> None:
    assert lithium_fractions([cell(4), cell(1)], None, 0) == [1.0, 0.25]
    assert lithium_fractions([cell(4), cell(4)], None, 0) == [None, None]
    assert lithium_fractions([cell(4)], 4, 0) == [1.0]
    # 3 Li of the coating in each coated cell never count; bare cells have none
    both = [cell(4), cell(2), cell(7, 1), cell(5, 1)]
    assert lithium_fractions(both, None, 3) == [1.0, 0.5, 1.0, 0.5]
    assert lithium_fractions([cell(4, 1), cell(3, 1)], None, 3) == [1.0, 0.0]


@pytest.mark.parametrize(
    ("structures", "full", "coating", "text"),
    [
        ([cell(5)], 4, 0, r"a bare host has 5 Li; expected 0 \(its coating's\) to 4"),
        ([cell(2, 1), cell(5, 1)], None, 3, r"a coated host has 2 Li; expected 3 .* to 5"),
        ([cell(3, 1)], 3, 3, "a coated host has 3 Li; expected 3"),
    ],
)
def test_lithium_that_can_not_be(
    structures: list[Structure], full: int | None, coating: int, text: str
) -> None:
    with pytest.raises(InputError, match=text):
        lithium_fractions(structures, full, coating)


def test_a_host_that_can_not_be_read_may_be_the_fullest(tmp_path: Path) -> None:
    runs = [read_plain_run(make.host(tmp_path / f"{n}", n_li=n)) for n in (3, 1)]
    (tmp_path / "4").mkdir()
    runs.append(read_plain_run(tmp_path / "4"))
    assert fractions_of(runs[:2], None, 0) == [1.0, 1 / 3]
    assert fractions_of(runs, None, 0) == [None] * 3
    assert fractions_of(runs, 4, 0) == [0.75, 0.25, None]
    loose = read_plain_run(make.host(tmp_path / "loose", settings=make.NOT_CONVERGED))
    assert fractions_of([*runs[:2], loose], None, 0) == [0.75, 0.25, 1.0]


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
    assert points["bare"].lithium_fraction is not None
    assert points["coated"].lithium_fraction is None


def test_hosts_of_one_system_share_their_framework(tmp_path: Path) -> None:
    first = read_plain_run(make.host(tmp_path / "first"))
    second = read_plain_run(make.host(tmp_path / "second", n_li=2))
    check_one_framework([first, second])
    other = read_plain_run(make.vacancy(tmp_path / "other"))
    with pytest.raises(InputError, match=r"first is Li4 Mn2 O6 and .*other is Li4 Mn2 O5"):
        check_one_framework([first, second, other])


def test_a_vacancy_far_from_both_of_two_orderings_is_refused(tmp_path: Path) -> None:
    hosts = [
        read_plain_run(make.write(tmp_path / name, make.cell_run(-68.0, gone)))
        for name, gone in (("a", (0, 1)), ("b", (2, 3)))
    ]
    vacancy = read_plain_run(make.write(tmp_path / "v", make.cell_run(-60.0, (0, 2, 8))))
    with pytest.raises(InputError, match="and the atoms of none of them"):
        host_of(vacancy, hosts)
    assert host_of(vacancy, hosts[:1]) is hosts[0]


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
