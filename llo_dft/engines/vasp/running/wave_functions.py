"""The wave functions that a calculation begins with: its parent's, in the same cell.

A vacancy's cell has its host's plane waves, whatever atoms are in it, so VASP can read the host's
WAVECAR, given as many bands (VASP wiki, ISTART: otherwise it begins from scratch). The density
follows from them (ICHARG = 0). VASP takes MAGMOM only without such a density (wiki, MAGMOM), so
where electrons are put elsewhere than in the parent it begins with the atoms' density and these
moments (ICHARG = 2), held until the parent's wave functions have come to suit it (NELMDL < 0). A
CHGCAR is of no use: it holds one-centre terms of each atom in turn, and a vacancy lacks some.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.engines.base import StartFrom
from llo_dft.typing import FloatArray

#: Folder in which a calculation leaves what others may begin with.
START: Final = "start"

_NAME: Final = "WAVECAR"

#: Electronic steps in which the first density is held; VASP's default without wave functions.
_HELD_STEPS: Final = 5

#: Largest difference of lattice vectors that leaves the plane waves the same, angstrom.
_SAME_CELL: Final = 1e-4

_HEAD_NUMBERS: Final = 3
_SPINS: Final = 2

#: What VASP prints once it has read a WAVECAR.
_READ: Final = b"WAVECAR file was read successfully"


@dataclass(frozen=True)
class WaveFunctions:
    """A WAVECAR to begin with.

    VASP reads a copy of the parent's file ``path``, which it would overwrite, with NBANDS =
    ``n_bands``. With ``density`` the density begins as theirs; otherwise it has the moments of
    MAGMOM.
    """

    path: Path
    n_bands: int
    density: bool

    def tags(self, *, first: bool) -> dict[str, Any]:
        """Return the tags of a calculation's first run or a later one, which all read the last."""
        tags: dict[str, Any] = {"NBANDS": self.n_bands}
        if not first:
            return tags
        if self.density:
            return tags | {"ISTART": 1, "ICHARG": 0}
        return tags | {"ISTART": 1, "ICHARG": 2, "NELMDL": -_HELD_STEPS}


def wave_functions(
    start_from: StartFrom, structure: Structure, cutoff_ev: float
) -> WaveFunctions | str:
    """Return a parent's wave functions, or why they are none to begin with.

    ``structure`` is what is to be computed, with two spins and ENCUT = ``cutoff_ev``.
    """
    path = start_from.folder / START / _NAME
    try:
        n_spins, n_bands, cutoff, lattice = _head(path)
    except (OSError, ValueError):
        return "its wave functions are not kept any more"
    if n_spins != _SPINS or abs(cutoff - cutoff_ev) > _SAME_CELL:
        return "its wave functions are of other settings"
    if np.abs(lattice - structure.lattice.matrix).max() > _SAME_CELL:
        return "its wave functions are of another cell"
    return WaveFunctions(path, n_bands, start_from.density)


def _head(path: Path) -> tuple[int, int, float, FloatArray]:
    """Return spins, bands, cutoff (eV) and lattice (angstrom) from the head of a WAVECAR.

    It is a file of records of equal length: the first holds that length in bytes, the spins and a
    tag of the format; the second k-points, bands, cutoff and lattice (pymatgen reads it so).
    """
    with path.open("rb") as file:
        record, n_spins, _ = np.fromfile(file, dtype=np.float64, count=_HEAD_NUMBERS)
        file.seek(int(record))
        numbers = np.fromfile(file, dtype=np.float64, count=12)
    _, n_bands, cutoff = numbers[:_HEAD_NUMBERS]
    return int(n_spins), int(n_bands), float(cutoff), numbers[_HEAD_NUMBERS:].reshape(3, 3)


def were_read(run: Path) -> bool:
    """Tell whether VASP said that it read the WAVECAR that it was given."""
    output = run / "vasp.out"
    return output.is_file() and _READ in output.read_bytes()


def pass_on(previous: Path, run: Path) -> None:
    """Move the wave functions of one stage, if it left some, to the next."""
    left = previous / _NAME
    if left.is_file() and left.stat().st_size:
        run.mkdir(exist_ok=True)
        shutil.move(left, run / _NAME)
