"""Writes grids for other programs: VASP's CHGCAR, Gaussian's cube.

Both are written plane by plane, so that no second copy of the grid is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.engines.vasp.files.grids.grid_header import ELEMENTS
from llo_dft.units import BOHR_ANGSTROM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import numpy.typing as npt

    from llo_dft.engines.vasp.files.grids.grid_header import GridHeader
    from llo_dft.typing import FloatArray, IntArray


#: Below this a number has an exponent of three digits, which readers disagree on: 0 is written.
SMALLEST: Final = 1e-98

_CHGCAR_COLUMNS: Final = 5
_CUBE_COLUMNS: Final = 6


def write_chgcar(path: Path, header: GridHeader, density_per_a3: FloatArray, title: str) -> None:
    """Write a density in VASP's layout: density times volume, columns of 18 characters.

    Parameters
    ----------
    path
        The file to write.
    header
        Cell and atoms.
    density_per_a3
        Electrons per cubic angstrom, shape (n_a, n_b, n_c); finite.
    title
        First line of the file.

    Raises
    ------
    ValueError
        If the density isn't finite, or its shape isn't the header's.
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
            if whole:
                file.write(_fortran_lines(values[:whole].reshape(-1, _CHGCAR_COLUMNS)))
            rest = values[whole:]
        if rest.size:
            file.write(_fortran_lines(rest.reshape(1, -1)))


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
        number = ELEMENTS.index(name) + 1
        lines.append(f"{number:5d}{_row([float(number), *position])}")
    with path.open("wb") as file:
        file.write(("\n".join(lines) + "\n").encode())
        for plane in density_per_a3:
            file.write(_cube_rows(plane * BOHR_ANGSTROM**3))


def _check(header: GridHeader, density: FloatArray) -> None:
    if density.shape != header.shape:
        raise ValueError(f"the density has the shape {density.shape}, its header {header.shape}")
    if not np.isfinite(density).all():
        raise ValueError("the density to write has a number that isn't finite")


def _poscar(header: GridHeader, title: str) -> str:
    groups = list(_groups(header.species))
    lines = [title.replace("\n", " "), f"{1.0:19.14f}"]
    lines += [f" {_row(vector)}" for vector in header.lattice_angstrom]
    lines.append("".join(f"{name:>5}" for name, _ in groups))
    lines.append("".join(f"{count:6d}" for _, count in groups))
    lines.append("Direct")
    lines += [_row(position, 10) for position in header.fractional]
    return "\n".join(lines) + "\n \n"


def _row(numbers: Iterable[float], width: int = 12) -> str:
    return "".join(f"{number:{width}.6f}" for number in numbers)


def _groups(species: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    count = 0
    for i, name in enumerate(species):
        count += 1
        if i + 1 == len(species) or species[i + 1] != name:
            yield name, count
            count = 0


def _decimal(values: FloatArray, n_digits: int) -> tuple[IntArray, IntArray]:
    """Split into digits and exponent: |value| = 0.digits * 10^exponent, n_digits digits."""
    size = np.abs(values)
    size[size < SMALLEST] = 0.0
    exponent = np.zeros(size.shape, dtype=np.int64)
    used = size > 0.0
    exponent[used] = np.floor(np.log10(size[used])).astype(np.int64) + 1
    # two factors, since one power of ten may be beyond the largest number
    shift = n_digits - exponent
    scaled = size * 10.0 ** (shift // 2) * 10.0 ** (shift - shift // 2)
    digits = np.rint(scaled).astype(np.int64)
    over = digits >= 10**n_digits
    digits[over] //= 10
    exponent[over] += 1
    under = used & (digits < 10 ** (n_digits - 1))
    digits[under] = np.rint(scaled[under] * 10).astype(np.int64)
    exponent[under] -= 1
    return digits, exponent


def _put_digits(out: npt.NDArray[np.uint8], number: IntArray) -> None:
    """Write whole numbers into the last axis of ``out``, as characters."""
    for place in range(out.shape[-1] - 1, -1, -1):
        number, digit = np.divmod(number, 10)
        out[..., place] = digit + ord("0")


def _fortran_lines(values: FloatArray) -> bytes:
    """Return rows of numbers as lines of `` 0.12345678901E+02``."""
    digits, exponent = _decimal(values, 11)
    n_lines, columns = values.shape
    text = np.full((n_lines, columns * 18 + 1), ord("\n"), dtype=np.uint8)
    fields = np.empty((n_lines, columns, 18), dtype=np.uint8)
    fields[:] = np.frombuffer(b" 0.00000000000E+00", dtype=np.uint8)
    fields[..., 1][(values < 0) & (digits > 0)] = ord("-")
    _put_digits(fields[..., 3:14], digits)
    fields[..., 15][exponent < 0] = ord("-")
    _put_digits(fields[..., 16:18], np.abs(exponent))
    text[:, :-1] = fields.reshape(n_lines, -1)
    return text.tobytes()


def _cube_rows(rows: FloatArray) -> bytes:
    """Return rows of numbers as `` -1.23456E-02``, six to a line, each row on new lines."""
    digits, exponent = _decimal(rows, 6)
    exponent = np.where(digits > 0, exponent - 1, 0)
    n_rows, n_values = rows.shape
    fields = np.empty((n_rows, n_values, 13), dtype=np.uint8)
    fields[:] = np.frombuffer(b"  0.00000E+00", dtype=np.uint8)
    fields[..., 1][(rows < 0) & (digits > 0)] = ord("-")
    _put_digits(fields[..., 2:3], digits // 10**5)
    _put_digits(fields[..., 4:9], digits % 10**5)
    fields[..., 10][exponent < 0] = ord("-")
    _put_digits(fields[..., 11:13], np.abs(exponent))
    ends = [*range(_CUBE_COLUMNS, n_values, _CUBE_COLUMNS), n_values]
    text = np.insert(fields.reshape(n_rows, -1), [13 * end for end in ends], ord("\n"), axis=1)
    return text.tobytes()
