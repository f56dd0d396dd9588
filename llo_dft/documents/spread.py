"""How far the result of a study depends on the one cell it was computed for."""

from pydantic import Field

from llo_dft.documents.document import Document
from llo_dft.typing import System


class EnergySpread(Document):
    """The lowest E_f of one system at one state of charge, in every cell of a study."""

    system: System
    termination: str | None = None
    holes_per_tm: float = Field(description="Electrons taken from the oxide per framework metal")
    lowest_ev: dict[str, float] = Field(description="By cell, eV per O")
    mean_ev: float = Field(description="Over the orderings of the metals, eV per O")
    deviation_ev: float | None = Field(
        description="Sample standard deviation over them, eV; None of a single one"
    )
    lateral_shift_ev: dict[str, float] = Field(
        description="By repeated cell: its E_f minus that of the cell itself, eV"
    )
    extrapolated_ev: float | None = Field(
        description="Extrapolated to an isolated vacancy, eV per O; None: no repeated cell"
    )


class TurningSpread(Document):
    """Where the lowest E_f of one system crosses zero, in every cell of a study."""

    system: System
    termination: str | None = None
    holes_per_tm: dict[str, float | None] = Field(
        description="By cell; None where it does not cross in the computed range"
    )
    mean: float | None = Field(description="Over the orderings that cross, holes per metal")
    shares: dict[str, float] = Field(
        description="By source, how far it moves the crossing, holes per metal"
    )


class StudySpread(Document):
    """The results of a study's cells beside each other: what spread.json holds."""

    study: str
    engine: str
    protocol: str
    cells: dict[str, str] = Field(description="What each cell is, by the name of its folder")
    energies: list[EnergySpread]
    turning_points: list[TurningSpread]
    notes: list[str] = Field(default_factory=list, description="What a reader should know")
    mock: bool = False
