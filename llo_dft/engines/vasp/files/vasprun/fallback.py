"""pymatgen's reader for a vasprun.xml whose rows are not in the columns that VASP writes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.vasprun.densities import (
    ProjectedDensity,
    TotalDensity,
)
from llo_dft.engines.vasp.files.vasprun.eigenvalues import Eigenvalues

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Largest file that is handed over, bytes: pymatgen holds four times that in memory.
MAX_FALLBACK_BYTES: Final = 1 << 31

#: Spread of the steps of an energy grid that is rounding, eV.
_GRID_TOLERANCE_EV: Final = 2.1e-4


def read_with_pymatgen(
    path: Path, n_bytes: int, sites: Sequence[int] | None, orbital: str
) -> tuple[TotalDensity | None, ProjectedDensity | None, Eigenvalues | None]:
    """Return what pymatgen reads of the densities of states and the eigenvalues.

    Parameters
    ----------
    path
        The file.
    n_bytes
        Its size, unpacked.
    sites
        Atoms to read projections of; None for none.
    orbital
        See ``ProjectionRequest``.

    Raises
    ------
    VaspFileError
        If it can't, or what it reads is not numbers, or lacks what is asked for.
    """
    if n_bytes > MAX_FALLBACK_BYTES:
        what = f"rows not in VASP's columns, and more than {MAX_FALLBACK_BYTES >> 30} GiB of them"
        raise VaspFileError(path, "refused", what)
    from pymatgen.io.vasp.outputs import Vasprun  # noqa: PLC0415 (rarely needed, takes a second)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = Vasprun(str(path), parse_potcar_file=False)
    except Exception as error:
        what = f"rows not in VASP's columns, and pymatgen can't read them: {error}"
        raise VaspFileError(path, "corrupt", what) from error
    total = projected = None
    if getattr(run, "dos_has_errors", False):
        raise VaspFileError(path, "corrupt", "rows not in VASP's columns", "<dos>")
    if hasattr(run, "tdos"):
        total = TotalDensity(
            np.asarray(run.tdos.energies, dtype=np.float64),
            _spins(run.tdos.densities),
            _spins(run.idos.densities),
            float(run.tdos.efermi),
        )
        _check_grid(path, total)
        if sites is not None:
            projected = _projected(path, run, total, sites, orbital)
    eigenvalues = None
    if run.eigenvalues:
        table = _spins(run.eigenvalues)
        if table.dtype == object or table.shape[-1:] != (2,) or not np.isfinite(table).all():
            raise VaspFileError(path, "corrupt", "no energies and occupations", "<eigenvalues>")
        eigenvalues = Eigenvalues(table[..., 0], table[..., 1])
    return total, projected, eigenvalues


def _spins(by_spin: dict[Any, Any]) -> Any:  # noqa: ANN401 (an array of whatever shape)
    return np.array([by_spin[spin] for spin in sorted(by_spin, key=int, reverse=True)])


def _check_grid(path: Path, total: TotalDensity) -> None:
    arrays = (total.energies_ev, total.density, total.integrated)
    if not all(np.isfinite(array).all() for array in arrays):
        raise VaspFileError(path, "not_a_number", "NaN or stars", "<dos><total>")
    steps = np.diff(total.energies_ev)
    if len(steps) and (steps.min() <= 0 or np.ptp(steps) > _GRID_TOLERANCE_EV):
        what = "the energies are not evenly spaced and ascending"
        raise VaspFileError(path, "corrupt", what, "<dos><total>")


def _projected(
    path: Path,
    run: Any,  # noqa: ANN401 (pymatgen's, imported where it is needed)
    total: TotalDensity,
    sites: Sequence[int],
    orbital: str,
) -> ProjectedDensity:
    if len(run.pdos) != len(run.atomic_symbols):
        what = f"projections of {len(run.pdos)} of {len(run.atomic_symbols)} atoms"
        raise VaspFileError(path, "absent", what, "<dos><partial>")
    density = np.zeros((len(sites), *total.density.shape))
    names: tuple[str, ...] = ()
    for index, site in enumerate(sites):
        kept = [key for key in run.pdos[site] if orbital in {key.name, key.name[0]}]
        names = tuple(key.name for key in kept)
        if not names:
            what = f"no column for {orbital!r}"
            raise VaspFileError(path, "absent", what, "<dos><partial>")
        for key in kept:
            values = _spins(run.pdos[site][key])
            if values.shape != total.density.shape:
                what = f"atom {site + 1} has another number of rows than the total"
                raise VaspFileError(path, "corrupt", what, "<dos><partial>")
            density[index] += values
    if not np.isfinite(density).all():
        raise VaspFileError(path, "not_a_number", "NaN or stars", "<dos><partial>")
    return ProjectedDensity(tuple(sites), orbital, names, density)
