"""A lattice match: the common cell of two surfaces, and the strain it needs."""

from dataclasses import dataclass

from llo_dft.errors import InputError
from llo_dft.typing import FloatArray, IntArray


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
    deformation_gradient: FloatArray
    """(2, 2) F, which maps in-plane film coordinates (columns) to the substrate's:
    ``film_transformation @ film @ F.T == substrate_transformation @ substrate``, with both as
    ``lattice2d.in_plane_basis`` returns them."""
    rotation_angle: float
    """Angle of the rotation in F = R U, degrees anticlockwise; for three-dimensional input the
    angle from the substrate's first vector to the film's. Where several angles are equivalent by
    symmetry, the smallest."""
    strain_share: float
    """Fraction of the strain that the film takes."""
    n_atoms: int | None
    """Atoms in the common cell, if counts were given."""
    on_front: bool
    """Whether no other match has both less (or equal) area and less (or equal) strain."""


class NoMatchError(InputError):
    """No common cell fits the limits; the nearest ones are in the message and here.

    Attributes
    ----------
    smallest_strain
        The match of smallest strain at the allowed area, or None if none has less than
        40 % (or there is no common cell at all of that area).
    smallest_area
        The smallest match at the allowed strain up to three times the area, or None.
    """

    def __init__(
        self, message: str, smallest_strain: LatticeMatch | None, smallest_area: LatticeMatch | None
    ) -> None:
        super().__init__(message)
        self.smallest_strain = smallest_strain
        self.smallest_area = smallest_area
