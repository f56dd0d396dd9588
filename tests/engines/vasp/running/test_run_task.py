"""One calculation through real custodian, real atomate2 parsing and the stand-in for VASP."""

import json
import time

import numpy as np
import pytest
import standin
import stub_potcars
from engines_by_name import engine_of
from pymatgen.core import Structure

from llo_dft.builders.reference_cells import o2_in_box
from llo_dft.calculations.cache import CalculationCache
from llo_dft.engines.vasp.files.outcar import read_outcar
from llo_dft.engines.vasp.files.run_folder import find_outcar, find_run
from llo_dft.engines.vasp.files.vasprun.read_vasprun import read_vasprun
from llo_dft.jobs.calculate import calculate


@pytest.fixture(scope="module")
def potcars(tmp_path_factory):
    return stub_potcars.install(tmp_path_factory.mktemp("potcars"))


@pytest.fixture
def vasp(tmp_path, monkeypatch, potcars):
    """Installs the stand-in with some faults, and runs one calculation as a job does."""
    stub_potcars.use(potcars, monkeypatch)
    monkeypatch.setenv("LLO_DFT_VASP_POLLING_S", "0.05")
    monkeypatch.setenv("LLO_DFT_VASP_MONITOR_S", "0.5")

    class Runs:
        cache = CalculationCache(tmp_path / "calculations")

        def install(self, *faults):
            placed = standin.install(tmp_path, faults=faults)
            for name, value in placed.environment.items():
                monkeypatch.setenv(name, value)

        def run(self, structure, kind, overrides=None):
            coarse = {"k_spacing": 1.0, **(overrides or {})}  # the stand-in is no better with more
            maker = engine_of("vasp", **coarse).maker(kind)
            return calculate.original(structure, maker, kind, str(self.cache.folder))

        def folder(self, document):
            return self.cache.folder / document.key

    runs = Runs()
    runs.install()
    return runs


def assert_the_files_say_the_same(document, folder):
    """The engine's fingerprint is the one that is read back from VASP's own output."""
    run = read_vasprun(find_run(folder))
    used = run.fingerprint.model_dump()
    spacing = pytest.approx(used.pop("k_spacing_per_angstrom"), rel=1e-6)
    ours = document.fingerprint.model_dump()
    assert ours.pop("k_spacing_per_angstrom") == spacing
    assert ours == used
    assert document.energy_ev == pytest.approx(run.energy_ev, abs=1e-7)


def test_a_slab_comes_back_in_the_order_it_was_given_in(vasp, plan):
    order = np.random.default_rng(3).permutation(len(plan.slab))
    shuffled = Structure.from_sites([plan.slab[i] for i in order])
    document = vasp.run(shuffled, "slab_relax")
    assert (document.status, document.reason) == ("completed", None)
    assert document.mock
    assert document.fingerprint.functional == "PBE+U"
    assert "STAND-IN" in document.fingerprint.engine_version
    assert_the_files_say_the_same(document, vasp.folder(document))
    # had the order been lost, atoms would have gone far
    moved = document.structure.frac_coords - shuffled.frac_coords
    assert np.abs(moved - np.round(moved)).max() * max(shuffled.lattice.abc) < 1.0
    outcar = read_outcar(find_outcar(find_run(vasp.folder(document))))
    assert sorted(document.magmoms_mu_b) == pytest.approx(sorted(outcar.moments_mu_b), abs=1e-6)
    metals = {"Mn", "Ni"}
    for site, moment in zip(document.structure, document.magmoms_mu_b, strict=True):
        assert (moment > 1.0) == (site.specie.symbol in metals)
    assert "magmom" not in document.structure.site_properties  # its children get their own
    assert "magmom" in document.initial_structure.site_properties
    assert document.max_force_ev_per_angstrom <= 0.05


def test_a_crystal_relaxes_its_cell_at_the_raised_cutoff_and_is_computed_at_the_common_one(
    vasp, plan
):
    document = vasp.run(plan.lithium_metal, "bulk_relax")
    assert (document.status, document.reason) == ("completed", None)
    folder = vasp.folder(document)
    cell, energy = (read_vasprun(find_run(path)) for path in (folder / "cell", folder))
    assert (cell.fingerprint.cutoff_ev, energy.fingerprint.cutoff_ev) == (650, 520)
    assert document.fingerprint.cutoff_ev == 520
    assert_the_files_say_the_same(document, folder)
    assert document.n_steps == len(cell.steps) + 1
    assert document.structure.volume != pytest.approx(plan.lithium_metal.volume, rel=1e-3)
    assert cell.final.lattice_angstrom == pytest.approx(energy.final.lattice_angstrom, abs=1e-6)
    assert not list(folder.rglob("*POTCAR*")), "pseudopotentials are not passed on"
    assert not list(folder.rglob("WAVECAR*"))


def test_o2_and_hse06(vasp):
    document = vasp.run(o2_in_box(), "molecule_relax", {"functional": "HSE06"})
    assert (document.status, document.reason) == ("completed", None)
    assert document.fingerprint.functional == "HSE06"
    assert_the_files_say_the_same(document, vasp.folder(document))
    assert document.structure.site_properties["magmom"] == [1.0, 1.0]


def test_a_single_point_keeps_the_files_that_are_analysed(vasp, plan):
    overrides = {"functional": "r2SCAN", "dispersion": "D3(BJ)"}
    document = vasp.run(plan.lithium_metal, "static", overrides)
    assert (document.status, document.reason) == ("completed", None)
    fingerprint = document.fingerprint
    assert (fingerprint.functional, fingerprint.dispersion) == ("r2SCAN", "D3(BJ)")
    folder = vasp.folder(document)
    assert_the_files_say_the_same(document, folder)
    assert document.structure == plan.lithium_metal
    kept = {name.removesuffix(".gz") for name in document.output_files}
    assert {"vasprun.xml", "OUTCAR", "CHGCAR", "AECCAR0", "AECCAR2", "LOCPOT"} <= kept
    assert all((folder / name).is_file() for name in document.output_files)
    run = read_vasprun(find_run(folder), dos=True)
    assert run.total_dos is not None
    assert run.parameters["NEDOS"] == 3001


def test_a_repair_is_named_in_the_document(vasp, plan):
    vasp.install({"kind": "zbrent"})
    document = vasp.run(plan.lithium_metal, "bulk_relax")
    assert (document.status, document.reason) == ("completed", None)
    (repair,) = document.corrections
    assert repair.startswith("ZBRENT (line search of the relaxation): CONTCAR copied to POSCAR")


def test_a_failure_is_named_and_tried_again(vasp, plan):
    vasp.install({"kind": "killed"})
    document = vasp.run(plan.lithium_metal, "bulk_relax")
    assert document.status == "failed"
    assert document.reason.startswith("VASP was killed by SIGKILL")
    assert vasp.run(plan.lithium_metal, "bulk_relax").status == "completed"


def test_a_stop_for_the_wall_time_is_gone_on_from(vasp, plan, monkeypatch):
    lithium = plan.lithium_metal
    whole = vasp.run(lithium, "bulk_relax", {"max_steps": 149})
    vasp.install({"kind": "wall_time", "seconds_per_step": 0.3})
    monkeypatch.setenv("LLO_DFT_JOB_END_TIME", str(time.time() + 60))
    monkeypatch.setenv("LLO_DFT_VASP_STOP_BEFORE_S", "57")
    stopped = vasp.run(lithium, "bulk_relax")
    assert stopped.status == "failed"
    assert stopped.reason.startswith("stopped for the wall time in ionic step")
    assert stopped.reason.endswith("the next run goes on from there")
    left = vasp.cache.folder / f"{stopped.key}.failed" / "continue"
    reached = json.loads((left / "state.json").read_text(encoding="utf-8"))
    assert reached["stage"] == "cell"
    assert (left / "WAVECAR").stat().st_size > 0
    monkeypatch.delenv("LLO_DFT_JOB_END_TIME")
    document = vasp.run(lithium, "bulk_relax")
    assert document.status == "completed"
    assert document.key == stopped.key != whole.key
    assert document.energy_ev == pytest.approx(whole.energy_ev, abs=1e-3)
    assert any(text.startswith("stopped for the wall time") for text in document.corrections)
    folder = vasp.folder(document)
    assert not (folder / "continue").exists()
    began = read_vasprun(find_run(folder / "cell")).header.initial
    assert began.lattice_angstrom == pytest.approx(np.array(reached["lattice"]), abs=1e-6)
    assert document.n_steps > reached["n_steps"]


def test_a_setting_changed_behind_the_engine_is_found(vasp, plan, monkeypatch):
    import atomate2.vasp.files

    updates = {"SIGMA": 0.5, "NCORE": 4}
    monkeypatch.setattr(atomate2.vasp.files.SETTINGS, "VASP_INCAR_UPDATES", updates)
    document = vasp.run(plan.lithium_metal, "bulk_relax")
    assert document.status == "failed"
    assert document.reason == (
        "settings that decide the energy were changed on the way: "
        "SIGMA = 0.2 was asked for, 0.5 used"
    )


def test_a_missing_program_fails_the_calculation_in_one_line(vasp, plan, monkeypatch):
    monkeypatch.setenv("ATOMATE2_VASP_CMD", "not_there")
    document = vasp.run(plan.lithium_metal, "bulk_relax")
    assert document.reason.startswith("VASP's command 'not_there' is not found here")
