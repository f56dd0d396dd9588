"""One calculation through real custodian, real atomate2 parsing and the stand-in for VASP."""

import gzip
import json
import shutil
import time

import atomate2.vasp.files
import numpy as np
import pytest
from engines_by_name import engine_of
from pymatgen.core import Structure
from pymatgen.io.vasp.inputs import Incar

from llo_dft.builders.reference_cells import o2_in_box
from llo_dft.calculations.cache import CalculationCache
from llo_dft.engines.base import EngineError
from llo_dft.engines.vasp.files.outcar import read_outcar
from llo_dft.engines.vasp.files.run_folder import find_outcar, find_run
from llo_dft.engines.vasp.files.vasprun.read_vasprun import read_vasprun
from llo_dft.engines.vasp.protocols import vasp_protocol
from llo_dft.engines.vasp.running.run_task import VaspTask, _shared, parallel_tags
from llo_dft.jobs.calculate import calculate
from llo_dft.testing import standin, stub_potcars


@pytest.fixture(scope="module")
def potcars(tmp_path_factory):
    return stub_potcars.install(tmp_path_factory.mktemp("potcars"))


class Runs:
    """Installs the stand-in with some faults, and runs one calculation as a job does."""

    def __init__(self, folder, patch, potcars):
        self.cache = CalculationCache(folder / "calculations")
        self._folder, self._patch = folder, patch
        stub_potcars.use(potcars, patch)
        patch.setenv("LLO_DFT_VASP_POLLING_S", "0.05")
        patch.setenv("LLO_DFT_VASP_MONITOR_S", "0.5")
        self.install()

    def install(self, *faults, **settings):
        placed = standin.install(self._folder, faults=faults, **settings)
        for name, value in placed.environment.items():
            self._patch.setenv(name, value)

    def run(self, structure, kind, overrides=None, parent=None):
        # the stand-in is no better with more
        coarse = {"k_spacing": 1.0, "magnetic_order": "ferro", **(overrides or {})}
        maker = engine_of("vasp", **coarse).maker(kind)
        return calculate.original(structure, maker, kind, str(self.cache.folder), parent)

    def folder(self, document):
        return self.cache.folder / document.key


@pytest.fixture(scope="module")
def relaxed_slab(tmp_path_factory, potcars, plan):
    """The folder of calculations that has the relaxed slab, which other tests begin with."""
    with pytest.MonkeyPatch.context() as patch:
        runs = Runs(tmp_path_factory.mktemp("slab"), patch, potcars)
        assert runs.run(plan.slab, "slab_relax").status == "completed"
    return runs.cache.folder


@pytest.fixture
def vasp(tmp_path, monkeypatch, potcars):
    return Runs(tmp_path, monkeypatch, potcars)


@pytest.fixture
def relaxed_before(vasp, relaxed_slab):
    """The slab was relaxed: the cache has it."""
    shutil.copytree(relaxed_slab, vasp.cache.folder)


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
    assert stopped.reason.endswith("the next run resumes there")
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


def test_atomate2s_settings_reach_vasp_or_are_refused_before_it_starts(vasp, plan, monkeypatch):
    settings = atomate2.vasp.files.SETTINGS
    monkeypatch.setattr(settings, "VASP_INCAR_UPDATES", {"NCORE": 4})
    document = vasp.run(plan.lithium_metal, "bulk_relax")
    assert incar_of(vasp.folder(document))["NCORE"] == 4
    monkeypatch.setattr(settings, "VASP_INCAR_UPDATES", {"SIGMA": 0.5})
    with pytest.raises(EngineError, match=r"INCAR_UPDATES: SIGMA = 0.5 is not accepted"):
        vasp.run(plan.lithium_metal, "bulk_relax")


def test_a_missing_program_fails_the_calculation_in_one_line(vasp, plan, monkeypatch):
    monkeypatch.setenv("ATOMATE2_VASP_CMD", "not_there")
    document = vasp.run(plan.lithium_metal, "bulk_relax")
    assert document.reason.startswith("VASP's command 'not_there' is not found here")


def incar_of(folder):
    return Incar.from_file(next(folder.glob("INCAR.gz")))


def printed(folder):
    return gzip.decompress((folder / "vasp.out.gz").read_bytes()).decode()


def without_an_oxygen(host):
    vacancy = host.structure.copy()
    vacancy.remove_sites([vacancy.indices_from_symbol("O")[0]])
    return vacancy


@pytest.mark.usefixtures("relaxed_before")
def test_a_slab_is_converged_without_its_dipole_first(vasp, plan):
    document = vasp.run(plan.slab, "slab_relax")
    folder = vasp.folder(document)
    first, then = incar_of(folder / "without_dipole"), incar_of(folder)
    assert "LDIPOL" not in first
    assert then["LDIPOL"] is True
    assert (first["NSW"], then["NSW"]) == (0, 150)
    assert "the WAVECAR file was read successfully" in printed(folder)
    assert "WAVECAR" not in printed(folder / "without_dipole")
    assert (folder / "start" / "WAVECAR").stat().st_size > 0
    assert len(list(folder.rglob("WAVECAR*"))) == 1
    assert document.n_steps == len(read_vasprun(find_run(folder)).steps)


@pytest.mark.usefixtures("relaxed_before")
def test_a_vacancy_begins_with_its_hosts_electrons_or_puts_two_on_metals(vasp, plan):
    vasp.install(moment_ev=-0.01)  # more moment is lower: the starts with more electrons on Mn win
    host = vasp.run(plan.slab, "slab_relax")
    document = vasp.run(without_an_oxygen(host), "slab_relax", {"electron_placements": 2}, host)
    assert (document.status, document.reason) == ("completed", None)
    (note,) = document.notes
    assert note.startswith("lowest of 3 starts: electrons on ")
    assert "as in the host 0.0" in note
    kept = {entry.label: entry.key for entry in vasp.cache.journal()}
    starts = {label.partition(", ")[2]: key for label, key in kept.items() if ", " in label}
    assert len(starts) == 3
    n_bands = read_vasprun(find_run(vasp.folder(host))).parameters["NBANDS"]
    kept_moments = [round(m, 6) for m in host.magmoms_mu_b]
    for name, key in starts.items():
        folder = vasp.cache.folder / key
        first, then = incar_of(folder / "without_dipole"), incar_of(folder)
        assert first["NBANDS"] == then["NBANDS"] == n_bands
        assert first["ISTART"] == 1
        own = name == "as in the host"
        assert (first["ICHARG"], first.get("NELMDL")) == ((0, None) if own else (2, -5))
        assert not {"ICHARG", "NELMDL", "ISTART"} & then.keys()
        began = sorted(round(float(m), 6) for m in first["MAGMOM"])
        changed = [m for m in began if m not in kept_moments]
        assert len(changed) == (0 if own else 2)
        for part in (folder / "without_dipole", folder):
            assert "the WAVECAR file was read successfully" in printed(part)
        assert not list(folder.rglob("WAVECAR*")), "nothing is made of a vacancy"
    assert (vasp.folder(host) / "start" / "WAVECAR").stat().st_size > 0


@pytest.mark.usefixtures("relaxed_before")
def test_a_host_whose_wave_functions_are_gone_gives_its_moments(vasp, plan):
    host = vasp.run(plan.slab, "slab_relax")
    shutil.rmtree(vasp.folder(host) / "start")
    document = vasp.run(without_an_oxygen(host), "slab_relax", {"electron_placements": 0}, host)
    (note,) = document.notes
    assert note.startswith("its electrons began with the moments of the calculation it is made fr")
    assert note.endswith("alone: its wave functions are not kept any more")
    first = incar_of(vasp.folder(document) / "without_dipole")
    assert not {"ISTART", "ICHARG", "NBANDS"} & first.keys()
    began = document.initial_structure.site_properties["magmom"]
    assert set(began) <= set(host.magmoms_mu_b)


@pytest.mark.usefixtures("relaxed_before")
def test_a_single_point_begins_with_all_of_its_hosts_electrons(vasp, plan):
    vasp.install(asked_grid_divisor=6)
    host = vasp.run(plan.slab, "slab_relax")
    document = vasp.run(host.structure, "static", parent=host)
    assert (document.status, document.notes) == ("completed", [])
    first = incar_of(vasp.folder(document) / "without_dipole")
    assert (first["ISTART"], first["ICHARG"]) == (1, 0)
    assert "CHGCAR.gz" in document.output_files


def test_the_lower_of_two_magnetic_orders_goes_on(vasp, plan):
    vasp.install(moment_ev=0.01)  # less moment is lower
    document = vasp.run(plan.slab, "slab_relax", {"magnetic_order": "lower"})
    (note,) = document.notes
    assert note.startswith("lowest of 2 starts: rows; ferro 0.")
    assert min(document.initial_structure.site_properties["magmom"]) < 0


@pytest.mark.usefixtures("relaxed_before")
def test_another_version_of_vasp_is_ended_after_its_first_stage(vasp, plan, monkeypatch):
    first = vasp.run(plan.slab, "slab_relax")
    other = plan.slab.copy()
    other.translate_sites([0], [0.01, 0, 0])
    monkeypatch.setenv("STANDIN_VASP_VERSION", "6.3.0")
    document = vasp.run(other, "slab_relax")
    assert document.status == "failed"
    version = first.fingerprint.engine_version
    assert version.startswith("6.4.2")
    assert document.reason.startswith("it was run with version '6.3.0")
    assert f"first completed calculation with {version!r}" in document.reason
    left = vasp.cache.folder / f"{document.key}.failed"
    assert (left / "without_dipole").is_dir()
    assert not (left / "relax").exists()
    # one that has one stage is refused at its end
    assert vasp.run(o2_in_box(), "molecule_relax").reason.startswith("it was run with version '6.3")
    monkeypatch.delenv("STANDIN_VASP_VERSION")
    assert vasp.run(other, "slab_relax").status == "completed"


@pytest.mark.slow
def test_the_ranks_share_the_work_as_the_machine_says_and_no_key_knows(vasp, monkeypatch):
    alone = engine_of("vasp").maker("molecule_relax").settings()
    monkeypatch.setenv("LLO_DFT_RANKS", "16")
    assert engine_of("vasp").maker("molecule_relax").settings() == alone
    document = vasp.run(o2_in_box(), "molecule_relax")
    assert document.status == "completed"
    tags = incar_of(vasp.folder(document))
    assert tags["NCORE"] == 4
    assert "KPAR" not in tags


def test_k_points_are_shared_where_their_number_is_known_and_the_user_goes_first(plan):
    def shared(structure, kind, stage, incar):
        fine = vasp_protocol("balanced", {"k_spacing": 0.25}, incar)
        return _shared(VaspTask(structure, kind, fine), stage, 32)

    slab = shared(plan.slab, "slab_relax", "relax", {})
    assert slab["KPAR"] in {2, 4, 8}
    assert shared(plan.bulk, "bulk_relax", "cell", {}) == {"NCORE": 4}  # with symmetry
    for own in ({"KPAR": 1}, {"NPAR": 4}, {"NCORE": None}):
        assert shared(plan.slab, "slab_relax", "relax", own) == {}


@pytest.mark.parametrize(
    ("n_ranks", "n_bands", "n_k_points", "expected"),
    [
        (0, 600, 4, {}),  # not known
        (1, 600, 4, {}),
        (8, 600, 1, {}),  # up to 8 each rank has its own orbitals
        (16, 600, 1, {"NCORE": 4}),
        (48, 600, 1, {"NCORE": 6}),  # 6.93: 6 is nearer than 8
        (128, 600, 1, {"NCORE": 8}),  # 11.3: 8 is nearer than 16
        (4, 600, 2, {"KPAR": 2}),
        (128, 600, 2, {"NCORE": 8, "KPAR": 2}),  # groups of 64
        (36, 600, 4, {"NCORE": 3, "KPAR": 4}),  # groups of 9
        (24, 600, 5, {"NCORE": 4}),  # 5 divides no 24
        (12, 600, 18, {"KPAR": 6}),  # 12 divides no 18
        (64, 4, 1, {"NCORE": 16}),  # 8 groups would be more than there are bands
    ],
)
def test_k_points_first_then_the_square_root_of_the_ranks_that_are_left(
    n_ranks, n_bands, n_k_points, expected
):
    assert parallel_tags(n_ranks, n_bands, n_k_points) == expected
