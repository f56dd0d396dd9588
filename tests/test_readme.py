"""The README's examples run, and CI finds its commands (more in docs/test_pages.py)."""

import re
import tomllib
from pathlib import Path

import pytest

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


def test_the_extras_that_pages_install_are_declared():
    project = tomllib.loads((README.parent / "pyproject.toml").read_text(encoding="utf-8"))
    pages = [README, *(README.parent / "docs").rglob("*.md")]
    texts = " ".join(page.read_text(encoding="utf-8") for page in pages)
    named = {e for group in re.findall(r"'\.\[(.*?)\]'", texts) for e in group.split(",")}
    assert named
    assert named <= set(project["project"]["optional-dependencies"])


@pytest.mark.parametrize("example", blocks("python"))
def test_python_examples_run(example, capsys):
    exec(compile(example, str(README), "exec"), {})  # noqa: S102 (our own file)
    assert capsys.readouterr().out == "Li7Mn3CoNiO12 44 vacancies\n"  # of the recipe quickstart


def test_the_package_index_finds_the_pictures():
    project = tomllib.loads((README.parent / "pyproject.toml").read_text(encoding="utf-8"))
    hook = project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    (change,) = hook["substitutions"]
    repository = project["project"]["urls"]["Repository"].removeprefix("https://github.com/")
    shown = re.sub(change["pattern"], change["replacement"], TEXT)
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", shown)
    start = f"https://raw.githubusercontent.com/{repository}/main/docs/"
    assert pictures
    assert all(picture.startswith(start) for picture in pictures)
