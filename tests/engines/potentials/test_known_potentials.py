from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from llo_dft.engines.base import EngineError
from llo_dft.engines.potentials import known_potentials
from llo_dft.engines.potentials.known_potentials import (
    OTHER_MODULES,
    POTENTIALS,
    known_potential,
    package_version,
    require_package,
)


def test_labels_that_hold_a_correction_already_refuse_it() -> None:
    chgnet = known_potential("chgnet").oxygen
    assert set(chgnet.refused) == {"wang2006", "mp2020"}
    # the Materials Project's uncorrected O2, half of it
    assert chgnet.label_energy_ev_per_atom == pytest.approx(-9.896 / 2)
    sevenn = known_potential("sevenn").oxygen
    assert set(sevenn.refused) == {"potential"}
    assert sevenn.label_energy_ev_per_atom is None


@pytest.mark.parametrize("name", OTHER_MODULES)
def test_of_one_that_was_never_run_here_nothing_is_claimed(name: str) -> None:
    found = known_potential(name)
    assert not found.supported
    assert not found.moments
    assert found.functional == "not recorded"
    assert set(found.oxygen.refused) == {"wang2006", "mp2020", "potential"}


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("sevenn", "pip install 'llo-dft[sevenn]'"),
        ("MACE-MP-0", "pip install the package that provides the module mace"),
    ],
)
def test_a_missing_package_is_named_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, name: str, command: str
) -> None:
    monkeypatch.setattr(known_potentials, "find_spec", lambda _: None)
    with pytest.raises(EngineError) as refused:
        require_package(known_potential(name))
    assert str(refused.value).endswith(f"which is not installed; install it with: {command}")
    monkeypatch.setattr(known_potentials, "find_spec", lambda _: SimpleNamespace())
    require_package(known_potential(name))


@pytest.mark.parametrize("name", POTENTIALS)
def test_the_version_is_that_of_the_distribution(name: str) -> None:
    if find_spec(POTENTIALS[name].package) is None:
        pytest.skip(f"needs {name}")
    assert package_version(POTENTIALS[name]) == version(POTENTIALS[name].package)
