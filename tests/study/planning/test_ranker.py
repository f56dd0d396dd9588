from __future__ import annotations

from typing import Any

import pytest
from studies import tiny_recipe

from llo_dft.engines.base import EngineError, Program
from llo_dft.engines.potentials.forcefield import ForceFieldEngine
from llo_dft.errors import InputError
from llo_dft.study.planning.ranker import potential_of, ranker_of
from llo_dft.testing.fake_engine import FakeEngine


class Started(FakeEngine):
    program = Program("dft", "DFT_COMMAND")


def asked(**delithiation: Any) -> Any:
    return tiny_recipe(delithiation={"candidates": 20} | delithiation)


def test_an_engine_that_starts_no_program_ranks_itself() -> None:
    engine = FakeEngine()
    assert ranker_of(asked(), engine) is engine
    assert ranker_of(asked(ranker="chgnet"), engine) is engine  # the recipe's own


@pytest.mark.parametrize("one", [{"ranker": "ewald"}, {"candidates": 1}])
def test_ewald_energies_need_no_engine(one: dict[str, Any]) -> None:
    assert ranker_of(asked(**one), FakeEngine()) is None


def test_for_a_program_the_embedded_potential_ranks() -> None:
    ranker = ranker_of(asked(), Started())
    assert isinstance(ranker, ForceFieldEngine)
    assert ranker.name == "chgnet"
    assert ranker.maker("ranking").kind == "ranking"


def test_what_is_not_installed_or_starts_a_program_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(InputError, match=r"delithiation.ranker = 'vasp': it would start VASP for"):
        ranker_of(asked(ranker="vasp"), FakeEngine())
    with pytest.raises(InputError, match=r"delithiation.ranker = 'nonsense', which ranks.*ewald"):
        ranker_of(asked(ranker="nonsense"), FakeEngine())

    def missing(*_: Any) -> None:
        raise EngineError("chgnet is not installed")

    monkeypatch.setattr(ForceFieldEngine, "check", missing)
    with pytest.raises(InputError, match=r"'chgnet', which ranks orderings of Li: chgnet is not"):
        ranker_of(asked(), Started())


def test_the_potential_of_a_budget_is_the_one_that_relaxes_first() -> None:
    choice = tiny_recipe(engine={"budget": 5, "pre_relax": {"name": "chgnet"}}).engine
    assert potential_of(choice).name == "chgnet"
    assert potential_of(tiny_recipe().engine) is None
    program = tiny_recipe(engine={"budget": 5, "pre_relax": {"name": "gpaw"}}).engine
    with pytest.raises(EngineError, match=r"pre_relax\.name = 'gpaw' starts a program; expected a"):
        potential_of(program)
