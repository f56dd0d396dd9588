"""The command that runs GPAW: what it finds, and what is said if it is not there."""

from __future__ import annotations

import ast
import sys

import pytest
import standin_gpaw

from llo_dft.engines.base import EngineError
from llo_dft.engines.gpaw.gpaw_program import (
    DRIVER,
    PROGRAM,
    command,
    installed_gpaw,
    last_words,
)


def test_the_running_python_is_the_default_and_variables_are_expanded(monkeypatch):
    monkeypatch.delenv(PROGRAM.variable, raising=False)
    assert command() == [sys.executable]
    monkeypatch.setenv("RANKS", "4")
    monkeypatch.setenv(PROGRAM.variable, "mpiexec -np $RANKS gpaw python")
    assert command() == ["mpiexec", "-np", "4", "gpaw", "python"]


def test_it_is_asked_what_it_finds(monkeypatch):
    standin_gpaw.use(monkeypatch)
    found = installed_gpaw()
    assert (found.gpaw, found.ranks, found.data_of("Mn").valence) == ("26.7.0", 1, 15)
    with pytest.raises(EngineError, match=r"GPAW 26\.7\.0 finds no PAW data of W .*install-data"):
        found.data_of("W")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("no-such-mpiexec -np 2 gpaw python", "'no-such-mpiexec .*is not found here"),
        (f"{sys.executable} -c 'import no_gpaw'", 'prints "ModuleNotFoundError: .*no_gpaw'),
        (f"{sys.executable} -c 'print(7)'", "does not start with .*prints '7'"),
        (f"{sys.executable} -c pass", "prints 'nothing'"),
    ],
)
def test_a_command_without_gpaw_is_refused_with_what_to_do(monkeypatch, words, message):
    monkeypatch.setenv(PROGRAM.variable, words)
    with pytest.raises(EngineError, match=message) as caught:
        installed_gpaw()
    assert f"set {PROGRAM.variable}" in str(caught.value)


def test_the_line_that_says_most_is_told_and_lines_that_only_frame_are_not():
    assert last_words("Traceback\nMemoryError: no room\n------\n!!!!\n") == "MemoryError: no room"
    warning = "! but MPI parallelism is disabled.   !\nPrimary job terminated\n"
    assert last_words(warning) == "but MPI parallelism is disabled."
    assert (last_words("first\nlast\n"), last_words(" \n")) == ("last", "")
    assert last_words("x" * 999) == "x" * 160


def test_a_command_that_does_not_answer_is_given_up(monkeypatch):
    monkeypatch.setattr("llo_dft.engines.gpaw.gpaw_program._PATIENCE_S", 0.2)
    monkeypatch.setenv(PROGRAM.variable, f"{sys.executable} -c 'import time; time.sleep(9)'")
    with pytest.raises(EngineError, match=r"did not answer in 0\.2 s"):
        installed_gpaw()


def test_the_driver_needs_nothing_of_this_package_and_is_never_imported_with_gpaw():
    tree = ast.parse(DRIVER.read_text(encoding="utf-8"))
    at_its_top = {
        name.name.partition(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import)
        for name in node.names
    }
    assert at_its_top <= {"contextlib", "json", "os", "sys", "time", "numpy"}
    everywhere = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not [module for module in everywhere if module.startswith("llo_dft")]
    others = [path for path in DRIVER.parents[2].rglob("*.py") if path != DRIVER]
    assert not [path for path in others if "import gpaw" in path.read_text(encoding="utf-8")]
