"""E_f over temperature and O2 pressure."""

from pydantic import Field

from llo_dft.documents.document import Document
from llo_dft.typing import System


class HostMap(Document):
    """Lowest E_f of one host at each temperature and pressure."""

    label: str
    system: System
    lithium_fraction: float | None
    formation_energies_ev: list[list[float]] = Field(
        description="Rows: temperatures; columns: pressures; eV per O"
    )


class VacancyMap(Document):
    """E_f(T, p) of the hosts that have a vacancy."""

    temperatures_k: list[float]
    pressures_bar: list[float]
    hosts: list[HostMap]
