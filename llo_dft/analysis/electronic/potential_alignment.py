"""Averages of a local potential over planes, and the alignment of two slabs by them.

The energy of an electron rises with the potential, so a level E of one calculation is compared
with E + shift of another, where the shift makes their potentials equal at a place that both have.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.analysis.electronic.planar_average import (
    macroscopic_average,
    planar_average,
    plane_height_angstrom,
)
from llo_dft.documents.electrons.local_potential import (
    PotentialAlignment,
    PotentialProfile,
    VacuumLevel,
)
from llo_dft.errors import InputError
from llo_dft.typing import FloatArray


class PotentialError(InputError):
    """A potential without the requested level."""


def potential_profile(
    potential_ev: FloatArray, structure: Structure, windows_angstrom: Sequence[float], axis: int = 2
) -> PotentialProfile:
    """Average a potential over planes, and over windows along their normal.

    Raises ``ValueError`` if a window is longer than the cell.

    The potential is in eV, shape (n_a, n_b, n_c), and the lattice vector ``axis`` crosses the
    planes. Windows are periods of the materials along the normal: one, or two at an interface. For
    a layered oxide, the distance of its layers.
    """
    height = plane_height_angstrom(structure.lattice.matrix, axis)
    planar = planar_average(potential_ev, axis)
    return PotentialProfile(
        axis=axis,
        height_angstrom=height,
        coordinate_angstrom=(np.arange(len(planar)) * height / len(planar)).tolist(),
        planar_ev=planar.tolist(),
        macroscopic_ev=macroscopic_average(planar, height, windows_angstrom).tolist(),
        windows_angstrom=list(windows_angstrom),
    )


def align_by_vacuum(reference: VacuumLevel, other: VacuumLevel) -> PotentialAlignment:
    """Put two slabs on one scale by making their vacuum levels equal."""
    return _alignment("vacuum", reference.level_ev, other.level_ev)


def align_in_region(
    reference: PotentialProfile, other: PotentialProfile, region_angstrom: tuple[float, float]
) -> PotentialAlignment:
    """Put two slabs on one scale by the potential in a region of the same material.

    Meant for the inner layers of the same slab, bare and coated: the macroscopic averages over
    the region are made equal.

    The profiles have the same windows, along the same axis; the region is start and end along the
    normal, angstrom.

    Raises ``PotentialError`` if windows or axis differ, or the region is empty.
    """
    if (reference.axis, reference.windows_angstrom) != (other.axis, other.windows_angstrom):
        raise PotentialError(
            f"the profiles must be averaged alike, got axis and windows "
            f"{reference.axis}, {reference.windows_angstrom} and "
            f"{other.axis}, {other.windows_angstrom}"
        )
    levels = []
    for profile in (reference, other):
        _, values = planes_between(profile, profile.macroscopic_ev, *region_angstrom)
        if not len(values):
            start, end = region_angstrom
            raise PotentialError(f"there is no plane from {start:.2f} to {end:.2f} A")
        levels.append(float(values.mean()))
    return _alignment("region", *levels)


def _alignment(
    method: Literal["vacuum", "region"], reference_ev: float, other_ev: float
) -> PotentialAlignment:
    return PotentialAlignment(
        method=method,
        reference_ev=reference_ev,
        other_ev=other_ev,
        shift_ev=reference_ev - other_ev,
    )


def planes_between(
    profile: PotentialProfile, values: Sequence[float], start: float, end: float
) -> tuple[FloatArray, FloatArray]:
    """Return heights and values of the planes from ``start`` to ``end``, angstrom, periodic."""
    n_planes = len(values)
    step = profile.height_angstrom / n_planes
    rows = np.arange(int(np.ceil(start / step)), int(np.floor(end / step)) + 1)
    heights, there = rows * step, np.asarray(values, dtype=np.float64)[rows % n_planes]
    return np.asarray(heights, dtype=np.float64), there
