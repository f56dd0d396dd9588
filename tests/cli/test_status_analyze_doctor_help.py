from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from fake_engine import FakeEngine, fault_name
from studies import tiny_recipe, write_recipe

from llo_dft.engines.registry import oxygen_reference
from llo_dft.study.folder import StudyFolder
from llo_dft.study.planning.oxygen_settings import oxygen_settings
from llo_dft.study.run_study import PreparedRun, run_study

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.documents.plan import StudyPlan

#: CPU seconds that --help may take, and out of how many tries the least counts: this is about
#: what it imports, not about what else the machine does.
HELP_CPU_S = 0.4
HELP_TRIES = 5

HEAVY = ("jobflow", "pymatgen", "torch", "matplotlib", "numpy", "pydantic", "rich.progress")


@pytest.fixture(scope="module")
def run_with_a_failure(plan: StudyPlan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study whose second host failed."""
    recipe = tiny_recipe()
    fault = fault_name("slab_relax", plan.host_structure(plan.hosts[1]))
    engine = FakeEngine(faults={fault: "raise"})
    engine.oxygen = oxygen_reference(recipe.engine)
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


def test_doctor_for_a_script(command: Any) -> None:
    done = command("doctor", "--json")
    findings = {finding["what"]: finding for finding in json.loads(done.stdout)}
    assert findings["jobflow"]["found"] == version("jobflow")
    assert findings["structures/Li2MnO3.cif"]["state"] == "ok"
    assert {finding["state"] for finding in findings.values()} <= {"ok", "missing", "optional"}
    lacking = [f for f in findings.values() if f["state"] == "missing"]
    assert all(finding["remedy"] for finding in lacking)
    assert done.exit_code == (1 if lacking else 0)


def test_doctor_tells_what_is_lacking_and_what_to_do(
    command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llo_dft.engines.potentials.known_potentials.find_spec", lambda _: None)
    done = command("doctor")
    assert done.exit_code == 1
    assert "MISSING engines: none is installed" in done.stdout
    assert "pip install 'llo-dft[chgnet]'" in done.stdout


def test_the_version_is_told(command: Any) -> None:
    assert command("--version").stdout == f"llo-dft {version('llo-dft')}\n"


@pytest.mark.parametrize("name", ["init", "build", "run", "status", "doctor", "analyze"])
def test_every_command_has_help(command: Any, name: str) -> None:
    done = command(name, "--help")
    assert done.exit_code == 0
    assert "Usage:" in done.stdout
    assert name in command("--help").stdout


def test_an_option_that_there_is_not(command: Any) -> None:
    done = command("build", "quickstart", "--outptu", "x")
    assert done.exit_code == 2
    assert "No such option" in done.stderr


def cpu_seconds_of_help() -> float:
    before = os.times()
    subprocess.run(
        [sys.executable, "-m", "llo_dft.cli.main", "--help"], check=True, capture_output=True
    )
    after = os.times()
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system


def test_help_is_there_at_once() -> None:
    assert min(cpu_seconds_of_help() for _ in range(HELP_TRIES)) < HELP_CPU_S


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from llo_dft.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
