"""Fixtures that several folders of tests share."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

# Worker processes get this path from here, and import the fake engine by it.
sys.path.insert(0, str(Path(__file__).parent / "helpers"))

# Threads of PyTorch that wait for one another on a busy machine take ten times as long as one.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from cheap_parts import CoarseFigure, WorkerHere
from slurm import LocalSlurm, missing_programs
from studies import coated_recipe, tiny_recipe

from llo_dft.report.figures import figure_parts
from llo_dft.study.planning.make_plan import make_plan

# A study that was run to its end, for tests of several folders.
pytest_plugins = ["study_fixtures", "llo_dft.testing.pytest_plugin", "pytester"]

# An example takes as long as the machine's other work lets it: time is no property of the code.
# The same examples at every run, so that a change fails by what it changed and not by a draw.
settings.register_profile(
    "quick",
    deadline=None,
    max_examples=30,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("ci", settings.get_profile("quick"), max_examples=300)
settings.register_profile("search", settings.get_profile("ci"), derandomize=False)
settings.load_profile("quick")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llo_dft.documents.plan import StudyPlan


@pytest.fixture(scope="session")
def plan() -> StudyPlan:
    """The plan of the tiny study: three hosts with two vacancies each."""
    return make_plan(tiny_recipe(), Path())


@pytest.fixture(scope="session")
def coated_plan() -> StudyPlan:
    """The plan of the coated study: two terminations, of each two registries and gaps."""
    return make_plan(coated_recipe(), Path())


@pytest.fixture(scope="session", autouse=True)
def cheap_parts(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave out what most tests of the default run wait for but are not about.

    Studies run in this process, since a worker of their own takes seconds to import what it runs
    (``tests/runner`` and runs through the command line have real ones); figures are drawn coarsely
    and without laying out their parts (``tests/report/figures`` has whole ones). The long tests
    compare folders with those of programs of their own, so they have the real parts.
    """
    if "not (slow" not in request.config.option.markexpr:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        module = sys.modules["llo_dft.runner.run_flow"]
        patch.setattr(module, "WorkerProcess", lambda _environment: WorkerHere())
        patch.setattr(figure_parts, "Figure", CoarseFigure)
        yield


@pytest.fixture(scope="session")
def slurm() -> Iterator[LocalSlurm]:
    """A real Slurm on loopback, for tests marked ``slurm``; all of it ends with the session."""
    missing = missing_programs()
    if missing:
        reason = f"needs Slurm ({', '.join(missing)} not installed); .ci/install-slurm installs it"
        if os.environ.get("LLO_DFT_REQUIRE_SLURM") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with LocalSlurm() as running:
        yield running
