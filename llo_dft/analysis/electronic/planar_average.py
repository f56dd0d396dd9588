"""Averages over the planes of a periodic grid, and cumulative integrals across them."""

from collections.abc import Sequence

import numpy as np

from llo_dft.typing import FloatArray


def plane_height_angstrom(lattice_angstrom: FloatArray, axis: int) -> float:
    """Height of the cell along the normal of the planes across an axis, angstrom.

    Equal to the length of the lattice vector only where it is normal to the other two.
    """
    volume = abs(np.linalg.det(lattice_angstrom))
    return float(volume / plane_area_a2(lattice_angstrom, axis))


def plane_area_a2(lattice_angstrom: FloatArray, axis: int) -> float:
    """Area of the cell's face that the other two lattice vectors span, square angstrom."""
    first, second = (lattice_angstrom[i] for i in range(3) if i != axis)
    return float(np.linalg.norm(np.cross(first, second)))


def planar_average(grid: FloatArray, axis: int) -> FloatArray:
    """Mean over each plane of grid points, in the grid's unit, shape (grid.shape[axis],)."""
    others = tuple(i for i in range(3) if i != axis)
    return np.asarray(grid.mean(axis=others), dtype=np.float64)


def line_density_e_per_angstrom(
    density_per_a3: FloatArray, lattice_angstrom: FloatArray, axis: int
) -> FloatArray:
    """Electrons per length along the planes' normal, e/A, shape (n,).

    Its sum times the distance between planes is the integral of the density over the cell.

    The density is in electrons per cubic angstrom, shape (n_a, n_b, n_c); lattice vectors are rows,
    shape (3, 3), and that of ``axis`` crosses the planes.
    """
    return planar_average(density_per_a3, axis) * plane_area_a2(lattice_angstrom, axis)


def cumulative_e(line_density: FloatArray, step_angstrom: float) -> FloatArray:
    """Integral from half a step before the first plane to half a step behind each, e, shape (n,).

    Each plane represents the slice around it, so the last number is the whole integral. Where
    the density is a difference, a positive number means that the region behind the start has
    gained electrons: they crossed the plane against its normal.
    """
    return np.asarray(np.cumsum(line_density) * step_angstrom, dtype=np.float64)


def widest_gap(fractions: Sequence[float] | FloatArray) -> tuple[float, float]:
    """Middle (from 0 to 1) and width of the widest gap between periodic coordinates."""
    places = np.sort(np.mod(np.asarray(fractions, dtype=np.float64), 1.0))
    gaps = np.diff(places, append=places[0] + 1.0)
    widest = int(gaps.argmax())
    return float((places[widest] + gaps[widest] / 2) % 1.0), float(gaps[widest])


def macroscopic_average(
    profile: FloatArray, height_angstrom: float, windows_angstrom: Sequence[float]
) -> FloatArray:
    """Mean of a periodic profile over a window about each point, in its unit, shape (n,).

    Two windows are applied one after the other, as usual where two materials of different periods
    meet (Baldereschi, Baroni, Resta, Phys. Rev. Lett. 61, 734). The convolution is
    done in Fourier space, where a window of any length is exact: its factor is a sinc.

    Raises ``ValueError`` if a window is not positive, or longer than the cell.
    """
    frequencies = np.fft.rfftfreq(len(profile), d=1.0 / len(profile))
    waves = np.fft.rfft(profile)
    for window in windows_angstrom:
        if not 0.0 < window <= height_angstrom:
            raise ValueError(
                f"a window must be longer than 0 and at most the cell's height "
                f"{height_angstrom:g} A, got {window:g} A"
            )
        waves = waves * np.sinc(frequencies * window / height_angstrom)
    return np.asarray(np.fft.irfft(waves, n=len(profile)), dtype=np.float64)
