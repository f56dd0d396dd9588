"""Lattice matching: every distinct common cell of a film and a substrate within limits.

A match states which sublattice of the film lies on which of the substrate, and the strain needed.
Only the lattices enter, not the atoms: the film's position (registry) and face are left to the
interface builder.
"""

from dataclasses import dataclass, replace
from typing import Final, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from llo_dft.builders.matching.lattice2d import (
    BoolArray,
    determinants,
    in_plane_basis,
    lattice_point_group,
    reduction,
)
from llo_dft.builders.matching.match_orbits import Maps, Sides, distinct
from llo_dft.builders.matching.match_search import Limits, search, stretches_of
from llo_dft.chemistry.strain import von_mises_strain
from llo_dft.errors import InputError
from llo_dft.typing import FloatArray, IntArray

#: Areas (A^2), and strains, that differ by less count as equal when matches are ranked.
RANKING_DECIMALS: Final = 8

#: If nothing fits: strains tried at the allowed area, and areas at the allowed strain (in units of
#: the limits).
WIDER_STRAINS: Final = (1.5, 2.0, 3.0, 5.0)
WIDER_AREAS: Final = (1.25, 1.5, 2.0, 3.0)

#: No film is strained more than this; the search for near misses stops here.
LARGEST_STRAIN_TRIED: Final = 0.4


@dataclass(frozen=True, eq=False)
class LatticeMatch:
    """A common cell of film and substrate."""

    area_a2: float
    """Area of the common cell as it will be built, square angstrom."""
    max_strain: float
    """Largest absolute principal (Biot) strain of either side in that cell."""
    von_mises_strain: float
    """That of the side where it is larger; see ``chemistry.strain``."""
    principal_strains: tuple[float, float]
    """The whole mismatch as principal strains of the film (s - 1 for the principal stretches s from
    film to substrate), larger first."""
    film_transformation: IntArray
    substrate_transformation: IntArray
    """film_transformation, substrate_transformation: (2, 2) integers; ``film_transformation @
    film`` are the film's vectors that become the common cell's, and ``substrate_transformation @
    substrate`` the substrate's."""
    rotation_angle: float
    """Angle of the rotation in F = R U, degrees anticlockwise, where F maps in-plane film
    coordinates (columns) to the substrate's: ``film_transformation @ film @ F.T ==
    substrate_transformation @ substrate``. For three-dimensional input the angle from the
    substrate's first vector to the film's. Where several are equivalent by symmetry, the smallest.
    """
    strain_share: float
    """Fraction of the strain that the film takes."""
    n_atoms: int | None
    """Atoms in the common cell, if counts were given."""
    on_front: bool
    """Whether no other match has both less (or equal) area and less (or equal) strain."""


class NoMatchError(InputError):
    """No common cell fits the limits; the nearest ones are in the message and here.

    ``smallest_strain`` is the match of smallest strain at the allowed area, or None if none has
    less than 40 % (or there is no common cell at all of that area); ``smallest_area`` the smallest
    match at the allowed strain up to three times the area, or None.
    """

    def __init__(
        self, message: str, smallest_strain: LatticeMatch | None, smallest_area: LatticeMatch | None
    ) -> None:
        super().__init__(message)
        self.smallest_strain = smallest_strain
        self.smallest_area = smallest_area


def find_matches(
    film: ArrayLike,
    substrate: ArrayLike,
    *,
    max_area: float,
    max_strain: float,
    strain_share: float = 1.0,
    atom_counts: tuple[int, int] | None = None,
) -> list[LatticeMatch]:
    """Return every distinct match of two lattices within limits.

    Every sublattice of the film is compared with every one of the substrate, at every rotation.
    Two matches are the same if a symmetry of the lattices, or a change of the common basis, maps
    one onto the other, or if one is a supercell of the other: then only the smaller is returned,
    since the larger is the same interface.

    Raises ``NoMatchError`` if nothing fits; the message has the smallest strain at that area, and
    the smallest area at that strain; ``InputError`` or ``ValueError`` if vectors are collinear, or
    a limit makes no sense.

    Parameters
    ----------
    film, substrate
        Surface vectors as rows, (2, 3) or (2, 2), angstrom; any primitive basis of the lattice
        (see ``surface_lattice``): with another one, matches are missed.
    max_area
        Largest area of the common cell as it will be built, square angstrom.
    max_strain
        Largest absolute principal strain of either side as it will be built: with
        ``strain_share = 0.5`` and 0.05, the lattices may differ by about 10 %.
    strain_share
        Fraction of the strain that the film takes, 0 to 1. With F = R U = V R (polar
        decomposition) the film is deformed by U^share, the substrate by V^(share - 1).
        It gives the least elastic energy at k_substrate / (k_film + k_substrate), where k is
        thickness times biaxial modulus.
    atom_counts
        Atoms per cell of ``film`` and ``substrate`` as given, for ``n_atoms``.

    Returns
    -------
    Matches on the Pareto front of area and strain, then the others; each by area, then strain.
    """
    limits = Limits(max_area, max_strain, strain_share)
    task = _prepare(film, substrate, atom_counts)
    matches = _matches(task, limits)
    if not matches:
        _raise_no_match(task, limits)
    return matches


@dataclass(frozen=True)
class _Search:
    """Two lattices prepared for the search: reductions of their bases, and atoms per cell."""

    sides: Sides
    to_film: IntArray
    to_substrate: IntArray
    atom_counts: tuple[int, int] | None


def _prepare(film: ArrayLike, substrate: ArrayLike, atom_counts: tuple[int, int] | None) -> _Search:
    given = in_plane_basis(film, "the film"), in_plane_basis(substrate, "the substrate")
    to_film, to_substrate = map(reduction, given)
    bases = to_film @ given[0], to_substrate @ given[1]
    sides = Sides(*bases, *map(lattice_point_group, bases))
    return _Search(sides, to_film, to_substrate, atom_counts)


def _matches(task: _Search, limits: Limits) -> list[LatticeMatch]:
    """Return the ranked distinct matches, possibly none."""
    found = search(task.sides.film, task.sides.substrate, limits)
    if not len(found.film):
        return []
    maps = distinct(found, task.sides)
    stretches = stretches_of(maps.gradients)
    film_side, substrate_side = (s - 1 for s in limits.side_stretches(stretches))
    strain = np.abs(np.hstack([film_side, substrate_side])).max(axis=1)
    von_mises = np.maximum(von_mises_strain(*film_side.T), von_mises_strain(*substrate_side.T))
    film_area = np.abs(determinants(maps.film @ task.sides.film))
    area = film_area * np.prod(stretches, axis=1) ** limits.strain_share
    front = _pareto_front(area, strain)
    film_cell, substrate_cell = _common_cells(maps, task, limits)
    order = np.lexsort((maps.angles, _rounded(strain), _rounded(area), ~front))
    return [
        LatticeMatch(
            area_a2=float(area[i]),
            max_strain=float(strain[i]),
            von_mises_strain=float(von_mises[i]),
            principal_strains=(float(stretches[i, 0] - 1), float(stretches[i, 1] - 1)),
            film_transformation=film_cell[i],
            substrate_transformation=substrate_cell[i],
            rotation_angle=float(maps.angles[i]),
            strain_share=limits.strain_share,
            n_atoms=_atoms(film_cell[i], substrate_cell[i], task.atom_counts),
            on_front=bool(front[i]),
        )
        for i in order.tolist()
    ]


def _common_cells(maps: Maps, task: _Search, limits: Limits) -> tuple[IntArray, IntArray]:
    """Return film and substrate transformations (n, 2, 2) of the given vectors.

    The common cell is reduced and right-handed, as seen on the substrate; its first vector
    has a positive first component on the substrate's.
    """
    cells = maps.substrate @ task.sides.substrate
    if limits.strain_share < 1.0:
        u, s, _ = np.linalg.svd(maps.gradients)
        cells = cells @ (u * s[:, None, :] ** (limits.strain_share - 1)) @ u.swapaxes(1, 2)
    to_cell = reduction(cells)
    film = to_cell @ maps.film @ task.to_film
    substrate = to_cell @ maps.substrate @ task.to_substrate
    first = substrate[:, 0]
    negative = (first[:, 0] < 0) | ((first[:, 0] == 0) & (first[:, 1] < 0))
    sign = np.where(negative, -1, 1)[:, None, None]
    return sign * film, sign * substrate


def _atoms(film: IntArray, substrate: IntArray, counts: tuple[int, int] | None) -> int | None:
    if counts is None:
        return None
    cells = abs(int(determinants(film))), abs(int(determinants(substrate)))
    return cells[0] * counts[0] + cells[1] * counts[1]


def _rounded(values: FloatArray) -> FloatArray:
    return np.round(values, RANKING_DECIMALS)


def _pareto_front(area: FloatArray, strain: FloatArray) -> BoolArray:
    """Whether each (area, strain) is beaten by no other; equal ones are both kept."""
    areas, strains = _rounded(area), _rounded(strain)
    sizes, group = np.unique(areas, return_inverse=True)
    least = np.full(len(sizes), np.inf)
    np.minimum.at(least, group, strains)
    smaller = np.concatenate([[np.inf], np.minimum.accumulate(least)[:-1]])
    result: BoolArray = (strains == least[group]) & (strains < smaller[group])
    return result


def _raise_no_match(task: _Search, limits: Limits) -> NoReturn:
    """Raise with the nearest misses: more strain at that area, more area at that strain."""
    strains = [factor * limits.max_strain for factor in WIDER_STRAINS] + [LARGEST_STRAIN_TRIED]
    strained = _first_found(
        task, [replace(limits, max_strain=s) for s in strains if s <= LARGEST_STRAIN_TRIED]
    )
    larger = _first_found(
        task, [replace(limits, max_area=factor * limits.max_area) for factor in WIDER_AREAS]
    )
    # the two ends of the front
    smallest_strain = next((match for match in reversed(strained) if match.on_front), None)
    smallest_area = next(iter(larger), None)
    cells = [float(determinants(basis)) for basis in (task.sides.film, task.sides.substrate)]
    by_strain = (
        f"no cell of that area needs less than {LARGEST_STRAIN_TRIED:.0%} strain "
        f"(one cell of the film has {cells[0]:.1f} A^2, of the substrate {cells[1]:.1f})"
        if smallest_strain is None
        else f"at that area the smallest strain is {smallest_strain.max_strain:.4f} "
        f"({smallest_strain.area_a2:.1f} A^2)"
    )
    by_area = (
        f"at that strain nothing fits up to {WIDER_AREAS[-1] * limits.max_area:.1f} A^2"
        if smallest_area is None
        else f"at that strain the smallest area is {smallest_area.area_a2:.1f} A^2 "
        f"(strain {smallest_area.max_strain:.4f})"
    )
    raise NoMatchError(
        f"no common cell within max_area {limits.max_area:g} A^2, max_strain "
        f"{limits.max_strain:g}: {by_strain}; {by_area}. Widen one of the limits, or "
        "share the strain between both sides (strain_share)",
        smallest_strain,
        smallest_area,
    )


def _first_found(task: _Search, wider: list[Limits]) -> list[LatticeMatch]:
    """Return the matches within the first limits that give any."""
    return next((found for limits in wider if (found := _matches(task, limits))), [])
