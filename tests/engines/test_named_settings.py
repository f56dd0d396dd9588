import re

import pytest
from engines_by_name import engine_of
from pydantic import PositiveFloat, PositiveInt

from llo_dft.engines.base import EngineError
from llo_dft.engines.named_settings import NamedSettings, why_no_crossings, with_overrides


class Descent(NamedSettings):
    force_tolerance: PositiveFloat
    max_steps: PositiveInt = 500
    uses_cell: bool = False


PRESETS = {"fast": Descent(force_tolerance=0.1), "balanced": Descent(force_tolerance=0.05)}


def test_overrides_replace_only_what_they_name():
    changed = with_overrides(PRESETS, "balanced", {"force_tolerance": 0.2})
    assert changed == Descent(force_tolerance=0.2, max_steps=500)
    assert with_overrides(PRESETS, "balanced", {}) == PRESETS["balanced"]


def test_a_whole_number_of_ev_is_the_same_setting_as_its_float():
    # a key of the cache is a hash of the JSON, in which 1 and 1.0 differ
    found = with_overrides(PRESETS, "fast", {"force_tolerance": 1}).force_tolerance
    assert (found, type(found)) == (1.0, float)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"fmax": 0.1}, r"unknown key 'fmax' in \[engine.overrides\]; expected force_tolerance, m"),
        ({"force_tolerance": "small"}, r"engine\.overrides\.force_tolerance = 'small'; expected a"),
        ({"force_tolerance": -0.1}, r"force_tolerance = -0\.1; expected greater than 0"),
        ({"force_tolerance": True}, "force_tolerance = True; expected a valid number"),
        ({"force_tolerance": float("inf")}, "force_tolerance = inf; expected a finite number"),
        ({"force_tolerance": float("nan")}, "force_tolerance = nan; expected"),
        ({"max_steps": 10.5}, r"max_steps = 10\.5; expected a valid integer"),
        ({"max_steps": 0}, "max_steps = 0; expected greater than 0"),
        ({"uses_cell": 1}, "uses_cell = 1; expected a valid boolean"),
    ],
)
def test_wrong_overrides_are_refused_with_what_came_and_what_is_expected(overrides, message):
    with pytest.raises(EngineError, match=message):
        with_overrides(PRESETS, "balanced", overrides)


def test_several_faults_are_one_line():
    with pytest.raises(EngineError, match=r"max_steps = 0; .*; unknown key 'fmax'") as caught:
        with_overrides(PRESETS, "fast", {"fmax": 1, "max_steps": 0})
    assert "\n" not in str(caught.value)


def test_an_unknown_protocol_names_those_that_are_there():
    with pytest.raises(EngineError, match="'quick' is unknown; expected fast, balanced"):
        with_overrides(PRESETS, "quick", {})


@pytest.mark.parametrize(
    ("force", "rattle", "lacks"),
    [
        (0.02, 0.1, None),
        (0.01, None, None),
        (
            0.05,
            None,
            r"^not stated by .*: forces reach 0\.05 eV/angstrom \(at most 0\.02\);",
        ),
        (
            0.02,
            0.0,
            r"displaced by 0 angstrom \(at least 0\.1\); take protocol balanced$",
        ),
        (0.1, 0.05, r"forces reach 0\.1 .* and slabs are displaced by 0\.05 angstrom"),
    ],
)
def test_a_crossing_needs_converged_forces_and_a_rattle(force, rattle, lacks):
    reason = why_no_crossings(force, rattle)
    assert reason is None if lacks is None else re.search(lacks, reason)


@pytest.mark.parametrize("engine", ["chgnet", "sevenn", "vasp", "gpaw"])
def test_the_quick_protocol_of_every_engine_states_no_crossing_and_the_others_do(engine):
    def reason(protocol, **overrides):
        return engine_of(engine, protocol, **overrides).no_crossings

    assert "forces reach" in reason("fast")
    assert reason("balanced") is None
    assert reason("stringent") is None
    # what counts is what is computed, not the protocol's name
    assert "forces reach 0.03" in reason("balanced", force_tolerance=0.03)
