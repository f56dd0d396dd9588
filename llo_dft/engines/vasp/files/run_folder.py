"""Where a VASP run keeps its files, and which of them is read."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from llo_dft.engines.vasp.files.byte_stream import Readable, unpacked
from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.finished_run import Vasprun
from llo_dft.engines.vasp.files.outcar import Outcar, read_outcar
from llo_dft.engines.vasp.files.vaspout.h5_file import SIGNATURE
from llo_dft.engines.vasp.files.vasprun.convergence import DOES_NOT_SAY, own_word
from llo_dft.engines.vasp.files.vasprun.densities import ProjectionRequest

#: VASP 6's file of results in HDF5.
HDF5_NAME: Final = "vaspout.h5"

#: What custodian and atomate2 add to a name: the relaxation of a row of them, and the compression.
_ADDED: Final = re.compile(r"(?:\.relax(\d+))?(?:\.(?:gz|bz2|xz|lzma|zst))?")

#: Difference of the energies of one run in two of its files, eV.
_SAME_ENERGY_EV: Final = 1e-4


def find_in_folder(folder: Path, name: str, *, stages: bool = True) -> Path | None:
    """Return the file of that name, or of that name with what custodian adds to it.

    Of ``.relax1``, ``.relax2``, ... the last one counts, and a name without them before any. The
    same file packed and not packed is one file. Without ``stages`` no ``.relax1`` is looked for.

    Raises ``VaspFileError`` if there are two of that name that differ: they are of two runs.
    """
    found: dict[float, list[Path]] = {}
    for file in sorted(folder.glob(f"{name}*")):
        match = _ADDED.fullmatch(file.name.removeprefix(name))
        if match is not None and (stages or not match[1]) and file.is_file():
            found.setdefault(float(match[1] or "inf"), []).append(file)
    if not found:
        return None
    first, *others = found[max(found)]
    for other in others:
        if not _same_content(first, other):
            what = f"{first.name} and {other.name} are from two runs: name the file to read"
            raise VaspFileError(folder, "unreadable", what)
    return first


def _same_content(first: Path, second: Path) -> bool:
    with first.open("rb") as one, second.open("rb") as two:
        sources = unpacked(first, one), unpacked(second, two)
        try:
            while (data := _exactly(sources[0], 1 << 20)) == _exactly(sources[1], 1 << 20):
                if not data:
                    return True
        except (OSError, EOFError):  # a damaged one is not the other's copy
            return False
    return False


def _exactly(source: Readable, n: int) -> bytes:
    data = b""
    while len(data) < n and (more := source.read(n - len(data))):
        data += more
    return data


def find_run(path: Path) -> Path:
    """Return the vasprun.xml of a run folder, or else its vaspout.h5, or the file itself.

    A vasprun.xml that is there is meant, even if it is damaged: what it says of the run is not
    passed over in silence.

    Raises ``VaspFileError`` if there is nothing of that name, or the folder has neither, or two
    that differ.
    """
    if not path.is_dir():
        if not path.exists():
            raise VaspFileError(path, "unreadable", "no such file or folder")
        return path
    names = ("vasprun.xml", HDF5_NAME)
    for name in names:
        found = find_in_folder(path, name)
        if found is not None:
            return found
    what = f"no {' and no '.join(names)} in this folder, plain or compressed"
    others = sorted(one.name for name in names for one in path.glob(f"{name}*"))
    broken = [name for name in others if not (path / name).exists()]
    if broken:
        what += f"; {broken[0]} is a link to a file that is not here"
    elif others:
        what += f"; name the file to read, if it is one of {', '.join(others)}"
    raise VaspFileError(path, "unreadable", what)


def read_run(
    path: Path,
    *,
    eigenvalues: bool = False,
    dos: bool = False,
    projection: ProjectionRequest | None = None,
) -> Vasprun:
    """Read a run from its folder, its vasprun.xml or its vaspout.h5.

    Parameters are those of ``read_vasprun``; which of the two a file is, is seen from its
    content. Where the file does not show that the run converged, the OUTCAR beside it decides.

    Raises ``VaspFileError`` as of ``find_run`` and the two readers.
    """
    from llo_dft.engines.vasp.files.vaspout.read_vaspout import read_vaspout  # noqa: PLC0415 (each imports what it needs)
    from llo_dft.engines.vasp.files.vasprun.read_vasprun import read_vasprun  # noqa: PLC0415

    file = find_run(path)
    read = read_vaspout if _is_hdf5(file) or file.name.startswith(HDF5_NAME) else read_vasprun
    run = read(file, eigenvalues=eigenvalues, dos=dos, projection=projection)
    if path.is_dir() and (".relax" in file.name or read is read_vaspout):
        run = _noted(run, f"read from {file.name}")
    return _with_own_word(run)


def _is_hdf5(path: Path) -> bool:
    """Tell by its first bytes, unpacked, whether a file is HDF5."""
    try:
        with path.open("rb") as file:
            return unpacked(path, file).read(len(SIGNATURE)) == SIGNATURE
    except (OSError, EOFError, VaspFileError):
        return False


def _noted(run: Vasprun, note: str) -> Vasprun:
    return replace(run, other_notes=(*run.other_notes, note))


def _with_own_word(run: Vasprun) -> Vasprun:
    """Let the OUTCAR beside a run say whether it converged, where the run itself does not."""
    asks = DOES_NOT_SAY in run.convergence.electronic_reason
    if run.convergence.electronic and run.convergence.ionic and not asks:
        return run
    path = find_outcar(run.path)
    if path is None:
        return run if not asks else _noted(run, run.convergence.electronic_reason)
    try:
        outcar = read_outcar(path)
    except VaspFileError:  # whoever needs OUTCAR will name it
        return run
    last = run.steps[-1]
    own = [one for one in (last.free_energy_ev, *last.electronic_ev[-1:]) if one is not None]
    if outcar.free_energy_ev is not None and not any(
        abs(energy - outcar.free_energy_ev) < _SAME_ENERGY_EV for energy in own
    ):
        return _noted(run, f"{path.name} is from another run, at {outcar.free_energy_ev:.6f} eV")
    decided = own_word(
        run.convergence, electronic=outcar.electrons_converged, ionic=outcar.ions_converged
    )
    run = replace(run, convergence=decided)
    return (
        _noted(run, decided.electronic_reason) if DOES_NOT_SAY in decided.electronic_reason else run
    )


def find_beside(file: Path, name: str) -> Path | None:
    """Return the file of that name, plain or compressed, in another's folder; None if it has none.

    Beside a file of ``.relax1`` it is that of ``.relax1``.

    Raises ``VaspFileError`` if there are two that differ.
    """
    relaxation = re.search(r"\.relax\d+", file.name)
    name += relaxation[0] if relaxation else ""
    return find_in_folder(file.parent, name, stages=False)


def read_outcar_at(path: Path | None, problems: list[str]) -> Outcar | None:
    """Return an OUTCAR; None if there is none, or one with a fault, which joins the problems."""
    try:
        return None if path is None else read_outcar(path)
    except VaspFileError as error:
        problems.append(str(error))
        return None


def find_outcar(vasprun: Path) -> Path | None:
    """Return the OUTCAR beside a vasprun.xml or vaspout.h5; None if there is none."""
    if not vasprun.name.startswith(("vasprun.xml", HDF5_NAME)):
        return None
    return find_beside(vasprun, "OUTCAR")
