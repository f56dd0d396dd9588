"""The README's examples run, and its commands are commands."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer.main

from llo_dft.cli.main import app

README = Path(__file__).resolve().parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)


def test_the_first_block_is_one_command_that_runs_the_main_job():
    (command,) = blocks("bash")[0].strip().splitlines()
    assert command.endswith("llo-dft run quickstart -o quickstart-study")


def test_the_test_command_is_where_ci_finds_it():
    marked = TEXT.split("<!-- test command -->\n```bash\n")[1].split("\n```")[0]
    assert marked.splitlines() == [marked]
    assert " && .venv/bin/pytest" in marked


def test_the_extras_that_it_installs_are_declared():
    project = tomllib.loads((README.parent / "pyproject.toml").read_text(encoding="utf-8"))
    named = {e for group in re.findall(r"'\.\[(.*?)\]'", TEXT) for e in group.split(",")}
    assert named
    assert named <= set(project["project"]["optional-dependencies"])


@pytest.mark.parametrize("example", blocks("python"))
def test_python_examples_run(example, capsys):
    exec(compile(example, str(README), "exec"), {})  # noqa: S102 (our own file)
    assert "2TM+1Li" in capsys.readouterr().out


def commands():
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    found = [re.search(r"llo-dft (.*)", line) for line in lines]
    return [shlex.split(match[1], comments=True) for match in found if match]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_commands_and_their_options_exist(words):
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        assert words[0] in command.commands
        command = command.commands[words.pop(0)]
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= options


def test_every_picture_is_there():
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", TEXT):
        assert (README.parent / picture).is_file()
