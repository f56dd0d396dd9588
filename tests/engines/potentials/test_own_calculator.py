"""A calculator of one's own: what names it may run it, and what only stores the name may not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, get_args

import pytest
from pymatgen.core import Lattice, Structure
from studies import recipe_fields, tiny_recipe, toml_text
from typer.testing import CliRunner

from llo_dft.cli.main import app
from llo_dft.cli.named_recipes import recipe_with
from llo_dft.documents.decoding.named_objects import TRUST, decode_text
from llo_dft.engines.base import EngineError
from llo_dft.engines.potentials.own_calculator import (
    allow_calculator,
    check_allowed,
    potential_of,
    version_of,
)
from llo_dft.engines.registry import engine_from
from llo_dft.errors import InputError
from llo_dft.jobs.calculate import calculate
from llo_dft.recipe import EngineChoice, with_engine
from llo_dft.resources import load_structure
from llo_dft.runner.messages import Task, encode
from llo_dft.runner.worker import run_job
from llo_dft.study.folder import StudyFolder
from llo_dft.typing import OxygenScheme

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.engines.base import CalculationMaker
    from llo_dft.typing import CalculationKind

MODULE = "pairs_of_my_own"
NAME = f"{MODULE}:pairs"

SIGMA = 2.3

#: A Lennard-Jones potential in a module that leaves a file when it is imported.
CODE = f"""
from pathlib import Path
from ase.calculators.lj import LennardJones

Path(__file__).with_suffix(".imported").touch()

def pairs():
    return LennardJones(sigma={SIGMA}, epsilon=0.4, rc=10.0)
"""


@pytest.fixture(autouse=True)
def nothing_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRUST, "")


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that is there once the module was imported."""
    file = tmp_path / f"{MODULE}.py"
    file.write_text(CODE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    return file.with_suffix(".imported")


def own_maker(kind: CalculationKind = "slab_relax") -> CalculationMaker:
    return engine_from(EngineChoice(name="ase", calculator=NAME)).maker(kind)


def crystal() -> Structure:
    sites = [[0, 0, 0], [0, 0.52, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    return Structure(Lattice.cubic(3.7), ["Cu"] * 4, sites)


def test_it_relaxes_with_the_calculator_that_the_user_named(imported: Path, tmp_path: Path) -> None:
    allow_calculator(NAME)
    outcome = own_maker("bulk_relax").calculate(crystal(), tmp_path)
    assert imported.exists()
    # by hand: lattice sums A12 = 12.1319, A6 = 14.4539 give r = (2 A12 / A6)^(1/6) sigma
    constant = 2**0.5 * (2 * 12.1319 / 14.4539) ** (1 / 6) * SIGMA
    assert outcome.structure.lattice.abc == pytest.approx([constant] * 3, abs=0.02)
    assert outcome.magmoms_mu_b is None


def test_its_fingerprint_tells_module_function_and_version(imported: Path) -> None:
    found = own_maker().fingerprint(crystal())
    assert (found.engine, found.model) == ("ase", NAME)
    assert found.engine_version.startswith(f"{MODULE} sha256:")
    with imported.with_suffix(".py").open("a", encoding="utf-8") as file:
        file.write("EPSILON = 0.5\n")
    assert own_maker().fingerprint(crystal()).engine_version != found.engine_version
    of_ase = potential_of("ase", "ase.calculators.emt:EMT")
    assert version_of("ase", of_ase).startswith("ase 3.")
    assert not imported.exists()


def test_only_its_own_o2_goes_with_it() -> None:
    refused = potential_of("ase", NAME).oxygen.refused
    assert set(refused) == set(get_args(OxygenScheme)) - {"none"}


@pytest.mark.parametrize("module", ["none_of_these", "os"])  # os is part of Python's program
def test_a_module_that_there_is_not(module: str) -> None:
    allow_calculator(f"{module}:pairs")
    engine = engine_from(EngineChoice(name="ase", calculator=f"{module}:pairs"))
    with pytest.raises(EngineError, match=f"there is no module {module} for engine"):
        engine.check([])


@pytest.mark.parametrize("name", ["ase.calculators.emt:EMT", "ase.calculators.emt:nothing"])
def test_a_calculator_that_does_not_take_the_crystal(name: str) -> None:
    allow_calculator(name)
    engine = engine_from(EngineChoice(name="ase", calculator=name))
    message = f"{name} computes no force in the cathode's crystal; expected a function that returns"
    with pytest.raises(EngineError, match=message):
        engine.seconds_per_atom(load_structure("Li2MnO3"))


@pytest.mark.parametrize("named", ["", f"{MODULE}s", f"{MODULE}:other", "os"])
def test_what_the_user_did_not_name_is_not_allowed(
    monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv(TRUST, named)
    with pytest.raises(EngineError, match=f"{NAME} is named by stored data and was not imported"):
        check_allowed(NAME)


@pytest.mark.parametrize("named", [NAME, MODULE, f"other {NAME}"])
def test_what_the_user_named_is_allowed(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv(TRUST, named)
    check_allowed(NAME)


def test_one_planted_in_a_folder_does_not_run(imported: Path, tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path / "study")
    folder.path.mkdir()
    planted = with_engine(
        tiny_recipe(oxygen={"scheme": "none"}, engine={"device": "auto"}),
        engine=NAME,
        protocol=None,
    )
    folder.claim(planted)
    assert NAME in (folder.path / "study.json").read_text(encoding="utf-8")
    for command in ("status", "report"):
        CliRunner().invoke(app, [command, str(folder.path)])
    engine = engine_from(folder.recipe().engine)
    assert engine.seconds_per_atom(crystal()) is None
    with pytest.raises(EngineError, match="is named by stored data"):
        engine.check([])
    with pytest.raises(EngineError, match="is named by stored data"):
        engine.maker("slab_relax").calculate(crystal(), tmp_path)
    assert not imported.exists()


def test_one_planted_in_a_queue_does_not_run(imported: Path, tmp_path: Path) -> None:
    job = calculate(crystal(), own_maker(), "planted", str(tmp_path / "calculations"))
    done = run_job(Task(job=encode(job), documents=()))
    (document,) = (decode_text(text).output for text in done.documents)
    assert document.status == "failed"
    assert "is named by stored data and was not imported" in document.reason
    assert not imported.exists()


def test_the_users_own_recipe_and_command_line_name_it(imported: Path, tmp_path: Path) -> None:
    fields = recipe_fields(oxygen={"scheme": "none"}, engine={"device": "auto"})
    plain, own = tmp_path / "plain.toml", tmp_path / "own.toml"
    plain.write_text(toml_text(fields), encoding="utf-8")
    recipe, _ = recipe_with(str(plain), engine=NAME)
    assert (recipe.engine.name, recipe.engine.model) == ("ase", None)
    check_allowed(NAME)
    fields["engine"] = {"name": "ase", "calculator": "a.b:c"}
    own.write_text(toml_text(fields), encoding="utf-8")
    recipe_with(str(own))
    check_allowed("a.b:c")
    assert not imported.exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "ase"}, 'goes with name = "ase", and that with a calculator'),
        ({"name": "chgnet", "calculator": NAME}, 'goes with name = "ase"'),
        ({"name": "ase", "calculator": "os.system"}, r"engine\.calculator = .*module:function"),
        ({"name": "ase", "calculator": "os:system()"}, "expected module:function"),
    ],
)
def test_what_is_no_calculator_is_refused(fields: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        tiny_recipe(engine=fields)


def test_model_and_device_are_the_functions_own_affair() -> None:
    with pytest.raises(EngineError, match=r"engine\.device do not go with engine\.calculator"):
        engine_from(EngineChoice(name="ase", calculator=NAME, device="cuda"))
