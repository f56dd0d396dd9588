"""One vocabulary of status in the whole package."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

import llo_dft
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.typing import Part, Status, System, matching

PACKAGE = Path(llo_dft.__file__).parent

#: What happened to a job or a calculation, in the past tense: not what its status is.
EVENTS = {("calculations/cache.py", "Event"), ("runner/run_flow.py", "EventKind")}

#: What earlier vocabularies called a status.
OTHER_WORDS = {"queued", "waiting", "interrupted", "broken", "stopped", "lost", "ended", "done"}


def vocabularies(path: Path) -> list[tuple[str, set[str]]]:
    """Every ``name: Literal[...]`` and ``Name = Literal[...]`` of a module, with its words."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            places = [node.annotation, node.value]
        else:
            continue
        for place in places:
            if isinstance(place, ast.Subscript) and ast.unparse(place.value) == "Literal":
                words = {w.value for w in ast.walk(place.slice) if isinstance(w, ast.Constant)}
                found.append((node.target.id, words))
    return found


def test_no_module_has_a_status_of_its_own() -> None:
    words = {*get_args(Status), *OTHER_WORDS} - {"missing"}
    own = [
        (str(path.relative_to(PACKAGE)), name)
        for path in sorted(PACKAGE.rglob("*.py"))
        for name, literal in vocabularies(path)
        if len(literal & words) > 1 and (path.name, name) != ("typing.py", "Status")
    ]
    assert set(own) - EVENTS == set(), "use llo_dft.typing.Status"


def test_a_text_matches_as_a_whole() -> None:
    check = matching(re.compile(r"[a-z]+"), "small letters").func
    assert check("abc") == "abc"
    for text in ("", "abc\n", "a b"):
        with pytest.raises(ValueError, match="expected small letters"):
            check(text)


def test_the_vocabularies_do_not_overlap_where_labels_are_made_of_them() -> None:
    # "coating" names a part, "coated" a system: interface_X_coating is no host
    assert set(get_args(Part)).isdisjoint(get_args(System))


def test_a_calculation_takes_every_status_and_no_other() -> None:
    schema = CalculationDocument.model_json_schema()["properties"]["status"]
    assert tuple(schema["enum"]) == get_args(Status)
