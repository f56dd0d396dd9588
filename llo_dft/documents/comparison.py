"""One study computed by several engines, side by side. Units are part of the keys."""

from __future__ import annotations

from pydantic import Field

from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.document import Document
from llo_dft.documents.labels import host_label
from llo_dft.documents.study_result import OxygenChemicalPotential
from llo_dft.documents.voltage import VoltageStep
from llo_dft.typing import Layer, Status, System


class ComparedEngine(Document):
    """An engine with its settings, and the study that it computed."""

    name: str = Field(description="What it is called in every other record of the comparison")
    folder: str = Field(description="Where its study is")
    engine: str
    protocol: str
    fingerprint: Fingerprint | None
    oxygen: OxygenChemicalPotential | None = Field(description="The O2 of its own formation energy")
    oxygen_scheme: str = Field(description="Name of its O2 scheme; '' where O2 has no energy")
    mock: bool = False

    @property
    def is_potential(self) -> bool:
        """Whether a machine-learned potential stands behind it."""
        return self.fingerprint is not None and bool(self.fingerprint.model)


class EngineVacancy(Document):
    """What one engine says of one vacancy, under its own O2 scheme."""

    engine: str
    site: int | None = Field(None, description="Index of the O in the pristine bare slab")
    formation_energy_ev: float | None = Field(None, description="E_f per removed O, eV")
    status: Status
    reason: str | None = None
    applicable: bool = Field(
        default=True, description="False: the structure that it relaxed has no such O"
    )
    rebuilt: bool = Field(default=False, description="Whether the lattice rebuilt itself")


class ComparedVacancy(Document):
    """The same O removed from the same host, by each engine in their order."""

    pair: str
    site: int | None = Field(description="None: not known, or another O in each engine")
    site_class: str
    layer: Layer | None
    energies: list[EngineVacancy]
    spread_ev: float | None = Field(description="Largest less smallest E_f; None below two")
    same_sign: bool | None = Field(description="Whether all are on the same side of zero")
    rebuilt: bool = Field(description="Whether the lattice rebuilt itself in any of the engines")
    remark: str | None = Field(None, description="Why there is no spread")


class EngineLowest(Document):
    """The lowest formation energy of a host, as one engine has it."""

    engine: str
    pair: str
    formation_energy_ev: float
    rebuilt: bool


class ComparedHost(Document):
    """One host and its vacancies."""

    system: System
    termination: str | None = None
    lithium_fraction: float
    vacancies: list[ComparedVacancy]
    lowest: list[EngineLowest] = Field(description="Of each engine that has any")
    lowest_spread_ev: float | None

    @property
    def label(self) -> str:
        """Name of the host in labels and file names."""
        return host_label(self.system, self.lithium_fraction, self.termination)


class EngineDifference(Document):
    """E_f coated less bare of one engine; free of the O2 scheme, which is in both."""

    engine: str
    difference_ev: float | None
    rebuilt: bool = False


class ComparedPair(Document):
    """The same O in the bare and in the coated host, by each engine."""

    pair: str
    site: int | None = Field(description="None: another O in each engine")
    site_class: str
    termination: str
    lithium_fraction_bare: float
    lithium_fraction_coated: float
    differences: list[EngineDifference]
    spread_ev: float | None
    same_sign: bool | None = Field(
        description="Whether the engines agree that the coating holds the O, or that it does not"
    )
    rebuilt: bool
    remark: str | None = None


class EngineTurningPoint(Document):
    """x0 of one engine."""

    engine: str
    lithium_fraction: float | None
    low: float | None = None
    high: float | None = None
    reason: str | None = None


class ComparedTurningPoint(Document):
    """Where the lowest E_f of one system crosses zero, by each engine."""

    system: System
    termination: str | None = None
    points: list[EngineTurningPoint]
    spread: float | None = Field(description="Largest less smallest x0")


class EngineVoltage(Document):
    """Delithiation voltage of one engine, against its own Li metal."""

    engine: str
    average_v: float | None
    steps: list[VoltageStep] = Field(default_factory=list)
    reason: str | None = None


class ComparedVoltage(Document):
    """Delithiation voltage of one system, by each engine."""

    system: System
    termination: str | None = None
    voltages: list[EngineVoltage]
    spread_v: float | None = Field(description="Of the averages")


class EngineInterface(Document):
    """What one engine made of a termination of the coating."""

    engine: str
    rank: int | None = Field(description="The registry and gap of lowest energy")
    n_bonds: int = Field(description="P-O bonds across the interface, as relaxed")
    work_of_adhesion_j_per_m2: float | None
    reason: str | None = None


class ComparedInterface(Document):
    """One termination of the coating, by each engine."""

    termination: str
    interfaces: list[EngineInterface]
    same_registry: bool | None = Field(
        description="False: the engines' coated hosts lie in different registries"
    )
    spread_j_per_m2: float | None = Field(description="Of the work of adhesion")


class MissingNumber(Document):
    """A calculation, or a number out of one, that a study lacks."""

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

    schema_version: int = 1
    study: str
    composition: str
    meaning: str = Field(description="What the spread is, and what it is not")
    engines: list[ComparedEngine]
    hosts: list[ComparedHost]
    pairs: list[ComparedPair]
    interfaces: list[ComparedInterface]
    turning_points: list[ComparedTurningPoint]
    voltages: list[ComparedVoltage]
    spread: SpreadSummary = Field(description="Of E_f, every vacancy that has one")
    spread_not_rebuilt: SpreadSummary = Field(
        description="The same without those whose lattice rebuilt itself in any engine"
    )
    spread_of_pairs: SpreadSummary = Field(description="Of coated less bare")
    missing: list[MissingNumber]
    mock: bool = Field(description="Whether any study is made of stand-in outputs")

    @property
    def is_complete(self) -> bool:
        """Whether no study lacks anything."""
        return not self.missing
