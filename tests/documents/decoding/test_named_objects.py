"""Data that name a class or a callable: in every place that is read, none runs."""

from __future__ import annotations

import ast
import copy
import json
import re
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from jobflow import Flow, job
from monty.json import MontyDecoder, MontyEncoder
from pymatgen.core import Lattice, Structure

import llo_dft
from llo_dft.calculations.cache import CacheError, CalculationCache
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.decoding.named_objects import (
    TRUST,
    NamedObjectError,
    check_named,
    decode,
    decode_text,
    names_in,
)
from llo_dft.engines.potentials.forcefield import ForceFieldCalculation
from llo_dft.errors import InputError
from llo_dft.jobs.calculate import calculate
from llo_dft.runner.messages import RaisedError, Task, decode_document, decode_response
from llo_dft.runner.worker import run_job
from llo_dft.submit.remote.run_job import run_job as run_remote

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = Path(llo_dft.__file__).parent
HERE = "test_named_objects"


class Trap:
    """What a document may name; it leaves a trace if it is made, called or asked for."""

    ran: list[str] = []  # noqa: RUF012 (shared on purpose)

    def __init__(self, *_: object, **__: object) -> None:
        self.ran.append("made")

    @classmethod
    def from_dict(cls, _: dict[str, Any]) -> Trap:
        return cls()

    def method(self) -> None:
        self.ran.append("called")


def attacks(trace: Path) -> dict[str, dict[str, Any]]:
    """Dicts that monty's decoder would import, make or call."""
    touch = ["touch", str(trace)]
    return {
        "class of a package": {"@module": "subprocess", "@class": "Popen", "args": touch},
        "class in a module of ours": {
            "@module": "llo_dft.engines.vasp.installation",
            "@class": "subprocess.Popen",
            "args": touch,
        },
        "imported name": {"@module": "llo_dft.jobs.calculate", "@class": "Path", "args": touch},
        "class of ours that is no document": {
            "@module": "llo_dft.engines.vasp.vasp_engine",
            "@class": "VaspEngine",
            "protocol": "fast",
        },
        "function": {"@module": "os", "@callable": "system", "@bound": None},
        "function of ours that is no job": {
            "@module": "llo_dft.jobs.calculate",
            "@callable": "skipped",
            "@bound": None,
        },
        "bound": {
            "@module": "os",
            "@callable": "Popen.communicate",
            "@bound": {"@module": "subprocess", "@class": "Popen", "args": touch},
        },
        "bound to what is allowed": {
            "@module": "pymatgen.core.lattice",
            "@callable": "Lattice.cubic",
            "@bound": {"@module": "pymatgen.core.lattice", "@class": "Lattice", "matrix": []},
        },
        "module to import": {"@module": "antigravity", "@class": "anything"},
        "module by path": {"@module": "..evil", "@class": "X"},
        "no module": {"@class": "Trap"},
        "class and callable": {"@module": "numpy", "@class": "array", "@callable": "x"},
        "trap": {"@module": HERE, "@class": "Trap"},
        "store": {"@module": "maggma.stores.mongolike", "@class": "JSONStore", "paths": touch},
        "pickle": {"@module": "pandas", "@class": "DataFrame", "data": "cos\nsystem\n"},
        "name of another kind": {"@module": ["os"], "@class": {"a": 1}},
    }


def calculation(structure: Structure) -> CalculationDocument:
    return CalculationDocument(
        key="k",
        label="host",
        kind="slab_relax",
        status="completed",
        fingerprint={"engine": "e", "engine_version": "1", "functional": "PBE"},  # type: ignore[arg-type]
        protocol="fast",
        energy_ev=-1.0,
        structure=structure,
    )


STRUCTURE = Structure(
    Lattice.cubic(4), ["Li", "O"], [[0, 0, 0], [0.5] * 3], site_properties={"magmom": [0.0, 1.0]}
)
DOCUMENT = json.loads(calculation(STRUCTURE).model_dump_json())


def in_property(attack: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(DOCUMENT)
    found["structure"]["sites"][0]["properties"]["magmom"] = attack
    return found


def in_structure(attack: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(DOCUMENT)
    found["structure"]["properties"] = {"a": attack}
    return found


def in_field(attack: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(DOCUMENT) | {"corrections": [attack]}


def stored(found: dict[str, Any]) -> dict[str, Any]:
    marks = {"@module": "llo_dft.documents.calculation", "@class": "CalculationDocument"}
    return {"uuid": "u", "index": 1, "output": {**found, **marks}}


def read_from_the_cache(found: dict[str, Any], folder: Path) -> None:
    (folder / "k").mkdir()
    (folder / "k" / "result.json").write_text(json.dumps(found))
    CalculationCache(folder).completed("k")


def read_as_an_output(found: dict[str, Any], folder: Path) -> None:
    del folder
    decode_document(json.dumps(stored(found)))


def read_as_a_response(found: dict[str, Any], folder: Path) -> None:
    del folder
    decode_response(json.dumps({"stored_data": found}), None)


def read_by_a_worker(found: dict[str, Any], folder: Path) -> None:
    live = calculate(STRUCTURE, maker=None, label="l", folder=str(folder))
    text = json.dumps(live, cls=MontyEncoder).replace(
        '"maker": null', f'"maker": {json.dumps(found)}'
    )
    outcome = run_job(Task(text, ()))
    assert isinstance(outcome, RaisedError)
    raise InputError(outcome.message)


def read_by_a_cluster_job(found: dict[str, Any], folder: Path) -> None:
    (folder / "remote_job_data.json").write_text(json.dumps([stored(found)]))
    try:
        run_remote(folder)
    except SystemExit as error:
        raise InputError(str(error)) from error


READERS: list[Callable[[dict[str, Any], Path], None]] = [
    read_from_the_cache,
    read_as_an_output,
    read_as_a_response,
    read_by_a_worker,
    read_by_a_cluster_job,
]


@pytest.mark.parametrize("name", attacks(Path()))
@pytest.mark.parametrize("reader", READERS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("place", [in_property, in_structure, in_field])
def test_nothing_that_is_named_runs_and_one_line_says_so(
    tmp_path: Path,
    name: str,
    reader: Callable[[dict[str, Any], Path], None],
    place: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    Trap.ran.clear()
    folder = tmp_path / "folder"
    folder.mkdir()
    found = place(attacks(tmp_path / "trace")[name])
    with pytest.raises((InputError, CacheError)) as caught:
        reader(found, folder)
    text = str(caught.value)
    assert re.search(r"can't be read|not a calculation of this package's format", text)
    assert "\n" not in text
    assert Trap.ran == []
    assert not (tmp_path / "trace").exists()


def test_the_corpus_does_run_through_montys_decoder(tmp_path: Path) -> None:
    """So that the test above would see it."""
    Trap.ran.clear()
    attack = attacks(tmp_path / "trace")["trap"] | {"@module": __name__}
    MontyDecoder().process_decoded(in_property(attack))
    assert Trap.ran == ["made"]


def test_what_studies_are_made_of_comes_back() -> None:
    maker = ForceFieldCalculation("static", "fast", "chgnet", "r2scan", "cpu", {"fmax": 0.05})
    values = [
        STRUCTURE,
        maker,
        calculation(STRUCTURE),
        datetime(2026, 1, 2, tzinfo=UTC),
        uuid.UUID(int=5),
        Path("a/b"),
        {"plain": [1, "two", None, True]},
    ]
    text = json.dumps(values, cls=MontyEncoder)
    assert decode_text(text) == values
    array = decode_text(json.dumps(np.eye(2), cls=MontyEncoder))
    assert array.tolist() == [[1, 0], [0, 1]]
    made = calculate(STRUCTURE, maker, "label", "/folder")
    again = decode_text(json.dumps(made, cls=MontyEncoder))
    assert again.function is calculate
    assert again.function_args[1] == maker
    assert again.uuid == made.uuid


def test_an_array_of_objects_is_none() -> None:
    array = {"@module": "numpy", "@class": "array", "dtype": "object", "data": [1]}
    with pytest.raises(ValueError, match="an array of 'object'"):
        decode(array)


@job
def of_a_user(value: int) -> int:
    return value


def test_what_lies_in_memory_may_be_named_beside_it() -> None:
    made = Flow([of_a_user(1)])
    text = json.dumps(made.jobs[0], cls=MontyEncoder)
    with pytest.raises(NamedObjectError, match="@callable 'of_a_user'"):
        decode_text(text)
    assert decode_text(text, names_in(made)).function.__name__ == "of_a_user"


def test_modules_are_trusted_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"@module": __name__, "@callable": "of_a_user", "@bound": None}
    with pytest.raises(NamedObjectError, match="of_a_user"):
        check_named(named)
    monkeypatch.setenv(TRUST, f"another {__name__}")
    check_named(named)


def test_the_place_of_what_is_named_is_said() -> None:
    with pytest.raises(NamedObjectError, match=r"^x\.json can't be read: @module 'os', @callable "):
        check_named({"a": [0, {"@module": "os", "@callable": "system"}]}, where="x.json")


def calls(tree: ast.AST) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("module", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.stem)
def test_no_module_decodes_or_evaluates_what_it_reads(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    tree = ast.parse(text)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    forbidden = {
        "MontyDecoder",
        "loadfn",
        "pickle",
        "cloudpickle",
        "dill",
        "joblib",
        "marshal",
        "shelve",
    }
    assert names & forbidden == set()
    made = calls(tree)
    assert made & {"eval", "exec", "compile", "__import__", "os.system", "os.popen"} == set()
    assert not any(call.endswith(".from_dict") and call.startswith("Structure") for call in made)
    assert made & {"yaml.full_load", "yaml.unsafe_load", "pd.read_pickle", "torch.load"} == set()
    if re.search(r"^import yaml", text, re.MULTILINE):  # PyYAML: only its safe loaders
        assert "yaml.load" not in made or "SafeLoader" in text
    assert "allow_pickle=True" not in text
    assert "typ='unsafe'" not in text.replace('"', "'")
