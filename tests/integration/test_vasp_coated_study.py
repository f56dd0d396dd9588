"""The coated study through engine vasp, custodian, atomate2 and the stand-in for VASP.

Its numbers are held against those of the same potential without any of that: of the pair
potential (2 CPU minutes) and of CHGNet (10).
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from direct_engines import DirectEngine, PairEngine
from engines_by_name import engine_of
from studies import coated_recipe
from vasp_studies import (
    drawn,
    formation_energies,
    largest_difference,
    prepared_study,
    run_here,
    vasp_table,
    words,
)

from llo_dft.recipe import load_recipe, parse_recipe
from llo_dft.resources import resource_path
from llo_dft.study.run_study import run_study
from llo_dft.testing import standin, stub_potcars

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.documents.study_result import StudyResult
    from llo_dft.recipe import Recipe

pytestmark = pytest.mark.slow

#: What the numbers of a study are worth at most, eV (other units: as many of theirs).
SAME_EV = 1e-4

RELAXATION = {"force_tolerance": 0.10, "cell_force_tolerance": 0.03}


@pytest.fixture(scope="module")
def potcars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stub_potcars.install(tmp_path_factory.mktemp("potcars"))


def coated_small_with(engine: dict[str, Any]) -> Recipe:
    """The shipped recipe with another engine, and less to compute."""
    fields = load_recipe(resource_path("workflows", "coated_small.toml")).model_dump(
        mode="json", exclude_none=True
    )
    fields["coating"]["keep"] = 1
    # at 0.5 a vacancy rebuilds the slab in a hundred steps, and every digit decides into what
    fields["delithiation"] |= {"fractions": [1.0, 0.75], "candidates": 1}
    return parse_recipe(fields | {"oxygen": {"scheme": "none"}, "engine": engine}, "coated")


def assert_same(result: StudyResult, direct: StudyResult) -> None:
    """Every number, what was rebuilt, which bonds formed, and each point of the figure."""
    assert result.is_complete
    assert direct.is_complete
    where, difference = largest_difference(result, direct)
    print(f"largest difference: {difference:.1e} at {where}")  # noqa: T201 (shown with -s)
    for name, value in formation_energies(result).items():
        print(f"E_f {name}: {value:.6f} and {formation_energies(direct)[name]:.6f} eV")  # noqa: T201
    assert formation_energies(result) == pytest.approx(formation_energies(direct), abs=SAME_EV)
    assert difference < SAME_EV
    assert words(result) == words(direct)
    for ours, theirs in zip(drawn(result), drawn(direct), strict=True):
        assert ours[:2] == theirs[:2]
        assert np.allclose(ours[2], theirs[2], atol=SAME_EV)


def test_the_coated_study_has_the_numbers_of_the_pair_potential(
    potcars: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recipe = coated_recipe(
        coating={"terminations": ["step-Li0-PO3"], "keep": 1, "gaps": [1.6]},
        delithiation={"fractions": [1.0]},
        oxygen={"scheme": "none"},
        engine=vasp_table(max_steps=400, **RELAXATION),
    )
    stub_potcars.use(potcars, monkeypatch)
    standin.install(tmp_path).use(monkeypatch)
    direct = run_here(prepared_study(recipe, tmp_path / "direct", PairEngine(RELAXATION)))
    assert_same(run_here(prepared_study(recipe, tmp_path / "study")), direct)


@pytest.mark.nightly
@pytest.mark.skipif(find_spec("chgnet") is None, reason="needs chgnet")
def test_the_coated_study_has_the_numbers_of_chgnet(
    potcars: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stub_potcars.use(potcars, monkeypatch)
    # EDIFFG is a little looser where the cell moves: there ASE looks at forces times deformation
    looser = RELAXATION | {"cell_force_tolerance": 0.04}
    recipe = coated_small_with(vasp_table(max_steps=300, **looser))
    # by forces alone: a line search looks at energies, which single precision rounds to 3e-5 eV
    forces_alone = {**RELAXATION, "optimizer": "BFGS"}
    engine = DirectEngine(engine_of("chgnet", model="0.3.0", **forces_alone))
    placed = standin.install(tmp_path, engine="chgnet", chgnet=forces_alone)
    placed.use(monkeypatch)
    # in a process with one thread, as the stand-in is: sums in another order are others
    direct = run_study(prepared_study(recipe, tmp_path / "direct", engine), workers=1)
    assert not placed.starts()
    assert_same(run_here(prepared_study(recipe, tmp_path / "study")), direct)
