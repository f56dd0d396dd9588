import pytest

from llo_dft.engines.base import EngineError
from llo_dft.engines.potentials.presets import FORCE_FIELD_PROTOCOLS, relaxation_protocol


def test_protocols_get_stricter():
    fast, balanced, stringent = (
        FORCE_FIELD_PROTOCOLS[n] for n in ("fast", "balanced", "stringent")
    )
    assert fast.force_tolerance > balanced.force_tolerance > stringent.force_tolerance
    assert fast.max_steps < balanced.max_steps < stringent.max_steps


def test_overrides_replace_only_what_they_name():
    changed = relaxation_protocol("balanced", {"force_tolerance": 0.2})
    default = relaxation_protocol("balanced", {})
    assert changed.force_tolerance == 0.2
    assert changed.max_steps == default.max_steps
    assert changed.optimizer == default.optimizer


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"fmax": 0.1}, "unknown key 'fmax' .* expected cell_force_tolerance, force_tol"),
        ({"force_tolerance": "small"}, "force_tolerance = 'small'; expected something like 0.05"),
        ({"force_tolerance": -0.1}, "force_tolerance = -0.1; expected"),
        ({"force_tolerance": True}, "force_tolerance = True; expected"),
        ({"force_tolerance": float("inf")}, "force_tolerance = inf; expected"),
        ({"force_tolerance": float("nan")}, "force_tolerance = nan; expected"),
        ({"max_steps": 10.5}, "max_steps = 10.5; expected something like 500"),
        ({"optimizer": 3}, "optimizer = 3; expected something like 'BFGSLineSearch'"),
        ({"optimizer": "Newton"}, "optimizer = 'Newton'; expected one of .*BFGS"),
        ({"description": "mine"}, "unknown key 'description'"),
    ],
)
def test_wrong_overrides_are_refused(overrides, message):
    with pytest.raises(EngineError, match=message):
        relaxation_protocol("balanced", overrides)


def test_unknown_protocol_names_those_that_are_there():
    with pytest.raises(EngineError, match="'quick' is unknown; expected fast, balanced, stringent"):
        relaxation_protocol("quick", {})
