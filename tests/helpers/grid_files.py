"""Grid files in VASP's layout, written number by number, as Fortran would.

Deliberately plain and slow: it shares nothing with the reader and the writer it tests.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

SKEWED = np.array([[4.2, 0.0, 0.3], [-1.1, 5.0, 0.2], [0.4, -0.6, 7.5]])


def fortran_e(value: float, decimals: int = 11) -> str:
    """Fortran's Ew.d: 0.ddd or -.ddd, the exponent's E left out if it has three digits."""
    mantissa, exponent = f"{abs(value):.{decimals - 1}E}".split("E")
    power = int(exponent) + 1 if value else 0
    digits = mantissa.replace(".", "")
    shown = f"E{power:+03d}" if abs(power) < 100 else f"{power:+04d}"
    return f"{'-' if value < 0 else '0'}.{digits}{shown}"


def fortran_g(value: float) -> str:
    """Fortran's G11.5: fixed point from 0.1 to 1e5, four blanks after it."""
    if value == 0 or not 0.1 <= abs(float(f"{value:.4E}")) < 1e5:
        return fortran_e(value, 5)
    before = max(0, int(f"{abs(value):.4E}".split("E")[1]) + 1)
    text = f"{value:.{5 - before}f}"
    if not before and value < 0:
        text = text.replace("-0.", "-.")
    if before == 5:
        text += "."
    return f"{text:>7}    "


@dataclass
class GridText:
    """What a grid file holds; ``text`` writes it."""

    grids: list[np.ndarray]
    lattice: np.ndarray = field(default_factory=SKEWED.copy)
    species: list[tuple[str, int]] = field(default_factory=lambda: [("Li", 1), ("O", 2)])
    fractional: np.ndarray | None = None
    occupancies: int = 7
    short: bool = False
    title: str = "grid for a test"
    moments: bool = True

    @property
    def positions(self) -> np.ndarray:
        count = sum(n for _, n in self.species)
        if self.fractional is not None:
            return np.asarray(self.fractional)
        return np.random.default_rng(count).random((count, 3))

    def header(self) -> str:
        lines = [self.title, "   1.00000000000000     "]
        lines += [" " + "".join(f"{x:12.6f}" for x in row) for row in self.lattice]
        lines.append("".join(f"{name:>5}" for name, _ in self.species))
        lines.append("".join(f"{n:6d}" for _, n in self.species))
        lines.append("Direct")
        lines += ["".join(f"{x:10.6f}" for x in row) for row in self.positions]
        return "\n".join(lines) + "\n \n"

    def block(self, grid: np.ndarray) -> str:
        columns = 10 if self.short else 5
        write = fortran_g if self.short else fortran_e
        words = [" " + write(float(x)) for x in grid.ravel(order="F")]
        lines = ["".join(words[i : i + columns]) for i in range(0, len(words), columns)]
        shape = "".join(f"{n:5d}" for n in grid.shape)
        return "\n".join([shape, *lines]) + "\n"

    def augmentation(self) -> str:
        lines = []
        for atom in range(sum(n for _, n in self.species) if self.occupancies else 0):
            lines.append(f"augmentation occupancies{atom + 1:4d}{self.occupancies:4d}")
            words = [f"{0.1 * (i - 3):15.7E}" for i in range(self.occupancies)]
            lines += ["".join(words[i : i + 5]) for i in range(0, len(words), 5)]
        return "".join(line + "\n" for line in lines)

    def text(self) -> str:
        parts = [self.header()]
        for index, grid in enumerate(self.grids):
            if index and self.moments:
                words = [f"{0.5 * i:20.12E}" for i in range(sum(n for _, n in self.species))]
                rows = ["".join(words[i : i + 5]) for i in range(0, len(words), 5)]
                parts.append("\n".join(rows) + "\n")
            parts.append(self.block(grid))
            parts.append(self.augmentation())
        return "".join(parts)

    def write(self, path: Path) -> Path:
        path.write_text(self.text(), encoding="ascii")
        return path


def random_grid(shape: tuple[int, int, int], seed: int = 0, spread: float = 4.0) -> np.ndarray:
    """Numbers of both signs over several decades, exactly as eleven digits give them."""
    rng = np.random.default_rng(seed)
    values = rng.choice([-1.0, 1.0], shape) * 10.0 ** rng.uniform(-spread, spread, shape)
    return np.array([float(f"{x:.10E}") for x in values.ravel()]).reshape(shape)
