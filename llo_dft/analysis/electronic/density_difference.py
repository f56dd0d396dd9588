"""Density difference of an interface: what may be subtracted, and what is read from it.

delta rho = rho(AB) - rho(A) - rho(B), with the atoms of A and B where they are in AB, in the same
cell and on the same grid. It is positive where electrons were gained.
"""

from collections.abc import Sequence
from typing import Final, get_args

import numpy as np
from pymatgen.core.structure import Structure
from scipy.ndimage import map_coordinates

from llo_dft.analysis.electronic.planar_average import (
    cumulative_e,
    line_density_e_per_angstrom,
    plane_height_angstrom,
    widest_gap,
)
from llo_dft.chemistry.bonds import Bond, former_bonds
from llo_dft.chemistry.roles import element_role
from llo_dft.documents.electrons.charge import BondProfile, DensityPart, PlanarProfile
from llo_dft.errors import InputError
from llo_dft.typing import FloatArray

#: Largest difference of a component of the vectors of equal cells. VASP prints 1e-6 A.
CELL_TOLERANCE_ANGSTROM: Final = 1e-4

#: An atom within this of its place has not moved. VASP prints 1e-6 of the cell's lengths.
ATOM_TOLERANCE_ANGSTROM: Final = 1e-3

#: Largest |integral of the difference| that counts as rounding, electrons.
MAX_RESIDUAL_E: Final = 1e-3

#: How far a profile extends beyond both atoms of its bond, angstrom, and its step.
BEYOND_BOND_ANGSTROM: Final = 0.8
BOND_STEP_ANGSTROM: Final = 0.02


def check_same_cell(whole: Structure, part: Structure, name: str) -> None:
    """Raise ``InputError`` unless two cells agree to ``CELL_TOLERANCE_ANGSTROM``."""
    difference = np.abs(whole.lattice.matrix - part.lattice.matrix)
    if difference.max() > CELL_TOLERANCE_ANGSTROM:
        row = int(difference.max(axis=1).argmax())
        shown = [np.round(s.lattice.matrix[row], 6).tolist() for s in (whole, part)]
        raise InputError(
            f"the cell of {name} isn't that of AB: vector {'abc'[row]} is {shown[1]} A and "
            f"{shown[0]} A in AB (tolerance {CELL_TOLERANCE_ANGSTROM:g} A)"
        )


def assign_parts(whole: Structure, a: Structure, b: Structure) -> tuple[list[DensityPart], float]:
    """Find each atom of A and B in AB, at its place or at a periodic image.

    Raises ``InputError`` if an atom of A or B is missing from AB or in it twice, or one of AB is in
    neither (it is named); or if the cells differ.

    Returns the part that each atom of AB belongs to, and the largest distance of an atom from its
    place, angstrom.
    """
    parts: list[DensityPart | None] = [None] * len(whole)
    largest = 0.0
    named: tuple[tuple[DensityPart, Structure], ...] = (("a", a), ("b", b))
    for part, structure in named:
        name = part.upper()
        check_same_cell(whole, structure, name)
        for index, site in enumerate(structure):
            found, distance = _nearest(whole, site.specie.symbol, site.frac_coords)
            atom = f"{site.specie.symbol} {index + 1} of {name} at {_place(site.frac_coords)}"
            if found is None or distance > ATOM_TOLERANCE_ANGSTROM:
                nearest = f"the nearest is {distance:.3f} A away" if found is not None else "none"
                raise InputError(
                    f"{atom} isn't in AB ({nearest}): each atom of a part must be where it is in "
                    f"AB, to {ATOM_TOLERANCE_ANGSTROM:g} A; don't relax the parts"
                )
            taken = parts[found]
            if taken is not None:
                raise InputError(
                    f"{atom} is atom {found + 1} of AB, which is already in {taken.upper()}"
                )
            parts[found] = part
            largest = max(largest, distance)
    assigned = [part for part in parts if part is not None]
    if len(assigned) != len(parts):
        index = parts.index(None)
        raise InputError(
            f"{whole[index].specie.symbol} {index + 1} of AB at "
            f"{_place(whole[index].frac_coords)} is in neither A nor B"
        )
    return assigned, largest


def check_residual(n_electrons: Sequence[float], limit_e: float = MAX_RESIDUAL_E) -> float:
    """Return N(AB) - N(A) - N(B), which is the integral of the difference, e.

    Raises ``InputError`` if its magnitude is not below ``limit_e``.
    """
    whole, a, b = n_electrons
    residual = whole - a - b
    if not abs(residual) < limit_e:
        raise InputError(
            f"the electrons don't add up: AB has {whole:.6f}, A {a:.6f} and B {b:.6f}, so the "
            f"difference integrates to {residual:.2e} e, and {limit_e:g} e is allowed; were "
            "charge, POTCARs and grid the same?"
        )
    return residual


def planar_profile(
    difference_per_a3: FloatArray, structure: Structure, axis: int = 2
) -> PlanarProfile:
    """Average a difference over planes, from the middle of the widest gap between the atoms.

    The difference is in electrons per cubic angstrom, shape (n_a, n_b, n_c), in the cell and with
    the atoms of AB; the lattice vector ``axis`` crosses the planes. The profile begins in the
    widest gap, so that the cumulative charge starts where it cuts through no atom.
    """
    lattice = structure.lattice.matrix
    n_planes = difference_per_a3.shape[axis]
    height = plane_height_angstrom(lattice, axis)
    step = height / n_planes
    middle = widest_gap(structure.frac_coords[:, axis])[0]
    start = round((middle - round(middle)) * n_planes)  # so that most atoms keep their heights
    density = np.roll(line_density_e_per_angstrom(difference_per_a3, lattice, axis), -start)
    coordinate = (start + np.arange(n_planes)) * step
    return PlanarProfile(
        axis=axis,
        start_fraction=start / n_planes,
        coordinate_angstrom=coordinate.tolist(),
        line_density_e_per_angstrom=density.tolist(),
        cumulative_angstrom=(coordinate + step / 2).tolist(),
        cumulative_e=cumulative_e(density, step).tolist(),
    )


def atom_planes_angstrom(structure: Structure, profile: PlanarProfile) -> FloatArray:
    """Coordinate of each atom along a profile, angstrom, within the profile's period."""
    height = plane_height_angstrom(structure.lattice.matrix, profile.axis)
    fractions = structure.frac_coords[:, profile.axis] - profile.start_fraction
    places = (np.mod(fractions, 1.0) + profile.start_fraction) * height
    return np.asarray(places, dtype=np.float64)


def bonds_across(
    structure: Structure, parts: Sequence[DensityPart], coating: DensityPart | None = None
) -> list[Bond]:
    """Find the bonds from network formers of one part to anions of the other, shortest first.

    ``parts`` are of each atom of AB, ``coating`` is the part in which every cation except Li is a
    former; None: only elements that always are.
    """
    sites = {
        part: [i for i, of in enumerate(parts) if of == part] for part in get_args(DensityPart)
    }
    found: list[Bond] = []
    for part, other in (("a", "b"), ("b", "a")):
        own = sites[part]
        if part != coating:
            own = [i for i in own if element_role(structure[i].specie.symbol) == "former"]
        found += former_bonds(structure, own, sites[other])
    return sorted(found, key=lambda bond: (bond.length, bond.cation, bond.anion))


def bond_profile(
    difference_per_a3: FloatArray, structure: Structure, parts: Sequence[DensityPart], bond: Bond
) -> BondProfile:
    """Read a difference along the line through a bond of ``bonds_across``."""
    n_steps = round((bond.length + 2 * BEYOND_BOND_ANGSTROM) / BOND_STEP_ANGSTROM)
    distance = np.linspace(-BEYOND_BOND_ANGSTROM, bond.length + BEYOND_BOND_ANGSTROM, n_steps + 1)
    points = structure[bond.cation].coords + distance[:, None] * (bond.vector / bond.length)
    values = interpolate(difference_per_a3, structure.lattice.get_fractional_coords(points))
    return BondProfile(
        former=bond.cation,
        oxygen=bond.anion,
        length_angstrom=bond.length,
        former_part=parts[bond.cation],
        distance_angstrom=distance.tolist(),
        difference_e_per_a3=values.tolist(),
    )


def interpolate(grid: FloatArray, fractional: FloatArray) -> FloatArray:
    """Interpolate a periodic grid linearly along its three axes, shape (n_points,).

    ``grid`` has the values at (i / n_a, j / n_b, k / n_c), shape (n_a, n_b, n_c); ``fractional``
    are points in fractional coordinates, shape (n_points, 3).
    """
    places = np.mod(fractional, 1.0) * np.array(grid.shape)
    values = map_coordinates(grid, places.T, order=1, mode="grid-wrap")
    return np.asarray(values, dtype=np.float64)


def moved_electrons(difference_per_a3: FloatArray, volume_a3: float) -> float:
    """Half the integral of |difference|, e: each electron moved counts in two places."""
    total = sum(float(np.abs(plane).sum()) for plane in np.moveaxis(difference_per_a3, 2, 0))
    return total / difference_per_a3.size * volume_a3 / 2


def _nearest(whole: Structure, symbol: str, fractional: FloatArray) -> tuple[int | None, float]:
    """Return the nearest atom of an element, and its distance in angstrom."""
    same = [i for i, site in enumerate(whole) if site.specie.symbol == symbol]
    if not same:
        return None, float("inf")
    distances = whole.lattice.get_all_distances(whole.frac_coords[same], fractional)[:, 0]
    nearest = int(distances.argmin())
    return same[nearest], float(distances[nearest])


def _place(fractional: FloatArray) -> str:
    return "(" + ", ".join(f"{x:.4f}" for x in fractional) + ")"
