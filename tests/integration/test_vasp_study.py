"""A study on engine vasp with the stand-in: its numbers, its mark, and all ways in which it fails.

Whatever fails is named, and repaired or computed again. Which calculation it is was drawn by
chance. To keep this short, it is taken out of a study that was run before, and all else is found
in its cache.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from direct_engines import PairEngine
from matplotlib.figure import Figure
from studies import tiny_recipe
from typer.testing import CliRunner
from vasp_studies import (
    formation_energies,
    largest_difference,
    numbers,
    prepared_study,
    run_here,
    vasp_table,
)

from llo_dft.analysis.study_analysis import analyze_study
from llo_dft.analysis.study_calculations import StudyCalculations
from llo_dft.calculations.cache import CalculationCache
from llo_dft.cli.main import app
from llo_dft.report.figures.formation_energy_curve import plot_vacancy_curve
from llo_dft.study.folder import StudyFolder
from llo_dft.study.result_files import FIGURE
from llo_dft.testing import standin, stub_potcars

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from llo_dft.documents.study_result import CalculationRecord, StudyResult
    from llo_dft.study.run_study import PreparedRun
    from llo_dft.testing.standin import StandIn

#: Of the draw of the calculation that fails.
SEED = 6

#: A relaxation that was repaired took another way to the same minimum, which both leave at
#: the largest force of the recipe below.
SAME_MINIMUM_EV = 1e-3
ROUNDING_EV = 1e-9

#: What may be lost between a potential and results.json, by way of VASP's files.
SAME_POTENTIAL_EV = 1e-4
FORCE_TOLERANCE = 0.005

#: What is said of each fault that custodian repairs, and of each that ends a calculation.
REPAIRED = {
    # the handler for the end of a run and the one for its course may both meet it, in either order
    "not_converged_electronic": r"(not converged|cycles do not converge): (ALGO|Algo) = \w+",
    "not_converged_ionic": "not converged: .*CONTCAR copied to POSCAR",
    "zbrent": r"ZBRENT \(line search of the relaxation\): CONTCAR copied to POSCAR",
}
FATAL = {
    "crash": "VASP ended with exit status 174; its last words: .*SIGSEGV, segmentation fault",
    "killed": r"VASP was killed by SIGKILL \(out of memory, or ended by the queue or a user\)",
    "truncated_vasprun": "VASP's vasprun.xml is cut off or damaged",
    "nan_energy": r"VASP's energy or forces are no numbers \(NaN\)",
    "full_disk": "VASP ended with exit status 38; its last words: .*No space left on device",
    "wall_time": r"stopped for the wall time in ionic step \d+; the next run resumes there",
}


#: Which of them a cheaper test catches too: two go the way of another kind here ("crash" and
#: "not_converged_ionic"), and two are those of ``engines/vasp/running/test_run_task.py``.
CAUGHT_CHEAPER = {"full_disk", "not_converged_electronic", "killed", "zbrent"}


def kinds(faults: dict[str, str]) -> list[Any]:
    """Each kind of fault, as a case of a test."""
    return [
        pytest.param(kind, marks=[pytest.mark.slow] * (kind in CAUGHT_CHEAPER)) for kind in faults
    ]


@dataclass
class Vasp:
    """Where VASP is, as far as the study can tell."""

    home: Path
    patched: pytest.MonkeyPatch

    def install(self, **fault: object) -> StandIn:
        placed = standin.install(self.home, faults=[fault] if fault else [])
        placed.use(self.patched)
        return placed


@pytest.fixture(scope="module")
def vasp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vasp]:
    with pytest.MonkeyPatch.context() as patched:
        stub_potcars.use(stub_potcars.install(tmp_path_factory.mktemp("potcars")), patched)
        yield Vasp(tmp_path_factory.mktemp("vasp"), patched)


@dataclass
class Undisturbed:
    """The study as it is where nothing goes wrong. Read only."""

    prepared: PreparedRun
    result: StudyResult

    def without(self, label: str, folder: Path) -> str:
        """Copy its folder but for one calculation; return the key of that."""
        shutil.copytree(self.prepared.folder.path, folder)
        key = str(record(self.result, label).key)
        shutil.rmtree(folder / "calculations" / key)
        return key


@pytest.fixture(scope="module")
def undisturbed(vasp: Vasp, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    vasp.install()
    recipe = tiny_recipe(
        cathode={"composition": "Li2MnO3"},
        delithiation={"fractions": [1.0, 0.5]},
        vacancies={"environments": ["2TM+1Li"]},
        oxygen={"scheme": "none"},
        engine=vasp_table(
            force_tolerance=FORCE_TOLERANCE,
            cell_force_tolerance=FORCE_TOLERANCE,
            max_steps=400,  # else one of them needs a repair of its own
        ),
    )
    prepared = prepared_study(recipe, tmp_path_factory.mktemp("undisturbed") / "study")
    result = run_here(prepared)
    assert result.is_complete, result.calculations
    return Undisturbed(prepared, result)


def record(result: StudyResult, label: str) -> CalculationRecord:
    return next(one for one in result.calculations if one.label == label)


def drawn_label(kind: str, result: StudyResult) -> str:
    """Draw a calculation, the same one each time."""
    labels = [one.label for one in result.calculations]
    label = random.Random(f"{SEED} {kind}").choice(labels)  # noqa: S311 (no secret)
    print(f"seed {SEED}: {kind} at {label}")  # noqa: T201 (shown if the test fails)
    return label


def status_of(folder: Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["status", str(folder)])
    return done.exit_code, done.stdout


def assert_same_study(result: StudyResult, before: StudyResult, tolerance: float) -> None:
    assert result.is_complete
    assert numbers(result) == pytest.approx(numbers(before), abs=tolerance)
    assert formation_energies(result) == pytest.approx(formation_energies(before), abs=tolerance)


def completed(folder: Path) -> list[str]:
    """The calculations that were completed in a folder so far, in their order."""
    journal = CalculationCache(StudyFolder(folder).calculations).journal()
    return [entry.key for entry in journal if entry.event == "completed"]


def starts_by_key(placed: StandIn) -> list[str]:
    """The calculation of each start of VASP."""
    found = [re.search(r"\.partial-([0-9a-f]+)-", start["folder"]) for start in placed.starts()]
    return [match[1] for match in found if match]


def test_the_study_has_the_numbers_of_its_potential(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    relaxation = {"force_tolerance": FORCE_TOLERANCE, "cell_force_tolerance": FORCE_TOLERANCE}
    prepared = replace(undisturbed.prepared, engine=PairEngine(relaxation))
    direct = run_here(prepared, tmp_path / "direct")
    assert direct.is_complete
    where, difference = largest_difference(undisturbed.result, direct)
    print(f"largest difference: {difference:.1e} at {where}")  # noqa: T201 (shown with -s)
    assert difference < SAME_POTENTIAL_EV


@pytest.mark.slow
def test_vasp_computes_what_a_budget_chooses(
    undisturbed: Undisturbed, vasp: Vasp, tmp_path: Path
) -> None:
    placed = vasp.install()
    plan = undisturbed.prepared.plan
    charged = plan.hosts[-1]
    left_out = [charged.vacancy_label(one) for one in charged.vacancies]
    shutil.copytree(undisturbed.prepared.folder.path, tmp_path / "study")
    for label in left_out:
        key = str(record(undisturbed.result, label).key)
        shutil.rmtree(tmp_path / "study" / "calculations" / key)
    n_all = sum(len(host.vacancies) for host in plan.hosts)
    prepared = replace(
        undisturbed.prepared,
        plan=plan.model_copy(update={"budget": n_all - len(left_out) + 1}),
        potential=PairEngine({"force_tolerance": 0.1}),
    )
    before = len(placed.starts())
    result = run_here(prepared, tmp_path / "study")
    assert len(set(starts_by_key(placed)[before:])) == 1
    made = result.hosts[-1]
    (computed,) = [one for one in made.vacancies if one.predicted is None]
    same = next(one for one in undisturbed.result.hosts[-1].vacancies if one.pair == computed.pair)
    energy = same.formation_energy_ev
    assert computed.formation_energy_ev == pytest.approx(energy, abs=SAME_MINIMUM_EV)


def test_nothing_of_it_can_be_taken_for_a_result(undisturbed: Undisturbed) -> None:
    folder = undisturbed.prepared.folder.path
    assert undisturbed.result.mock
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert results["mock"] is True
    assert "STAND-IN, not VASP" in results["fingerprint"]["engine_version"]
    table = (folder / "results.csv").read_text(encoding="utf-8").splitlines()
    assert len(table) > 1
    assert all(line.startswith("MOCK vasp,") for line in table[1:])
    axes = plot_vacancy_curve(undisturbed.result, Figure().add_subplot())
    assert axes.get_title(loc="left").startswith("MOCK OUTPUTS - NOT A RESULT\n")
    assert (folder / FIGURE).is_file()
    said = CliRunner().invoke(app, ["analyze", "vacancy", str(folder)]).stdout
    assert said.startswith("MOCK OUTPUTS - NOT A RESULT")


def test_a_mark_that_is_missing_from_one_calculation_is_not_enough(
    undisturbed: Undisturbed,
) -> None:
    """A stand-in beside real runs: not one difference is taken between them."""
    cache = CalculationCache(undisturbed.prepared.folder.calculations)
    plan = undisturbed.prepared.plan
    made = cache.documents(plan.labels)
    made["bare_x1.0000"] = made["bare_x1.0000"].model_copy(update={"mock": False})
    found = analyze_study(
        StudyCalculations(plan, made), undisturbed.prepared.oxygen, engine="vasp", protocol="fast"
    )
    assert found.mock
    (vacancy, *_) = found.hosts[0].vacancies
    assert vacancy.formation_energy_ev is None
    assert "mock: False and True" in str(vacancy.reason)


@pytest.mark.parametrize("kind", kinds(REPAIRED))
def test_what_can_be_repaired_is_repaired_and_told(
    kind: str, vasp: Vasp, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    label = drawn_label(kind, undisturbed.result)
    key = undisturbed.without(label, tmp_path / "study")
    placed = vasp.install(kind=kind, folder=key)
    result = run_here(undisturbed.prepared, tmp_path / "study")
    assert [start["kind"] for start in placed.starts() if start["kind"]] == [kind]
    assert_same_study(result, undisturbed.result, SAME_MINIMUM_EV)
    corrections = record(result, label).corrections
    assert all(re.search(REPAIRED[kind], correction) for correction in corrections), corrections
    assert corrections
    assert not any(one.corrections for one in result.calculations if one.label != label)
    code, said = status_of(tmp_path / "study")
    assert code == 0
    assert all(f"  corrected {label}: {correction}\n" in said for correction in corrections)
    n_starts = len(placed.starts())
    assert run_here(undisturbed.prepared, tmp_path / "study") == result
    assert len(placed.starts()) == n_starts


@pytest.mark.parametrize("kind", kinds(FATAL))
def test_what_ends_a_calculation_is_named_and_computed_by_the_next_run(
    kind: str, vasp: Vasp, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    label = drawn_label(kind, undisturbed.result)
    key = undisturbed.without(label, tmp_path / "study")
    placed = vasp.install(kind=kind, folder=key, seconds_per_step=0.3, bytes_left=40_000)
    with pytest.MonkeyPatch.context() as patched:
        if kind == "wall_time":
            patched.setenv("LLO_DFT_JOB_END_TIME", str(time.time() + 60))
            patched.setenv("LLO_DFT_VASP_STOP_BEFORE_S", "57")
            patched.setenv("LLO_DFT_VASP_MONITOR_S", "0.5")
        result = run_here(undisturbed.prepared, tmp_path / "study")
    assert [start["kind"] for start in placed.starts()][-1] == kind
    failed = [one for one in result.calculations if one.status == "failed"]
    assert [one.label for one in failed] == [label]
    assert re.search(FATAL[kind], str(failed[0].reason))
    assert "\n" not in str(failed[0].reason)
    # what starts from it is skipped, and says so; nothing else is touched
    others = {one.label: one for one in result.calculations if one.label != label}
    assert {one.status for one in others.values()} <= {"completed", "skipped"}
    for one in others.values():
        assert one.status == "completed" or f"{label} failed: " in str(one.reason)
    code, said = status_of(tmp_path / "study")
    assert code == 1
    assert f"  failed    {label}: {failed[0].reason}" in said
    n_starts = len(placed.starts())
    again = run_here(undisturbed.prepared, tmp_path / "study")
    if kind == "wall_time":  # went on from where it was, so from there on all is new
        assert_same_study(again, undisturbed.result, SAME_MINIMUM_EV)
        assert any(
            one.startswith("stopped for the wall time") for one in record(again, label).corrections
        )
    else:
        assert_same_study(again, undisturbed.result, ROUNDING_EV)
        assert set(starts_by_key(placed)[n_starts:]) == {key}
    assert status_of(tmp_path / "study")[0] == 0
    made = completed(tmp_path / "study")[len(completed(undisturbed.prepared.folder.path)) :]
    assert len(made) == len(set(made))
