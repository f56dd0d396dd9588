"""Check an installation: packages, engines, memory and the package's own files."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

from llo_dft import __version__
from llo_dft.documents.document import Finding
from llo_dft.engines.registry import ENGINES, engine_class
from llo_dft.resources import ResourceFolder, resource_path
from llo_dft.study.machine import available_memory, default_workers

_PACKAGES = ("pymatgen", "ase", "atomate2", "jobflow", "custodian", "numpy", "spglib")
_DATA: tuple[tuple[ResourceFolder, str], ...] = (
    ("structures", "Li2MnO3.cif"),
    ("workflows", "quickstart.toml"),
)


def examine() -> list[Finding]:
    """Check everything a study needs; "optional" marks what only some studies need."""
    return [
        Finding("llo_dft", "ok", f"{__version__} on Python {platform.python_version()}"),
        *(_package(name) for name in _PACKAGES),
        *_engines(),
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
    findings = [one for name in ENGINES for one in engine_class(name).installed(name)]
    if all(finding.state != "ok" for finding in findings if finding.what.startswith("engine ")):
        findings.append(
            Finding(
                "engines",
                "missing",
                "none is installed",
                "the embedded one: pip install 'llo-dft[chgnet]'",
            )
        )
    return findings


def _data(folder: ResourceFolder, name: str) -> Finding:
    try:
        return Finding(f"{folder}/{name}", "ok", str(resource_path(folder, name)))
    except FileNotFoundError as error:
        return Finding(f"{folder}/{name}", "missing", str(error), "install llo-dft again")
