from __future__ import annotations

import csv
import json
import shutil
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from studies import tiny_recipe
from study_fixtures import swap
from two_engines import CheapEngine, DearEngine

from llo_dft.calculations.cache import CalculationCache
from llo_dft.documents.study_result import StudyResult
from llo_dft.engines.registry import engine_from
from llo_dft.recipe import Electronic
from llo_dft.study.drawn.study_report import write_report
from llo_dft.study.folder import StudyFolder, StudyFolderError
from llo_dft.study.planning.make_plan import make_plan, with_electronic
from llo_dft.study.planning.oxygen_settings import oxygen_settings
from llo_dft.study.result_files import FIGURE
from llo_dft.study.run_study import PreparedRun, how_far, make_flow, run_rounds, run_study
from llo_dft.study.study_files import read_results, results_schema, stored_plan
from llo_dft.study.study_status import study_status
from llo_dft.testing.fake_engine import HALF_O2_EV, FakeEngine

if TYPE_CHECKING:
    from pathlib import Path

    from jobflow import Flow

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.engines.base import CalculationMaker
    from llo_dft.typing import CalculationKind

PNG = b"\x89PNG\r\n\x1a\n"
ROUNDING_EV = 1e-9


def test_a_finished_study_leaves_all_its_files(finished) -> None:
    folder = finished.folder.path
    left = {path.name for path in folder.iterdir()} - {".lock"}
    assert left == {
        *("calculations", "manifest.json", "plan.json", "relaxed", "results.csv", "results.json"),
        *("structures", "study.json", FIGURE, "vacancy_energy.svg", "vacancy_energy.pdf"),
    }
    assert (folder / FIGURE).read_bytes().startswith(PNG)
    assert finished.result.is_complete
    assert read_results(finished.folder.results) == finished.result


def test_the_results_are_what_their_schema_says(finished, troubled) -> None:
    schema = json.loads(results_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    for study in (finished, troubled):
        results = json.loads(study.folder.results.read_text(encoding="utf-8"))
        jsonschema.validate(results, schema)
        left_out = {"slab_miller", "coating_miller"}  # of the plane that most have
        assert set(results) == {"digest"} | set(StudyResult.model_fields) - left_out
        broken = results | {"hosts": [{"system": "bare"}]}
        with pytest.raises(jsonschema.ValidationError, match="required property"):
            jsonschema.validate(broken, schema)


def test_the_schema_gives_every_energy_its_unit() -> None:
    definitions = json.loads(results_schema())["$defs"]
    names = [
        name
        for model in definitions.values()
        for name, field in model["properties"].items()
        if "$ref" not in field  # a table of its own, with units of its own
    ]
    assert not [name for name in names if name.endswith("energy")]
    assert {"energy_ev", "formation_energy_ev", "temperature_k", "pressure_bar"} <= set(names)


def test_the_table_holds_a_line_for_each_vacancy(finished) -> None:
    text = (finished.folder.path / "results.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    pairs = [(host, vacancy) for host in finished.result.hosts for vacancy in host.vacancies]
    assert len(rows) == len(pairs) == 6
    for row, (host, vacancy) in zip(rows, pairs, strict=True):
        assert float(row["lithium_fraction"]) == host.lithium_fraction
        assert float(row["formation_energy_ev"]) == vacancy.formation_energy_ev
        assert float(row["alternatives_ev.none"]) == vacancy.alternatives_ev["none"]
        assert (row["pair"], row["site_class"]) == (vacancy.pair, vacancy.site_class)
        assert row["status"] == "completed"


def test_the_table_names_the_reason_where_there_is_no_number(troubled) -> None:
    text = (troubled.folder.path / "results.csv").read_text(encoding="utf-8")
    rows = [r for r in csv.DictReader(text.splitlines()) if r["status"] == "skipped"]
    assert len(rows) == 2
    for row in rows:
        assert row["formation_energy_ev"] == ""
        assert row["reason"] == "bare_x0.5714 failed: RuntimeError: the cluster is on fire"


def test_the_relaxed_hosts_are_where_the_results_say(finished) -> None:
    for host in finished.result.hosts:
        assert host.structure is not None
        text = (finished.folder.path / host.structure).read_text(encoding="utf-8")
        assert text.startswith("# generated using pymatgen")
    relaxed = {path.stem for path in (finished.folder.path / "relaxed").iterdir()}
    assert relaxed == {record.label for record in finished.result.calculations}


def test_the_plan_that_was_run_is_kept(finished, plan: StudyPlan) -> None:
    assert stored_plan(finished.folder) == plan


def test_progress_is_told_of_every_calculation(finished, plan: StudyPlan) -> None:
    assert [p.n_ended for p in finished.progress] == list(range(1, plan.n_calculations + 1))
    assert {p.n_total for p in finished.progress} == {plan.n_calculations}
    assert {p.status for p in finished.progress} == {"completed"}
    assert {"O2", "bulk", "bare_x1.0000"} < {p.label for p in finished.progress}


def test_a_dead_worker_and_a_failed_host_leave_the_rest_alone(troubled, plan: StudyPlan) -> None:
    result = troubled.result
    assert result.counts == {"completed": 7, "failed": 1, "skipped": 2, "missing": 2}
    first, second, third = result.hosts
    assert first.status == third.status == "completed"
    assert all(v.formation_energy_ev is not None for v in third.vacancies)
    for vacancy in first.vacancies:
        assert vacancy.status == "missing"
        assert "worker" in str(vacancy.reason).lower()
    assert (second.status, second.reason) == ("failed", "RuntimeError: the cluster is on fire")
    # the worker that was killed could not clear its workspace away, and nobody may run this again
    assert not list(troubled.folder.calculations.glob(".partial-*"))
    states = {p.label: p.status for p in troubled.progress}
    assert len(states) == plan.n_calculations
    assert states["bare_x0.5714"] == "failed"
    assert [s for label, s in states.items() if "x0.5714_vac" in label] == ["skipped"] * 2
    assert [s for label, s in states.items() if "x1.0000_vac" in label] == ["failed"] * 2


def test_two_results_that_changed_places_are_not_reused(copied, prepare, finished) -> None:
    host = finished.result.hosts[1]
    swap(copied, *(str(one.calculation) for one in host.vacancies[:2]))
    result = run_study(prepare(copied.path), workers=1)
    assert result.counts == {"completed": 10, "missing": 2}
    for vacancy in result.hosts[1].vacancies[:2]:
        assert vacancy.formation_energy_ev is None
        assert "is the result of another calculation" in str(vacancy.reason)
        assert "remove its folder to have it computed again" in str(vacancy.reason)


def test_a_study_goes_on_where_it_stopped(copied: StudyFolder, prepare, finished) -> None:
    # one vacancy is lost, and the run is told of another temperature
    host = finished.result.hosts[2]
    cache = CalculationCache(copied.calculations)
    lost = copied.calculations / str(host.vacancies[0].calculation)
    started = [entry.key for entry in cache.journal() if entry.event == "started"]
    (lost / "result.json").unlink()
    (lost / "raw.txt").unlink()
    lost.rmdir()
    recipe = tiny_recipe(oxygen={"scheme": "none", "temperature": 600.0})
    result = run_study(prepare(copied.path, recipe), workers=1)
    again = [entry.key for entry in cache.journal() if entry.event == "started"]
    assert again == [*started, lost.name]
    assert result.is_complete
    assert result.oxygen is not None
    assert result.oxygen.temperature_k == 600.0
    # -0.611 eV: mu_O at 600 K from 0 K, from the NIST tables
    assert result.oxygen.mu_ev == pytest.approx(HALF_O2_EV - 0.611, abs=1e-3)
    assert result.hosts[2].energy_ev == pytest.approx(host.energy_ev, abs=ROUNDING_EV)
    assert copied.recipe() == recipe


def test_a_folder_that_another_run_holds_stays_as_it_is(copied: StudyFolder, prepare) -> None:
    before = {path: path.read_bytes() for path in copied.path.glob("*.json")}
    prepared = prepare(copied.path, tiny_recipe(oxygen={"scheme": "none"}))
    with copied.lock(), pytest.raises(StudyFolderError, match="another run is using"):
        run_study(prepared, workers=1)
    assert {path: path.read_bytes() for path in copied.path.glob("*.json")} == before


def test_a_folder_that_can_not_be_made(tmp_path: Path, prepare) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StudyFolderError, match="file/study can't be written: "):
        run_study(prepare(tmp_path / "file" / "study"), workers=1)


@pytest.mark.slow
def test_with_a_budget_what_was_not_computed_is_marked_in_every_file(tmp_path) -> None:
    recipe = tiny_recipe(
        vacancies={"environments": ["2TM+1Li", "3TM"], "per_environment": 12},
        delithiation={"fractions": [1.0, 0.5]},
        engine={"budget": 3, "pre_relax": {"name": "chgnet"}},
    )
    plan, folder = make_plan(recipe, tmp_path), StudyFolder(tmp_path / "study")
    assert "chgnet computes all 12 vacancies, and chgnet at most 3 of them" in plan.notes[-1]
    engine = DearEngine()
    engine.oxygen = engine_from(recipe.engine).oxygen
    oxygen = oxygen_settings(recipe, engine.oxygen)
    prepared = PreparedRun(recipe, engine, oxygen, plan, folder, potential=CheapEngine())
    result = run_study(prepared, workers=1)
    predicted = [one for host in result.hosts for one in host.predicted]
    assert len(predicted) == 9
    assert read_results(folder.results) == result
    assert study_status(folder).is_complete
    rows = list(csv.DictReader((folder.path / "results.csv").open(encoding="utf-8")))
    shown = [row["predicted.formation_energy_ev"] for row in rows if not row["formation_energy_ev"]]
    assert sorted(map(float, shown)) == pytest.approx(
        sorted(one.formation_energy_ev for one in predicted)
    )
    assert "predicted, 95" in (folder.path / "vacancy_energy.svg").read_text(encoding="utf-8")
    write_report([folder.path])
    page = (folder.path / "report.html").read_text(encoding="utf-8")
    assert all(one.text in page for one in predicted)
    assert "predicted, not computed" in page


def calculations(flow: Flow) -> list[str]:
    """Labels of what its jobs compute."""
    names = [job.name for job, _ in flow.iterflow()]
    return [name.removeprefix("calculate ") for name in names if name.startswith("calculate ")]


class ElectronsEngine(FakeEngine):
    capabilities = frozenset({"energy", "dos", "density"})


@pytest.mark.parametrize("coated", [False, True])
def test_every_planned_calculation_is_a_job_of_that_name(
    plan: StudyPlan,
    coated_plan: StudyPlan,
    tmp_path: Path,
    coated: bool,  # noqa: FBT001
) -> None:
    chosen = coated_plan if coated else plan
    jobs = calculations(make_flow(chosen, FakeEngine(), tmp_path))
    assert sorted(jobs) == sorted(chosen.labels)


def test_delithiated_crystals_are_jobs_too(tmp_path: Path) -> None:
    asked = {"fractions": [1.0, 0.5], "voltage": "bulk", "candidates": 4, "relaxed": 2}
    chosen = make_plan(tiny_recipe(delithiation=asked), tmp_path)
    jobs = calculations(make_flow(chosen, FakeEngine(), tmp_path))
    assert {"bulk_x0.5714", "bulk_x0.5714_1"} <= set(jobs)
    assert set(jobs) <= set(chosen.labels)


class GeometryEngine(FakeEngine):
    """Its structures come from elsewhere than its energies."""

    def geometry_maker(self, kind: CalculationKind) -> CalculationMaker:
        return replace(self.maker(kind), protocol="geometry")


@pytest.mark.parametrize(("voltage", "protocol"), [("slab", "geometry"), ("bulk", "balanced")])
def test_the_crystal_is_only_a_geometry_where_no_voltage_wants_its_energy(
    tmp_path: Path, voltage: str, protocol: str
) -> None:
    asked = {"fractions": [1.0, 0.5], "voltage": voltage}
    chosen = make_plan(tiny_recipe(delithiation=asked), tmp_path)
    flow = make_flow(chosen, GeometryEngine(), tmp_path)
    makers = {job.name: job.function_args[1] for job, _ in flow.iterflow() if job.function_args}
    assert makers["calculate bulk"].protocol == protocol
    assert makers["calculate Li"].protocol == "balanced"


def test_points_for_the_electrons_are_made_only_if_they_are_planned(
    coated_plan: StudyPlan, tmp_path: Path
) -> None:
    engine = ElectronsEngine()
    asked = with_electronic(coated_plan, Electronic(dos=True, density=True), engine)
    statics = {one.label for one in asked.statics}
    assert statics <= set(calculations(make_flow(asked, engine, tmp_path)))
    without = calculations(make_flow(coated_plan, engine, tmp_path))
    assert not statics & set(without)


def stop_half_way(folder: StudyFolder, n_steps: int) -> None:
    """Leave what VASP leaves when the walltime stops it."""
    state = folder.calculations / "half.failed" / "continue"
    state.mkdir(parents=True, exist_ok=True)
    (state / "state.json").write_text(json.dumps({"n_steps": n_steps}))


@pytest.mark.parametrize(
    ("steps", "n_rounds"),
    [
        pytest.param([5, 9, 12], 4, id="a calculation that gets further, and is completed then"),
        pytest.param([5, 5, 9], 2, id="one that stays where it was"),
        pytest.param([], 1, id="none that was stopped"),
    ],
)
def test_there_are_rounds_as_long_as_they_get_something_done(
    steps: list[int], n_rounds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = StudyFolder(tmp_path)
    left = list(steps)
    entered = []

    def one_round(prepared: Any, *, workers: int, executor: Any, on_progress: Any) -> str:
        assert (prepared.folder, workers, on_progress) == (folder, 3, None)
        with executor:
            entered.append(executor)
        if left:
            stop_half_way(folder, left.pop(0))
            return "a part"
        shutil.rmtree(folder.calculations / "half.failed", ignore_errors=True)
        return "all"

    monkeypatch.setattr("llo_dft.study.run_study.run_study", one_round)
    result = run_rounds(SimpleNamespace(folder=folder), workers=3, executor=nullcontext)
    assert len(entered) == n_rounds
    assert len(set(map(id, entered))) == n_rounds  # each round has workers of its own
    assert result == ("a part" if n_rounds <= len(steps) else "all")


def test_how_far_tells_completed_and_stopped_calculations(tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path / "study")
    seen = [how_far(folder)]
    for key in ("abc", "abd"):
        (folder.calculations / key).mkdir(parents=True)
        (folder.calculations / key / "result.json").touch()
        seen.append(how_far(folder))
    for n_steps in (3, 4):
        stop_half_way(folder, n_steps)
        seen.append(how_far(folder))
    assert len(set(seen)) == len(seen)
    # the workspace of a calculation that is at work, and a failure, are none that is completed
    for name in (".partial-abe-1-x", "abe.failed"):
        (folder.calculations / name).mkdir()
        (folder.calculations / name / "result.json").touch()
    assert how_far(folder) == seen[-1]
    assert how_far(folder).startswith("2 completed")
