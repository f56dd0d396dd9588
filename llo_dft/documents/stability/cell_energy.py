"""What a cell is made of, and its energy per mass and volume."""

from typing import Annotated, Final

from pydantic import Field

from llo_dft.documents.document import Document

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(gt=0, le=1)]

_TYPICAL: Final = "a usual design value, not measured here"
_CRC: Final = "CRC Handbook of Chemistry and Physics"


def _parameter(default: float, unit: str, about: str, source: str) -> float:
    """Return a field of ``CellParameters``, typed as its default for mypy."""
    return Field(default, description=about, json_schema_extra={"unit": unit, "source": source})


class CellParameters(Document):
    """One layer of a stack with Li metal, from collector to collector, per area of one face."""

    areal_capacity: Positive = _parameter(
        4.0, "mAh/cm2", "Capacity of the cathode layer", "the design of the paper's section 1A"
    )
    active_fraction: Share = _parameter(
        0.80, "mass", "Active material in the cathode layer; the rest is electrolyte", _TYPICAL
    )
    porosity: Annotated[float, Field(ge=0, lt=1)] = _parameter(
        0.05, "volume", "Of the cathode layer", _TYPICAL
    )
    electrolyte_thickness: NotNegative = _parameter(
        20.0, "um", "Of the layer between the electrodes", _TYPICAL
    )
    electrolyte_density: Positive = _parameter(
        1.87, "g/cm3", "Li6PS5Cl's; an oxide has 4 to 5, Li3InCl6 2.6", "its crystal, rounded"
    )
    anode_excess: NotNegative = _parameter(
        0.2, "of the capacity", "Li metal in excess of what the cathode supplies", _TYPICAL
    )
    lithium_capacity: Positive = _parameter(3861.0, "mAh/g", "Of Li metal", "Faraday's law")
    lithium_density: Positive = _parameter(0.534, "g/cm3", "Of Li metal", _CRC)
    cathode_collector: NotNegative = _parameter(
        12.0, "um", "Al, shared by the layers on its two faces", _TYPICAL
    )
    cathode_collector_density: Positive = _parameter(2.70, "g/cm3", "Of Al", _CRC)
    anode_collector: NotNegative = _parameter(
        6.0, "um", "Cu, shared by the layers on its two faces", _TYPICAL
    )
    anode_collector_density: Positive = _parameter(8.96, "g/cm3", "Of Cu", _CRC)


class CathodeMaterial(Document):
    """The properties of an active material that a cell needs."""

    name: str
    # no material exceeds lithium's 3861 mAh/g, fluorine's 6 V or osmium's 22.6 g/cm3
    capacity_mah_per_g: float = Field(gt=0, le=4000)
    voltage_v: float = Field(gt=0, le=10, description="Average on discharge against Li/Li+")
    density_g_per_cm3: float = Field(gt=0, le=25, description="Of its crystal")
    source: str = Field(description="Where the three come from")


class CellEnergy(Document):
    """Energy of one cell."""

    cathode: str
    electrolyte_thickness_um: float
    wh_per_kg: float
    wh_per_l: float
    masses_mg_per_cm2: dict[str, float]
    thicknesses_um: dict[str, float] = Field(description="As charged, with all Li plated")


class CellResult(Document):
    """Cells with several cathodes, as a function of the electrolyte's thickness."""

    parameters: CellParameters
    cathodes: list[CathodeMaterial]
    cells: list[CellEnergy] = Field(description="Each cathode at the parameters' own thickness")
    curves: dict[str, list[CellEnergy]] = Field(description="Each cathode at several thicknesses")
    left_out: str
    notes: list[str] = Field(default_factory=list)
