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
