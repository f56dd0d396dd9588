"""CONTRIBUTING.md, the workflow and the hooks name what is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "path",
    sorted(
        found
        for found in re.findall(r"`((?:llo_dft|tests|structures|\.ci|\.github)/[\w./-]*)`", TEXT)
        if not re.search(r"NAME|/a/b/", found)
    ),
)
def test_every_place_that_it_names_is_there(path):
    assert (ROOT / path).exists()


def test_it_names_every_marker():
    markers = {
        line.partition(":")[0] for line in PYPROJECT["tool"]["pytest"]["ini_options"]["markers"]
    }
    assert set(re.findall(r"^\| `(\w+)` \|", TEXT, flags=re.MULTILINE)) == markers


def test_ci_leaves_out_the_nightly_tests_only():
    chosen = re.search(r'-m "\((.*)\) and not nightly"', (ROOT / ".ci/run").read_text("utf-8"))
    left_out = re.search(
        r"-m 'not \((.*)\)'", PYPROJECT["tool"]["pytest"]["ini_options"]["addopts"]
    )
    assert set(chosen[1].split(" or ")) - {"hypothesis"} == set(left_out[1].split(" or ")) - {
        "nightly"
    }


def test_the_workflow_calls_what_a_developer_calls():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    assert job["steps"][-1] == {"run": ".ci/run"}


def test_hooks_are_the_checks_of_ci():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    commands = [hook["entry"].split()[:2] for hook in hooks["repos"][0]["hooks"]]
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    for command in commands:
        assert ".venv/bin/" + " ".join(word for word in command if word[0] != "-") in script
