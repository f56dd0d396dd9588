"""The local potential of a finished calculation: levels, work functions, alignment."""

from typing import Literal

from pydantic import Field

from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.document import Document, StoredStructure

#: The two faces of a slab: upper is the one towards higher coordinates.
Face = Literal["upper", "lower"]


class PotentialProfile(Document):
    """A local potential averaged over planes, and over a window along their normal."""

    axis: int = Field(ge=0, le=2)
    height_angstrom: float = Field(gt=0, description="Height of the cell along the normal, A")
    coordinate_angstrom: list[float] = Field(description="Distance from the origin, A")
    planar_ev: list[float] = Field(description="Mean over each plane, eV")
    macroscopic_ev: list[float] = Field(description="Mean of that over the windows, eV")
    windows_angstrom: list[float] = Field(description="Lengths of the windows, one or two, A")


class VacuumLevel(Document):
    """The potential in the vacuum of a slab's cell."""

    level_ev: float = Field(description="Mean of the planar average in the region, eV")
    spread_ev: float = Field(description="Largest less smallest planar average there, eV")
    region_angstrom: tuple[float, float] = Field(
        description="From and to along the normal, A; the end may lie beyond the cell's height"
    )


class PotentialAlignment(Document):
    """What to add to the energies of one calculation to put them on another's scale."""

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
        None, description="Vacuum level less E_F; None if E_F is not known"
    )
    ionization_energy_ev: float | None = Field(
        None, description="Vacuum level less VBM; None if the VBM is not known"
    )


class PotentialSummary(Document):
    """Profile, vacuum levels and work functions of one cell."""

    path: str = Field(description="Its folder or LOCPOT; of a study, the calculation's label")
    structure: StoredStructure
    profile: PotentialProfile
    faces: dict[Face, FaceLevels] = Field(
        default_factory=dict, description="Empty if the cell has no vacuum, or none that is flat"
    )
    dipole_step_ev: float | None = Field(
        None, description="Vacuum level of the upper face less that of the lower one"
    )
    fermi_ev: float | None = Field(None, description="On the zero of the potential")
    vbm_ev: float | None = Field(None, description="On the zero of the potential")
    alignment: PotentialAlignment | None = Field(
        None, description="To the first calculation named; None for that one"
    )
    fingerprint: Fingerprint | None = Field(
        None, description="Settings of its run; None: no vasprun.xml or vaspout.h5 of it beside it"
    )
    problems: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    mock: bool = Field(
        default=False, description="A stand-in for VASP wrote the files: no number is a result"
    )
