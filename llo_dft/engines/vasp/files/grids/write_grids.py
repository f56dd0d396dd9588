"""Writes grids for other programs: VASP's CHGCAR, Gaussian's cube.

Both are written plane by plane, so that no second copy of the grid is made.
"""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np
from ase.data import atomic_numbers

from llo_dft.engines.vasp.files.grids.grid_header import GridHeader
from llo_dft.typing import FloatArray
from llo_dft.units import BOHR_ANGSTROM

#: Below this a number has an exponent of three digits, which readers disagree on: 0 is written.
SMALLEST: Final = 1e-98

#: Numbers of 11 digits in the columns of VASP's own, and those of a cube.
_CHGCAR_FORM, _CHGCAR_COLUMNS = " % .10E", 5
_CUBE_FORM, _CUBE_COLUMNS = " % .5E", 6


def write_chgcar(path: Path, header: GridHeader, density_per_a3: FloatArray, title: str) -> None:
    """Write a density in VASP's layout: density times volume, columns of 18 characters.

    ``header`` has cell and atoms, ``density_per_a3`` electrons per cubic angstrom, shape (n_a, n_b,
    n_c), finite; ``title`` is the first line of the file.

    Raises ``ValueError`` if the density isn't finite, or its shape isn't the header's.
    """
    _check(header, density_per_a3)
    volume = header.volume_a3
    with path.open("wb") as file:
        file.write(_poscar(header, title).encode())
        file.write("".join(f"{n:5d}" for n in header.shape).encode() + b"\n")
        rest = np.empty(0)
        for plane in np.moveaxis(density_per_a3, 2, 0):
            values = np.concatenate([rest, plane.ravel(order="F") * volume])
            whole = values.size - values.size % _CHGCAR_COLUMNS
            file.write(_number_lines(values[:whole], _CHGCAR_FORM, _CHGCAR_COLUMNS))
            rest = values[whole:]
        file.write(_number_lines(rest, _CHGCAR_FORM, _CHGCAR_COLUMNS))


def write_cube(path: Path, header: GridHeader, density_per_a3: FloatArray, title: str) -> None:
    """Write a density as a Gaussian cube: lengths in bohr, density in electrons per cubic bohr.

    Parameters and errors are those of ``write_chgcar``.
    """
    _check(header, density_per_a3)
    steps = header.lattice_angstrom / BOHR_ANGSTROM / np.array(header.shape)[:, None]
    positions = header.fractional @ header.lattice_angstrom / BOHR_ANGSTROM
    lines = [
        title.replace("\n", " "),
        "lengths in bohr, density in electrons/bohr^3, third index fastest",
        f"{len(header.species):5d}{_row([0.0] * 3)}",
    ]
    lines += [f"{n:5d}{_row(step)}" for n, step in zip(header.shape, steps, strict=True)]
    for name, position in zip(header.species, positions, strict=True):
        number = atomic_numbers[name]
        lines.append(f"{number:5d}{_row([float(number), *position])}")
    with path.open("wb") as file:
        file.write(("\n".join(lines) + "\n").encode())
        for row in density_per_a3.reshape(-1, header.shape[2]):
            file.write(_number_lines(row * BOHR_ANGSTROM**3, _CUBE_FORM, _CUBE_COLUMNS))


def _check(header: GridHeader, density: FloatArray) -> None:
    if density.shape != header.shape:
        raise ValueError(f"the density has the shape {density.shape}, its header {header.shape}")
    if not np.isfinite(density).all():
        raise ValueError("the density to write has a number that isn't finite")


def _poscar(header: GridHeader, title: str) -> str:
    groups = [(name, len(list(atoms))) for name, atoms in groupby(header.species)]
    lines = [title.replace("\n", " "), f"{1.0:19.14f}"]
    lines += [f" {_row(vector)}" for vector in header.lattice_angstrom]
    lines.append("".join(f"{name:>5}" for name, _ in groups))
    lines.append("".join(f"{count:6d}" for _, count in groups))
    lines.append("Direct")
    lines += [_row(position, 10) for position in header.fractional]
    return "\n".join(lines) + "\n \n"


def _row(numbers: Iterable[float], width: int = 12) -> str:
    return "".join(f"{number:{width}.6f}" for number in numbers)


def _number_lines(values: FloatArray, form: str, columns: int) -> bytes:
    """Return numbers as lines of so many columns; an exponent of three digits becomes 0."""
    numbers = np.where(np.abs(values) < SMALLEST, 0.0, values).ravel(order="F").tolist()
    whole, rest = divmod(len(numbers), columns)
    lines = f"{form * columns}\n" * whole + (f"{form * rest}\n" if rest else "")
    return (lines % tuple(numbers)).encode()
