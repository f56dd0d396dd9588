"""The plan of a study: all its structures, fixed before the first calculation.

An engine only relaxes. Which Li leave and which O are removed is decided on the ideal
geometry, so that the same recipe means the same sites with every engine, and the number of
calculations is known from the start.
"""

from math import comb
from typing import TypeAlias, get_args

from pydantic import Field

from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.roles import element_role
from llo_dft.documents.atom_identity import arranged, with_bare_sites
from llo_dft.documents.calculation import MOVED, OrderingSearch
from llo_dft.documents.document import Document, StoredStructure
from llo_dft.documents.labels import (
    BULK,
    LITHIUM,
    OXYGEN,
    bulk_label,
    host_label,
    interface_label,
    ordering_label,
    part_label,
    potential_label,
    ranking_label,
    revisited_label,
    static_label,
    vacancy_label,
)
from llo_dft.documents.sites import InterfaceBond, OxygenEnvironment
from llo_dft.documents.state_of_charge import StateOfCharge
from llo_dft.typing import Moved, Part, System
from llo_dft.units import C_PER_MAH, FARADAY_C_PER_MOL


class BondedOxygen(Document):
    """An O of the oxide that a former of the coating is bonded to in the relaxed interface."""

    termination: str
    order: int = Field(description="Which of the O with such a bond: 0 is the one of lowest number")


class PlannedVacancy(Document):
    """One oxygen to remove from a host. Indices are those of the pristine bare slab.

    Which O a former of the coating is bonded to is known only once the interface is relaxed: such a
    vacancy has a ``bonded`` instead of a site.
    """

    site: int | None = None
    removed: list[int] = Field(
        default_factory=list, description="The site, and its image if both faces lose one"
    )
    bonded: BondedOxygen | None = None
    other_face: bool = Field(
        default=False,
        exclude_if=lambda other: not other,
        description="Whether it is the image, on the bare slab's other face, of an O that is "
        "removed too: the Li of a host need not be alike on both. Of a bonded O, its image",
    )
    pair: str = Field(description="Identity that a site shares with its partner when coated")
    site_class: str = Field(description="Its class in the pristine host, for example '3TM'")
    environment: OxygenEnvironment | None = Field(description="In this host; None with bonded")
    degeneracy: int = Field(description="Number of O equivalent to it in this host")


class PlannedHost(Document):
    """A slab at one state of charge, and the vacancies to make in it."""

    system: System
    termination: str | None = Field(None, description="Face of the coating; None: bare")
    requested_lithium_fraction: float = Field(description="Of the bare slab")
    lithium_fraction: float = Field(
        description="Li left in the oxide / Li in the pristine bare slab, coated or not"
    )
    n_holes: int = Field(
        description="Electrons taken from the oxide by formal charges, 0 when pristine: one for "
        "each Li that left on charging. Bare and coated hosts of the same request have equally "
        "many"
    )
    orderings: list[list[int]] = Field(
        min_length=1,
        description="Li that left on charging, for each ordering that is tried first, the lowest "
        "Ewald energy first; indices of the pristine bare slab",
    )
    moved_angstrom: dict[int, Moved] = MOVED
    n_li_layer: int = Field(description="Li left in the Li layers, in the first ordering")
    n_tm_layer: int = Field(description="Li left in the TM layers, in the first ordering")
    environments: dict[int, OxygenEnvironment] = Field(
        description="For every O of the oxide in this host, by index in the pristine bare slab"
    )
    classes: dict[int, str] = Field(description="Class of every O of the pristine oxide")
    vacancies: list[PlannedVacancy]

    @property
    def removed(self) -> list[int]:
        """Li that left on charging, in the first ordering."""
        return self.orderings[0]

    @property
    def label(self) -> str:
        """Name of the host in labels and file names."""
        return host_label(self.system, self.lithium_fraction, self.termination)

    def vacancy_label(self, vacancy: PlannedVacancy) -> str:
        """Name of one of its vacancies in labels and file names."""
        return vacancy_label(self.label, vacancy.pair)


class PlannedBulkHost(Document):
    """The oxide's crystal with some of its Li removed, for the voltage."""

    lithium_fraction: float = Field(description="Li left / Li in the crystal")
    n_li: int = Field(description="Li left in the cell")
    order: int = Field(description="Which ordering at that content; 0 has the lowest Ewald energy")
    removed: list[int] = Field(description="Li that left; indices of the crystal")
    moved_angstrom: dict[int, Moved] = MOVED

    @property
    def label(self) -> str:
        """Name in labels and file names."""
        return bulk_label(self.lithium_fraction, self.order)

    @property
    def ranking(self) -> str:
        """Label of the ranking of the orderings at its content."""
        return ranking_label(bulk_label(self.lithium_fraction))


#: A lattice vector of a crystal, in units of its cell's vectors.
CrystalVector: TypeAlias = tuple[int | float, int | float, int | float]


class PlannedInterface(Document):
    """The pristine slab with one termination of the coating on it, before relaxation."""

    termination: str = Field(description="Face of the coating towards the oxide")
    rank: int = Field(description="0 is the best registry and gap of this termination")
    score: float = Field(description="Global instability index near the interface, e")
    structure: StoredStructure = Field(
        description="Without the atoms of the bare slab that left so that charges balance"
    )
    registry: tuple[float, float] = Field(description="Shift of the coating, fractions of a, b")
    gap: float = Field(description="Height between the outermost atoms of the two sides, angstrom")
    coating_strain: tuple[float, float] = Field(
        description="Principal strains of the coating relative to its crystal as given"
    )
    von_mises_strain: float
    coating_vectors: tuple[CrystalVector, CrystalVector] = Field(
        description="The vectors of the coating's crystal that became a and b, in units of its "
        "cell's: integers, or fractions where the cell is centred"
    )
    coating_charge: int = Field(
        description="Sum of the coating's formal charges, e; the oxide under it has the opposite"
    )
    film_cells: int = Field(description="Cells of the coating in the common cell")
    film_formula: str = Field(description="Atoms in one cell of the coating")
    film_is_stoichiometric: bool = Field(
        description="Whether that cell has the composition of its crystal"
    )
    li_removed_for_charge: int = Field(
        description="Li removed from the oxide's coated face so that the formal charges add up"
    )
    bonds: list[InterfaceBond] = Field(description="From formers of the coating to O of the oxide")

    @property
    def label(self) -> str:
        """Name in labels and file names."""
        return interface_label(self.termination, self.rank)


class PlannedStatic(Document):
    """A single point at the relaxed geometry of a host, for its electronic structure."""

    host: str = Field(description="Label of the host")
    part: Part | None = Field(
        None, description="Only this part of a pristine interface, with the atoms as they are in it"
    )

    @property
    def label(self) -> str:
        """Name in labels and file names."""
        return static_label(self.host, self.part)


class StudyPlan(Document):
    """All that will be computed."""

    study: str
    seed: int
    requested_composition: str
    composition: str
    composition_deviation: float = Field(description="Largest deviation of an element per O2")
    formal_charge_per_o2: float = Field(
        description="Charge that no metal can balance against O2-, e per O2"
    )
    bulk: StoredStructure
    slab: StoredStructure = Field(description="Pristine slab, cut from the unrelaxed bulk")
    tm_layers: int = Field(description="O-TM-O sheets; 0 for planes other than (001)")
    sheet_sites: list[int] = Field(
        default_factory=list,
        exclude_if=lambda sites: not sites,
        description="For planes other than (001): sites of the slab in the metal layers",
    )
    vacuum: float = Field(description="Angstrom")
    slab_bulk_sites: list[int] = Field(description="Bulk site of each atom of the slab")
    slab_images: list[tuple[int, int, int]] = Field(description="Its lattice translation")
    turn_over: list[int] = Field(description="Site map of the operation top -> bottom")
    equivalent: list[int] = Field(default_factory=list, description="Per site, the first like it")
    lithium_metal: StoredStructure
    hosts: list[PlannedHost] = Field(
        description="Bare hosts, then those of each termination; each from full to empty"
    )
    bulk_hosts: list[PlannedBulkHost] = Field(
        default_factory=list, description="Charged ones, from full to empty"
    )
    n_candidates: int = Field(1, description="Orderings of Li ranked for each charged host")
    n_relaxed: int = Field(1, description="How many of these are relaxed")
    ranked: bool = Field(
        default=False, description="Whether an engine ranks them, not only their Ewald energy"
    )
    symmetric: bool = Field(
        default=True, description="Whether orderings of the bare slab are the same on both faces"
    )
    interfaces: list[PlannedInterface] = Field(default_factory=list)
    coating_crystal: StoredStructure | None = Field(None, description="The coating's crystal")
    statics: list[PlannedStatic] = Field(default_factory=list)
    not_computed: list[str] = Field(
        default_factory=list, description="What the recipe asks for and the engine can't compute"
    )
    budget: int | None = Field(
        None,
        exclude_if=lambda budget: budget is None,
        description="Most vacancies that the engine computes; a potential computes all",
    )
    notes: list[str] = Field(
        default_factory=list, description="Where the study as built differs from the recipe"
    )

    @property
    def sheets(self) -> int | list[int]:
        """What defines the O-TM-O sheets of the slab: their number, or the sites in them."""
        return self.sheet_sites or self.tm_layers

    @property
    def terminations(self) -> list[str]:
        """Terminations of the coating, in the recipe's order."""
        return list(dict.fromkeys(one.termination for one in self.interfaces))

    def pristine_label(self, termination: str | None) -> str:
        """Return the label of a termination's pristine host; None: that of the bare slab."""
        return next(host.label for host in self.hosts if host.termination == termination)

    def charge_of(self, host: PlannedHost) -> StateOfCharge:
        """Return how far a host's oxide is charged: one electron per hole.

        Holes are per framework metal; the capacity is ``n_holes F / (3.6 M)`` with M the molar
        mass of the pristine bare slab, g/mol, and F the Faraday constant.
        """
        roles = map(element_role, symbols_of(self.slab))
        return StateOfCharge(
            holes_per_tm=host.n_holes / sum(role == "framework" for role in roles),
            lithium_fraction=host.lithium_fraction,
            capacity_mah_per_g=host.n_holes
            * FARADAY_C_PER_MOL
            / (C_PER_MAH * float(self.slab.composition.weight)),
        )

    @property
    def revisits(self) -> bool:
        """Whether a host may take over the Li arrangement of one of its vacancies."""
        return self.n_candidates > 1

    def vacancies_again(self, host: PlannedHost) -> list[str]:
        """Return the labels of a host's vacancies, made again if revisiting it changed the host.

        A budget is not spent on them.
        """
        if not self.revisits or self.budget is not None:
            return []
        return [revisited_label(host.vacancy_label(vacancy)) for vacancy in host.vacancies]

    def relaxed_orderings(self, host: PlannedHost) -> list[str]:
        """Return the labels of a host's relaxed orderings; empty if it can have only one."""
        ways, alike = len(host.orderings), self.symmetric and host.termination is None
        if self.ranked:  # a ranking finds others than those of lowest Ewald energy
            n_li, per = host.n_li_layer + host.n_tm_layer, 2 if alike else 1
            ways = min(self.n_candidates, comb((n_li + len(host.removed)) // per, n_li // per))
        count = min(self.n_relaxed, ways) if ways > 1 else 0
        return [ordering_label(host.label, order) for order in range(count)]

    def own_labels(self, host: PlannedHost) -> list[str]:
        """Return the labels of the calculations of which the host is the lowest, and its ranking.

        A coated pristine host is the best of its interfaces.
        """
        orderings = self.relaxed_orderings(host)
        if not orderings:
            return [host.label] if host.termination is None or host.removed else []
        return [*([ranking_label(host.label)] if self.ranked else []), *orderings]

    def ordering_search(self, host: PlannedHost) -> OrderingSearch:
        """Return the input of the ranking of a host's orderings."""
        alike = self.symmetric and host.termination is None
        return OrderingSearch(
            pristine=self.pristine_structure(host),
            n_removed=len(host.removed),
            first=host.orderings,
            turn_over=self.turn_over if alike else None,
            sheets=self.sheets,
            budget=self.n_candidates,
            seed=self.seed,
        )

    def bulk_search(self, content: PlannedBulkHost) -> OrderingSearch:
        """Return the input of the ranking of the crystal's orderings at a content."""
        return OrderingSearch(
            pristine=with_bare_sites(self.bulk, range(len(self.bulk))),
            n_removed=len(content.removed),
            first=[one.removed for one in self.bulk_hosts if one.n_li == content.n_li],
            turn_over=None,
            sheets=self.tm_layers or 1,
            budget=self.n_candidates,
            seed=self.seed,
        )

    def candidates(self, termination: str) -> list[PlannedInterface]:
        """Return a termination's interfaces, best first, all with the same order of atoms."""
        return [one for one in self.interfaces if one.termination == termination]

    def pristine_structure(self, host: PlannedHost) -> StoredStructure:
        """Return the unrelaxed pristine structure of a host."""
        if host.termination is None:
            return self.slab
        return self.candidates(host.termination)[0].structure

    def host_structure(self, host: PlannedHost) -> StoredStructure:
        """Return the unrelaxed structure of a host."""
        return arranged(self.pristine_structure(host), host.removed, host.moved_angstrom)

    def vacancy_structure(
        self, host: PlannedHost, vacancy: PlannedVacancy
    ) -> StoredStructure | None:
        """Return the unrelaxed structure of a vacancy; None before its site is known."""
        if vacancy.site is None:
            return None
        return arranged(self.host_structure(host), vacancy.removed)

    @property
    def coating_label(self) -> str:
        """Label of the coating's crystal: its formula; empty without a coating."""
        if self.coating_crystal is None:
            return ""
        formula = str(self.coating_crystal.composition.reduced_formula)
        return formula.replace("(", "").replace(")", "")

    @property
    def parts(self) -> dict[str, tuple[str, Part]]:
        """Termination and side of each part of an interface that is relaxed alone, by label.

        Parts with formal charges are no closed shells and have no work of adhesion.
        """
        closed = [face for face in self.terminations if not self.candidates(face)[0].coating_charge]
        return {part_label(face, part): (face, part) for face in closed for part in get_args(Part)}

    @property
    def labels(self) -> list[str]:
        """Labels of all calculations. A coated pristine host is the best of its interfaces."""
        rankings = [one.ranking for one in self.bulk_hosts if self.ranked]
        charged = [one.label for one in self.bulk_hosts]
        crystals = [OXYGEN, LITHIUM, BULK, *dict.fromkeys(rankings), *charged]
        if self.coating_crystal is not None:
            crystals.append(self.coating_label)
        slabs = [label for host in self.hosts for label in self.own_labels(host)]
        revisited = [revisited_label(host.label) for host in self.hosts if self.revisits]
        vacancies = [host.vacancy_label(made) for host in self.hosts for made in host.vacancies]
        again = [label for host in self.hosts for label in self.vacancies_again(host)]
        statics = [static.label for static in self.statics]
        interfaces = [one.label for one in self.interfaces]
        parted = [*interfaces, *self.parts]
        return [*crystals, *slabs, *parted, *vacancies, *revisited, *again, *statics]

    @property
    def potential_labels(self) -> list[str]:
        """Labels of what a potential computes to rank the vacancies; empty without a budget."""
        if self.budget is None:
            return []
        vacancies = [host.vacancy_label(made) for host in self.hosts for made in host.vacancies]
        return [potential_label(label) for label in [*(h.label for h in self.hosts), *vacancies]]

    @property
    def n_calculations(self) -> int:
        """Number of calculations."""
        return len(self.labels)
