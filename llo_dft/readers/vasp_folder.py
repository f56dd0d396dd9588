"""Where a VASP run keeps its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.readers.vasprun_errors import VaspFileError

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIXES = ("", ".gz", ".xz")


def find_vasprun(path: Path) -> Path:
    """Return the vasprun.xml of a run folder, or the file itself.

    Raises
    ------
    VaspFileError
        If there is nothing of that name, or the folder has none.
    """
    if not path.is_dir():
        if not path.exists():
            raise VaspFileError(path, "unreadable", "no such file or folder")
        return path
    for suffix in _SUFFIXES:
        candidate = path / f"vasprun.xml{suffix}"
        if candidate.is_file():
            return candidate
    raise VaspFileError(path, "unreadable", "no vasprun.xml (or .gz, .xz) in this folder")


def find_outcar(vasprun: Path) -> Path | None:
    """Return the OUTCAR beside a vasprun.xml; None if there is none."""
    for suffix in _SUFFIXES:
        candidate = vasprun.parent / f"OUTCAR{suffix}"
        if candidate.is_file() and vasprun.name.startswith("vasprun.xml"):
            return candidate
    return None
