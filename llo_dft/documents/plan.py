"""The plan of a study: every structure of it, fixed before the first calculation.

An engine only relaxes. Which Li leave and which O are removed is decided on the ideal
geometry, so that the same recipe means the same sites with every engine, and the number of
calculations is known from the start.
"""

from __future__ import annotations

from pydantic import Field

from llo_dft.documents.base import Document, StoredStructure
from llo_dft.documents.study import OxygenEnvironment, host_label
from llo_dft.typing import System


class PlannedVacancy(Document):
    """One oxygen to remove from a host. Indices are those of the pristine slab."""

    site: int
    removed: list[int] = Field(description="The site, and its image on the other face if both")
    pair: str = Field(description="Identity that a site shares with its partner when coated")
    site_class: str = Field(description="Its class in the pristine host, for example '3TM'")
    environment: OxygenEnvironment = Field(description="In this host")
    degeneracy: int = Field(description="Number of O equivalent to it in this host")


class PlannedHost(Document):
    """A slab at one lithium fraction, and the vacancies to make in it."""

    system: System
    requested_lithium_fraction: float
    lithium_fraction: float = Field(description="The nearest that whole Li allow")
    removed: list[int] = Field(description="Li that left; indices of the pristine slab")
    n_li_layer: int = Field(description="Li left in the Li layers")
    n_tm_layer: int = Field(description="Li left in the TM layers")
    vacancies: list[PlannedVacancy]

    @property
    def label(self) -> str:
        """Name of the host in labels and file names."""
        return host_label(self.system, self.lithium_fraction)


class PlannedBond(Document):
    """A P-O bond across the interface; indices of the interface."""

    phosphorus: int
    oxygen: int
    length: float = Field(description="Angstrom, before relaxation")


class PlannedInterface(Document):
    """The pristine slab with one termination of the coating on it, before relaxation."""

    termination: str = Field(description="Face of the coating towards the oxide")
    rank: int = Field(description="0 is the best registry and gap of this termination")
    score: float = Field(description="Global instability index near the interface, e")
    structure: StoredStructure
    llo_sites: list[int] = Field(description="Site of each atom of the oxide slab, in its order")
    coating_sites: list[int]
    registry: tuple[float, float] = Field(description="Shift of the coating, fractions of a, b")
    gap: float = Field(description="Height between the outermost atoms of both sides, angstrom")
    coating_strain: tuple[float, float] = Field(description="Principal strains of the coating")
    von_mises_strain: float
    film_cells: int = Field(description="Cells of the coating on the common cell")
    film_formula: str = Field(description="Atoms of one cell of the coating")
    film_is_stoichiometric: bool = Field(description="Whether that cell is Li3PO4")
    li_removed_for_charge: int = Field(
        description="Li of the oxide's coated face that left so that formal charges add up"
    )
    bonds: list[PlannedBond] = Field(description="P-O bonds across the interface")

    @property
    def label(self) -> str:
        """Name in labels and file names."""
        return f"coated_{self.termination}_{self.rank}"


class StudyPlan(Document):
    """Everything that will be computed."""

    study: str
    seed: int
    requested_composition: str
    composition: str
    composition_deviation: float = Field(description="Largest deviation of an element per O2")
    formal_charge_per_o2: float = Field(description="Sum of formal charges per O2, e")
    bulk: StoredStructure
    slab: StoredStructure = Field(description="Pristine slab, cut from the unrelaxed bulk")
    tm_layers: int
    vacuum: float = Field(description="Angstrom")
    slab_bulk_sites: list[int] = Field(description="Bulk site of each atom of the slab")
    slab_images: list[tuple[int, int, int]] = Field(description="Its lattice translation")
    turn_over: list[int] = Field(description="Where the operation top -> bottom takes each site")
    hosts: list[PlannedHost] = Field(description="From full to empty")
    interfaces: list[PlannedInterface] = Field(default_factory=list)

    def host_structure(self, host: PlannedHost) -> StoredStructure:
        """Return the unrelaxed structure of a host."""
        structure: StoredStructure = self.slab.copy()
        structure.remove_sites(host.removed)
        return structure

    def vacancy_structure(self, host: PlannedHost, vacancy: PlannedVacancy) -> StoredStructure:
        """Return the unrelaxed structure of a host with a vacancy."""
        structure: StoredStructure = self.slab.copy()
        structure.remove_sites([*host.removed, *vacancy.removed])
        return structure

    @property
    def n_calculations(self) -> int:
        """Number of calculations: bulk, O2, hosts and vacancies."""
        return 2 + len(self.hosts) + sum(len(host.vacancies) for host in self.hosts)


def index_after_removal(index: int, removed: list[int]) -> int:
    """Return the index that a site has once others are removed.

    Raises
    ------
    ValueError
        If the site is itself removed.
    """
    if index in removed:
        raise ValueError(f"site {index} is among the removed sites")
    return index - sum(other < index for other in removed)
