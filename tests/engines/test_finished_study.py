"""Atoms begin where a finished relaxation ended, in the lattice that they are given."""

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.documents.atom_identity import with_bare_sites
from llo_dft.engines.base import EngineError
from llo_dft.engines.finished_study import FinishedStudy
from llo_dft.engines.pre_relaxation import PreRelaxedEngine
from llo_dft.engines.registry import engine_from
from llo_dft.jobs.calculate import calculate
from llo_dft.recipe import EngineChoice
from llo_dft.testing.fake_engine import BULK_GROWTH, FakeCalculation, FakeEngine

CELL = Structure(Lattice.orthorhombic(4, 5, 20), ["Li", "O"], [[0, 0, 0.98], [0.5, 0.5, 0.1]])


@pytest.fixture
def finished(tmp_path):
    """A relaxed crystal and slab of the same atoms."""
    folder = tmp_path / "study" / "calculations"
    for kind in ("bulk_relax", "slab_relax"):
        calculate.original(CELL, FakeCalculation(kind), kind, str(folder))
    return FinishedStudy(str(folder.parent))


def test_a_crystal_is_taken_with_its_cell(finished, tmp_path):
    found = finished.maker("bulk_relax").calculate(CELL, tmp_path)
    assert found.structure.lattice.a == pytest.approx(4 * BULK_GROWTH)
    assert found.n_steps > 0


def test_atoms_of_a_slab_move_in_the_lattice_that_they_are_given(finished, tmp_path):
    maker = finished.maker("slab_relax")
    moved = maker.calculate(CELL, tmp_path).structure.cart_coords - CELL.cart_coords
    other = Structure(Lattice.orthorhombic(4.1, 4.9, 20), CELL.species, CELL.frac_coords)
    found = maker.calculate(other, tmp_path)
    assert found.structure.lattice == other.lattice
    assert np.allclose(found.structure.cart_coords - other.cart_coords, moved, atol=1e-9)
    assert np.abs(moved).max() > 0.01


def of_study(folder, label, begun, ended, energy_ev, sites=(0, -1)):
    """A relaxation in a finished study's folder that went from one place of O to another."""
    cells = [with_bare_sites(CELL, sites) for _ in range(2)]
    for cell, z in zip(cells, (begun, ended), strict=True):
        cell.replace(1, "O", [0.5, 0.5, z / CELL.lattice.c], properties=cell[1].properties)
    found = calculate.original(cells[0], FakeCalculation("slab_relax"), label, str(folder))
    ended = found.model_copy(update={"structure": cells[1], "energy_ev": energy_ev})
    (folder / found.key / "result.json").write_text(ended.model_dump_json(), encoding="utf-8")
    return cells[0]


@pytest.mark.parametrize(("energy_ev", "ends_at"), [(-10.5, 5.0), (-9.5, 2.2)])
def test_a_host_goes_where_the_lower_of_it_and_its_revisit_ended(tmp_path, energy_ev, ends_at):
    folder = tmp_path / "study" / "calculations"
    start = of_study(folder, "interface_0", 2.0, 2.2, -10.0)
    of_study(folder, "coated_x1.0000_revisited", 4.5, 5.0, energy_ev)
    found = FinishedStudy(str(folder.parent)).maker("slab_relax").calculate(start, tmp_path)
    assert found.structure[1].coords[2] - found.structure[0].coords[2] == pytest.approx(
        ends_at - CELL[0].coords[2]
    )


def test_a_vacancy_of_a_revisited_host_goes_where_the_one_that_found_it_ended(tmp_path):
    folder = tmp_path / "study" / "calculations"
    start = of_study(folder, "vac", 2.0, 4.8, -10.0)
    of_study(folder, "vac of other atoms", 4.5, 4.5, -10.0, sites=(1, -1))
    start.translate_sites([1], [0, 0, 2.5], frac_coords=False)
    found = FinishedStudy(str(folder.parent)).maker("slab_relax").calculate(start, tmp_path)
    assert found.notes == ["relaxed in 1 steps as vac of study"]
    assert found.structure[1].coords[2] == pytest.approx(4.8)


def test_what_the_study_s_potential_made_is_not_compared_with_the_program_s(tmp_path):
    folder = tmp_path / "study" / "calculations"
    start = of_study(folder, "vac", 2.0, 2.2, -10.0)
    for name in ("as removed", "P moved to O1"):
        of_study(folder, f"vac_potential, {name}", 3.0 + len(name), 4.8, -20.0)
    found = FinishedStudy(str(folder.parent)).maker("slab_relax").calculate(start, tmp_path)
    moved = found.structure[1].coords[2] - found.structure[0].coords[2]
    assert moved == pytest.approx(2.2 - CELL[0].coords[2])


def test_a_structure_that_it_does_not_know_starts_as_it_is(finished, tmp_path):
    stranger = CELL.copy()
    stranger.translate_sites([1], [0.5, 0.0, 0.0])
    found = finished.maker("slab_relax").calculate(stranger, tmp_path)
    assert found.structure == stranger
    assert found.n_steps == 0
    assert found.notes == ["study has no relaxation of this structure, which is as it was"]


def test_what_it_does_not_know_is_relaxed_by_what_relaxed_there(finished, tmp_path):
    stranger = CELL.copy()
    stranger.translate_sites([1], [0.5, 0.0, 0.0])
    alone = finished.maker("slab_relax")
    maker = FinishedStudy(alone.folder.removesuffix("/calculations"), FakeEngine()).maker(
        "slab_relax"
    )
    assert maker.has(CELL)
    assert maker.calculate(CELL, tmp_path) == alone.calculate(CELL, tmp_path)
    assert not maker.has(stranger)
    found, asked = maker.calculate(stranger, tmp_path), FakeCalculation("slab_relax")
    assert found.structure == asked.calculate(stranger, tmp_path).structure != stranger
    (note,) = found.notes
    assert note.startswith("study has no relaxation of this structure, which was relaxed in ")
    assert note.endswith(" steps by fake")
    assert maker.settings()["otherwise"]["protocol"] == asked.protocol
    assert "otherwise" not in alone.settings()
    assert maker.fingerprint(CELL).settings["otherwise"].startswith("fake ")


def test_the_key_follows_from_what_the_study_holds(finished):
    maker = finished.maker("slab_relax")
    assert maker.fingerprint(CELL).engine == "fake"
    calculate.original(CELL, FakeCalculation("slab_relax", "fast"), "again", maker.folder)
    again = FinishedStudy(maker.folder.removesuffix("/calculations")).maker("slab_relax")
    assert again.settings() != maker.settings()


def test_what_can_not_start_so_is_refused(finished, tmp_path):
    choice = EngineChoice(name="vasp", start_from=str(tmp_path))
    engine = engine_from(choice)
    assert isinstance(engine, PreRelaxedEngine)
    with pytest.raises(EngineError, match="has no completed relaxation"):
        engine.maker("slab_relax")
    with pytest.raises(EngineError, match="chgnet relaxes by itself"):
        engine_from(EngineChoice(name="chgnet", start_from=str(tmp_path)))
    program = choice.model_copy(update={"pre_relax": EngineChoice(name="gpaw")})
    with pytest.raises(EngineError, match="'gpaw' starts a program; expected a potential"):
        engine_from(program)
    damaged = tmp_path / "study" / "calculations" / "abc"
    damaged.mkdir()
    (damaged / "result.json").write_text("{", encoding="utf-8")
    with pytest.raises(EngineError, match=r"result.json can't be read"):
        finished.maker("slab_relax")
