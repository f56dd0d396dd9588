"""A study on VASP that begins where one of a potential ended, by the stand-in with its energies."""

import pytest
from direct_engines import PairEngine
from studies import tiny_recipe
from vasp_studies import prepared_study, run_here, vasp_table

from llo_dft.study.result import stored_calculations

#: Of protocol fast.
RELAXATION = {"force_tolerance": 0.05, "cell_force_tolerance": 0.02}


def steps(prepared):
    """Ionic steps of VASP in all relaxations, and those that the potential had made."""
    found = stored_calculations(prepared.folder).documents.values()
    assert all(one.status == "completed" for one in found), [one.reason for one in found]
    return sum(one.n_steps for one in found), sum(one.n_pre_steps for one in found)


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.usefixtures("standin_vasp")
def test_ionic_steps_with_and_without(tmp_path):
    recipe = tiny_recipe(
        cathode={"composition": "Li2MnO3"},
        delithiation={"fractions": [1.0, 0.5], "candidates": 1},
        vacancies={"environments": ["2TM+1Li"]},
        oxygen={"scheme": "wang2006"},
        engine=vasp_table(),
    )
    first = prepared_study(recipe, tmp_path / "potential", PairEngine(RELAXATION))
    run_here(first)
    without = prepared_study(recipe, tmp_path / "without")
    run_here(without)
    engine = recipe.engine.model_copy(update={"start_from": str(tmp_path / "potential")})
    started = prepared_study(recipe.model_copy(update={"engine": engine}), tmp_path / "with")
    result = run_here(started)
    alone, _ = steps(without)
    after, before = steps(started)
    print(f"ionic steps without {alone}, with {after}, before {before}")  # noqa: T201 (with -s)
    assert before > 0
    assert after < 0.6 * alone
    assert f"{before} ionic steps were saved" in " ".join(result.notes)
