"""Where a VASP run keeps its files, and which of them is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from llo_dft.engines.vasp.files.file_errors import VaspFileError

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.engines.vasp.files.finished_run import Vasprun
    from llo_dft.engines.vasp.files.vasprun.densities import ProjectionRequest

#: VASP 6's file of results in HDF5.
HDF5_NAME: Final = "vaspout.h5"

_SUFFIXES: Final = ("", ".gz", ".xz")


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
    found = _in_folder(path, "vasprun.xml")
    if found is None:
        raise VaspFileError(path, "unreadable", "no vasprun.xml (or .gz, .xz) in this folder")
    return found


def find_run(path: Path) -> Path:
    """Return the vasprun.xml of a run folder, or else its vaspout.h5, or the file itself.

    A vasprun.xml that is there is meant, even if it is damaged: what it says of the run is not
    passed over in silence.

    Raises
    ------
    VaspFileError
        If there is nothing of that name, or the folder has neither.
    """
    if not path.is_dir():
        return find_vasprun(path)
    found = _in_folder(path, "vasprun.xml")
    if found is None and (path / HDF5_NAME).is_file():
        found = path / HDF5_NAME
    if found is None:
        what = f"no vasprun.xml (or .gz, .xz) and no {HDF5_NAME} in this folder"
        raise VaspFileError(path, "unreadable", what)
    return found


def read_run(
    path: Path,
    *,
    eigenvalues: bool = False,
    dos: bool = False,
    projection: ProjectionRequest | None = None,
    all_steps: bool = False,
) -> Vasprun:
    """Read a run from its folder, its vasprun.xml or its vaspout.h5.

    Parameters are those of ``read_vasprun``; which of the two a file is, is seen from its
    content.

    Raises
    ------
    VaspFileError
        As of ``find_run`` and the two readers.
    """
    from llo_dft.engines.vasp.files.vaspout.read_vaspout import read_vaspout  # noqa: PLC0415 (each imports what it needs)
    from llo_dft.engines.vasp.files.vaspout.signature import is_hdf5  # noqa: PLC0415
    from llo_dft.engines.vasp.files.vasprun.read_vasprun import read_vasprun  # noqa: PLC0415

    file = find_run(path)
    read = read_vaspout if is_hdf5(file) or file.name == HDF5_NAME else read_vasprun
    return read(file, eigenvalues=eigenvalues, dos=dos, projection=projection, all_steps=all_steps)


def find_beside(file: Path, name: str) -> Path | None:
    """Return the file of that name (or .gz, .xz) in another's folder; None if there is none."""
    return _in_folder(file.parent, name)


def find_outcar(vasprun: Path) -> Path | None:
    """Return the OUTCAR beside a vasprun.xml or vaspout.h5; None if there is none."""
    if not vasprun.name.startswith(("vasprun.xml", HDF5_NAME)):
        return None
    return find_beside(vasprun, "OUTCAR")


def _in_folder(folder: Path, name: str) -> Path | None:
    candidates = (folder / f"{name}{suffix}" for suffix in _SUFFIXES)
    return next((one for one in candidates if one.is_file()), None)
