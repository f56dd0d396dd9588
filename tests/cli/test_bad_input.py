"""Bad input: one clear line on stderr, exit status 2, and nothing is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from cluster_studies import write_cluster
from studies import tiny_recipe, write_recipe

from llo_dft.resources import resource_path
from llo_dft.study.folder import StudyFolder

if TYPE_CHECKING:
    from pathlib import Path

LI2MNO3 = resource_path("structures", "Li2MnO3.cif").read_text(encoding="utf-8")
MANGANESE = "Mn1 Mn 0 0.16708 0 1"

#: What build and run refuse alike: table, its changes, and the line.
RECIPES = {
    "unknown key": ("slab", {"vacum": 9.0}, r"unknown key 'vacum' in \[slab\]; expected li_term"),
    "misspelt element": (
        "cathode",
        {"composition": "Li1.2Mm0.8O2"},
        r"composition 'Li1\.2Mm0\.8O2' is not a formula: .*Mm.*; expected something like",
    ),
    "fraction": (
        "delithiation",
        {"fractions": [1.0, 1.5]},
        r"delithiation\.fractions\.1 = 1\.5: Input should be less than or equal to 1",
    ),
    "same number of Li": (
        "delithiation",
        {"fractions": [0.5, 0.51]},
        r"delithiation\.fractions: 0\.51 and 0\.5 are the same number of Li in this slab",
    ),
    "supercell": (
        "cathode",
        {"composition": "Li1.2Mn0.6Ni0.2O2", "supercell": [1, 1]},
        r"supercell \[1, 1\] can't realise Li1\.2Mn0\.6Ni0\.2O2: .* = \[2, 1\] would work",
    ),
    "a cell of millions of atoms": (
        "cathode",
        {"supercell": [1000, 1000]},
        r"cathode\.supercell = \[1000, 1000\]: the bulk would have 24,000,000 atoms \(.* GB",
    ),
    "a slab of thousands of layers": (
        "slab",
        {"tm_layers": 3000},
        r"slab\.tm_layers = 3000 on 24 atoms a layer: the slab would have 72,000 atoms",
    ),
    "a plane of a cell without end": (
        "slab",
        {"miller": [10**20, 1, 1]},
        r"slab\.miller\.0 = 10+: Input should be less than or equal to 9999",
    ),
    "more fractions than any slab has Li": (
        "delithiation",
        {"fractions": [n / 1e5 for n in range(100_000)]},
        r"delithiation\.fractions = .*List should have at most 1000 items",
    ),
    "environment": (
        "vacancies",
        {"environments": ["5TM"]},
        r"no O of environment 5TM in surface; found: 2TM\+1Li, 3TM",
    ),
    "missing CIF": ("cathode", {"composition": "none.cif"}, r"there is no file .*none\.cif"),
    "no CIF": ("cathode", {"composition": "text.cif"}, r"text\.cif can't be read as a CIF: "),
    "partial occupancy": (
        "cathode",
        {"composition": "partial.cif"},
        r"partial\.cif can't be neutral: -1\.33 e per O2 remain",
    ),
    "overlapping atoms": (
        "cathode",
        {"composition": "overlapping.cif"},
        r"overlapping\.cif: Mn\d+ and Mn\d+ are 0\.79 angstrom apart; expected at least 1\.80",
    ),
    "unknown engine": ("engine", {"name": "chgnot"}, r"engine\.name = 'chgnot' is unknown; exp"),
    "refused scheme": (
        "oxygen",
        {"scheme": "mp2020"},
        r'oxygen\.scheme = "mp2020" does not go with engine chgnet: .*would count twice',
    ),
    "temperature": (
        "oxygen",
        {"temperature": 3000.0},
        r"oxygen\.temperature = 3000\.0: The fit for O2 holds from 100 to 2000 K",
    ),
}

#: What needs the engine, and so only run can refuse.
ENGINES = {
    "protocol": ({"protocol": "sloppy"}, r"engine\.protocol = 'sloppy' is unknown; expected fast"),
    "override": (
        {"overrides": {"max_stepz": 5}},
        r"unknown key 'max_stepz' in \[engine\.overrides\]; expected .*max_steps",
    ),
    "override's value": (
        {"overrides": {"max_steps": -5}},
        r"engine\.overrides\.max_steps = -5; expected",
    ),
}


def assert_refused(done: Any, message: str, folder: Path | None = None) -> None:
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert re.search(f"^llo-dft: .*{message}", done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    assert folder is None or not folder.exists()


@pytest.mark.parametrize("action", ["build", "run"])
@pytest.mark.parametrize("case", RECIPES)
def test_a_recipe_that_can_not_be_used(
    command: Any, tmp_path: Path, action: str, case: str
) -> None:
    table, changes, message = RECIPES[case]
    (tmp_path / "text.cif").write_text("no CIF", encoding="utf-8")
    half = LI2MNO3.replace(MANGANESE, "Mn1 Mn 0 0.16708 0 0.5")
    (tmp_path / "partial.cif").write_text(half, encoding="utf-8")
    close = LI2MNO3.replace(MANGANESE, f"{MANGANESE}\nMn2 Mn 0 0.26 0 1")
    (tmp_path / "overlapping.cif").write_text(close, encoding="utf-8")
    recipe = write_recipe(tmp_path, **{table: changes})
    assert_refused(command(action, recipe, "-o", "out"), message, tmp_path / "out")


@pytest.mark.parametrize("case", ENGINES)
def test_an_engine_that_can_not_be_used(command: Any, tmp_path: Path, case: str) -> None:
    changes, message = ENGINES[case]
    recipe = write_recipe(tmp_path, engine=changes)
    assert_refused(command("run", recipe, "-o", "out"), message, tmp_path / "out")


@pytest.mark.parametrize("action", ["run", "submit --on {cluster}"])
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            "--engine sevenn",
            r'oxygen\.scheme = "potential" does not go with engine sevenn: .*use "none"',
        ),
        (
            "--engine sevenn --model 7net-0",
            r'oxygen\.scheme = "potential" does not go with engine sevenn: .*use "mp2020" or',
        ),
        (
            "--model r2scan",
            r'oxygen\.scheme = "potential" does not go with engine chgnet: .*use "none"',
        ),
        (
            "--model r3scan",
            r"engine\.model = 'r3scan' is no model of chgnet; expected 'r2scan', '0.3.0'",
        ),
        ("--engine vasp --model r2scan", r"engine vasp is not a potential and has no models"),
        ("--engine chgnot", r"engine\.name = 'chgnot' is unknown; expected"),
        ("--engine=", r"engine\.name = '': String should have at least 1 character"),
        ("--protocol quick", r"engine\.protocol = 'quick' is unknown; expected"),
        ("--scheme pbe", r"oxygen\.scheme = 'pbe': Input should be 'none', 'wang2006'"),
        ("--scheme wang2006", r'oxygen\.scheme = "wang2006" does not go with engine chgnet'),
    ],
)
def test_another_engine_by_a_flag(
    command: Any, tmp_path: Path, action: str, flags: str, message: str
) -> None:
    recipe = write_recipe(tmp_path, oxygen={"scheme": "potential"})
    words = action.format(cluster=write_cluster(tmp_path)).split()
    done = command(words[0], recipe, *words[1:], *flags.split(), "-o", "out")
    assert_refused(done, message, tmp_path / "out")


def test_an_engine_whose_package_is_not_installed(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llo_dft.engines.potentials.known_potentials.find_spec", lambda _: None)
    done = command("run", write_recipe(tmp_path), "-o", "out")
    message = r"package chgnet, .*not installed; install it with: pip install 'llo-dft\[chgnet\]'"
    assert_refused(done, message, tmp_path / "out")


@pytest.mark.parametrize("action", ["build", "run"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"there is no recipe my\.toml"),
        (b"[study\n", r"my\.toml can't be read as TOML: "),
        (b'name = "\xff"\n', r"my\.toml can't be read as TOML: save it as UTF-8"),
        (b"a = " + 5000 * b"[" + 5000 * b"]", r"my\.toml is nested too deeply"),
    ],
    ids=["missing", "not TOML", "not UTF-8", "nested"],
)
def test_a_file_that_is_no_recipe(
    command: Any, tmp_path: Path, action: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "my.toml").write_bytes(content)
    assert_refused(command(action, "my.toml", "-o", "out"), message, tmp_path / "out")


def test_a_name_that_no_recipe_has(command: Any, tmp_path: Path) -> None:
    message = "there is no recipe 'nonsense': give the path of a file, or one of .*quickstart"
    assert_refused(command("build", "nonsense", "-o", "out"), message, tmp_path / "out")


@pytest.mark.parametrize("action", ["build", "run"])
def test_a_folder_of_another_study(command: Any, tmp_path: Path, action: str) -> None:
    theirs = StudyFolder(tmp_path / "out")
    with theirs.lock():
        theirs.claim(tiny_recipe(study={"name": "theirs"}))
    before = {path: path.read_bytes() for path in theirs.path.iterdir()}
    done = command(action, write_recipe(tmp_path), "-o", "out")
    assert_refused(done, r"out is the folder of another study \('theirs'\): \[study\] differ")
    assert {path: path.read_bytes() for path in theirs.path.iterdir()} == before


@pytest.mark.parametrize("action", ["build", "run"])
def test_a_folder_of_another_crystal_under_the_same_name(
    command: Any, tmp_path: Path, action: str
) -> None:
    cif = tmp_path / "cell.cif"
    cif.write_text(LI2MNO3, encoding="utf-8")
    small = {"delithiation": {"fractions": [1.0]}, "vacancies": {"environments": ["2TM+1Li"]}}
    recipe = write_recipe(tmp_path, cathode={"composition": "cell.cif"}, **small)
    assert command("build", recipe, "-o", "out").exit_code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").glob("**/*.[cj]*")}
    cif.write_text(LI2MNO3.replace("0.16708", "0.16718"), encoding="utf-8")
    done = command(action, recipe, "-o", "out")
    assert_refused(done, r"out is the folder of another study .*: the contents of cell\.cif differ")
    assert {path: path.read_bytes() for path in (tmp_path / "out").glob("**/*.[cj]*")} == before


@pytest.mark.parametrize("action", ["build", "run"])
def test_a_folder_with_files_of_somebody_else(command: Any, tmp_path: Path, action: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").touch()
    done = command(action, write_recipe(tmp_path), "-o", "out")
    assert_refused(done, "out is not empty and no study of this package; choose a new folder")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.tex"]


def test_a_folder_below_a_file(command: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = command("build", write_recipe(tmp_path), "-o", "file/out")
    assert_refused(done, "file/out can't be written: ")


def test_a_folder_that_another_run_holds(command: Any, tmp_path: Path) -> None:
    with StudyFolder(tmp_path / "out").lock():
        done = command("build", write_recipe(tmp_path), "-o", "out")
    assert_refused(done, "another run is using out; wait for it, or end it")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".lock"]


def test_every_fault_of_a_recipe_has_its_line(command: Any, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, slab={"tm_layers": 0, "vacuum": 1.0})
    done = command("build", recipe, "-o", "out")
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 2
    assert all(line.startswith("llo-dft: ") for line in done.stderr.splitlines())


@pytest.mark.parametrize("arguments", [("status",), ("analyze", "vacancy")])
@pytest.mark.parametrize("made", [True, False])
def test_a_folder_without_a_study(
    command: Any, tmp_path: Path, arguments: tuple[str, ...], *, made: bool
) -> None:
    if made:
        (tmp_path / "nothing").mkdir()
    assert_refused(command(*arguments, "nothing"), "nothing is not a study; expected the folder")


def test_analyze_of_a_study_that_was_only_built(command: Any, tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path / "out")
    with folder.lock():
        folder.claim(tiny_recipe())
    assert_refused(command("analyze", "vacancy", "out"), r"there is no out/results\.json: run the")
    assert_refused(command("status", "out"), "out was neither built nor run yet")


@pytest.mark.parametrize("action", [("status",), ("build", "quickstart", "-o")])
def test_a_name_that_no_file_system_takes(command: Any, action: tuple[str, ...]) -> None:
    assert_refused(command(*action, 300 * "x"), r"xxx\.\.\.: File name too long")
