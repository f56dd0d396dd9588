"""CHGNet behind VASP's files gives what CHGNet gives directly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from engines_by_name import engine_of
from pymatgen.core import Structure
from vasp_inputs import RELAX, STATIC, oxide, write_inputs

from llo_dft.engines.vasp.files.vasprun.read_vasprun import read_vasprun
from llo_dft.testing.standin import install

if TYPE_CHECKING:
    from pathlib import Path

#: Far below what an energy of ours is compared to: 1e-4 eV.
SAME_EV = 1e-5


def directly(structure: Structure, kind: str, tolerance: float, folder: Path):
    """By the stand-in's model and optimiser, and without a rattle, of which VASP has none."""
    tolerances = {"force_tolerance": tolerance, "cell_force_tolerance": tolerance}
    engine = engine_of("chgnet", "fast", model="0.3.0", optimizer="BFGSLineSearch", **tolerances)
    return engine.maker(kind).calculate(structure, folder)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "isif"), [("slab_relax", 2), ("bulk_relax", 3)])
def test_a_relaxation_ends_where_the_engine_of_the_package_ends(tmp_path: Path, kind, isif):
    structure = oxide(0.05)
    folder = write_inputs(tmp_path / "run", structure, RELAX | {"ISIF": isif, "NSW": 200})
    install(tmp_path, engine="chgnet").run(folder)
    run = read_vasprun(folder / "vasprun.xml")
    assert run.problems == ()
    direct = directly(structure, kind, 0.03, tmp_path)
    assert run.energy_ev == pytest.approx(direct.energy_ev, abs=SAME_EV)
    assert len(run.steps) == direct.n_steps + 1
    final = Structure.from_file(folder / "CONTCAR")
    assert np.abs(final.lattice.matrix - direct.structure.lattice.matrix).max() < 1e-6
    moved = final.frac_coords - direct.structure.frac_coords
    assert np.abs((moved - np.rint(moved)) @ final.lattice.matrix).max() < 1e-5
    largest = np.linalg.norm(run.steps[-1].forces_ev_per_angstrom, axis=1).max()
    assert largest == pytest.approx(direct.max_force_ev_per_angstrom, abs=1e-5)
    assert run.steps[-1].stress_kbar is not None


@pytest.mark.slow
def test_one_point_after_a_relaxation_has_its_energy(tmp_path: Path):
    structure = oxide(0.05)
    structure.add_site_property("selective_dynamics", [[True] * 3] * 8 + [[False] * 3] * 4)
    standin = install(tmp_path, engine="chgnet", chgnet={"optimizer": "LBFGS"})
    folder = write_inputs(tmp_path / "relax", structure, RELAX)
    standin.run(folder)
    relaxed = read_vasprun(folder / "vasprun.xml")
    assert relaxed.problems == ()
    final = Structure.from_file(folder / "CONTCAR")
    moved = final.frac_coords - structure.frac_coords
    assert np.abs(moved - np.rint(moved))[8:].max() < 1e-12
    again = write_inputs(tmp_path / "static", oxide(), STATIC)
    (again / "POSCAR").write_text((folder / "CONTCAR").read_text())
    standin.run(again)
    point = read_vasprun(again / "vasprun.xml")
    assert point.energy_ev == pytest.approx(relaxed.energy_ev, abs=SAME_EV)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("chgnet", "tags", "said"),
    [
        ({"force_tolerance": 0.05}, {}, "a force tolerance of 0.05, looser than EDIFFG = -0.03"),
        ({}, {"EDIFFG": 1e-3}, "EDIFFG >= 0 with CHGNet, unless its settings name a force"),
    ],
)
def test_outputs_never_claim_more_than_was_done(tmp_path: Path, chgnet, tags, said):
    folder = write_inputs(tmp_path / "run", oxide(), RELAX | tags)
    ended = install(tmp_path, engine="chgnet", chgnet=chgnet).run(folder, expected=1)
    assert said in " ".join(ended.stdout.replace("|", " ").split())
