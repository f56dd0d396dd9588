from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from studies import tiny_recipe, write_recipe

from llo_dft.engines.registry import engine_from
from llo_dft.study.folder import StudyFolder
from llo_dft.study.planning.oxygen_settings import oxygen_settings
from llo_dft.study.run_study import PreparedRun, run_study
from llo_dft.testing.fake_engine import FakeEngine, fault_name

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.documents.plan import StudyPlan


@pytest.fixture(scope="module")
def run_with_a_failure(plan: StudyPlan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study whose second host failed."""
    recipe = tiny_recipe()
    fault = fault_name("slab_relax", plan.host_structure(plan.hosts[1]))
    engine = FakeEngine(faults={fault: "raise"})
    engine.oxygen = engine_from(recipe.engine).oxygen
    folder = StudyFolder(tmp_path_factory.mktemp("failed") / "study")
    oxygen = oxygen_settings(recipe, engine.oxygen)
    run_study(PreparedRun(recipe, engine, oxygen, plan, folder), workers=1)
    return folder.path


def test_status_of_what_was_built(command: Any, tmp_path: Path) -> None:
    small = {"delithiation": {"fractions": [1.0]}, "vacancies": {"environments": ["3TM"]}}
    command("build", write_recipe(tmp_path, **small), "-o", "out")
    done = command("status", "out")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0] == "tiny: 5 missing of 5 calculations"
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "bare requested x = 1 built x = 1.000, 0.000 holes per TM, 0 mAh/g" in lines
    assert "  missing   bare_x1.0000" in done.stdout.splitlines()


def test_status_names_what_failed_and_why(command: Any, run_with_a_failure: Path) -> None:
    done = command("status", run_with_a_failure)
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "tiny: 9 completed, 1 failed, 2 skipped of 12 calculations"
    (failed,) = [line for line in lines if line.startswith("  failed ")]
    assert failed.startswith("  failed    bare_x0.5714: RuntimeError: the cluster is on fire (")
    assert (run_with_a_failure / "calculations" / failed.split("/")[-1].rstrip(")")).is_dir()
    assert len([line for line in lines if line.startswith("  skipped   bare_x0.5714_vac_")]) == 2


def test_status_for_a_script(command: Any, run_with_a_failure: Path) -> None:
    found = json.loads(command("status", run_with_a_failure, "--json").stdout)
    assert found["complete"] is False
    assert {"what", "asked", "built"} == set(found["built"][0])
    assert found["counts"]["completed"] == 9
    assert len(found["calculations"]) == 12
    fields = {"label", "status", "reason", "folder", "applicable", "corrections"}
    assert set(found["calculations"][0]) == fields


def test_analyze_under_another_reservoir(command: Any, run_with_a_failure: Path) -> None:
    results = json.loads((run_with_a_failure / "results.json").read_text(encoding="utf-8"))
    options = ("--temperature", "600", "--pressure", "0.2", "--scheme", "none")
    done = command("analyze", "vacancy", run_with_a_failure, *options, "--json")
    assert done.exit_code == 1  # a host is lacking
    found = json.loads(done.stdout)
    assert found["oxygen"]["temperature_k"] == 600.0
    assert found["oxygen"]["pressure_bar"] == 0.2
    assert found["oxygen"]["scheme"] == "none"
    shift = found["oxygen"]["mu_ev"] - results["oxygen"]["mu_ev"]
    before, after = (r["hosts"][0]["vacancies"][0]["formation_energy_ev"] for r in (results, found))
    assert after - before == pytest.approx(shift, abs=1e-9)
    table = command("analyze", "vacancy", run_with_a_failure)
    assert table.exit_code == 1
    assert "failed" in table.stdout
    assert "skipped" in table.stdout


def test_analyze_refuses_in_one_line(command: Any, run_with_a_failure: Path) -> None:
    done = command("analyze", "vacancy", run_with_a_failure, "--temperature", "9000")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("llo-dft: oxygen.temperature = 9000.0: The fit for O2 holds")
    assert len(done.stderr.splitlines()) == 1
