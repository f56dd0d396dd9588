"""The vacuum level in front of each face of a slab, and whether it is well defined.

A slab without a dipole has one level throughout its vacuum. With a dipole, and a layer in the
middle of the vacuum that compensates it (LDIPOL), the potential is flat on both sides of a step.
Without that layer it slopes, and there is no vacuum level.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.analysis.electronic.planar_average import widest_gap
from llo_dft.analysis.electronic.potential_alignment import PotentialError, planes_between
from llo_dft.documents.electrons.local_potential import Face, PotentialProfile, VacuumLevel
from llo_dft.typing import FloatArray

#: Least atom-free height of a vacuum, angstrom; between the layers of a crystal it is below 4.
MIN_VACUUM_ANGSTROM: Final = 8.0

#: The density outside a surface extends about 3 angstrom; the level is read beyond that.
SURFACE_MARGIN_ANGSTROM: Final = 3.0

#: Largest variation of the planar average that counts as flat, eV.
MAX_SPREAD_EV: Final = 0.05

#: Fractions of the vacuum, from each face, that are tried as a plateau, largest first: a
#: compensating layer is in the middle, or close to it.
_PARTS: Final = (0.45, 0.4, 0.35, 0.3, 0.25)

#: Least height of a plateau, angstrom, and least number of planes in it.
MIN_PLATEAU_ANGSTROM: Final = 1.0
_MIN_PLANES: Final = 4


def has_vacuum(profile: PotentialProfile, structure: Structure) -> bool:
    """Return whether the widest gap between the atoms counts as vacuum."""
    return _gap_angstrom(profile, structure)[1] >= MIN_VACUUM_ANGSTROM


def face_levels(profile: PotentialProfile, structure: Structure) -> dict[Face, VacuumLevel]:
    """Read the vacuum level in front of either face.

    The spread of a plateau, and its slope extrapolated over the whole vacuum, must both be at most
    ``MAX_SPREAD_EV``.

    The profile has planar averages along the normal of the faces.

    Raises ``PotentialError`` if there is no vacuum, or no plateau in front of a face; the message
    has what was found.
    """
    middle, width = _gap_angstrom(profile, structure)
    if width < MIN_VACUUM_ANGSTROM:
        raise PotentialError(
            f"there is no vacuum: the widest gap between atoms is {width:.2f} A high, and "
            f"{MIN_VACUUM_ANGSTROM:g} A are needed"
        )
    half = width / 2 - SURFACE_MARGIN_ANGSTROM
    start, end = middle - half, middle + half
    heights, values = planes_between(profile, profile.planar_ev, start, end)
    if len(values) >= _MIN_PLANES and _is_flat(heights, values, end - start):
        level = _level(heights, values)
        return {"upper": level, "lower": level}
    found: dict[Face, VacuumLevel] = {}
    faces: Mapping[Face, tuple[float, float]] = {"upper": (start, 1.0), "lower": (end, -1.0)}
    for face, (edge, sign) in faces.items():
        for part in _PARTS:
            limits = sorted((edge, edge + sign * part * (end - start)))
            at, plateau = planes_between(profile, profile.planar_ev, *limits)
            high_enough = limits[1] - limits[0] >= MIN_PLATEAU_ANGSTROM
            if high_enough and len(at) >= _MIN_PLANES and _is_flat(at, plateau, end - start):
                found[face] = _level(at, plateau)
                break
        else:
            _refuse(face, heights, values)
    return found


def _gap_angstrom(profile: PotentialProfile, structure: Structure) -> tuple[float, float]:
    """Middle and width of the widest gap between the atoms, angstrom."""
    middle, width = widest_gap(structure.frac_coords[:, profile.axis])
    return middle * profile.height_angstrom, width * profile.height_angstrom


def _is_flat(heights: FloatArray, values: FloatArray, vacuum_angstrom: float) -> bool:
    slope = float(np.polyfit(heights - heights.mean(), values, 1)[0])
    return float(np.ptp(values)) <= MAX_SPREAD_EV and abs(slope) * vacuum_angstrom <= MAX_SPREAD_EV


def _level(heights: FloatArray, values: FloatArray) -> VacuumLevel:
    return VacuumLevel(
        level_ev=float(values.mean()),
        spread_ev=float(np.ptp(values)),
        region_angstrom=(float(heights[0]), float(heights[-1])),
    )


def _refuse(face: Face, heights: FloatArray, values: FloatArray) -> None:
    ends = f"{values[0]:.3f} to {values[-1]:.3f} eV" if len(values) else "no plane at all"
    reach = f"{heights[0]:.1f} to {heights[-1]:.1f} A" if len(values) else "the vacuum"
    raise PotentialError(
        f"the potential in front of the {face} face isn't flat: it goes from {ends} over "
        f"{reach}, and {MAX_SPREAD_EV:g} eV are allowed; is the slab polar (LDIPOL, IDIPOL), "
        "the vacuum too thin, or exchange-correlation in the potential (set LVHAR)?"
    )
