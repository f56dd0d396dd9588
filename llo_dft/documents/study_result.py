"""The result of a study: what results.json holds. Units are part of the keys."""

from collections.abc import Iterable
from typing import Final, Literal

from pydantic import Field

from llo_dft.documents.asked_and_built import AskedAndBuilt
from llo_dft.documents.calculation import EngineBias, Fingerprint
from llo_dft.documents.document import Document
from llo_dft.documents.electrons.charge import ChargeDifferenceResult
from llo_dft.documents.electrons.electronic import BandCenterResult
from llo_dft.documents.labels import BASAL, host_label
from llo_dft.documents.oxygen import VacancyMap
from llo_dft.documents.sites import (
    InterfaceBond,
    InterfaceCandidate,
    OxygenEnvironment,
    RemovedOxygen,
)
from llo_dft.documents.state_of_charge import (
    OrderingResult,
    PredictedEnergy,
    RevisitResult,
    StateOfCharge,
    TurningPoint,
)
from llo_dft.documents.voltage import VoltageResult
from llo_dft.typing import Layer, OxideKind, OxygenScheme, Status, System


def lattice_rebuilt(flags: Iterable[str]) -> bool:
    """Tell whether a structure check found a lattice other than the starting one.

    A changed moment does not count: it only shows how the electrons settled.
    """
    return any(not flag.startswith("moment") for flag in flags)


class OxygenChemicalPotential(Document):
    """mu_O(T, p) and each term of its sum, eV per O atom."""

    scheme: OxygenScheme
    oxide_kind: OxideKind | None = Field(
        None, description="For scheme mp2020: what the removed O is taken to be"
    )
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

    run: str | None = Field(None, description="Path of a plain run; None in a study")
    site: int | None = Field(
        description="Index of the removed O in the pristine bare slab, or in the files of the "
        "host's plain run; None: not known, because it was to be bonded to a former in an "
        "interface that did not relax, or the atoms of a run are not where its host's are"
    )
    pair: str = Field("", description="Identity that a site shares with its partner when coated")
    site_class: str = Field(
        description="Its class in the pristine bare slab, or in the relaxed host of plain runs, "
        "for example '3TM'; '' if it is not known"
    )
    environment: OxygenEnvironment | None = Field(description="In its host, if it is known")
    n_removed: int = Field(1, description="Number of O removed: 2 if made on both faces")
    also_removed: list[RemovedOxygen] = Field(
        default_factory=list, description="In plain runs, the other O removed with it"
    )
    formation_energy_ev: float | None = Field(None, description="E_f per removed O, eV")
    alternatives_ev: dict[str, float] = Field(
        default_factory=dict, description="E_f under the other allowed O2 schemes, eV"
    )
    status: Status
    reason: str | None = None
    flags: list[str] = Field(default_factory=list)
    rattle_gain_ev: float | None = Field(
        None,
        description="How far its energy fell when displaced at random and relaxed again, eV; "
        "below zero the first is kept; None: not done",
    )
    calculation: str | None = Field(None, description="Key of the calculation")
    predicted: PredictedEnergy | None = Field(
        None,
        exclude_if=lambda predicted: predicted is None,
        description="In a study with a budget, where the engine did not compute it",
    )

    @property
    def rebuilt(self) -> bool:
        """Whether relaxing it rebuilt the lattice (``lattice_rebuilt``)."""
        return lattice_rebuilt(self.flags)

    @property
    def removed(self) -> list[RemovedOxygen]:
        """All removed O, as far as they are known."""
        if self.site is None:
            return []
        first = RemovedOxygen(
            site=self.site, site_class=self.site_class, environment=self.environment
        )
        return [first, *self.also_removed]

    @property
    def bonded_to_former(self) -> bool:
        """Whether the coating's former is bonded to an O that was removed."""
        around = [one.environment for one in self.removed]
        return any(one is not None and one.n_former > 0 for one in around)


class HostResult(Document):
    """One host (a slab or interface at one lithium fraction), and its vacancies."""

    run: str | None = Field(None, description="Path of a plain run; None in a study")
    system: System
    termination: str | None = Field(None, description="Face of the coating towards the oxide")
    lithium_fraction: float | None = Field(
        description="Li left in the oxide / Li in the pristine bare slab, coated or not; for a "
        "plain run relative to its system at full lithium, None where that is not known"
    )
    n_holes: int | None = Field(
        None,
        description="Electrons taken from the oxide by formal charges, 0 when pristine; None for "
        "plain runs, whose charge is not known",
    )
    holes_per_tm: float | None = Field(None, description="The same per framework metal")
    capacity_mah_per_g: float | None = Field(
        None, description="The same as charge per mass of the pristine bare slab"
    )
    n_li: int | None = Field(
        None, description="Li atoms left in the oxide; for a plain run all Li in the cell"
    )
    requested_lithium_fraction: float | None = Field(
        None, description="Of the bare slab; None for plain runs"
    )
    energy_ev: float | None = Field(None, description="Total energy of the cell, eV")
    status: Status
    reason: str | None = None
    structure: str | None = Field(
        None, description="File of the relaxed structure, relative to results.json"
    )
    flags: list[str] = Field(default_factory=list)
    bonded_to_former: list[int] = Field(
        default_factory=list,
        description="O bonded to a former of the coating once relaxed, by index in the bare slab",
    )
    rattle_gain_ev: float | None = Field(None, description="As for a vacancy")
    calculation: str | None = Field(None, description="Key of the calculation")
    lowest: str | None = Field(
        None,
        description="The O of lowest E_f of those whose lattice was not rebuilt: O with its "
        "index in the pristine bare slab; for plain runs the path of the vacancy",
    )
    ordering: OrderingResult | None = Field(
        None, description="How its Li ordering was chosen; None: as planned, without a choice"
    )
    revisit: RevisitResult | None = Field(
        None, description="A vacancy's Li arrangement tried on it; None: none differed"
    )
    turning_temperature_k: float | None = Field(
        None,
        description="Where the lowest E_f of these vacancies crosses zero at the given pressure, K",
    )
    turning_temperature_with_rebuilt_k: float | None = Field(
        None, description="The same for all its vacancies, K"
    )
    turning_temperature_reason: str | None = Field(None, description="Why it is None")
    vacancies: list[VacancyResult] = Field(default_factory=list)

    @property
    def fraction(self) -> float:
        """The lithium fraction of a host that has one, as every host of a study has."""
        if self.lithium_fraction is None:
            raise ValueError(f"the lithium fraction of {self.run} is not known")
        return self.lithium_fraction

    @property
    def label(self) -> str:
        """Name of the host in labels and file names; for a plain run its path."""
        return self.run or host_label(self.system, self.fraction, self.termination)

    @property
    def charge(self) -> StateOfCharge:
        """How far its oxide is charged."""
        return StateOfCharge(
            holes_per_tm=self.holes_per_tm,
            lithium_fraction=self.lithium_fraction,
            capacity_mah_per_g=self.capacity_mah_per_g,
        )

    @property
    def formation_energies_ev(self) -> list[float]:
        """E_f of its vacancies that have one, eV per O."""
        found = [vacancy.formation_energy_ev for vacancy in self.vacancies]
        return [energy for energy in found if energy is not None]

    @property
    def predicted(self) -> list[PredictedEnergy]:
        """Predictions for its vacancies that were not computed."""
        return [one.predicted for one in self.vacancies if one.predicted is not None]

    @property
    def kept_energies_ev(self) -> list[float]:
        """E_f of its vacancies that have one and kept their lattice, eV per O."""
        found = [one.formation_energy_ev for one in self.vacancies if not one.rebuilt]
        return [energy for energy in found if energy is not None]


class VacancyPair(Document):
    """The same oxygen removed from the bare and the coated host at equal charge."""

    pair: str
    site: int = Field(description="Index of the O in the pristine bare slab")
    bare_site: int | None = Field(
        None, exclude_if=lambda o: o is None, description="The bare host's O, if another: its image"
    )
    site_class: str
    layer: Layer
    termination: str
    bonded_to_former: bool = Field(
        description="Whether a former of the coating is bonded to it once relaxed"
    )
    n_holes: int = Field(description="For both, as in the hosts")
    holes_per_tm: float
    capacity_mah_per_g: float
    lithium_fraction_bare: float
    lithium_fraction_coated: float
    bare_ev: float = Field(description="E_f of the bare slab, eV per O")
    coated_ev: float = Field(description="E_f of the coated slab, eV per O")
    difference_ev: float = Field(description="Coated - bare: above zero the coating holds the O")
    rebuilt: bool = Field(description="Whether the lattice was rebuilt in either of the two")


class CoatingEnergy(Document):
    """Energy of the coated slab relative to its parts.

    The coating energy counts from the bare slab and reservoirs, for the interface and the
    coating's outer face together:
    gamma = [E(coated) - E(bare) - n_P E(Li3PO4) - excess_li mu_Li - excess_o mu_O] / A.
    """

    coating_charge_e: int = Field(
        description="Sum of the formal charges of the coating's part; the oxide's is the opposite. "
        "Only at 0 are both parts closed shells, which have a work of adhesion"
    )
    work_of_adhesion_j_per_m2: float | None = Field(
        None,
        description="(E(oxide part) + E(coating) - E(both)) / area, each part relaxed alone; of "
        "closed shells only",
    )
    coating_energy_j_per_m2: float | None = Field(
        None,
        description="gamma at mu_Li = E(Li metal) - e * voltage_v and the study's mu_O; "
        "comparable between terminations",
    )
    voltage_v: float | None = Field(None, description="The voltage at which gamma is given")
    excess_li: int = Field(description="Li beyond bare slab and Li3PO4, atoms per cell")
    excess_o: int = Field(description="O beyond bare slab and Li3PO4, atoms per cell")
    reason: str | None = Field(None, description="Why a number is missing")


class InterfaceResult(Document):
    """One termination of the coating on the pristine slab: its best registry and gap, relaxed."""

    termination: str
    status: Status
    reason: str | None = None
    rank: int | None = Field(None, description="The candidate of lowest energy")
    candidates: list[InterfaceCandidate]
    structure: str | None = Field(None, description="File of the relaxed structure")
    flags: list[str] = Field(default_factory=list)
    bonds: list[InterfaceBond] = Field(default_factory=list)
    film_formula: str = Field(description="Atoms of the coating in the cell")
    film_is_stoichiometric: bool
    li_removed_for_charge: int = Field(
        description="Li removed from the oxide's coated face so that the formal charges add up"
    )
    area_angstrom2: float | None = None
    coating_strain: tuple[float, float] = Field(
        description="Principal strains of the coating relative to its crystal, before relaxation"
    )
    von_mises_strain: float = Field(description="Of these strains")
    relaxed_coating_strain: tuple[float, float] | None = Field(
        None, description="Relative to its crystal as the engine relaxes it, on the relaxed oxide"
    )
    relaxed_von_mises_strain: float | None = Field(None, description="Of these strains")
    energy: CoatingEnergy


class CalculationRecord(Document):
    """One planned calculation, or one plain run, and how it ended."""

    label: str = Field(description="For a plain run its path")
    status: Status
    reason: str | None = None
    key: str | None = Field(None, description="Its folder in calculations/")
    corrections: list[str] = Field(
        default_factory=list, description="Corrections made during the run, one sentence each"
    )
    applicable: bool = Field(
        default=True, description="False: no such site exists, or it was predicted instead"
    )
    formula: str | None = Field(None, description="For a plain run that could be read")
    fingerprint: Fingerprint | None = Field(None, description="For a plain run")
    k_points: str | None = Field(None, description="For a plain run: spacing, 1/angstrom")
    notes: list[str] = Field(default_factory=list, description="What a reader should know")


#: Version of results.json. 4: bare and coated are compared at equal charge; 3: at equal lithium.
SCHEMA_VERSION: Final = 4


class StudyResult(Document):
    """All results of a study, or of the analysis of plain runs."""

    schema_version: Literal[4] = SCHEMA_VERSION
    study: str | None = Field(description="Its name; None for plain runs")
    engine: str
    protocol: str
    fingerprint: Fingerprint | None
    seed: int | None = None
    composition: str = Field(
        description="Formula of the oxide as built, per O2; for plain runs the fullest host's"
    )
    requested_composition: str | None = None
    slab_miller: tuple[int, int, int] = Field(
        BASAL,
        exclude_if=lambda plane: plane == BASAL,
        description="Plane of the slab, on the hexagonal axes of the layers; None: (001)",
    )
    coating_miller: tuple[int, int, int] | None = Field(
        None,
        exclude_if=lambda plane: plane is None,
        description="Plane of the coating on the axes of its file; None: (001), or (010) in one "
        "setting of Li3PO4",
    )
    built: list[AskedAndBuilt] = Field(
        default_factory=list, description="What the recipe asks for, and what was built for it"
    )
    oxygen: OxygenChemicalPotential | None
    oxygen_reason: str | None = Field(None, description="Why there is no mu_O")
    other_schemes: dict[str, str] = Field(
        default_factory=dict, description="For each other O2 scheme: mu_O in eV, or why not used"
    )
    no_crossings: str | None = Field(
        None,
        description="Why neither the zero of E_f nor the difference of coated and bare is stated "
        "with these settings; None: they are",
    )
    engine_bias: list[EngineBias] = Field(
        default_factory=list, description="Known errors of the engine, for E_f and x0"
    )
    hosts: list[HostResult]
    turning_points: list[TurningPoint] = Field(default_factory=list)
    vacancy_map: VacancyMap | None = None
    pairs: list[VacancyPair] = Field(default_factory=list)
    interfaces: list[InterfaceResult] = Field(default_factory=list)
    voltages: list[VoltageResult] = Field(default_factory=list)
    band_centers: list[BandCenterResult] = Field(default_factory=list)
    charge_differences: list[ChargeDifferenceResult] = Field(default_factory=list)
    not_computed: list[str] = Field(
        default_factory=list, description="What was asked for and the engine can't compute"
    )
    allowed: list[str] = Field(
        default_factory=list, description="Settings that were allowed to differ between plain runs"
    )
    allowed_differences: list[str] = Field(
        default_factory=list, description="The differences thereby accepted, with both values"
    )
    notes: list[str] = Field(default_factory=list, description="What a reader should know")
    counts: dict[str, int] = Field(description="Number of calculations by status")
    calculations: list[CalculationRecord] = Field(description="Every planned calculation")
    mock: bool = False
    files: dict[str, str] = Field(
        default_factory=dict,
        description="SHA-256 of each file written with results.json, by its path there",
    )

    @property
    def is_complete(self) -> bool:
        """Whether every calculation completed and every vacancy has an energy or a prediction."""
        return set(self.counts) <= {"completed"} and all(
            len(host.formation_energies_ev) + len(host.predicted) == len(host.vacancies)
            for host in self.hosts
        )
