"""llo-dft screen: what fails stops nothing else, what is there is not computed again."""

from __future__ import annotations

import csv
import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from cluster_studies import write_cluster
from deep_engine import use_deep_engine
from screen_recipes import FLAT, STEP, write_screen_recipe

from llo_dft.documents.coating_screen import CoatingScreen
from llo_dft.errors import InputError
from llo_dft.study.contacts.study_reactions import stored_reactions
from llo_dft.study.folder import StudyFolder
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.study.run_study import run_study
from llo_dft.study.series.screening import SCREEN, SCREEN_FIGURE, SCREEN_TABLE, load_screen
from llo_dft.submit.dask.cluster_config import load_cluster
from llo_dft.testing.fake_engine import FakeEngine, fault_name

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.documents.study_result import StudyResult
    from llo_dft.study.run_study import PreparedRun
    from llo_dft.submit.dask.cluster_config import ClusterConfig


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """The engine of every study here, which counts what it computes in a file."""
    engine = FakeEngine(str(tmp_path / "counter"))
    monkeypatch.setattr("llo_dft.study.run_study.engine_from", lambda _settings: engine)
    monkeypatch.setattr("llo_dft.study.result.engine_from", lambda _settings: engine)

    def in_threads(prepared: PreparedRun, workers: int | None, config: None) -> StudyResult:
        assert (workers, config) == (1, None)
        return run_study(prepared, workers=1, executor=nullcontext(lambda: ThreadPoolExecutor(1)))

    monkeypatch.setattr("llo_dft.cli.screen.run_prepared", in_threads)
    return engine


def computed(folder: Path) -> list[str]:
    counter = folder / "counter"
    return counter.read_text(encoding="utf-8").splitlines() if counter.exists() else []


@pytest.fixture
def screened(tmp_path: Path, command: Any, fake: FakeEngine) -> Path:
    """A screen of a face that computes, one that can't be built and one that fails on the way."""
    coatings = {"flat": FLAT, "none": {"terminations": ["no-such-face"]}, "step": STEP}
    recipe = write_screen_recipe(tmp_path, coatings)
    interface = make_plan(load_screen(recipe)[1]["step"], tmp_path).interfaces[0]
    fake.faults[fault_name("slab_relax", interface.structure)] = "unconverged"
    done = command("screen", recipe, "-o", tmp_path / "screen", "--workers", 1)
    assert done.exit_code == 1, done.output
    assert "llo-dft: none: no bottom face is called 'no-such-face'" in done.stderr
    assert "problem: none: no bottom face is called 'no-such-face'" in done.stdout
    return tmp_path


def test_what_fails_stops_no_other_and_a_second_run_resumes(
    screened: Path, command: Any, fake: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = screened / "screen"
    screen = CoatingScreen.model_validate_json((folder / SCREEN).read_bytes())
    found = {one.coating: one for one in screen.coatings}
    assert {name: one.status for name, one in found.items()} == {
        "flat": "completed",
        "none": "failed",
        "step": "failed",
    }
    assert found["step"].reasons == ["interface_step-Li0-PO3_0: not converged after 3 steps"]
    assert found["flat"].pairs
    status = command("status", folder)
    assert status.exit_code == 1
    rows = [re.split(r" *[│|] *", line.strip(" │|")) for line in status.stdout.splitlines()]
    assert ["flat", "10", "0", "0", "complete"] in rows, status.stdout
    assert ["step", "6", "1", "3"] in [row[:4] for row in rows], status.stdout
    # what the bare slab needs is computed by the first and taken by the other
    once = ("molecule_relax O2", "bulk_relax Li16 Mn8 O24", "slab_relax Li16 Mn8 O23")
    assert [computed(screened).count(one) for one in once] == [1, 1, 1]
    before = len(computed(screened))
    fake.faults.clear()
    use_deep_engine(monkeypatch)
    recipe = screened / "screen.toml"
    again = command("screen", recipe, "-o", folder, "--workers", 1, "--json", "--reactions")
    new = computed(screened)[before:]
    assert new
    assert not set(once) & set(new)
    assert not any("P6" in one for one in new), "what the flat face has is there"
    screen = CoatingScreen.model_validate_json(again.stdout)
    assert screen == CoatingScreen.model_validate_json((folder / SCREEN).read_bytes())
    step = next(one for one in screen.coatings if one.coating == "step")
    assert (step.status, step.li_removed_for_charge) == ("completed", 6)
    jsonschema.validate(json.loads(again.stdout), CoatingScreen.model_json_schema())
    rows = list(csv.DictReader((folder / SCREEN_TABLE).read_text().splitlines()))
    # what the folders keep goes into the table: cathode and coating at both ends of the charge
    kept = stored_reactions(StudyFolder(folder / "flat"))
    assert kept is not None
    (full, first), (last, charged) = kept.cathode_and_coating[0], kept.cathode_and_coating[-1]
    assert step.reactions == {full: first, last: charged}
    assert (full, rows[0]["reaction_full_lithium_fraction"]) == (1.0, "1.0")
    energy = float(rows[0]["reaction_last_ev_per_atom"])
    assert energy == pytest.approx(charged.worst.energy_ev_per_atom)
    assert rows[0]["reaction_last_missing_phases"] == "; ".join(charged.missing)
    assert len(rows) == sum(len(one.pairs) or 1 for one in screen.coatings)
    assert (folder / SCREEN_FIGURE).read_bytes().startswith(b"\x89PNG")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "studies compared" in page


def test_each_study_goes_to_the_workers_of_a_cluster(
    command: Any, fake: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del fake
    asked: list[tuple[str, ClusterConfig]] = []

    def refuse(prepared: PreparedRun, workers: None, config: ClusterConfig) -> StudyResult:
        assert workers is None
        asked.append((prepared.folder.path.name, config))
        raise InputError("the queue is closed")

    monkeypatch.setattr("llo_dft.cli.screen.run_prepared", refuse)
    recipe, cluster = write_screen_recipe(tmp_path, {"flat": FLAT}), write_cluster(tmp_path)
    done = command("screen", recipe, "-o", "screen", "--on", cluster)
    assert (done.exit_code, "the queue is closed" in done.stderr) == (2, True)
    assert asked == [("flat", load_cluster(cluster))]


@pytest.mark.parametrize(
    ("coatings", "message"),
    [
        ({}, "names no coatings to screen"),
        ({"none": {"terminations": ["no-such-face"]}}, "no coating of the screen can be computed"),
    ],
)
def test_what_can_t_be_screened_is_bad_input(
    command: Any, fake: FakeEngine, tmp_path: Path, coatings: dict[str, Any], message: str
) -> None:
    del fake
    done = command("screen", write_screen_recipe(tmp_path, coatings), "-o", "screen")
    assert (done.exit_code, message in done.stderr) == (2, True)
    assert not (tmp_path / "screen").exists()


def test_the_folder_of_another_study_is_left_alone(
    command: Any, fake: FakeEngine, tmp_path: Path
) -> None:
    del fake
    (tmp_path / "screen" / "flat").mkdir(parents=True)
    (tmp_path / "screen" / "flat" / "thesis.txt").touch()
    done = command("screen", write_screen_recipe(tmp_path, {"flat": FLAT}), "-o", "screen")
    assert (done.exit_code, "no study of this package" in done.stderr) == (2, True)
