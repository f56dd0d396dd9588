"""The oxygen reservoir that a study asks for, and where its O2 energies come from."""

from __future__ import annotations

from pydantic import Field

from llo_dft.documents.base import Document
from llo_dft.typing import OxygenScheme


class OxygenSettings(Document):
    """Scheme, temperature and pressure, and what the engine says about O2."""

    scheme: OxygenScheme
    temperature_k: float
    pressure_bar: float
    label_energy_ev_per_atom: float | None = Field(
        None, description="Half of O2 on the scale of a potential's labels, eV"
    )
    label_source: str = ""
    refused: dict[OxygenScheme, str] = Field(
        default_factory=dict, description="Schemes that don't go with the engine, and why"
    )
