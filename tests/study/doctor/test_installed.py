from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import pytest

import llo_dft
from llo_dft.documents.document import Finding
from llo_dft.engines.registry import ENGINES
from llo_dft.study.doctor import installed
from llo_dft.study.doctor.installed import examine


def by_name() -> dict[str, Finding]:
    return {finding.what: finding for finding in examine()}


def test_this_installation_is_whole() -> None:
    found = by_name()
    assert found["llo_dft"].found.startswith(f"{llo_dft.__version__} on Python 3.")
    assert found["structures/Li2MnO3.cif"].found.endswith("Li2MnO3.cif")
    assert "calculations at a time" in found["machine"].found
    assert {f"engine {name}" for name in ENGINES if name not in {"vasp", "gpaw", "ase"}} <= set(
        found
    )


def test_a_missing_package_and_a_missing_file_say_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def version(name: str) -> str:
        if name == "spglib":
            raise PackageNotFoundError(name)
        return "1.0"

    def resource_path(folder: str, name: str) -> str:
        raise FileNotFoundError(f"No {name!r} in {folder!r}")

    monkeypatch.setattr(installed, "version", version)
    monkeypatch.setattr(installed, "resource_path", resource_path)
    found = by_name()
    assert found["spglib"] == Finding(
        "spglib", "missing", "not installed", "pip install --force-reinstall llo-dft"
    )
    assert found["numpy"].state == "ok"
    assert found["workflows/quickstart.toml"].state == "missing"
    assert found["workflows/quickstart.toml"].remedy == "install llo-dft again"


@pytest.mark.parametrize(("there", "lacking"), [(True, False), (False, True)])
def test_one_engine_is_enough_and_none_is_a_fault(
    monkeypatch: pytest.MonkeyPatch,
    there: bool,  # noqa: FBT001
    lacking: bool,  # noqa: FBT001
) -> None:
    class Other:
        @staticmethod
        def installed(name: str) -> list[Finding]:
            state = "ok" if there and name == "sevenn" else "optional"
            return [Finding(f"engine {name}", state, "")]

    monkeypatch.setattr(installed, "engine_class", lambda _: Other)
    assert ("engines" in by_name()) == lacking
    if lacking:
        assert "pip install 'llo-dft[chgnet]'" in by_name()["engines"].remedy
