"""Which oxygen a vacancy lacks, and what is around it in its host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plain_runs as make
import pytest
import vasprun_writer
from pymatgen.core import Structure

from llo_dft.builders.cathode.bulk import build_bulk
from llo_dft.builders.environment.oxygen_environment import oxygen_environments
from llo_dft.builders.surface.slab import build_slab
from llo_dft.errors import InputError
from llo_dft.resources import load_structure
from llo_dft.runs.plain_runs import read_plain_run
from llo_dft.runs.removed_oxygen import removed_oxygens
from llo_dft.runs.run_vacancies import OxygenRequest, VacancyOptions, vacancy_runs

if TYPE_CHECKING:
    from pathlib import Path

GIVEN_O2 = OxygenRequest("none", 298.15, 1.0, o2_energy_ev=make.O2_EV)


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
