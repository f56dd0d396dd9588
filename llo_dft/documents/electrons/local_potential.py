"""The local potential of a finished calculation: levels, work functions, alignment."""

from typing import Literal

from pydantic import Field

from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.document import Document, StoredStructure

#: The two faces of a slab: upper is at higher coordinates.
Face = Literal["upper", "lower"]


class PotentialProfile(Document):
    """A local potential averaged over planes, and over a window along their normal."""

    axis: int = Field(ge=0, le=2)
    height_angstrom: float = Field(gt=0, description="Height of the cell along the normal, A")
    coordinate_angstrom: list[float] = Field(description="Distance from the origin, A")
    planar_ev: list[float] = Field(description="Average over each plane, eV")
    macroscopic_ev: list[float] = Field(description="The same, averaged over the windows, eV")
    windows_angstrom: list[float] = Field(description="Lengths of the windows, one or two, A")


class VacuumLevel(Document):
    """The potential in the vacuum of a slab's cell."""

    level_ev: float = Field(description="Mean of the planar average in the region, eV")
    spread_ev: float = Field(description="Largest minus smallest planar average there, eV")
    region_angstrom: tuple[float, float] = Field(
        description="Start and end along the normal, A; the end may lie beyond the cell's height"
    )


class PotentialAlignment(Document):
    """The shift that puts the energies of one calculation on the scale of another."""

    method: Literal["vacuum", "region"]
    reference_ev: float = Field(description="Potential of the first calculation, eV")
    other_ev: float = Field(description="Potential of the second at the same place, eV")
    shift_ev: float = Field(
        description="Add to energies of the second to compare with the first, eV"
    )


class FaceLevels(Document):
    """One face of a slab and the vacuum in front of it."""

    vacuum: VacuumLevel
    work_function_ev: float | None = Field(
        None, description="Vacuum level minus E_F; None if E_F is not known"
    )
    ionization_energy_ev: float | None = Field(
        None, description="Vacuum level minus VBM; None if the VBM is not known"
    )


class PotentialSummary(Document):
    """Profile, vacuum levels and work functions of one cell."""

    path: str = Field(description="Its folder or LOCPOT; in a study, the calculation's label")
    structure: StoredStructure
    profile: PotentialProfile
    faces: dict[Face, FaceLevels] = Field(
        default_factory=dict, description="Empty if the cell has no vacuum, or no flat one"
    )
    dipole_step_ev: float | None = Field(
        None, description="Vacuum level of the upper face minus that of the lower one"
    )
    fermi_ev: float | None = Field(None, description="On the potential's zero")
    vbm_ev: float | None = Field(None, description="On the potential's zero")
    alignment: PotentialAlignment | None = Field(
        None, description="Alignment to the first calculation named; None for that one"
    )
    fingerprint: Fingerprint | None = Field(
        None, description="Settings of its run; None: no vasprun.xml or vaspout.h5 beside it"
    )
    problems: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    mock: bool = Field(
        default=False, description="The files are from a mock VASP: no number is a result"
    )
