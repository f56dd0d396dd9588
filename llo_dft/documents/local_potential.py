"""The local potential of a finished calculation: levels, work functions, alignment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.charge import PotentialAlignment, PotentialProfile, VacuumLevel
from llo_dft.documents.document import Document, StoredStructure

#: The two faces of a slab: upper is the one towards higher coordinates.
Face = Literal["upper", "lower"]


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

    path: str
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
