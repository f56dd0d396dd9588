"""The grids of a charge difference are those of the numbers that results.json holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from llo_dft.analysis.study_calculations import StudyCalculations
from llo_dft.documents.calculation import not_computed
from llo_dft.documents.plan import PlannedStatic
from llo_dft.engines.vasp.finished_calculation import VaspElectrons
from llo_dft.errors import InputError
from llo_dft.study import study_electrons
from llo_dft.study.folder import StudyFolder
from llo_dft.study.study_electrons import read_electrons

if TYPE_CHECKING:
    from llo_dft.documents.plan import StudyPlan

STEP = "step-Li0-PO3"
HOST = f"coated_{STEP}_x0.6250"
NAME = f"charge_difference_{STEP}"


class Numbers:
    """What stands for a charge difference."""

    residual_e = 1e-5

    def __init__(self, absolute_e: float) -> None:
        self.absolute_e = absolute_e

    def model_dump_json(self, indent: int) -> str:
        return json.dumps({"absolute_e": self.absolute_e}, indent=indent)


def write(target: Path, document: Numbers, _grids: object) -> None:
    target.mkdir()
    text = document.model_dump_json(indent=1) + "\n"
    (target / "charge_difference.json").write_text(text, encoding="utf-8")
    (target / "CHGCAR").write_text(f"grid of {document.absolute_e}", encoding="utf-8")


@pytest.fixture
def study(coated_plan: StudyPlan, finished: Any) -> StudyCalculations:
    statics = [PlannedStatic(host=HOST, part=part) for part in (None, "oxide", "coating")]
    plan = coated_plan.model_copy(update={"statics": statics})
    documents = {label: not_computed(label, "missing", "not tried") for label in plan.labels}
    one = finished.result.calculations[0].key
    for static in statics[1:]:
        documents[static.label] = documents[static.label].model_copy(
            update={"status": "completed", "key": one, "reason": None}
        )
    return StudyCalculations(plan, documents)


@pytest.fixture
def complete(study: StudyCalculations, monkeypatch: pytest.MonkeyPatch) -> StudyCalculations:
    whole = study.documents[f"{HOST}_oxide_static"]
    monkeypatch.setattr(study_electrons, "write_charge_difference", write)
    files = VaspElectrons(Path(__file__))
    monkeypatch.setattr(study_electrons, "electrons_of", lambda *_: files)
    documents = {**study.documents, f"{HOST}_static": whole}
    plan = study.plan.model_copy(update={"statics": study.plan.statics[1:]})
    return StudyCalculations(plan, documents)


def in_place(
    study: StudyCalculations, folder: Path, name: str, absolute_e: float, patch: pytest.MonkeyPatch
) -> Path:
    """Write the electrons into a folder of that name beside the study's."""
    patch.setattr(
        study_electrons, "charge_difference", lambda *_, **__: (Numbers(absolute_e), None)
    )
    into = folder / name
    into.mkdir()
    (found,) = read_electrons(study, StudyFolder(folder), into).charge_differences
    assert (found.electrons_moved, found.folder, found.reason) == (absolute_e, NAME, None)
    return into / NAME


def test_they_are_written_again_when_the_numbers_change(
    complete: StudyCalculations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = in_place(complete, tmp_path, "first", 0.8138, monkeypatch)
    first.rename(tmp_path / NAME)  # nobody deletes it before the next run
    second = in_place(complete, tmp_path, "second", 0.8875, monkeypatch)
    assert json.loads((second / "charge_difference.json").read_text(encoding="utf-8")) == {
        "absolute_e": 0.8875
    }
    assert (second / "CHGCAR").read_text(encoding="utf-8") == "grid of 0.8875"
    assert (tmp_path / NAME / "CHGCAR").read_text(encoding="utf-8") == "grid of 0.8138"


def test_those_of_the_same_numbers_are_kept(
    complete: StudyCalculations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_place(complete, tmp_path, "first", 0.8138, monkeypatch).rename(tmp_path / NAME)
    grid = tmp_path / NAME / "CHGCAR"
    again = in_place(complete, tmp_path, "second", 0.8138, monkeypatch)
    assert (again / "CHGCAR").stat().st_ino == grid.stat().st_ino


def test_what_was_not_computed_or_can_not_be_read_has_a_reason(
    study: StudyCalculations,
    complete: StudyCalculations,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = read_electrons(study, StudyFolder(tmp_path))
    assert [(one.centers, one.figure, one.reason) for one in found.band_centers] == [
        (None, None, "not tried")
    ]
    assert found.charge_differences[0].reason == f"{HOST}_static: not tried"

    def damaged(*_: object, **__: object) -> None:
        raise InputError("CHGCAR is cut off")

    monkeypatch.setattr(study_electrons, "charge_difference", damaged)
    (difference,) = read_electrons(complete, StudyFolder(tmp_path)).charge_differences
    assert (difference.electrons_moved, difference.folder) == (None, None)
    assert difference.reason == "CHGCAR is cut off"
