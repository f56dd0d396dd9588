"""Delithiation voltage: the stable steps, their average and the hosts above the hull."""

from pydantic import Field

from llo_dft.documents.document import Document
from llo_dft.typing import VoltageSystem


class VoltagePoint(Document):
    """One host on or above the hull."""

    label: str = Field("", description="Name of the host, for the reader")
    lithium_fraction: float
    n_lithium: int = Field(description="All Li in the cell")
    energy_ev: float = Field(description="Total energy of the cell, eV")
    formation_energy_ev: float = Field(
        description="From the most and least lithiated host, eV per Li exchanged between them"
    )
    above_hull_ev: float = Field(description="Height above the hull, eV per Li as above")
    stable: bool = Field(description="Whether it lies on the hull")


class VoltageStep(Document):
    """Two adjacent stable hosts, in the direction of delithiation."""

    lithium_fraction_from: float
    lithium_fraction_to: float
    n_li: int = Field(description="Li removed from the cell in this step")
    voltage_v: float = Field(description="Against Li metal, V")


class VoltageCurve(Document):
    """Voltages against Li metal at zero temperature, from the most lithiated host down."""

    system: VoltageSystem | None = Field(None, description="None: the hosts are not from a study")
    average_v: float = Field(description="Over the whole range, V")
    steps: list[VoltageStep]
    points: list[VoltagePoint] = Field(description="All hosts, the most lithiated first")
    lithium_metal_ev_per_atom: float
    lithium_metal_source: str = Field(description="Where the energy of Li metal comes from")

    @property
    def unstable(self) -> list[VoltagePoint]:
        """The hosts above the hull."""
        return [point for point in self.points if not point.stable]


class VoltageResult(Document):
    """The delithiation voltage of one system, from the energies of its hosts.

    A study has the crystal's first, which is the cathode's, then those of the slabs.
    """

    system: VoltageSystem
    termination: str | None = None
    curve: VoltageCurve | None
    reason: str | None = Field(None, description="Why there is no curve")
    rebuilt: list[str] = Field(
        default_factory=list, description="Stable hosts whose lattice changed on relaxation"
    )
