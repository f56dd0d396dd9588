"""One study computed by several engines, side by side. Units are part of the keys."""

from typing import Generic, TypeVar

from pydantic import Field

from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.document import Document
from llo_dft.documents.labels import BASAL, host_label
from llo_dft.documents.state_of_charge import StateOfCharge, TurningPoint
from llo_dft.documents.study_result import InterfaceResult, OxygenChemicalPotential, VacancyPair
from llo_dft.documents.voltage import VoltageResult
from llo_dft.typing import Layer, Status, System, VoltageSystem

Result = TypeVar("Result", TurningPoint, VoltageResult, InterfaceResult)


class ComparedEngine(Document):
    """An engine with its settings, and the study that it computed."""

    name: str = Field(description="Its name in the rest of the comparison")
    folder: str = Field(description="Where its study is")
    engine: str
    protocol: str
    fingerprint: Fingerprint | None
    oxygen: OxygenChemicalPotential | None = Field(description="For its own formation energies")
    mock: bool = False

    @property
    def is_potential(self) -> bool:
        """Whether the engine is a machine-learned potential."""
        return self.fingerprint is not None and bool(self.fingerprint.model)


class EngineVacancy(Document):
    """One vacancy by one engine, under its own O2 scheme."""

    engine: str
    site: int | None = Field(None, description="Index of the O in the pristine bare slab")
    formation_energy_ev: float | None = Field(None, description="E_f per removed O, eV")
    status: Status
    reason: str | None = None
    applicable: bool = Field(
        default=True, description="False: the structure that this engine relaxed has no such O"
    )
    rebuilt: bool = Field(default=False, description="Whether the lattice was rebuilt")


class ComparedVacancy(Document):
    """The same O removed from the same host, by each engine in their order."""

    pair: str
    site: int | None = Field(description="None: not known, or a different O in each engine")
    site_class: str
    layer: Layer | None
    energies: list[EngineVacancy]
    spread_ev: float | None = Field(description="Range of E_f; None for fewer than two")
    same_sign: bool | None = Field(description="Whether all are on the same side of zero")
    rebuilt: bool = Field(description="Whether the lattice was rebuilt in any of the engines")
    remark: str | None = Field(None, description="Why there is no spread")


class ComparedHost(Document):
    """One host and its vacancies."""

    system: System
    termination: str | None = None
    charge: StateOfCharge
    vacancies: list[ComparedVacancy]

    @property
    def label(self) -> str:
        """Name of the host in labels and file names."""
        fraction = self.charge.lithium_fraction
        if fraction is None:
            raise ValueError("a host of a study has a lithium fraction")
        return host_label(self.system, fraction, self.termination)

    def lowest(self, engine: str) -> EngineVacancy | None:
        """Return the vacancy with one engine's lowest formation energy; None if there is none."""
        found = [
            (one.formation_energy_ev, place, one)
            for place, vacancy in enumerate(self.vacancies)
            for one in vacancy.energies
            if one.engine == engine and one.formation_energy_ev is not None
        ]
        return min(found)[2] if found else None


class ComparedPair(Document):
    """E_f of the same O, coated - bare, by each engine; it does not depend on the O2 scheme."""

    site: int | None = Field(description="None: a different O in each engine")
    site_class: str
    by_engine: dict[str, VacancyPair | None]
    spread_ev: float | None
    same_sign: bool | None = Field(
        description="Whether the engines agree that the coating holds the O, or that it does not"
    )
    remark: str | None = None


class ComparedResult(Document, Generic[Result]):
    """One result of a system: its turning point, voltage or interface, by each engine."""

    system: VoltageSystem
    termination: str | None = None
    by_engine: dict[str, Result | None]
    spread: float | None = Field(
        description="Largest minus smallest q0 (holes per TM), average voltage (V) or coating "
        "energy (J/m2)"
    )


class MissingNumber(Document):
    """A calculation, or a number from one, that a study lacks."""

    engine: str
    label: str
    status: Status
    reason: str | None = None


class SpreadSummary(Document):
    """How far apart the engines are over many numbers."""

    n: int
    median_ev: float | None
    largest_ev: float | None


class StudyComparison(Document):
    """The same study by several engines."""

    schema_version: int = 3
    study: str
    composition: str
    slab_miller: tuple[int, int, int] = Field(
        BASAL, exclude_if=lambda plane: plane == BASAL, description="As in each result"
    )
    meaning: str = Field(description="What the spread means, and what it does not")
    engines: list[ComparedEngine]
    hosts: list[ComparedHost]
    pairs: list[ComparedPair]
    interfaces: list[ComparedResult[InterfaceResult]]
    turning_points: list[ComparedResult[TurningPoint]]
    voltages: list[ComparedResult[VoltageResult]]
    spread: SpreadSummary = Field(description="Of E_f, over every vacancy that has one")
    spread_not_rebuilt: SpreadSummary = Field(
        description="The same without those whose lattice rebuilt itself in any engine"
    )
    spread_of_pairs: SpreadSummary = Field(description="Of coated - bare")
    missing: list[MissingNumber]
    mock: bool = Field(description="Whether any study consists of mock outputs")

    @property
    def is_complete(self) -> bool:
        """Whether no study lacks anything."""
        return not self.missing
