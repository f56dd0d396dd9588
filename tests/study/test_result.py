from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from studies import coated_recipe
from study_fixtures import swap
from typer.testing import CliRunner

from llo_dft.calculations.cache import CacheError
from llo_dft.cli.main import app
from llo_dft.documents.study_result import StudyResult
from llo_dft.errors import InputError
from llo_dft.study.folder import StudyFolder, StudyFolderError
from llo_dft.study.result import reanalyze, with_planes
from llo_dft.study.study_files import stored_plan
from llo_dft.testing.fake_engine import HALF_O2_EV

#: delta mu_O at 1 bar from 0 K, eV per O, from the NIST tables; 298.15 K on: 0.045 less.
FROM_0_K_EV = {298.15: -0.272, 600.0: -0.611, 1000.0: -1.100}
ENTHALPY_0_TO_298_EV = 0.045
TABLE_ROUNDING_EV = 1.2e-3
ROUNDING_EV = 1e-9
LABEL_EV = -4.948
BOLTZMANN_EV_PER_K = 8.617333e-5


def energies(result: StudyResult) -> list[float]:
    return [float(v.formation_energy_ev) for h in result.hosts for v in h.vacancies]  # type: ignore[arg-type]


def test_without_a_change_it_is_the_same_result(finished: Any) -> None:
    assert reanalyze(finished.folder) == finished.result.model_copy(update={"files": {}})


def test_what_the_engine_is_known_to_miss_stands_in_the_result(finished: Any) -> None:
    (bias,) = finished.result.engine_bias
    # CHGNet 0.3.0, whose labels are PBE+U as the published value is, softens defects
    assert bias.quantity == "LiMn2O4, O vacancy"
    assert -0.6 < bias.difference_ev < -0.2


def test_the_troubles_of_a_run_keep_their_reasons(troubled: Any) -> None:
    assert reanalyze(troubled.folder) == troubled.result.model_copy(update={"files": {}})


@pytest.mark.parametrize("temperature", [600.0, 1000.0])
def test_another_temperature_shifts_every_energy_by_hand(finished: Any, temperature: float) -> None:
    result = reanalyze(finished.folder, temperature_k=temperature)
    shift = FROM_0_K_EV[temperature] - FROM_0_K_EV[298.15]
    expected = [energy + shift for energy in energies(finished.result)]
    assert energies(result) == pytest.approx(expected, abs=TABLE_ROUNDING_EV)


def test_another_pressure_shifts_every_energy_by_hand(finished: Any) -> None:
    result = reanalyze(finished.folder, pressure_bar=1e-6)
    shift = 0.5 * BOLTZMANN_EV_PER_K * 298.15 * math.log(1e-6)
    assert shift == pytest.approx(-0.1775, abs=1e-4)
    expected = [energy + shift for energy in energies(finished.result)]
    assert energies(result) == pytest.approx(expected, abs=ROUNDING_EV * 1e3)


def test_another_scheme_shifts_every_energy_by_hand(finished: Any) -> None:
    result = reanalyze(finished.folder, scheme="none")
    shift = HALF_O2_EV + ENTHALPY_0_TO_298_EV - LABEL_EV
    expected = [energy + shift for energy in energies(finished.result)]
    assert energies(result) == pytest.approx(expected, abs=TABLE_ROUNDING_EV)
    alternatives = [v.alternatives_ev["potential"] for h in result.hosts for v in h.vacancies]
    assert alternatives == pytest.approx(energies(finished.result), abs=ROUNDING_EV)


def test_the_turning_point_moves_with_the_reservoir(finished: Any) -> None:
    # E_f is a line in x of 0.1 eV a Li, 7 Li in all: mu lower by d moves it by d / 0.7
    hot = reanalyze(finished.folder, temperature_k=400.0)
    shift = hot.oxygen.mu_ev - finished.result.oxygen.mu_ev  # type: ignore[union-attr]
    before, after = (one.turning_points[0].at for one in (finished.result, hot))
    assert after is not None
    expected = before.lithium_fraction - shift / 0.7
    assert after.lithium_fraction == pytest.approx(expected, abs=0.01)


def test_the_study_itself_stays_as_it_is(finished: Any) -> None:
    files = [p for p in finished.folder.path.rglob("*") if p.is_file()]
    before = {path: path.read_bytes() for path in files}
    reanalyze(finished.folder, scheme="none", temperature_k=500.0)
    assert {path: path.read_bytes() for path in files} == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"scheme": "mp2020"},
            'oxygen.scheme = "mp2020" does not go with engine chgnet: this potential.s training',
        ),
        ({"scheme": "pbe"}, r"oxygen\.scheme = 'pbe': Input should be"),
        ({"temperature_k": 5000.0}, r"oxygen\.temperature = 5000\.0: The fit for O2 holds from"),
        ({"temperature_k": -1.0}, r"oxygen\.temperature = -1\.0: Input should be greater than 0"),
        ({"pressure_bar": 0.0}, r"oxygen\.pressure = 0\.0: Input should be greater than 0"),
        ({"temperature_k": math.nan}, r"oxygen\.temperature = nan: Input should be a finite"),
    ],
)
def test_what_can_not_be_asked_is_bad_input(
    finished: Any, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        reanalyze(finished.folder, **changes)


@pytest.mark.parametrize("file", ["results.json", "plan.json"])
def test_a_study_that_was_not_run(copied: StudyFolder, file: str) -> None:
    (copied.path / file).unlink()
    with pytest.raises(StudyFolderError, match=rf"there is no .*{file}.* run the study"):
        reanalyze(copied)


@pytest.mark.parametrize(
    ("file", "path", "value"),
    [
        ("results.json", ("hosts", 0, "vacancies", 0, "formation_energy_ev"), -9.9),
        ("plan.json", ("hosts", 0, "n_holes"), 5),
    ],
)
def test_a_number_that_was_changed_by_hand_is_refused(
    copied: StudyFolder, file: str, path: tuple[Any, ...], value: float
) -> None:
    fields = table = json.loads((copied.path / file).read_text(encoding="utf-8"))
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = value
    (copied.path / file).write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(StudyFolderError, match=rf"{file} was changed after it was written; run"):
        reanalyze(copied)


@pytest.mark.parametrize("both", [True, False])
def test_a_journal_that_names_another_s_calculation_gives_no_energy(
    copied: StudyFolder,
    both: bool,  # noqa: FBT001 (of parametrize)
) -> None:
    host = reanalyze(copied).hosts[0]
    first, second = host.vacancies
    journal = copied.calculations / "journal.jsonl"
    text = journal.read_text(encoding="utf-8").replace(str(first.calculation), "first")
    if both:
        text = text.replace(str(second.calculation), str(first.calculation))
    journal.write_text(text.replace("first", str(second.calculation)), encoding="utf-8")
    found = reanalyze(copied).hosts[0].vacancies
    assert [one.formation_energy_ev for one in found] == [
        None,
        None if both else second.formation_energy_ev,
    ]
    assert re.fullmatch(
        rf"calculation {second.calculation} does not have the atoms of the host without this O; .*",
        str(found[0].reason),
    )


@pytest.mark.parametrize(
    "file", ["results.json", "plan.json", "study.json", "manifest.json", "journal.jsonl", "result"]
)
def test_a_file_that_is_nested_without_end_is_named(copied: StudyFolder, file: str) -> None:
    """Its reader would otherwise run out of stack, which no command takes for bad input."""
    path = copied.path / file
    if file == "journal.jsonl":
        path = copied.calculations / file
    elif file == "result":
        path = copied.calculations / str(reanalyze(copied).hosts[0].calculation) / "result.json"
    path.write_text("[" * 100_000, encoding="utf-8")
    not_read = {"plan.json": "status", "manifest.json": "vacancy"}.get(file)
    for command in (["status"], ["analyze", "vacancy"]):
        done = CliRunner().invoke(app, [*command, str(copied.path)])
        assert done.exit_code in ({0} if command[-1] == not_read else {1, 2})
        assert isinstance(done.exception, SystemExit | None)


def test_a_host_of_other_atoms_is_none(copied: StudyFolder) -> None:
    hosts = [host.calculation for host in reanalyze(copied).hosts]
    journal = copied.calculations / "journal.jsonl"
    text = journal.read_text(encoding="utf-8").replace(str(hosts[0]), str(hosts[1]))
    journal.write_text(text, encoding="utf-8")
    found = reanalyze(copied).hosts[0]
    assert (found.status, found.energy_ev) == ("missing", None)
    assert "does not have the atoms of this host" in str(found.reason)


def test_a_result_of_another_version(copied: StudyFolder) -> None:
    copied.results.write_text('{"study": "old"}', encoding="utf-8")
    with pytest.raises(StudyFolderError, match="is not a result of this version"):
        reanalyze(copied)


def test_a_calculation_that_was_removed_is_missing(copied: StudyFolder) -> None:
    result = reanalyze(copied)
    key = result.hosts[1].vacancies[0].calculation
    (copied.calculations / str(key) / "result.json").unlink()
    after = reanalyze(copied)
    assert after.hosts[1].vacancies[0].status == "missing"
    assert after.hosts[1].vacancies[0].formation_energy_ev is None
    assert after.counts == {"completed": 11, "missing": 1}


def test_two_results_that_changed_places_are_bad_input(copied: StudyFolder) -> None:
    swap(copied, *(str(one.calculation) for one in reanalyze(copied).hosts[1].vacancies[:2]))
    with pytest.raises(CacheError, match=r"is the result of another calculation, bare_x0.*_vac_"):
        reanalyze(copied)


def test_a_calculation_that_was_changed_is_bad_input(copied: StudyFolder) -> None:
    key = reanalyze(copied).hosts[1].calculation
    (copied.calculations / str(key) / "result.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="is not a calculation of this package's format"):
        reanalyze(copied)


def test_planes_are_stored_only_where_they_are_not_that_of_the_layers(finished: Any) -> None:
    result, plan = finished.result, stored_plan(finished.folder)
    assert not {"slab_miller", "coating_miller"} & set(result.model_dump())
    recipe = coated_recipe(
        slab={"miller": [1, 0, 4]}, coating={"setting": None, "miller": [1, 1, 0]}
    )
    planes = with_planes(result, recipe, plan)
    assert StudyResult.model_validate_json(planes.model_dump_json()).slab_miller == (1, 0, 4)
    assert planes.model_dump()["coating_miller"] == (1, 1, 0)
    setting = with_planes(result, coated_recipe(), plan)  # as stored results of it have none
    assert setting.model_dump_json() == result.model_dump_json()
