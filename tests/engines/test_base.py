from dataclasses import fields

import pytest
from engines_by_name import engine_of

from llo_dft.engines.base import CalculationMaker, Engine, ReadBack
from llo_dft.jobs.orderings import RankingMaker
from llo_dft.testing.fake_engine import FakeCalculation, FakeEngine


class Smallest(Engine):
    """No more than an engine has to have."""

    name = "smallest"
    protocol = "fast"
    capabilities = frozenset({"energy"})

    def __init__(self, settings):
        del settings

    def maker(self, kind):
        return FakeCalculation(kind)


def test_the_smallest_engine_checks_nothing_and_starts_no_program(plan):
    engine = Smallest(None)
    engine.check([plan.slab])
    engine.check_machine([plan.slab])
    assert engine.seconds_per_atom(plan.bulk) is None
    assert engine.program is None
    (finding,) = engine.installed("smallest")
    assert (finding.what, finding.state) == ("engine smallest", "ok")


def test_what_it_does_not_claim_to_give_is_an_error_of_who_asks(plan, tmp_path):
    engine = Smallest(None)
    with pytest.raises(NotImplementedError, match="smallest writes no inputs: slab_relax"):
        engine.write_inputs(plan.slab, "slab_relax", tmp_path)
    with pytest.raises(NotImplementedError, match="smallest gives no electronic structure"):
        engine.electrons(tmp_path)


def test_an_engine_without_a_maker_can_not_be_made():
    class Without(Engine):
        def __init__(self, settings):
            del settings

    with pytest.raises(TypeError, match=r"abstract method '?maker"):
        Without(None)


@pytest.mark.parametrize("name", ["chgnet", "vasp"])
def test_makers_of_all_engines_are_makers_as_the_fake_one_is(name):
    for maker in (engine_of(name).maker("slab_relax"), FakeEngine().maker("slab_relax")):
        assert isinstance(maker, CalculationMaker)
        assert {"kind", "protocol"} <= {one.name for one in fields(maker)}


def test_the_fake_engine_has_nothing_beside_the_protocol_but_its_faults():
    own = {name for name in vars(FakeEngine) if not name.startswith("_")}
    assert own <= {*dir(Engine), *Engine.__annotations__}
    public = {name for name in dir(FakeCalculation) if not name.startswith("_")}
    json = {"as_dict", "from_dict", "to_json", "validate_monty_v1", "validate_monty_v2"}
    both = (CalculationMaker, RankingMaker)
    protocol = {name for one in both for name in dir(one) if not name.startswith("_")}
    allowed = protocol | {"kind", "protocol"} | {"counter", "faults", "version", "mock"}
    assert (
        public - allowed - json - {"unsafe_hash", "save", "load", "get_partial_json", "REDIRECT"}
        == set()
    )


def test_what_files_say_is_compared_in_full_unless_they_say_otherwise(plan):
    found = ReadBack(None, -1.0, plan.bulk)
    assert (found.of_the_run, found.problems, found.mock) == ((), (), False)
