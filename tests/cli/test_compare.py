from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from studies import tiny_recipe

from llo_dft.engines.registry import engine_from
from llo_dft.study.folder import StudyFolder, write_whole
from llo_dft.study.planning.oxygen_settings import oxygen_settings
from llo_dft.study.run_study import PreparedRun, run_study
from llo_dft.study.study_files import read_results
from llo_dft.testing.fake_engine import FakeEngine, fault_name

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.documents.plan import StudyPlan

#: Half of MP2020's O2 less half of what the fake engine says of it is all that the two differ by.
SEVENN = {"engine": {"name": "sevenn", "model": "7net-0"}, "oxygen": {"scheme": "mp2020"}}


def run(plan: StudyPlan, folder: Path, faults: dict[str, str], **tables: dict[str, Any]) -> Path:
    """Compute the tiny study with the fake engine in place of the recipe's."""
    recipe = tiny_recipe(**tables)
    engine = FakeEngine(faults=faults)
    engine.name = recipe.engine.name
    engine.oxygen = engine_from(recipe.engine).oxygen
    oxygen = oxygen_settings(recipe, engine.oxygen)
    run_study(PreparedRun(recipe, engine, oxygen, plan, StudyFolder(folder)), workers=1)
    return folder


@pytest.fixture(scope="module")
def chgnet(plan: StudyPlan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(plan, tmp_path_factory.mktemp("compared") / "chgnet", {})


@pytest.fixture(scope="module")
def sevenn(plan: StudyPlan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(plan, tmp_path_factory.mktemp("compared") / "sevenn", {}, **SEVENN)


@pytest.fixture(scope="module")
def failing(plan: StudyPlan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """By sevenn, and the second host failed."""
    fault = fault_name("slab_relax", plan.host_structure(plan.hosts[1]))
    folder = tmp_path_factory.mktemp("compared") / "failing"
    return run(plan, folder, {fault: "raise"}, **SEVENN)


def test_a_table_names_engines_schemes_and_what_the_spread_is(
    command: Any, chgnet: Path, sevenn: Path
) -> None:
    done = command("compare", chgnet, sevenn)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[1].startswith("(1) chgnet (balanced): O2 scheme potential, mu_O = ")
    assert lines[2].startswith("(2) sevenn (balanced): O2 scheme mp2020, mu_O = ")
    assert lines[2].endswith(f"at 298.15 K, 1 bar; {sevenn}")
    (turning,) = [line for line in lines if line.startswith("turn of bare: ")]
    assert "chgnet (balanced) " in turning
    assert "sevenn (balanced) " in turning
    assert "voltage of bare: chgnet (balanced) " in done.stdout
    assert lines[-1].startswith("the spread is ")


def test_for_a_script(command: Any, chgnet: Path, sevenn: Path) -> None:
    done = command("compare", chgnet, sevenn, "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    # the two have the same energies, so that the O2 of each is all that makes a spread
    first, second = (engine["oxygen"]["mu_ev"] for engine in found["engines"])
    assert [engine["oxygen"]["scheme"] for engine in found["engines"]] == ["potential", "mp2020"]
    spreads = [v["spread_ev"] for host in found["hosts"] for v in host["vacancies"]]
    assert len(spreads) == 6
    assert spreads == pytest.approx([abs(first - second)] * 6, abs=1e-9)
    assert found["spread"]["largest_ev"] == pytest.approx(abs(first - second), abs=1e-9)
    assert found["missing"] == []


def test_a_figure(command: Any, chgnet: Path, sevenn: Path, tmp_path: Path) -> None:
    assert command("compare", chgnet, sevenn, "--figure", "spread.png").exit_code == 0
    assert (tmp_path / "spread.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_missing_is_named_and_the_rest_is_there(
    command: Any, chgnet: Path, failing: Path, plan: StudyPlan
) -> None:
    done = command("compare", chgnet, failing)
    assert done.exit_code == 1
    label = plan.hosts[1].label
    told = done.stderr.splitlines()
    assert (
        f"llo-dft: failed: {label} by sevenn (balanced): RuntimeError: the cluster is on fire"
        in told
    )
    assert len([line for line in told if f"skipped: {label}_vac_" in line]) == 2
    assert len(told) == 3
    assert "(n = 4)" in done.stdout


def test_stand_in_outputs_are_marked(
    command: Any, chgnet: Path, sevenn: Path, tmp_path: Path, plan: StudyPlan
) -> None:
    mock = run(plan, tmp_path / "mock", {}, **SEVENN)
    results = StudyFolder(mock).results
    marked = read_results(results).model_copy(update={"mock": True})
    write_whole(results, marked.model_dump_json())
    done = command("compare", chgnet, mock)
    assert done.stdout.startswith("MOCK OUTPUTS - NOT A RESULT")
    assert json.loads(command("compare", chgnet, mock, "--json").stdout)["mock"] is True
    assert "MOCK" not in command("compare", chgnet, sevenn).stdout


def refusal(done: Any) -> str:
    """Return the one line that a command is refused with."""
    assert (done.exit_code, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    return str(line)


def test_another_study_is_refused_with_the_section(
    command: Any, chgnet: Path, tmp_path: Path, sevenn: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    recipe = tiny_recipe(slab={"vacuum": 9.0}, **SEVENN)
    replace(StudyFolder(sevenn), path=other).claim(recipe)
    line = refusal(command("compare", chgnet, other))
    assert "are not the same study: [slab] vacuum = 8.0 and 9.0; expected recipes that" in line


def test_what_can_not_be_compared_is_one_line(
    command: Any, chgnet: Path, sevenn: Path, tmp_path: Path
) -> None:
    assert "two study folders or more, got 1" in refusal(command("compare", chgnet))
    assert "both by engine chgnet" in refusal(command("compare", chgnet, chgnet))
    assert "none is not a study" in refusal(command("compare", chgnet, tmp_path / "none"))
    figure = ("compare", chgnet, sevenn, "--figure")
    assert "ends in .png" in refusal(command(*figure, "spread.txt"))
    assert "there is no folder no" in refusal(command(*figure, "no/spread.png"))


def test_help(command: Any) -> None:
    done = command("compare", "--help")
    assert done.exit_code == 0
    assert "folders" in done.stdout
    assert "compare" in command("--help").stdout
