"""The command line as a whole: help, version, faults."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from typing import Any

import pytest
from typer.testing import CliRunner

from llo_dft.cli.main import app, command_line

#: CPU seconds that --help may take, and out of how many tries the least counts: this is about
#: what it imports, not about what else the machine does.
HELP_CPU_S = 0.4
HELP_TRIES = 5

HEAVY = ("jobflow", "pymatgen", "torch", "matplotlib", "numpy", "pydantic", "rich.progress")


def test_the_version_is_told(command: Any) -> None:
    assert command("--version").stdout == f"llo-dft {version('llo-dft')}\n"


@pytest.mark.parametrize("name", ["init", "build", "run", "status", "doctor", "analyze"])
def test_every_command_has_help(command: Any, name: str) -> None:
    done = command(name, "--help")
    assert done.exit_code == 0
    assert "Usage:" in done.stdout
    assert name in command("--help").stdout


def test_an_option_that_there_is_not(command: Any) -> None:
    done = command("build", "quickstart", "--outptu", "x")
    assert done.exit_code == 2
    assert "No such option" in done.stderr


def cpu_seconds_of_help() -> float:
    before = os.times()
    subprocess.run(
        [sys.executable, "-m", "llo_dft.cli.main", "--help"], check=True, capture_output=True
    )
    after = os.times()
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system


def test_help_is_there_at_once() -> None:
    assert min(cpu_seconds_of_help() for _ in range(HELP_TRIES)) < HELP_CPU_S


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from llo_dft.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_fault_of_the_package_does_not_look_like_an_incomplete_study(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise AssertionError("a fault")

    monkeypatch.setattr("llo_dft.cli.main.app", broken)
    with pytest.raises(SystemExit, match="70"):
        command_line()
    assert "AssertionError: a fault" in capsys.readouterr().err


ANALYZE = ("vacancy", "summary", "band-center", "charge-difference", "voltage", "potential")
GROUPS = {"analyze": [*ANALYZE, "reaction", "window"], "hpc": ["init"]}


@pytest.mark.parametrize(("group", "name"), [(g, n) for g, names in GROUPS.items() for n in names])
def test_every_subcommand_has_help(group: str, name: str) -> None:
    done = CliRunner().invoke(app, [group, name, "--help"])
    assert done.exit_code == 0
    assert ("--json" in done.stdout) == (group == "analyze")
    assert name in CliRunner().invoke(app, [group, "--help"]).stdout


def test_what_is_listed_are_the_commands_without_the_hidden_one() -> None:
    shown = CliRunner().invoke(app, ["--help"]).stdout.partition("Commands:")[2].split("\n")
    names = [line.split()[0] for line in shown if line.strip()]
    assert names[:3] == ["init", "recipes", "build"]
    assert names[-2:] == ["analyze", "hpc"]
    assert "drive" not in names
    assert CliRunner().invoke(app, ["drive", "--help"]).exit_code == 0


def test_a_mistyped_command_is_told_what_is_meant() -> None:
    done = CliRunner().invoke(app, ["rum"])
    assert done.exit_code == 2
    assert "No such command 'rum'. Did you mean 'run'?" in done.stderr
