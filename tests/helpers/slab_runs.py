"""VASP folders of a slab with vacuum: vasprun.xml and a LOCPOT of the same cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from grid_files import GridText

from llo_dft.testing.vasprun_writer import Run, text

if TYPE_CHECKING:
    from pathlib import Path

HEIGHT, N_PLANES = 24.0, 96
HEIGHTS = (2.0, 3.0, 4.5, 6.5, 8.0, 9.0)


def slab_run(**changes) -> Run:
    """Two Li, a Mn and three O from 2 to 9 A of 24 A."""
    run = Run(lattice=np.diag([4.0, 4.5, HEIGHT]), **changes)
    run.fractional = np.array([[0.1 * n, 0.2, z / HEIGHT] for n, z in enumerate(HEIGHTS)]).round(8)
    return run


def potential(upper: float, lower: float, tilt: float = 0.0) -> np.ndarray:
    """A well around the atoms, the upper level up to 18 A and the lower one beyond, eV."""
    z = np.arange(N_PLANES) * HEIGHT / N_PLANES
    vacuum = np.where((z > 11.0) & (z < 18.0), upper, lower) + tilt * z / HEIGHT
    well = (z > 0.5) & (z < 10.5)
    planes = np.where(well, -9.0 + 2 * np.cos(2 * np.pi * z / 2.0), vacuum)
    return np.broadcast_to(planes, (4, 4, N_PLANES)).copy()


def write_slab(
    folder: Path, levels: tuple[float, float] = (5.25, 5.25), *, vasprun: bool = True, **changes
) -> Path:
    """Write the folder; ``changes`` are of the run, and ``tilt`` of the potential."""
    tilt = changes.pop("tilt", 0.0)
    run = slab_run(**changes)
    folder.mkdir(parents=True)
    if vasprun:
        (folder / "vasprun.xml").write_text(text(run), encoding="latin-1")
    grid = GridText(
        [potential(*levels, tilt)],
        lattice=run.lattice,
        species=[("Li", 2), ("Mn", 1), ("O", 3)],
        fractional=run.fractional,
        occupancies=0,
    )
    grid.write(folder / "LOCPOT")
    return folder
