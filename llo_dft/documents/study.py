"""The result of a study: what results.json holds. Units are part of the keys."""

from __future__ import annotations

from pydantic import Field

from llo_dft.documents.base import Document
from llo_dft.documents.calculation import Fingerprint
from llo_dft.typing import Layer, OxygenScheme, Side, Status, System


def host_label(system: System, lithium_fraction: float) -> str:
    """Return the name of a host in labels and file names."""
    return f"{system}_x{lithium_fraction:.4f}"


class OxygenEnvironment(Document):
    """The cations around one oxygen, and where it lies in the slab."""

    n_tm: int = Field(description="Transition metals bonded to it, all in its own TM layer")
    n_li: int = Field(description="Li bonded to it in its own TM layer")
    n_p: int = Field(description="P bonded to it")
    n_li_interlayer: int = Field(description="Li bonded to it in the Li layer beside it")
    layer: Layer
    side: Side
    li_o_li: int = Field(0, description="Straight Li-O-Li axes with both Li in place")
    li_o_empty: int = Field(0, description="Such axes of which one Li has left")
    empty_o_empty: int = Field(0, description="Such axes of which both Li have left")


class OxygenChemicalPotential(Document):
    """mu_O(T, p) and each term it is the sum of, eV per O atom."""

    scheme: OxygenScheme
    temperature_k: float
    pressure_bar: float
    o2_energy_ev_per_atom: float = Field(description="Half the energy of one O2 molecule")
    o2_energy_source: str = Field(description="Where the energy of O2 comes from")
    correction_ev: float = Field(description="Shift of the scheme")
    delta_mu_ev: float = Field(description="Thermal part at 1 bar, from the NIST Shomate fit")
    delta_mu_reference_k: float = Field(
        description="Temperature at which the enthalpy in delta_mu_ev is zero: 0 or 298.15 K"
    )
    pressure_term_ev: float = Field(description="(1/2) k_B T ln(p / 1 bar)")
    mu_ev: float = Field(description="The sum of the four terms")


class VacancyResult(Document):
    """One oxygen vacancy in one host."""

    site: int = Field(description="Index of the removed O in the pristine host of its system")
    pair: str = Field(description="Identity that a site shares with its partner when coated")
    site_class: str = Field(description="Its class in the pristine host, for example '3TM'")
    environment: OxygenEnvironment
    n_removed: int = Field(1, description="Number of O removed: 2 if made on both faces")
    formation_energy_ev: float | None = Field(None, description="E_f per removed O, eV")
    alternatives_ev: dict[str, float] = Field(
        default_factory=dict, description="E_f under the other O2 schemes that may be used, eV"
    )
    status: Status
    reason: str | None = None
    flags: list[str] = Field(default_factory=list)
    calculation: str | None = Field(None, description="Key of the calculation")


class HostResult(Document):
    """One host (a slab or interface at one lithium fraction), and its vacancies."""

    system: System
    lithium_fraction: float = Field(description="Li left in the LLO part / Li in it when pristine")
    requested_lithium_fraction: float
    energy_ev: float | None = Field(None, description="Total energy of the cell, eV")
    status: Status
    reason: str | None = None
    structure: str | None = Field(
        None, description="File of the relaxed structure, relative to results.json"
    )
    flags: list[str] = Field(default_factory=list)
    calculation: str | None = Field(None, description="Key of the calculation")
    vacancies: list[VacancyResult] = Field(default_factory=list)

    @property
    def label(self) -> str:
        """Name of the host in labels and file names."""
        return host_label(self.system, self.lithium_fraction)


class TurningPoint(Document):
    """Where the lowest formation energy crosses zero; None: it does not, in the range."""

    system: System
    lithium_fraction: float | None
    low: float | None = Field(description="Lower end of the interval")
    high: float | None = Field(description="Upper end of the interval")
    reason: str | None = Field(None, description="Why there is no value, e.g. 'none in range'")


class TurningTemperature(Document):
    """Temperature at which the lowest E_f of one host crosses zero at the given pressure."""

    system: System
    lithium_fraction: float
    temperature_k: float | None
    reason: str | None = None


class StudyResult(Document):
    """All that a study found."""

    schema_version: int = 1
    study: str
    engine: str
    protocol: str
    fingerprint: Fingerprint | None
    seed: int
    composition: str = Field(description="Formula of the LLO that was built, per O2")
    requested_composition: str
    oxygen: OxygenChemicalPotential | None
    other_schemes: dict[str, str] = Field(
        default_factory=dict, description="For each other O2 scheme: its mu_O in eV, or why not"
    )
    hosts: list[HostResult]
    turning_points: list[TurningPoint] = Field(default_factory=list)
    turning_temperatures: list[TurningTemperature] = Field(default_factory=list)
    counts: dict[str, int] = Field(description="Number of calculations by status")
    o2_calculation: str | None = Field(None, description="Key of the calculation of O2")
    bulk_calculation: str | None = Field(None, description="Key of that of the bulk")
    mock: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether every calculation completed and every vacancy has its energy."""
        vacancies = [vacancy for host in self.hosts for vacancy in host.vacancies]
        return set(self.counts) <= {"completed"} and all(
            vacancy.formation_energy_ev is not None for vacancy in vacancies
        )
