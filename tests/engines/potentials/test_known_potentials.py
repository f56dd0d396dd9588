from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from llo_dft.engines.base import EngineError
from llo_dft.engines.potentials import known_potentials
from llo_dft.engines.potentials.known_potentials import (
    OTHER_MODULES,
    POTENTIALS,
    known_potential,
    package_version,
    require_package,
    weights_sha256,
)
from llo_dft.engines.registry import engine_from
from llo_dft.recipe import EngineChoice
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from pathlib import Path


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
    with pytest.raises(EngineError, match="which is not installed") as refused:
        require_package(known_potential(name))
    assert str(refused.value).endswith(f"which is not installed; install it with: {command}")
    monkeypatch.setattr(known_potentials, "find_spec", lambda _: SimpleNamespace())
    require_package(known_potential(name))


@pytest.mark.parametrize("name", POTENTIALS)
def test_the_version_is_that_of_the_distribution(name: str) -> None:
    if find_spec(POTENTIALS[name].package) is None:
        pytest.skip(f"needs {name}")
    assert package_version(POTENTIALS[name]) == version(POTENTIALS[name].package)


@pytest.mark.parametrize("name", POTENTIALS)
def test_weights_are_told_apart_under_one_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    potential = POTENTIALS[name]
    path = tmp_path / potential.weights
    path.parent.mkdir(parents=True)
    found = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(known_potentials, "find_spec", lambda _: found)
    hashes = []
    for weights in (b"trained", b"trained again"):
        path.write_bytes(weights)
        known_potentials._file_sha256.cache_clear()
        hashes.append(weights_sha256(potential))
    path.unlink()
    known_potentials._file_sha256.cache_clear()
    assert len(set(hashes)) == 2
    with pytest.raises(EngineError, match=rf"the installed {potential.package} has no pretrained"):
        weights_sha256(potential)


def test_the_weights_are_part_of_the_fingerprint() -> None:
    if find_spec("chgnet") is None:
        pytest.skip("needs chgnet")
    engine = engine_from(EngineChoice(name="chgnet"))
    found = engine.maker("slab_relax").fingerprint(load_structure("LiCoO2"))
    assert found.settings == {"weights_sha256": weights_sha256(POTENTIALS["chgnet"])}
