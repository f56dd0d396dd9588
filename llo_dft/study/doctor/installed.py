"""Examine an installation: packages, engines, memory and the files that come along."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from llo_dft import __version__
from llo_dft.engines.base import EngineError
from llo_dft.engines.potentials.forcefield import resolve_device
from llo_dft.engines.potentials.known_potentials import POTENTIALS, package_version, require_package
from llo_dft.engines.vasp.installation import VaspMachine, check_potcars, pseudopotential_folder
from llo_dft.engines.vasp.potcars import POTCAR_SET
from llo_dft.resources import ResourceFolder, resource_path
from llo_dft.study.machine import available_memory, default_workers

_PACKAGES = ("pymatgen", "ase", "atomate2", "jobflow", "custodian", "numpy", "spglib")
_DATA: tuple[tuple[ResourceFolder, str], ...] = (
    ("structures", "Li2MnO3.cif"),
    ("workflows", "quickstart.toml"),
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: Literal["ok", "missing", "optional"]
    found: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Look at everything a study needs; "optional" is what only some studies need."""
    return [
        Finding("llo_dft", "ok", f"{__version__} on Python {platform.python_version()}"),
        *(_package(name) for name in _PACKAGES),
        *_engines(),
        *_vasp(),
        *(_data(folder, name) for folder, name in _DATA),
        Finding(
            "machine",
            "ok",
            f"{os.cpu_count()} processors, {available_memory() / 1024**3:.1f} GiB of memory free: "
            f"{default_workers()} calculations at a time",
        ),
    ]


def _package(name: str) -> Finding:
    try:
        return Finding(name, "ok", version(name))
    except PackageNotFoundError:
        return Finding(name, "missing", "not installed", "pip install --force-reinstall llo-dft")


def _engines() -> list[Finding]:
    findings: list[Finding] = []
    for name, potential in sorted(POTENTIALS.items()):
        try:
            require_package(potential)
        except EngineError as error:
            findings.append(Finding(f"engine {name}", "optional", "not installed", str(error)))
        else:
            found = f"{package_version(potential)}, model {potential.model}"
            findings.append(
                Finding(f"engine {name}", "ok", f"{found}, on {resolve_device('auto')}")
            )
    if all(finding.state != "ok" for finding in findings):
        findings.append(
            Finding(
                "engines",
                "missing",
                "none is installed",
                "the embedded one: pip install 'llo-dft[chgnet]'",
            )
        )
    return findings


def _vasp() -> list[Finding]:
    """Look at VASP's command and pseudopotentials; they are licensed, and need not be here."""
    machine = VaspMachine.here()
    found = machine.program
    command = (
        Finding(
            "VASP's command",
            "optional",
            f"{machine.command!r} is not found",
            'set ATOMATE2_VASP_CMD, for example to "srun vasp_std"; only VASP studies need it',
        )
        if found is None
        else Finding("VASP's command", "ok", f"{machine.command!r}: {found}")
    )
    folder = pseudopotential_folder()
    try:
        check_potcars(("Li", "O", "P", "Mn", "Ni", "Co"))
    except EngineError as error:
        where = "PMG_VASP_PSP_DIR is not set" if folder is None else str(folder)
        potcars = Finding("VASP's POTCARs", "optional", where, str(error))
    else:
        potcars = Finding("VASP's POTCARs", "ok", f"{POTCAR_SET} in {folder}")
    return [command, potcars]


def _data(folder: ResourceFolder, name: str) -> Finding:
    try:
        return Finding(f"{folder}/{name}", "ok", str(resource_path(folder, name)))
    except FileNotFoundError as error:
        return Finding(f"{folder}/{name}", "missing", str(error), "install llo-dft again")
