"""Runs of the stand-in that several files of tests look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from vasp_inputs import RELAX, STATIC, lithium, oxide, oxygen, write_inputs

from llo_dft.testing.standin import install

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.testing.standin import StandIn


@pytest.fixture(scope="session")
def vasp(tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    """A stand-in without faults."""
    return install(tmp_path_factory.mktemp("vasp"))


@pytest.fixture(scope="session")
def relaxed(vasp: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A relaxation of Li2MnO3 with its cell, PBE+U."""
    folder = tmp_path_factory.mktemp("relaxed")
    write_inputs(folder, oxide(), RELAX | {"ISIF": 3}, hubbard=True)
    vasp.run(folder)
    return folder


@pytest.fixture(scope="session")
def static(vasp: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One point of Li2MnO3 with every file there is."""
    folder = tmp_path_factory.mktemp("static")
    settings = {"LVHAR": True, "LAECHG": True, "NEDOS": 1001, "LVACPOTAV": True, "ICORELEVEL": 1}
    write_inputs(folder, oxide(), STATIC | settings, hubbard=True, kpoints=(3, 2, 1))
    vasp.run(folder)
    return folder


@pytest.fixture(scope="session")
def molecule(vasp: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A relaxation of the O2 triplet."""
    folder = tmp_path_factory.mktemp("molecule")
    write_inputs(folder, oxygen(), RELAX | {"NUPDOWN": 2}, kpoints=(1, 1, 1))
    vasp.run(folder)
    return folder


@pytest.fixture(scope="session")
def metal(vasp: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A relaxation of Li metal with its cell."""
    folder = tmp_path_factory.mktemp("metal")
    settings = {"ISIF": 3, "ISMEAR": 1, "SIGMA": 0.1, "NUPDOWN": -1, "LCHARG": True}
    write_inputs(folder, lithium(), RELAX | settings, kpoints=(7, 7, 7))
    vasp.run(folder)
    return folder
