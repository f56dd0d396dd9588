"""Exit status, and the reading of several paths."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import typer

from llo_dft.cli.output.common import (
    Unread,
    as_record,
    leave,
    print_document,
    print_remarks,
    read_each,
)
from llo_dft.documents.electrons.electronic import AtomOxidation
from llo_dft.errors import InputError
from llo_dft.study.study_files import is_study


@dataclass
class Found:
    path: Path
    problems: list[str] = field(default_factory=list)


def read(path: Path) -> Found:
    if path.name == "bad":
        raise InputError(f"{path} can't be read")
    return Found(path, ["not converged"] if path.name == "odd" else [])


def status_of(*names: str) -> int:
    with pytest.raises(typer.Exit) as leaving:
        leave(read_each([Path(name) for name in names], read))
    return leaving.value.exit_code


def test_every_path_is_read_and_one_that_can_not_be_is_named(capsys) -> None:
    good, bad = read_each([Path("good"), Path("bad")], read)
    assert isinstance(good, Found)
    assert bad == Unread("bad", ["bad can't be read"])
    assert capsys.readouterr().err == "llo-dft: bad can't be read\n"


def test_a_name_that_no_file_can_have_is_a_line(capsys) -> None:
    found = read_each([Path("x" * 300)], lambda path: Found(path, [str(path.stat())]))
    assert isinstance(found[0], Unread)
    assert not is_study(Path("x" * 300))
    assert re.fullmatch(r"llo-dft: x{97}\.\.\.: File name too long\n", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("names", "status"),
    [
        (("good", "good"), 0),
        (("good", "odd"), 1),
        (("good", "bad"), 1),
        (("bad", "odd"), 1),
        (("bad", "bad"), 2),
    ],
)
def test_the_exit_status_says_whether_all_or_some_could_be_used(names, status) -> None:
    assert status_of(*names) == status


def test_what_could_not_be_read_is_a_record_too() -> None:
    assert as_record(Unread("a", ["why"])) == {"path": "a", "problems": ["why"]}
    atom = AtomOxidation(site=0, element="Mn", moment_mu_b=3.1, state=4.0, reason="range")
    assert as_record(atom)["state"] == 4.0


def test_problems_come_before_notes(capsys) -> None:
    print_remarks(["wrong"], ["known"], indent="  ")
    assert capsys.readouterr().out == "  problem: wrong\n  note: known\n"


def test_a_document_is_printed_for_people_or_for_scripts(capsys) -> None:
    atom = AtomOxidation(site=0, element="Mn", moment_mu_b=3.1, state=4.0, reason="range")
    print_document(atom, lambda one: typer.echo(one.element), as_json=False)
    assert capsys.readouterr().out == "Mn\n"
    print_document(atom, lambda one: typer.echo(one.element), as_json=True)
    assert json.loads(capsys.readouterr().out) == atom.model_dump(mode="json")
