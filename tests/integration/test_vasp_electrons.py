"""[electronic] of a recipe from the files of VASP (its stand-in): read, drawn, and missing.

The pair potential relaxes directly here, and only what is read for its electrons goes through VASP.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from direct_engines import PairEngine
from engines_by_name import engine_of
from pymatgen.electronic_structure.core import OrbitalType, Spin
from pymatgen.io.vasp.outputs import Chgcar, Vasprun
from studies import coated_recipe
from typer.testing import CliRunner
from vasp_studies import formation_energies, prepared_study, run_here, vasp_table

from llo_dft.cli.main import app
from llo_dft.engines.vasp import incar as vasp_incar
from llo_dft.testing import standin, stub_potcars

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from llo_dft.documents.study_result import CalculationRecord, StudyResult
    from llo_dft.study.run_study import PreparedRun
    from llo_dft.typing import CalculationKind

RELAXATION = {"force_tolerance": 0.3, "cell_force_tolerance": 0.1}

#: By how much the grids of the densities are coarser than VASP's, and points of the densities of
#: states: with the 3001 that a study takes, pymatgen is busy for a minute.
GRID_DIVISOR = 4
DOS_POINTS = 301

PARTS = ("", "_oxide", "_coating")
HOSTS = ["bare_x1.0000", "coated_step-Li0-PO3_x0.6250"]


class StaticsByVasp(PairEngine):
    """The pair potential, and VASP for what that can't give."""

    name = "vasp"
    capabilities = frozenset({"energy", "dos", "density"})

    def maker(self, kind: CalculationKind) -> Any:
        if kind == "static":
            return engine_of("vasp", **vasp_table()["overrides"]).maker(kind)
        return super().maker(kind)


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as context:
        stub_potcars.use(stub_potcars.install(tmp_path_factory.mktemp("potcars")), context)
        yield context


@dataclass
class Study:
    """A study that was run. Read only."""

    prepared: PreparedRun
    result: StudyResult

    @property
    def folder(self) -> Path:
        return self.prepared.folder.path

    def record(self, label: str) -> CalculationRecord:
        return next(one for one in self.result.calculations if one.label == label)

    def calculation(self, label: str) -> Path:
        return self.folder / "calculations" / str(self.record(label).key)


@pytest.fixture(scope="module")
def coated(patched: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Study:
    home = tmp_path_factory.mktemp("coated")
    standin.install(home, asked_grid_divisor=GRID_DIVISOR).use(patched)
    patched.setattr(vasp_incar, "DOS_POINTS", DOS_POINTS)
    recipe = coated_recipe(
        coating={"terminations": ["step-Li0-PO3"], "keep": 1, "gaps": [1.6]},
        delithiation={"fractions": [1.0]},
        vacancies={"bonded_to_former": 0},
        oxygen={"scheme": "none"},
        engine=vasp_table(),
    )
    asked = recipe.electronic.model_copy(update={"dos": True, "density": True})
    prepared = prepared_study(recipe.model_copy(update={"electronic": asked}), home / "study")
    prepared = replace(prepared, engine=StaticsByVasp(RELAXATION))
    return Study(prepared, run_here(prepared))


def test_band_centres_of_each_class_are_those_of_its_atoms(coated: Study) -> None:
    assert len(coated.result.band_centers) == 2
    for found, label in zip(coated.result.band_centers, HOSTS, strict=True):
        assert found.reason is None
        assert found.centers is not None
        assert found.centers.mock
        assert (coated.folder / str(found.figure)).read_bytes().startswith(b"\x89PNG")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = coated.calculation(f"{label}_static") / "vasprun.xml.gz"
            run = Vasprun(file, parse_potcar_file=False)
        dos = run.complete_dos
        oxygens = [site for site in dos.structure if site.specie.symbol == "O"]
        classes = found.centers.classes
        assert sum(one.n_sites for one in classes.values()) == len(oxygens)
        summed = {
            spin: sum(dos.get_site_spd_dos(site)[OrbitalType.p].densities[spin] for site in oxygens)
            for spin in (Spin.up, Spin.down)
        }
        density = summed[Spin.up] + summed[Spin.down]
        energies = dos.energies - run.eigenvalue_band_properties[2]
        expected = float((energies * density).sum() / density.sum())
        full = found.centers.total.both.full
        assert full.center_ev == pytest.approx(expected, abs=0.05)
    bare, on_coated = (one.centers for one in coated.result.band_centers)
    assert bare is not None
    assert on_coated is not None
    assert set(bare.classes) == {"2TM+1Li surface"}
    assert set(on_coated.classes) == {
        *("2TM+1Li surface", "2TM+1Li surface, bonded to the coating", "coating"),
    }
    host = coated.result.hosts[1]
    assert (
        on_coated.classes["2TM+1Li surface, bonded to the coating"].n_sites
        == len(host.bonded_to_former)
        > 0
    )


def test_the_charge_difference_is_that_of_the_three_files(coated: Study) -> None:
    (found,) = coated.result.charge_differences
    assert found.reason is None
    assert abs(found.residual_e or 1.0) < 1e-3
    labels = [f"{HOSTS[1]}{part}_static" for part in PARTS]
    grids = []
    for label in labels:
        text = gzip.decompress((coated.calculation(label) / "CHGCAR.gz").read_bytes())
        file = coated.folder.parent / f"{label}.CHGCAR"
        file.write_bytes(text)
        grids.append(Chgcar.from_file(file).data["total"])
    assert grids[0].shape == grids[1].shape == grids[2].shape
    difference = grids[0] - grids[1] - grids[2]
    assert found.electrons_moved == pytest.approx(np.abs(difference).mean() / 2, rel=1e-5)
    assert found.electrons_moved > 0.1  # the stand-in puts some onto P-O bonds
    files = {path.name for path in (coated.folder / str(found.folder)).iterdir()}
    assert {"planar_average.png", "bonds.png", "isosurface.png", "CHGCAR"} <= files


def analyzed(*arguments: object) -> Any:
    done = CliRunner().invoke(app, ["analyze", *map(str, arguments), "--json"])
    return json.loads(done.stdout) if done.exit_code != 2 else done.stderr


def test_the_commands_take_the_study(coated: Study, tmp_path: Path) -> None:
    found = analyzed("band-center", coated.folder)
    for one, stored in zip(found, coated.result.band_centers, strict=True):
        assert stored.centers is not None
        assert one["total"] == stored.centers.model_dump(mode="json")["total"]
    (lithium, _) = analyzed("band-center", coated.folder, "--element", "Li", "--orbital", "s")
    assert lithium["element"] == "Li"
    labels = [f"{HOSTS[0]}_static", *(f"{HOSTS[1]}{part}_static" for part in PARTS)]
    found = analyzed("potential", coated.folder)
    assert [one["path"] for one in found] == labels
    for one in found:
        assert (one["mock"], one["structure"] is None) == (True, False)
        # the stand-in's vacuum is level, and its E_F on the same zero
        levels = one["faces"]["upper"]
        work = levels["vacuum"]["level_ev"] - one["fermi_ev"]
        assert levels["work_function_ev"] == pytest.approx(work)
        assert (one["alignment"] is None) == (one is found[0])
        run = coated.calculation(one["path"])
        (plain,) = analyzed("potential", run)
        assert plain["faces"] == one["faces"]
        assert plain["profile"] == one["profile"]
    difference = analyzed("charge-difference", coated.folder, "-o", tmp_path / "out")
    assert difference["absolute_e"] == coated.result.charge_differences[0].electrons_moved
    assert (tmp_path / "out" / "CHGCAR").is_file()
    half = analyzed("charge-difference", coated.folder, coated.folder, "-o", tmp_path / "no")
    assert "expected the folder of a study, or AB, A and B" in half


def test_a_static_that_fails_leaves_a_named_gap(
    coated: Study, patched: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    label = f"{HOSTS[1]}_static"
    shutil.copytree(coated.folder, tmp_path / "study")
    shutil.rmtree(tmp_path / "study" / "calculations" / str(coated.record(label).key))
    folder = tmp_path / "study" / str(coated.result.charge_differences[0].folder)
    fault = {"kind": "crash", "folder": coated.record(label).key}
    placed = standin.install(tmp_path, asked_grid_divisor=GRID_DIVISOR, faults=[fault])
    placed.use(patched)
    result = run_here(coated.prepared, tmp_path / "study")
    assert not result.is_complete
    assert formation_energies(result) == formation_energies(coated.result)
    whole, gap = result.band_centers
    assert whole.centers is not None
    assert gap.centers is None
    assert gap.figure is None
    assert str(gap.reason).startswith("VASP ended with exit status 174")
    (difference,) = result.charge_differences
    assert difference.electrons_moved is None
    assert difference.folder is None
    assert not folder.exists()
    assert not (tmp_path / "study" / f"dos_{HOSTS[1]}.png").exists()
    assert str(difference.reason).startswith(f"{label}: VASP ended with exit status 174")
    said = CliRunner().invoke(app, ["status", str(tmp_path / "study")])
    assert said.exit_code == 1
    assert re.search(rf"failed +{re.escape(label)}: VASP ended with exit status 174", said.stdout)
    again = run_here(coated.prepared, tmp_path / "study")
    assert again.is_complete
    assert again.charge_differences == coated.result.charge_differences
    numbers = json.loads((folder / "charge_difference.json").read_text(encoding="utf-8"))
    assert numbers["absolute_e"] == again.charge_differences[0].electrons_moved
    # without the dipole and on the whole, of which the first crashed before
    assert len(placed.starts()) == 1 + 2
