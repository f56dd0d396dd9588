"""What was found in calculations that no study made. Units are part of the keys."""

from __future__ import annotations

from pydantic import Field

from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.document import Document
from llo_dft.documents.sites import OxygenEnvironment
from llo_dft.documents.study_result import OxygenChemicalPotential, TurningPoint, lattice_rebuilt
from llo_dft.documents.voltage import VoltageCurve
from llo_dft.typing import Status, System


class RunRecord(Document):
    """One calculation, as far as an analysis used it."""

    path: str
    status: Status
    reason: str | None = Field(None, description="Why its energy is not used")
    formula: str | None = Field(None, description="None: it could not be read")
    energy_ev: float | None = Field(None, description="Total energy of the cell, eV")
    fingerprint: Fingerprint | None = None
    k_points: str | None = Field(None, description="Spacing along each vector, 1/angstrom")
    notes: list[str] = Field(default_factory=list)
    mock: bool = False


class RemovedOxygen(Document):
    """One oxygen that a vacancy's cell lacks."""

    site: int = Field(description="Index of its atom in the host's files, from 0")
    environment: OxygenEnvironment | None = Field(
        None, description="In the relaxed host; None unless its TM layers were given"
    )
    site_class: str | None = Field(None, description="For example '2TM+1Li'; None likewise")


class RunVacancy(RunRecord):
    """A cell that lacks oxygen of its host."""

    n_removed: int = Field(description="Number of O removed")
    removed: list[RemovedOxygen] | None = Field(
        None, description="Which ones; None if its other atoms are not where the host's are"
    )
    formation_energy_ev: float | None = Field(None, description="E_f per removed O, eV")
    alternatives_ev: dict[str, float] = Field(
        default_factory=dict, description="E_f under the other O2 schemes that may be used, eV"
    )
    flags: list[str] = Field(
        default_factory=list, description="What is otherwise than in its relaxed host"
    )

    @property
    def rebuilt(self) -> bool:
        """Whether relaxing it rebuilt the lattice; a moment alone is none."""
        return lattice_rebuilt(self.flags)


class RunHost(RunRecord):
    """A host and its vacancies."""

    system: System = Field(description="coated if it has a network former")
    n_lithium: int | None = Field(None, description="All Li in the cell")
    lithium_fraction: float | None = Field(
        None, description="None: neither another host nor the count at full lithium was given"
    )
    flags: list[str] = Field(default_factory=list, description="What relaxing it rebuilt")
    vacancies: list[RunVacancy] = Field(default_factory=list)
    turning_temperature_k: float | None = Field(
        None, description="Where the lowest E_f crosses zero at the given pressure, K"
    )
    turning_temperature_reason: str | None = Field(None, description="Why there is none")


class HostMap(Document):
    """Lowest E_f of one host at each temperature and pressure."""

    path: str
    system: System
    lithium_fraction: float | None
    formation_energies_ev: list[list[float]] = Field(
        description="One row a temperature, one column a pressure; eV per O"
    )


class VacancyMap(Document):
    """E_f(T, p) of the hosts that have a vacancy."""

    temperatures_k: list[float]
    pressures_bar: list[float]
    hosts: list[HostMap]


class VacancyRuns(Document):
    """Oxygen vacancies of hosts that no study made."""

    schema_version: int = 1
    oxygen: OxygenChemicalPotential | None
    oxygen_reason: str | None = Field(None, description="Why there is no mu_O")
    other_schemes: dict[str, str] = Field(
        default_factory=dict, description="For each other O2 scheme: its mu_O, or why not"
    )
    o2: RunRecord | None = Field(None, description="None: its energy was given")
    hosts: list[RunHost]
    unread: list[RunRecord] = Field(
        default_factory=list, description="Vacancies that can't be read, or whose host can't be"
    )
    turning_points: list[TurningPoint] = Field(default_factory=list)
    vacancy_map: VacancyMap | None = None
    allowed: list[str] = Field(description="Names of what was allowed to differ")
    allowed_differences: list[str] = Field(
        default_factory=list, description="What that let through, with both values"
    )
    notes: list[str] = Field(default_factory=list)
    mock: bool = False

    @property
    def runs(self) -> list[RunRecord]:
        """Every calculation that was given."""
        molecule = [] if self.o2 is None else [self.o2]
        vacancies = [vacancy for host in self.hosts for vacancy in host.vacancies]
        return [*molecule, *self.hosts, *vacancies, *self.unread]

    @property
    def is_complete(self) -> bool:
        """Whether every calculation could be used."""
        return all(run.status == "completed" for run in self.runs)


class VoltageRuns(Document):
    """The delithiation voltage of hosts that no study made."""

    schema_version: int = 1
    curve: VoltageCurve | None
    reason: str | None = Field(None, description="Why there is no curve")
    lithium: RunRecord | None = Field(None, description="None: its energy was given")
    hosts: list[RunRecord]
    fingerprint: Fingerprint | None = Field(description="Of the hosts")
    allowed: list[str] = Field(description="Names of what was allowed to differ")
    allowed_differences: list[str] = Field(
        default_factory=list, description="What that let through, with both values"
    )
    notes: list[str] = Field(default_factory=list)
    mock: bool = False

    @property
    def runs(self) -> list[RunRecord]:
        """Every calculation that was given."""
        return [*([] if self.lithium is None else [self.lithium]), *self.hosts]

    @property
    def is_complete(self) -> bool:
        """Whether every calculation could be used and there is a curve."""
        return self.curve is not None and all(run.status == "completed" for run in self.runs)
