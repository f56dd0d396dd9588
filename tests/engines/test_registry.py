import importlib.util

import pytest

from llo_dft.engines.base import Engine, EngineError
from llo_dft.engines.potentials import known_potentials
from llo_dft.engines.registry import (
    ENGINES,
    UNSUPPORTED,
    engine_class,
    engine_from,
    programs,
)
from llo_dft.recipe import EngineChoice


@pytest.mark.parametrize("name", [*ENGINES, *UNSUPPORTED])
def test_every_entry_is_an_engine_of_that_name_that_need_not_be_installed(name, monkeypatch):
    monkeypatch.setattr(known_potentials, "find_spec", lambda _: None)
    calculator = "a_module:function" if name == "ase" else None
    engine = engine_from(EngineChoice(name=name, calculator=calculator, protocol="fast"))
    assert isinstance(engine, Engine)
    assert (engine.name, engine.protocol) == (name, "fast")
    assert "energy" in engine.capabilities
    assert engine.oxygen.source
    for kind in ("bulk_relax", "slab_relax", "molecule_relax"):
        maker = engine.maker(kind)
        assert (maker.kind, maker.protocol) == (kind, "fast")


def test_an_unknown_name_is_refused_with_those_that_are_known():
    with pytest.raises(
        EngineError, match=r"'chgnett' is unknown; expected vasp, gpaw, chgnet, sevenn, ase \("
    ):
        engine_class("chgnett")


def test_programs_are_those_that_a_queue_starts():
    assert [program.name for program in programs()] == ["VASP", "GPAW"]


def test_what_is_installed_is_said_of_every_entry():
    for name in ENGINES:
        for finding in engine_class(name).installed(name):
            assert finding.state in {"ok", "optional"}
            assert finding.remedy or finding.state == "ok"


def test_the_modules_of_the_table_are_there():
    for where in ENGINES.values():
        assert importlib.util.find_spec(where.partition(":")[0]) is not None
