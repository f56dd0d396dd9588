"""Fixtures that several folders of tests share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Worker processes get this path from here, and import the fake engine by it.
sys.path.insert(0, str(Path(__file__).parent / "helpers"))

from studies import tiny_recipe

from llo_dft.study.plan import make_plan

if TYPE_CHECKING:
    from llo_dft.documents.plan import StudyPlan


@pytest.fixture(scope="session")
def plan() -> StudyPlan:
    """The plan of the tiny study: three hosts with two vacancies each."""
    return make_plan(tiny_recipe(), Path())
