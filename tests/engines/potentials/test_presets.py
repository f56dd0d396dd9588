import pytest

from llo_dft.engines.base import EngineError
from llo_dft.engines.named_settings import with_overrides
from llo_dft.engines.potentials.presets import FORCE_FIELD_PROTOCOLS


def test_protocols_get_stricter():
    fast, balanced, stringent = (
        FORCE_FIELD_PROTOCOLS[n] for n in ("fast", "balanced", "stringent")
    )
    assert fast.force_tolerance > balanced.force_tolerance > stringent.force_tolerance
    assert fast.max_steps < balanced.max_steps < stringent.max_steps


def test_the_cell_is_relaxed_further_than_the_atoms_of_the_slabs_that_are_cut_from_it():
    for protocol in FORCE_FIELD_PROTOCOLS.values():
        assert protocol.cell_force_tolerance < protocol.force_tolerance


@pytest.mark.parametrize("optimizer", ["Newton", 3])
def test_an_unknown_optimizer_is_refused(optimizer):
    with pytest.raises(EngineError, match=f"optimizer = {optimizer!r}; expected 'springs'"):
        with_overrides(FORCE_FIELD_PROTOCOLS, "fast", {"optimizer": optimizer})
