"""The k-points: from KPOINTS, or from KSPACING where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from llo_dft.testing.standin_vasp.stops import InputRefused, NotDone

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.testing.standin_vasp.reading.incar_reader import Incar

#: What VASP takes without KPOINTS and KSPACING, 1/angstrom.
_KSPACING = 0.5

#: Two points that differ by less are the same.
_SAME = 1e-8

GAMMA, MONKHORST = "Gamma", "Monkhorst-Pack"


@dataclass(frozen=True)
class MeshOfKPoints:
    """A list of k-points and what it was made from.

    Attributes
    ----------
    style
        'Gamma', 'Monkhorst-Pack', or '' for a list.
    divisions
        Along each reciprocal vector; None for a list.
    points
        Fractional, shape (n_points, 3).
    weights
        Shape (n_points,), sum 1.
    """

    style: str
    divisions: tuple[int, int, int] | None
    shift: tuple[float, float, float]
    points: np.ndarray
    weights: np.ndarray


def read_kpoints(path: Path, incar: Incar, lattice: np.ndarray) -> MeshOfKPoints:
    """Read KPOINTS, or make the grid that KSPACING and KGAMMA ask for.

    Symmetry of the crystal is not used, only that of time, as with ISYM = 0.

    Raises
    ------
    VaspStop
        If KPOINTS is no such file, or of a kind that is not done here (a path of lines).
    """
    reduce = incar.whole("ISYM", 2) >= 0
    if not path.is_file():
        spacing = incar.number("KSPACING", _KSPACING)
        lengths = 2 * np.pi * np.linalg.norm(np.linalg.inv(lattice).T, axis=1)
        counts = np.maximum(1, np.ceil(lengths / spacing - _SAME)).astype(int)
        style = GAMMA if incar.logical("KGAMMA", default=True) else MONKHORST
        return _grid(style, counts, np.zeros(3), reduce=reduce)
    lines = path.read_text(encoding="latin-1").splitlines()
    try:
        return _parse(lines, reduce=reduce)
    except (ValueError, IndexError) as error:
        raise InputRefused("Error reading KPOINTS file.", str(error)) from error


def _parse(lines: list[str], *, reduce: bool) -> MeshOfKPoints:
    n_points = int(lines[1].split()[0])
    mode = lines[2].strip()[:1].upper()
    if n_points == 0:
        if mode not in {"G", "M"}:
            raise NotDone("this kind of automatic k-points")
        counts = np.array([int(word) for word in lines[3].split()[:3]])
        if counts.shape != (3,) or counts.min() < 1:
            raise ValueError("three numbers of divisions are expected")
        words = lines[4].split()[:3] if len(lines) > 4 else []
        shift = np.array([float(word) for word in words] or [0.0, 0.0, 0.0])
        return _grid(GAMMA if mode == "G" else MONKHORST, counts, shift, reduce=reduce)
    if mode == "L":
        raise NotDone("k-points along lines")
    if mode in {"C", "K"}:
        raise NotDone("k-points in Cartesian coordinates")
    rows = np.array(
        [[float(word) for word in line.split()[:4]] for line in lines[3 : 3 + n_points]]
    )
    if rows.shape != (n_points, 4):
        raise ValueError(f"{n_points} k-points with their weights are expected")
    return MeshOfKPoints("", None, (0.0, 0.0, 0.0), rows[:, :3], rows[:, 3] / rows[:, 3].sum())


def _grid(style: str, counts: np.ndarray, shift: np.ndarray, *, reduce: bool) -> MeshOfKPoints:
    """Return a regular grid; of k and -k one is kept, with the weight of both."""
    offset = shift + (0.0 if style == GAMMA else 0.5 * (counts % 2 == 0))
    axes = [(np.arange(n) + start) / n for n, start in zip(counts, offset, strict=True)]
    kept: dict[tuple[int, ...], int] = {}
    weights: list[int] = []
    points: list[tuple[float, ...]] = []
    for point in product(*(axis - np.rint(axis - _SAME) for axis in axes)):
        opposite = _name(-np.array(point))
        if reduce and opposite in kept:
            weights[kept[opposite]] += 1
            continue
        kept[_name(np.array(point))] = len(points)
        points.append(point)
        weights.append(1)
    share = np.array(weights, dtype=np.float64)
    divisions = (int(counts[0]), int(counts[1]), int(counts[2]))
    shifts = (float(shift[0]), float(shift[1]), float(shift[2]))
    return MeshOfKPoints(style, divisions, shifts, np.array(points), share / share.sum())


def _name(point: np.ndarray) -> tuple[int, ...]:
    """Return what two k-points share that differ by reciprocal vectors alone."""
    inside = point - np.floor(point + _SAME)
    return tuple(int(x) for x in np.rint(inside / _SAME / 10))
