from __future__ import annotations

from importlib.metadata import metadata, version
from importlib.util import find_spec
from types import SimpleNamespace
from typing import TYPE_CHECKING, get_args

import pytest

from llo_dft.engines.base import EngineError
from llo_dft.engines.potentials import known_potentials
from llo_dft.engines.potentials.known_potentials import (
    OTHER_MODULES,
    POTENTIALS,
    Potential,
    known_potential,
    package_version,
    require_package,
    weights_sha256,
)
from llo_dft.engines.registry import engine_from
from llo_dft.recipe import EngineChoice
from llo_dft.resources import load_structure
from llo_dft.typing import OxygenScheme

if TYPE_CHECKING:
    from pathlib import Path


EMBEDDED = [one for models in POTENTIALS.values() for one in models]


def test_labels_that_hold_a_correction_already_refuse_it() -> None:
    chgnet = known_potential("chgnet", "0.3.0").oxygen
    assert set(chgnet.refused) == {"wang2006", "mp2020"}
    # the Materials Project's uncorrected O2, half of it
    assert chgnet.label_energy_ev_per_atom == pytest.approx(-9.896 / 2)
    sevenn = known_potential("sevenn", "7net-0").oxygen
    assert set(sevenn.refused) == {"potential"}
    assert sevenn.label_energy_ev_per_atom is None


@pytest.mark.parametrize("potential", EMBEDDED, ids=lambda one: one.model)
def test_with_r2scan_labels_the_potentials_own_o2_is_the_only_one(potential: Potential) -> None:
    refused = potential.oxygen.refused
    if potential.functional == "r2SCAN":
        assert set(refused) == set(get_args(OxygenScheme)) - {"none"}
        assert all('use "none"' in reason for reason in refused.values())
    else:
        assert "none" not in refused


@pytest.mark.parametrize("engine", POTENTIALS)
def test_without_a_model_an_engine_gets_its_first_which_needs_no_scheme(engine: str) -> None:
    first = known_potential(engine)
    assert first == POTENTIALS[engine][0]
    assert first.functional == "r2SCAN"


def test_a_model_that_an_engine_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(EngineError, match=r"no model of sevenn; expected '7net-mf-0-r2scan', "):
        known_potential("sevenn", "r2scan")
    with pytest.raises(EngineError, match='no model of MACE-MP-0; expected "atomate2\'s default"'):
        known_potential("MACE-MP-0", "medium")


def test_what_the_default_is_known_to_miss_is_in_its_engine() -> None:
    (bias,) = engine_from(EngineChoice(name="chgnet")).known_bias
    assert bias.quantity == "LiMn2O4, O vacancy"
    assert "ACS Omega" in bias.source
    # PBE+U with its own O2 and with O2 corrected by 0.68 eV (Wang 2006) enclose r2SCAN
    assert bias.published_ev < bias.engine_ev < bias.published_ev + 0.68


@pytest.mark.parametrize("potential", EMBEDDED, ids=lambda one: one.model)
def test_licence_and_citation_are_those_of_the_installed_package(potential: Potential) -> None:
    assert potential.citation
    if find_spec(potential.package) is None:
        pytest.skip(f"needs {potential.package}")
    found = metadata(potential.package)
    assert potential.licence.casefold() in found["License"].casefold()


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
    if find_spec(name) is None:
        pytest.skip(f"needs {name}")
    assert package_version(known_potential(name).package) == version(name)


@pytest.mark.parametrize("potential", EMBEDDED, ids=lambda one: one.model)
def test_weights_are_told_apart_under_one_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, potential: Potential
) -> None:
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
    assert found.settings == {"weights_sha256": weights_sha256(known_potential("chgnet"))}
