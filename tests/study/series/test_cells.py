"""A study in several cells, from its recipe to spread.json, through the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cluster_studies import write_cluster
from studies import tiny_recipe, write_recipe
from typer.testing import CliRunner

from llo_dft.cli.main import app
from llo_dft.documents.spread import StudySpread
from llo_dft.errors import InputError
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.study.series.cells import SPREAD, SPREAD_FIGURE, recipes_of_cells
from llo_dft.submit.dask.cluster_config import load_cluster
from llo_dft.testing.fake_engine import FakeEngine

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.study.run_study import PreparedRun
    from llo_dft.submit.dask.cluster_config import ClusterConfig


def test_a_study_of_one_cell_has_no_others(tmp_path: Path) -> None:
    assert recipes_of_cells(tiny_recipe(), tmp_path) == {}


def test_each_cell_is_a_study_of_one_cell(tmp_path: Path) -> None:
    recipe = tiny_recipe(study={"replicas": 2, "wider": [[2, 1]]})
    cells = recipes_of_cells(recipe, tmp_path)
    assert list(cells) == ["ordering-1", "ordering-2", "wider-2x1"]
    assert [cell.cathode.replica for cell in cells.values()] == [0, 1, 0]
    assert [cell.cathode.repeat for cell in cells.values()] == [(1, 1), (1, 1), (2, 1)]
    assert all(recipes_of_cells(cell, tmp_path) == {} for cell in cells.values())


def test_a_recipe_that_says_which_cell_it_is_has_no_others(tmp_path: Path) -> None:
    recipe = tiny_recipe(study={"replicas": 2}, cathode={"replica": 1})
    with pytest.raises(InputError, match=r"choose cathode\.replica and cathode\.repeat"):
        recipes_of_cells(recipe, tmp_path)


def test_all_cells_are_run_and_put_beside_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the fake engine E_f grows by 0.1 eV for each Li of the cell, whatever the ordering."""
    monkeypatch.setattr("llo_dft.study.run_study.engine_from", lambda _settings: FakeEngine())
    changes = {
        "study": {"replicas": 2, "wider": [[2, 1]]},
        "delithiation": {"fractions": [1.0, 0.5]},
        "vacancies": {"environments": ["2TM+1Li"]},
    }
    recipe, folder = write_recipe(tmp_path, **changes), tmp_path / "study"
    run = CliRunner().invoke(app, ["run", str(recipe), "-o", str(folder)])
    assert run.exit_code == 0, run.output
    assert (folder / SPREAD_FIGURE).is_file()
    spread = StudySpread.model_validate_json((folder / SPREAD).read_bytes())
    plan = make_plan(tiny_recipe(delithiation={"fractions": [0.5]}), tmp_path)
    n_li = plan.slab.composition["Li"]
    fractions = [host.lithium_fraction for host in plan.hosts]
    assert len(spread.energies) == len(fractions) == 2
    for one, left in zip(spread.energies, fractions, strict=True):
        first, second, wide = (one.lowest_ev[cell] for cell in spread.cells)
        assert first == pytest.approx(second)
        assert wide - first == pytest.approx(0.1 * n_li * left)
        assert one.deviation_ev == pytest.approx(0.0, abs=1e-9)
        assert one.extrapolated_ev == pytest.approx(first + 2 * (wide - first))
    assert "wider-2x1: lowest ordering of the metals, 2 times as wide" in run.output
    found = CliRunner().invoke(app, ["status", str(folder), "--json"])
    assert found.exit_code == 0
    assert list(json.loads(found.stdout)) == sorted(spread.cells)
    again = CliRunner().invoke(app, ["run", str(recipe), "-o", str(folder), "--json"])
    assert StudySpread.model_validate_json(again.stdout) == spread


def test_each_cell_goes_to_the_workers_of_a_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def refuse(prepared: PreparedRun, _workers: None, config: ClusterConfig) -> None:
        asked.append((prepared.folder.path, config))
        raise InputError("the queue is closed")

    monkeypatch.setattr("llo_dft.cli.run.run_prepared", refuse)
    recipe = write_recipe(tmp_path, study={"replicas": 2}, delithiation={"fractions": [1.0]})
    cluster, folder = write_cluster(tmp_path), tmp_path / "study"
    done = CliRunner().invoke(app, ["run", str(recipe), "-o", str(folder), "--on", str(cluster)])
    assert (done.exit_code, "the queue is closed" in done.stderr) == (2, True)
    assert asked == [(folder / "ordering-1", load_cluster(cluster))]


def test_what_plans_one_cell_refuses_several(tmp_path: Path) -> None:
    recipe = tiny_recipe(study={"replicas": 2})
    with pytest.raises(InputError, match=r"has several cells .*: use 'llo-dft run'"):
        make_plan(recipe, tmp_path)
