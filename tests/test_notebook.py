"""The verbs that a notebook imports, each on a study and on runs."""

from __future__ import annotations

import subprocess
import sys
from multiprocessing.spawn import get_preparation_data
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from studies import tiny_recipe

import llo_dft
from llo_dft.errors import InputError
from llo_dft.recipe import Recipe
from llo_dft.study import run_study
from llo_dft.study.study_files import stored_plan
from llo_dft.testing import plain_run_writer as make

if TYPE_CHECKING:
    from study_fixtures import Finished

    from llo_dft.documents.plan import StudyPlan


def test_importing_the_package_loads_nothing_of_it():
    code = (
        "import sys, llo_dft\n"
        "assert 'numpy' not in sys.modules and 'llo_dft.notebook' not in sys.modules\n"
        "assert set(llo_dft.__all__) <= set(dir(llo_dft))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_verb_is_there_and_none_hides_a_room():
    rooms = {path.name.removesuffix(".py") for path in Path(llo_dft.__file__).parent.iterdir()}
    assert not rooms & set(llo_dft.__all__)
    for name in llo_dft.__all__:
        assert callable(getattr(llo_dft, name)), name
    with pytest.raises(AttributeError, match="no attribute 'build_bulb'"):
        _ = llo_dft.build_bulb


def test_what_is_built_is_the_plan_of_the_recipe(plan: StudyPlan):
    recipe = tiny_recipe()
    assert isinstance(recipe, Recipe)
    assert llo_dft.build_bulk(recipe) == plan.bulk
    assert llo_dft.build_slab(plan) == plan.slab
    bare = llo_dft.delithiate(plan)
    assert list(bare) == [host.lithium_fraction for host in plan.hosts]
    for fraction, slab in bare.items():
        lithium = plan.slab.composition["Li"]
        assert slab.composition["Li"] == pytest.approx(fraction * lithium)
    holes = llo_dft.vacancies(plan)
    assert len(holes) == sum(len(host.vacancies) for host in plan.hosts)
    for label, structure in holes.items():
        assert structure.composition["O"] < plan.slab.composition["O"], label
    with pytest.raises(InputError, match="has no coating"):
        llo_dft.build_interface(plan)
    with pytest.raises(InputError, match="is built already"):
        llo_dft.build_slab(plan, vacuum=20.0)


def test_the_best_registry_of_each_termination_is_given(coated_plan: StudyPlan):
    found = llo_dft.build_interface(coated_plan)
    assert set(found) == set(coated_plan.terminations)
    for termination, structure in found.items():
        first = next(i for i in coated_plan.interfaces if i.termination == termination)
        assert structure == first.structure


def test_a_formula_will_do_and_keywords_are_the_keys_of_the_table():
    bulk = llo_dft.build_bulk("Li2MnO3", supercell=(1, 1))
    assert bulk.composition.reduced_formula == "Li2MnO3"
    layered = llo_dft.build_bulk("LiNiO2", supercell=(1, 1))
    assert layered.composition.reduced_formula == "LiNiO2"
    thick = llo_dft.plan("Li2MnO3", cathode={"supercell": (1, 1)}, slab={"tm_layers": 3})
    assert thick.tm_layers == 3
    with pytest.raises(InputError, match=r"unknown key 'supercel' in \[cathode\]"):
        llo_dft.build_bulk("Li2MnO3", supercel=(1, 1))
    with pytest.raises(InputError, match=r"slab = 9: expected a table \[slab\]"):
        llo_dft.plan("Li2MnO3", slab=9)
    with pytest.raises(InputError, match="quickstar"):
        llo_dft.plan("quickstar")


def test_workers_do_not_run_the_script_again_that_calls_run(monkeypatch, tmp_path: Path):
    script = ModuleType("__main__")
    script.__file__ = "study.py"  # without a guard, as users write one
    monkeypatch.setitem(sys.modules, "__main__", script)
    monkeypatch.setattr(run_study, "prepare_run", lambda *_: None)
    monkeypatch.setattr(run_study, "run_study", lambda *_, **__: get_preparation_data("worker"))
    sent = llo_dft.run(tiny_recipe(), tmp_path)
    assert not {"init_main_from_path", "init_main_from_name"} & set(sent)
    assert script.__file__ == "study.py"


def test_a_finished_study_is_read_by_folder_or_file_str_or_path(finished: Finished):
    folder = finished.folder.path
    read = [llo_dft.read_results(one) for one in (folder, str(folder), folder / "results.json")]
    assert all(one == finished.result for one in read)
    assert len(repr(read[0])) < 2000
    assert llo_dft.voltage(str(folder)) == finished.result.voltages
    assert llo_dft.band_centers(folder) == finished.result.band_centers
    assert llo_dft.charge_difference(folder) == finished.result.charge_differences
    assert llo_dft.vacancy_energies(str(folder)).hosts == finished.result.hosts
    hot = llo_dft.vacancy_energies(folder, temperature_k=900.0)
    assert hot.hosts[0].formation_energies_ev[0] < finished.result.hosts[0].formation_energies_ev[0]
    assert llo_dft.plan(folder) == llo_dft.plan(str(folder)) == stored_plan(finished.folder)
    with pytest.raises(InputError, match="a study has its own"):
        llo_dft.voltage(folder, li_energy_ev=-1.9)
    with pytest.raises(InputError, match="temprature_k: for plain runs; a study has its own"):
        llo_dft.vacancy_energies(folder, temprature_k=600.0)


def test_plain_runs_give_the_numbers_that_they_were_made_of(tmp_path: Path):
    host, vacancy = make.host(tmp_path / "host"), make.vacancy(tmp_path / "vacancy")
    assert llo_dft.read_run(str(host)).energy_ev == make.HOST_EV
    found = llo_dft.vacancy_energies(
        hosts=[str(host)], vacancies=[vacancy], scheme="none", o2_energy_ev=make.O2_EV
    )
    (energy,) = found.hosts[0].formation_energies_ev
    assert energy == pytest.approx(make.VACANCY_EV - make.HOST_EV + found.oxygen.mu_ev)
    empty = make.host(tmp_path / "empty", -70.0, n_li=2)
    (of_runs,) = llo_dft.voltage(host, str(empty), li_energy_ev=make.LI_EV)
    # two Li leave for 10 eV, less what they cost as metal
    assert of_runs.curve.average_v == pytest.approx((10.0 - 2 * 1.9) / 2)
    with pytest.raises(InputError, match="folder of one study, or hosts"):
        llo_dft.vacancy_energies()
    with pytest.raises(InputError, match="need an O2 scheme"):
        llo_dft.vacancy_energies(hosts=[host], vacancies=[vacancy])
