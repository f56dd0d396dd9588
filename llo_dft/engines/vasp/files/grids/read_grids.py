"""VASP's grid files: CHGCAR, AECCAR, CHG, PARCHG and LOCPOT, plain, .gz or .xz.

VASP stores density times cell volume, so that the mean of a CHGCAR's numbers is its number
of electrons; this module returns electrons per cubic angstrom, and says so in every name.
Arrays have the shape of the grid, (n_a, n_b, n_c), with the first index fastest in memory,
as in the file.

Nothing is held but what is asked for: the magnetisation is not read unless it is, and a
difference of files is one grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.engines.vasp.files.grids.grid_header import GridHeader
from llo_dft.engines.vasp.files.grids.sections import GridFile, open_grid_file
from llo_dft.engines.vasp.files.grids.source import VolumetricError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.typing import FloatArray

__all__ = [
    "ChargeDensity",
    "DensityDifference",
    "GridHeader",
    "LocalPotential",
    "VolumetricError",
    "find_grid_file",
    "read_charge_density",
    "read_density_difference",
    "read_grid_header",
    "read_potential",
]

#: How a file may be stored.
SUFFIXES: Final = ("", ".gz", ".xz")


@dataclass(frozen=True)
class ChargeDensity:
    """A charge density.

    Attributes
    ----------
    header
        Cell and atoms.
    density_per_a3
        Electrons per cubic angstrom, shape (n_a, n_b, n_c).
    n_electrons
        Integral of the density over the cell.
    magnetization_per_a3
        Bohr magnetons per cubic angstrom, shape (n_a, n_b, n_c), or (3, n_a, n_b, n_c) for
        non-collinear spins; None if it was not asked for or the file has none.
    notes
        Where the file leaves VASP's own layout.
    """

    header: GridHeader
    density_per_a3: FloatArray
    n_electrons: float
    magnetization_per_a3: FloatArray | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class LocalPotential:
    """A local potential.

    Attributes
    ----------
    header
        Cell and atoms.
    potential_ev
        Energy of an electron, eV, shape (n_a, n_b, n_c); the mean of the two spins where
        the file holds both, the scalar part for non-collinear spins.
    n_grids
        Grids in the file: 1 without spin, 2 with, 4 non-collinear.
    notes
        Where the file leaves VASP's own layout.
    """

    header: GridHeader
    potential_ev: FloatArray
    n_grids: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class DensityDifference:
    """A density less those of its parts.

    Attributes
    ----------
    headers
        Of the whole, then of each part.
    difference_per_a3
        Electrons per cubic angstrom, shape (n_a, n_b, n_c).
    n_electrons
        Integral of each file's density, in the same order.
    notes
        Where a file leaves VASP's own layout.
    """

    headers: tuple[GridHeader, ...]
    difference_per_a3: FloatArray
    n_electrons: tuple[float, ...]
    notes: tuple[str, ...]


def find_grid_file(path: Path, name: str = "CHGCAR") -> Path:
    """Return ``path`` if it is a file, or the file ``name`` (or .gz, .xz) in the folder ``path``.

    Raises
    ------
    VolumetricError
        If there is none, or more than one.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise VolumetricError(f"{path}: there is no such file or folder")
    found = [path / f"{name}{suffix}" for suffix in SUFFIXES]
    found = [one for one in found if one.is_file()]
    if not found:
        raise VolumetricError(f"{path}: there is no {name}, {name}.gz or {name}.xz in this folder")
    if len(found) > 1:
        names = " and ".join(one.name for one in found)
        raise VolumetricError(f"{path}: there are {names}; name the file to be read")
    return found[0]


def read_grid_header(path: Path | str) -> GridHeader:
    """Read cell, atoms and grid's shape alone.

    Raises
    ------
    VolumetricError
        If the header is damaged.
    """
    with open_grid_file(Path(path)) as file:
        return file.header


def read_charge_density(path: Path | str, *, magnetization: bool = False) -> ChargeDensity:
    """Read a charge density, electrons per cubic angstrom.

    Parameters
    ----------
    path
        CHGCAR, AECCAR0, AECCAR1, AECCAR2, CHG or PARCHG.
    magnetization
        Whether to read the magnetisation too.

    Raises
    ------
    VolumetricError
        If the file is truncated, half-written or corrupt, with the line and byte.
    """
    with open_grid_file(Path(path)) as file:
        total = _read_grid(file)
        moments: list[FloatArray] = []
        while file.next_grid():
            if not magnetization:
                file.skip()
                break
            moments.append(_read_grid(file))
        _check_count(file, 1 + len(moments), asked=magnetization)
        n_electrons = float(total.mean())
        for values in (total, *moments):
            np.divide(values, file.header.volume_a3, out=values)
        return ChargeDensity(file.header, total, n_electrons, _stack(moments), tuple(file.notes))


def read_density_difference(whole: Path | str, parts: Sequence[Path | str]) -> DensityDifference:
    """Read a density less those of the parts; one grid is held, however many files there are.

    Only the shapes of the grids are compared here: that the cells are the same and the atoms
    add up is for ``llo_dft.analysis.electronic.density_difference`` to check, from the headers.

    Parameters
    ----------
    whole, parts
        As in ``read_charge_density``.

    Raises
    ------
    VolumetricError
        As in ``read_charge_density``, or if a grid has another shape than the first.
    """
    headers: list[GridHeader] = []
    electrons: list[float] = []
    notes: list[str] = []
    flat = np.empty(0, dtype=np.float64)
    for path in (whole, *parts):
        with open_grid_file(Path(path)) as file:
            if not headers:
                flat = np.zeros(file.header.n_points, dtype=np.float64)
            headers.append(file.header)
            _check_shape(headers)
            weight = headers[0].volume_a3 / file.header.volume_a3
            electrons.append(_add(file, flat, weight if len(headers) == 1 else -weight))
            notes += [f"{path}: {note}" for note in file.notes]
    flat /= headers[0].volume_a3
    difference = flat.reshape(headers[0].shape, order="F")
    return DensityDifference(tuple(headers), difference, tuple(electrons), tuple(notes))


def read_potential(path: Path | str) -> LocalPotential:
    """Read a local potential, eV.

    Raises
    ------
    VolumetricError
        If the file is truncated, half-written or corrupt, with the line and byte.
    """
    with open_grid_file(Path(path)) as file:
        potential = _read_grid(file)
        n_grids = 1
        if file.next_grid():
            # two grids are the two spins; of four the first is the scalar part
            second = _read_grid(file)
            n_grids = 2
            while file.next_grid():
                n_grids += 1
                for _ in file.values():
                    pass
            if n_grids == 2:  # noqa: PLR2004 (two spins)
                potential += second
                potential /= 2
        _check_count(file, n_grids, asked=True)
        return LocalPotential(file.header, potential, n_grids, tuple(file.notes))


def _read_grid(file: GridFile) -> FloatArray:
    """Read one grid as it stands in the file, shape (n_a, n_b, n_c)."""
    pieces = file.values()
    first = next(pieces)  # by now the file is known to be long enough for what it promises
    flat = np.empty(file.header.n_points, dtype=np.float64)
    done = 0
    for values in chain((first,), pieces):
        flat[done : done + values.size] = values
        done += values.size
    return flat.reshape(file.header.shape, order="F")


def _add(file: GridFile, flat: FloatArray, weight: float) -> float:
    """Add a file's first grid times a weight, and return the mean of its numbers."""
    done, total = 0, 0.0
    for values in file.values():
        total += float(np.add.reduce(values))
        piece = flat[done : done + values.size]
        if weight == 1.0:
            piece += values
        elif weight == -1.0:
            piece -= values
        else:
            piece += weight * values
        done += values.size
    if file.next_grid():
        file.skip()
    return total / done


def _check_shape(headers: list[GridHeader]) -> None:
    first, last = headers[0], headers[-1]
    if last.shape != first.shape:
        raise VolumetricError(
            f"{last.path}: the grid is {last.shape}, and that of {first.path} is {first.shape}; "
            "set NGXF, NGYF and NGZF to the same numbers in all calculations"
        )


def _stack(moments: list[FloatArray]) -> FloatArray | None:
    if not moments:
        return None
    return moments[0] if len(moments) == 1 else np.stack(moments)


def _check_count(file: GridFile, n_grids: int, *, asked: bool) -> None:
    if asked and n_grids not in {1, 2, 4}:
        raise VolumetricError(
            f"{file.header.path}: the file is truncated: it has {n_grids} grids, and only one, "
            "two or four make sense"
        )
