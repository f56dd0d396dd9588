"""Charge-density differences, as stored.

The grid itself is stored beside the document, as CHGCAR, cube and npz.
"""

from typing import Literal

from pydantic import Field

from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.document import Document, StoredStructure

#: Which of the two subtracted densities an atom of the whole belongs to.
DensityPart = Literal["a", "b"]


class PlanarProfile(Document):
    """A grid averaged over the planes across one lattice direction."""

    axis: int = Field(ge=0, le=2, description="Lattice vector that crosses the planes")
    start_fraction: float = Field(
        description="Fractional coordinate of the first plane; the profile is periodic"
    )
    coordinate_angstrom: list[float] = Field(
        description="Distance of each plane from the cell's origin along the planes' normal, A"
    )
    line_density_e_per_angstrom: list[float] = Field(
        description="Electrons gained per length along the normal, e/A"
    )
    cumulative_angstrom: list[float] = Field(
        description="Where the cumulative charge is given: half a step behind each plane, A"
    )
    cumulative_e: list[float] = Field(
        description="Electrons gained between the start and there, e; positive: they came "
        "through the plane from beyond it. The last value is the residual"
    )


class BondProfile(Document):
    """The density difference along the line through a bond across the interface."""

    former: int = Field(description="Index of the network former in the whole, from 0")
    oxygen: int = Field(description="Index of the O in the whole, from 0")
    length_angstrom: float
    former_part: DensityPart
    distance_angstrom: list[float] = Field(
        description="Distance from the former towards O, A; negative before the former"
    )
    difference_e_per_a3: list[float] = Field(description="Density difference there, e/A^3")


class ChargeDifference(Document):
    """rho(AB) - rho(A) - rho(B), with the atoms of A and B where they are in AB."""

    whole_file: str
    a_file: str
    b_file: str
    structure: StoredStructure = Field(description="Cell and atoms of AB")
    part_of_atom: list[DensityPart] = Field(description="For each atom of AB")
    grid_shape: tuple[int, int, int]
    electrons_whole: float = Field(description="Integral of the density of AB, e")
    electrons_a: float = Field(description="Of A, e")
    electrons_b: float = Field(description="Of B, e")
    residual_e: float = Field(description="Integral of the difference, e; should be 0")
    absolute_e: float = Field(
        description="Half the integral of the difference's absolute value: electrons moved, e"
    )
    largest_atom_shift_angstrom: float = Field(
        description="Largest distance of an atom in A or B from where it is in AB, A"
    )
    planar: PlanarProfile
    bonds: list[BondProfile]
    fingerprint: Fingerprint | None = Field(
        None, description="Of AB; None: there is no vasprun.xml or vaspout.h5 beside its density"
    )
    allowed: list[str] = Field(
        default_factory=list, description="Names of the settings that were allowed to differ"
    )
    allowed_differences: list[str] = Field(
        default_factory=list, description="Accepted differences, with both values"
    )
    notes: list[str] = Field(
        default_factory=list,
        description="Files not in VASP's own layout, and runs whose settings are not known",
    )
    mock: bool = False

    def bond_name(self, bond: BondProfile) -> str:
        """Return its two atoms, numbered from 1: "P4-O2"."""
        return "-".join(
            f"{self.structure[site].specie.symbol}{site + 1}" for site in (bond.former, bond.oxygen)
        )

    @property
    def formers(self) -> list[str]:
        """Elements of the network formers that are bonded across the interface."""
        return sorted({self.structure[bond.former].specie.symbol for bond in self.bonds})

    def __repr__(self) -> str:
        """Return formula, electrons moved, residual and bonds in one line."""
        return (
            f"ChargeDifference({self.structure.composition.reduced_formula}, "
            f"{self.absolute_e:.3f} e moved, residual {self.residual_e:.1e} e, "
            f"{len(self.bonds)} bonds across the interface)"
        )


class ChargeDifferenceResult(Document):
    """rho(coated) - rho(oxide) - rho(coating) of a pristine interface, atoms fixed as relaxed."""

    termination: str
    coating_charge_e: int | None = Field(
        None,
        description="Sum of the coating's formal charges; the oxide's is the opposite. Unless 0, "
        "neither part is a closed shell, and the difference includes their extra charge",
    )
    electrons_moved: float | None = Field(
        None, description="Half the integral of the difference's absolute value, e"
    )
    residual_e: float | None = Field(None, description="Integral of the difference, e")
    folder: str | None = Field(None, description="Its grids, profiles and figures")
    reason: str | None = Field(None, description="Why there is none")
