"""Vacuum level and alignment of two slabs from their local potentials.

The energy of an electron rises with the potential, so a level E of one calculation compares
with E + shift of another, where shift makes their potentials equal at a place that both have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.analysis.electronic.planar_average import (
    macroscopic_average,
    planar_average,
    plane_height_angstrom,
    widest_gap,
)
from llo_dft.documents.charge import PotentialAlignment, PotentialProfile, VacuumLevel
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymatgen.core.structure import Structure

    from llo_dft.typing import FloatArray

#: Least atom-free height that is a vacuum, angstrom; between the layers of a crystal it's below 4.
MIN_VACUUM_ANGSTROM: Final = 8.0

#: Density that leaks out of a surface reaches some 3 angstrom; the level is read beyond.
SURFACE_MARGIN_ANGSTROM: Final = 3.0

#: Largest variation of the planar average in what is called flat, eV.
MAX_SPREAD_EV: Final = 0.05


class PotentialError(InputError):
    """A potential that has no such level; says what was found and what to do."""


def potential_profile(
    potential_ev: FloatArray, structure: Structure, windows_angstrom: Sequence[float], axis: int = 2
) -> PotentialProfile:
    """Average a potential over planes, and over windows along their normal.

    Parameters
    ----------
    potential_ev
        Potential, eV, shape (n_a, n_b, n_c).
    structure
        Cell and atoms.
    windows_angstrom
        Periods of the materials along the normal: one, or two at an interface. For a layered
        oxide, the distance of its layers.
    axis
        Lattice vector that leads out of the planes.

    Raises
    ------
    ValueError
        If a window is longer than the cell.
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


def vacuum_level(profile: PotentialProfile, structure: Structure) -> VacuumLevel:
    """Read the potential in the vacuum.

    Raises
    ------
    PotentialError
        If there is no vacuum, or the potential in it isn't flat. A slab with a dipole has a
        level on either side, which are named; a slope wants a dipole correction.
    """
    middle, width = widest_gap(structure.frac_coords[:, profile.axis])
    width_angstrom = width * profile.height_angstrom
    if width_angstrom < MIN_VACUUM_ANGSTROM:
        raise PotentialError(
            f"there is no vacuum: the widest gap between atoms is {width_angstrom:.2f} A high, "
            f"and {MIN_VACUUM_ANGSTROM:g} A are needed"
        )
    half = width_angstrom / 2 - SURFACE_MARGIN_ANGSTROM
    center = middle * profile.height_angstrom
    region = _region(profile, profile.planar_ev, center - half, center + half)
    spread = float(np.ptp(region))
    if spread > MAX_SPREAD_EV:
        n = max(1, len(region) // 4)
        raise PotentialError(
            f"the potential in the vacuum isn't flat: it varies by {spread:.3f} eV, from "
            f"{region[:n].mean():.3f} eV above the slab to {region[-n:].mean():.3f} eV below the "
            f"next one, and {MAX_SPREAD_EV:g} eV are allowed; is the slab polar (LDIPOL, IDIPOL), "
            "or the vacuum too thin?"
        )
    return VacuumLevel(
        level_ev=float(region.mean()),
        spread_ev=spread,
        region_angstrom=(center - half, center + half),
    )


def align_by_vacuum(reference: VacuumLevel, other: VacuumLevel) -> PotentialAlignment:
    """Put two slabs on one scale by making their vacuum levels equal."""
    return _alignment("vacuum", reference.level_ev, other.level_ev)


def align_in_region(
    reference: PotentialProfile, other: PotentialProfile, region_angstrom: tuple[float, float]
) -> PotentialAlignment:
    """Put two slabs on one scale by the potential in a region where both hold the same material.

    Meant for the inner layers of the same slab, bare and coated: the macroscopic averages over
    the region are made equal.

    Parameters
    ----------
    reference, other
        Profiles with the same windows, along the same axis.
    region_angstrom
        From and to along the normal, angstrom.

    Raises
    ------
    PotentialError
        If windows or axis differ, or the region is empty.
    """
    if (reference.axis, reference.windows_angstrom) != (other.axis, other.windows_angstrom):
        raise PotentialError(
            f"the profiles must be averaged alike, got axis and windows "
            f"{reference.axis}, {reference.windows_angstrom} and "
            f"{other.axis}, {other.windows_angstrom}"
        )
    start, end = region_angstrom
    levels = [
        float(_region(profile, profile.macroscopic_ev, start, end).mean())
        for profile in (reference, other)
    ]
    return _alignment("region", *levels)


def _alignment(method: str, reference_ev: float, other_ev: float) -> PotentialAlignment:
    return PotentialAlignment.model_validate(
        {
            "method": method,
            "reference_ev": reference_ev,
            "other_ev": other_ev,
            "shift_ev": reference_ev - other_ev,
        }
    )


def _region(
    profile: PotentialProfile, values: Sequence[float], start: float, end: float
) -> FloatArray:
    """Return the planes from ``start`` to ``end``, periodic, in their order."""
    n_planes = len(values)
    step = profile.height_angstrom / n_planes
    first, last = int(np.ceil(start / step)), int(np.floor(end / step))
    if last < first:
        raise PotentialError(f"there is no plane from {start:.2f} to {end:.2f} A")
    return np.asarray(values, dtype=np.float64)[np.arange(first, last + 1) % n_planes]
