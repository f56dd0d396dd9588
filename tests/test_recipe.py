from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from studies import coated_fields, recipe_fields, tiny_recipe, toml_text, write_recipe

from llo_dft.errors import InputError
from llo_dft.recipe import NAME_PATTERN, load_recipe, parse_recipe, with_engine
from llo_dft.resources import resource_path
from llo_dft.study.series.screening import load_screen

if TYPE_CHECKING:
    from pathlib import Path

NAN = float("nan")

#: Table, key, value, and what the one line must say after the file's name.
FAULTS = [
    ("study", "name", "", "study.name = '': expected at most 64 letters"),
    ("study", "name", "../escape", "study.name = '../escape': expected at most 64 letters"),
    ("study", "name", "two\nlines", r"study.name = 'two\nlines': expected at most 64 letters"),
    ("study", "seed", -1, "study.seed = -1: Input should be greater than or equal to 0"),
    ("study", "seed", True, "study.seed = True: Input should be a valid integer"),
    ("study", "seed", "1", "study.seed = '1': Input should be a valid integer"),
    ("study", "seed", 1.5, "study.seed = 1.5: Input should be a valid integer"),
    ("cathode", "supercell", [2, 0], "cathode.supercell.1 = 0: Input should be greater"),
    ("cathode", "supercell", [2], "cathode.supercell.1 is missing"),
    ("cathode", "supercell", [1, 1, 1], "cathode.supercell = [1, 1, 1]: Tuple should have"),
    ("cathode", "supercell", [True, 1], "cathode.supercell.0 = True: Input should be a valid int"),
    ("cathode", "shape", [[2, 0], [1]], "cathode.shape.1.1 is missing"),
    ("cathode", "shape", [[1, 0], [2, 0]], "shape gives two right-handed vectors, for example"),
    ("cathode", "shape", [[0, 1], [1, 0]], "shape gives two right-handed vectors, for example"),
    ("cathode", "ordering", "random", "cathode.ordering = 'random': Input should be 'honeycomb'"),
    ("cathode", "composition", 5, "cathode.composition = 5: Input should be a valid string"),
    ("slab", "vacuum", NAN, "slab.vacuum = nan: Input should be a finite number"),
    ("slab", "vacuum", 3.0, "slab.vacuum = 3.0: Input should be greater than or equal to 6"),
    (
        "slab",
        "vacuum",
        1e9,
        "slab.vacuum = 1000000000.0: Input should be less than or equal to 500",
    ),
    ("slab", "tm_layers", 0, "slab.tm_layers = 0: Input should be greater than or equal to 1"),
    ("slab", "tm_layers", True, "slab.tm_layers = True: Input should be a valid integer"),
    ("delithiation", "fractions", [], "delithiation.fractions = []: List should have at least 1"),
    ("delithiation", "fractions", 0.5, "delithiation.fractions = 0.5: Input should be a valid li"),
    ("delithiation", "fractions", [1.5], "delithiation.fractions.0 = 1.5: Input should be less"),
    ("delithiation", "fractions", [1.0, -0.1], "delithiation.fractions.1 = -0.1: Input should be"),
    ("delithiation", "fractions", [NAN], "delithiation.fractions.0 = nan: Input should be a fini"),
    ("delithiation", "fractions", ["0.5"], "delithiation.fractions.0 = '0.5': Input should be a"),
    ("delithiation", "fractions", [1, 1.0], "delithiation.fractions = [1, 1.0]: each only once"),
    ("delithiation", "symmetric", "no", "delithiation.symmetric = 'no': Input should be a valid"),
    ("vacancies", "environments", [], "vacancies.environments = []: List should have at least 1"),
    ("vacancies", "environments", ["3TM", "3TM"], "['3TM', '3TM']: each only once"),
    ("vacancies", "layers", ["bulk"], "vacancies.layers.0 = 'bulk': Input should be 'surface'"),
    ("vacancies", "layers", ["inner", "inner"], "['inner', 'inner']: each only once"),
    ("vacancies", "per_environment", -1, "vacancies.per_environment = -1: Input should be greater"),
    ("vacancies", "bonded_to_p", 1, "vacancies.bonded_to_p is called bonded_to_former now; rename"),
    ("oxygen", "scheme", "pbe", "oxygen.scheme = 'pbe': Input should be 'none', 'wang2006', 'mp"),
    ("oxygen", "scheme", ["none", "mp2020"], "oxygen.scheme = ['none', 'mp2020']: Input should"),
    ("oxygen", "temperature", 0.0, "oxygen.temperature = 0.0: Input should be greater than 0"),
    ("oxygen", "pressure", -1.0, "oxygen.pressure = -1.0: Input should be greater than 0"),
    ("oxygen", "pressure", float("inf"), "oxygen.pressure = inf: Input should be a finite number"),
    ("engine", "device", "gpu", "engine.device = 'gpu': Input should be 'auto', 'cpu', 'cuda' or"),
    ("engine", "overrides", [1], "engine.overrides = [1]: Input should be a valid dictionary"),
]


@pytest.mark.parametrize(
    ("table", "key", "value", "line"), FAULTS, ids=[f"{t}.{k}-{v!r}" for t, k, v, _ in FAULTS]
)
def test_a_fault_is_one_line_with_key_value_and_expectation(
    table: str, key: str, value: Any, line: str
) -> None:
    with pytest.raises(InputError, match=re.escape(line)) as caught:
        parse_recipe(recipe_fields(**{table: {key: value}}), "my.toml")
    assert str(caught.value).startswith("my.toml: ")
    assert len(str(caught.value).splitlines()) == 1


def test_every_fault_has_its_own_line() -> None:
    fields = recipe_fields(slab={"tm_layers": 0, "vacum": 9.0}, oxygen={"pressure": 0})
    with pytest.raises(InputError, match=r"slab\.tm_layers") as caught:
        parse_recipe(fields, "my.toml")
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith("my.toml: ") for line in lines)


def test_an_unknown_table_is_met_with_the_known_ones() -> None:
    known = "cathode, delithiation, engine, oxygen, slab, study, vacancies"
    with pytest.raises(InputError, match=r"unknown key 'cathod' in the recipe; expected") as caught:
        parse_recipe(recipe_fields() | {"cathod": {}}, "my.toml")
    assert all(name in str(caught.value) for name in known.split(", "))


def test_an_unknown_key_is_met_with_the_known_ones_of_its_table() -> None:
    line = r"unknown key 'vacum' in \[slab\]; expected li_termination, miller, symmetric,"
    with pytest.raises(InputError, match=rf"{line} .* \(did you mean vacuum\?\)$"):
        parse_recipe(recipe_fields(slab={"vacum": 9.0}), "my.toml")


@pytest.mark.parametrize("table", ["study", "cathode", "delithiation", "oxygen", "engine"])
def test_a_missing_table_is_named(table: str) -> None:
    fields = recipe_fields()
    del fields[table]
    with pytest.raises(InputError, match=f"^my.toml: {table} is missing$"):
        parse_recipe(fields, "my.toml")


def test_a_missing_key_is_named() -> None:
    fields = recipe_fields()
    del fields["oxygen"]["scheme"]
    with pytest.raises(InputError, match=r"^my.toml: oxygen\.scheme is missing$"):
        parse_recipe(fields, "my.toml")


def test_a_value_where_a_table_belongs() -> None:
    with pytest.raises(InputError, match=r"slab = 3: expected a table \[slab\]$"):
        parse_recipe(recipe_fields() | {"slab": 3}, "my.toml")


def test_vacancies_on_both_faces_want_faces_that_are_alike() -> None:
    fields = recipe_fields(vacancies={"both_faces": True}, delithiation={"symmetric": False})
    with pytest.raises(InputError, match=r"^my.toml: vacancies.both_faces = true needs"):
        parse_recipe(fields, "my.toml")
    assert parse_recipe(recipe_fields(vacancies={"both_faces": True}), "").vacancies.both_faces


def test_at_least_one_vacancy_is_asked_for() -> None:
    fields = recipe_fields(vacancies={"per_environment": 0})
    with pytest.raises(InputError, match=r"^my.toml: vacancies.per_environment = 0 leaves no"):
        parse_recipe(fields, "my.toml")
    assert parse_recipe(recipe_fields(vacancies={"per_environment": 0, "inner": 1}), "")
    assert parse_recipe(coated_fields(vacancies={"per_environment": 0}), "")


def test_vacancies_on_both_faces_do_not_go_with_a_coating_on_one() -> None:
    fields = coated_fields(vacancies={"both_faces": True})
    with pytest.raises(InputError, match=r"^my.toml: vacancies.both_faces = true does not go"):
        parse_recipe(fields, "my.toml")


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"cathode": {"cif": "mine.cif"}}, "expected one of composition = .* and cif = "),
        ({"cathode": {"composition": None}}, "expected one of composition = .* and cif = "),
        ({"slab": {"miller": [0, 0, 0]}}, r"miller = \[0, 0, 0\] names no plane"),
        (
            {"vacancies": {"both_faces": True}, "slab": {"symmetric": False}},
            "both_faces = true needs .* slab.symmetric = true",
        ),
    ],
)
def test_keys_that_contradict_each_other_are_refused(tables: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_recipe(recipe_fields(**tables), "my.toml")


@pytest.mark.parametrize("key", ["composition", "cif"])
def test_a_file_may_be_named_in_either_way(key: str) -> None:
    fields = recipe_fields()
    fields["cathode"] = {key: "mine.cif"}
    assert parse_recipe(fields, "my.toml").cathode.file == "mine.cif"


@pytest.mark.parametrize("value", [0, 1, 0.0, 1.0])
def test_the_ends_of_the_range_of_fractions_are_in_it(value: float) -> None:
    recipe = parse_recipe(recipe_fields(delithiation={"fractions": [value]}), "my.toml")
    assert recipe.delithiation.fractions == [float(value)]


def test_all_recipes_that_come_along_parse_and_survive_storing() -> None:
    files = sorted(resource_path("workflows", "quickstart.toml").parent.glob("*.toml"))
    assert files
    for file in files:
        is_screen = file.name.startswith("screen_")
        for recipe in load_screen(file)[1].values() if is_screen else [load_recipe(file)]:
            assert parse_recipe(recipe.model_dump(mode="json"), str(file)) == recipe


def test_a_recipe_is_read_from_its_file(tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(tmp_path, engine={"overrides": {"max_steps": 7}}))
    assert recipe.study.name == "tiny"
    assert recipe.engine.overrides == {"max_steps": 7}
    assert recipe.slab.li_termination == "half"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no recipe .*my.toml$"),
        (b"[study\n", "my.toml can't be read as TOML: "),
        (b'name = "\xff\xfe"\n', "my.toml can't be read as TOML: save it as UTF-8"),
        (b"\x00\x01", "my.toml can't be read as TOML: "),
        (b"", "my.toml: study is missing"),
    ],
)
def test_a_file_that_is_no_recipe(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "my.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_recipe(path)


def test_a_folder_is_no_recipe(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"can't be read as TOML: .*directory"):
        load_recipe(tmp_path)


def test_windows_editors_may_mark_the_start_and_end_lines_their_way(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(b"\xef\xbb\xbf" + toml_text(recipe_fields()).replace("\n", "\r\n").encode())
    assert load_recipe(path) == parse_recipe(recipe_fields(), "")


@pytest.mark.parametrize("name", ["a", "0", "quick start", "x" * 64, "LLO_1.2+Mn-0"])
def test_names_that_a_study_may_have(name: str) -> None:
    assert re.fullmatch(NAME_PATTERN, name)
    assert parse_recipe(recipe_fields(study={"name": name}), "").study.name == name


@pytest.mark.parametrize("name", [".hidden", " a", "a/b", "x" * 65, "a\n", "é"])
def test_names_that_a_study_may_not_have(name: str) -> None:
    with pytest.raises(InputError, match=r"study\.name = "):
        parse_recipe(recipe_fields(study={"name": name}), "")


def test_another_engine_leaves_all_else_but_the_overrides_of_the_own() -> None:
    fields = recipe_fields()
    fields["engine"]["overrides"] = {"max_steps": 3}
    own = parse_recipe(fields, "my")
    other = with_engine(own, engine="sevenn", protocol="stringent", scheme="mp2020")
    assert (other.engine.name, other.engine.protocol) == ("sevenn", "stringent")
    assert (other.engine.model, other.engine.overrides) == (None, {})
    assert other.oxygen.scheme == "mp2020"
    assert other.model_dump(exclude={"engine", "oxygen"}) == own.model_dump(
        exclude={"engine", "oxygen"}
    )
    assert own.engine.name == "chgnet"


def test_naming_the_recipes_own_engine_changes_nothing() -> None:
    fields = recipe_fields()
    fields["engine"]["overrides"] = {"max_steps": 3}
    own = parse_recipe(fields, "my")
    assert with_engine(own, engine="chgnet", protocol=None) == own
    other = with_engine(own, engine="chgnet", protocol=None, model="r2scan")
    assert (other.engine.model, other.engine.overrides) == ("r2scan", {"max_steps": 3})


def test_an_o2_scheme_that_there_is_not() -> None:
    with pytest.raises(InputError, match=r"oxygen\.scheme = 'pbe': Input should be 'none'"):
        with_engine(parse_recipe(recipe_fields(), "my"), engine=None, protocol=None, scheme="pbe")


def test_a_budget_needs_a_potential_that_ranks_and_is_left_out_where_there_is_none() -> None:
    with pytest.raises(InputError, match=r"engine.*budget = 5 needs the potential that computes"):
        tiny_recipe(engine={"budget": 5})
    for n in (0, -3):
        with pytest.raises(
            InputError, match=rf"^tiny\.toml: engine\.budget = {n}: .*or equal to 1$"
        ):
            tiny_recipe(engine={"budget": n, "pre_relax": {"name": "chgnet"}})
    asked = tiny_recipe(engine={"budget": 5, "pre_relax": {"name": "chgnet"}})
    assert asked.model_dump(mode="json")["engine"]["budget"] == 5
    assert "budget" not in tiny_recipe().model_dump(mode="json")["engine"]
