"""One calculation: what was computed, with which settings, and the outcome."""

from typing import Any, Self, TypeAlias

from pydantic import Field, model_validator

from llo_dft.documents.document import Document, StoredStructure
from llo_dft.typing import CalculationKind, Moved, Status

#: Value of an engine's setting.
Setting: TypeAlias = bool | int | float | str | list[bool | int | float | str]


class Fingerprint(Document):
    """Every setting that decides an energy.

    The fields are common to all engines; one that an engine does not use keeps its empty
    default. The last three hold an engine's own settings under its own names, sorted by what
    follows if two calculations differ in them.
    """

    engine: str = Field(description="Name of the engine, for example 'chgnet' or 'vasp'")
    engine_version: str = Field(description="Version of the engine's program or package")
    model: str = Field("", description="Name and version of the potential, if there is one")
    functional: str = Field(description="Exchange-correlation functional of the energies")
    u_values_ev: dict[str, float] = Field(
        default_factory=dict, description="Hubbard U by element, eV"
    )
    j_values_ev: dict[str, float] = Field(
        default_factory=dict, description="J by element, eV, where it is not part of U"
    )
    u_shells: dict[str, int] = Field(
        default_factory=dict, description="Angular momentum that U acts on, by element"
    )
    pseudopotentials: dict[str, str] = Field(
        default_factory=dict, description="Pseudopotential title by element"
    )
    cutoff_ev: float | None = Field(None, description="Plane-wave cutoff, eV")
    k_spacing_per_angstrom: float | None = Field(
        None, description="Largest distance between k-points, 1/angstrom (with 2 pi)"
    )
    dispersion: str = Field("", description="Dispersion correction, for example 'D3(BJ)'")
    spin_polarized: bool | None = Field(
        None, description="Whether spin up and spin down have separate states; None: not known"
    )
    settings: dict[str, Setting] = Field(
        default_factory=dict, description="Energies are subtracted only where these are equal"
    )
    own_settings: dict[str, Setting] = Field(
        default_factory=dict,
        description="Likewise, but a reference molecule or metal has its own",
    )
    other_settings: dict[str, Setting] = Field(
        default_factory=dict,
        description="What is not the engine's default; a result names those that differ",
    )


class EngineBias(Document):
    """A published energy and the engine's value of it: how far E_f may be off."""

    quantity: str
    engine_ev: float
    published_ev: float
    source: str = Field(description="Of the published value")

    @property
    def difference_ev(self) -> float:
        """Engine less published."""
        return self.engine_ev - self.published_ev


class Asked(Document):
    """The settings of a calculation as requested: with its structure and kind they make the key."""

    fingerprint: Fingerprint = Field(description="As known before the run")
    settings: dict[str, Any] = Field(description="Every setting of the engine's maker")
    electrons: str = Field("", description="Which calculation's electrons it started from, if any")


class OrderingSearch(Document):
    """The input of a ranking of Li orderings; indices of the pristine bare slab."""

    pristine: StoredStructure = Field(
        description="Not relaxed: electrostatics rank Li orderings best on it"
    )
    n_removed: int
    first: list[list[int]] = Field(description="Orderings to compute first")
    turn_over: list[int] | None = Field(
        description="Site map of the operation that an ordering keeps; None: none is kept"
    )
    sheets: int | list[int] = Field(description="As of the plan: Li beside empty sites are tried")
    budget: int = Field(description="Number of orderings to compute")
    seed: int


#: The field of Li that an ordering has elsewhere than on its site.
MOVED: Any = Field(
    default_factory=dict,
    exclude_if=lambda moved: not moved,
    description="Li beside empty sites of the metal layers: how far from their own, by index",
)


class RankedOrdering(Document):
    """One ordering of Li and its single-point energy."""

    removed: list[int] = Field(
        description="Li that left on charging; indices of the pristine bare slab"
    )
    energy_ev: float = Field(description="At the geometry of the relaxed pristine host, eV")
    moved_angstrom: dict[int, Moved] = MOVED


class CalculationDocument(Document):
    """A relaxation or static run of one structure by one engine with one protocol.

    ``energy_ev`` and ``structure`` are there if, and only if, the calculation completed;
    otherwise ``reason`` says why it did not.
    """

    key: str = Field(description="Hash of structure, fingerprint, settings and kind")
    label: str = Field(description="The calculation's name in its study, for the reader")
    kind: CalculationKind
    status: Status
    reason: str | None = Field(None, description="Why it did not complete")
    fingerprint: Fingerprint | None = Field(description="None only if it was not attempted")
    protocol: str = Field(description="Name of the set of settings: fast, balanced, ...")
    asked: Asked | None = Field(None, description="None in documents of an older version")
    energy_ev: float | None = Field(None, description="Total energy of the cell, eV")
    max_force_ev_per_angstrom: float | None = Field(None, description="Largest force on an atom")
    initial_structure: StoredStructure | None = Field(None, description="Structure it started from")
    structure: StoredStructure | None = Field(
        None, description="Relaxed structure; same order of atoms as the initial one"
    )
    magmoms_mu_b: list[float] | None = Field(
        None, description="Magnetic moment of each atom, Bohr magnetons"
    )
    n_steps: int | None = Field(None, description="Steps of the optimiser")
    n_evaluations: int | None = Field(None, description="Evaluations of energy and forces")
    n_pre_steps: int = Field(0, description="Steps that a potential made before the engine")
    rattle_gain_ev: float | None = Field(
        None,
        description="How far the energy fell when the relaxed atoms were displaced at random and "
        "relaxed again, eV per cell; below zero the first one is kept; None: not done",
    )
    wall_s: float | None = Field(None, description="Wall time, s")
    corrections: list[str] = Field(
        default_factory=list, description="Corrections made during the run, one sentence each"
    )
    notes: list[str] = Field(
        default_factory=list, description="What a reader should know, one sentence each"
    )
    ranking: list[RankedOrdering] = Field(
        default_factory=list, description="In a ranking: the computed orderings, the lowest first"
    )
    output_files: list[str] = Field(
        default_factory=list, description="Raw files kept, relative to the calculation's folder"
    )
    mock: bool = Field(
        default=False, description="True for mock outputs, which must not be reported"
    )

    @model_validator(mode="after")
    def _numbers_only_if_completed(self) -> Self:
        completed = self.status == "completed"
        if completed and (self.energy_ev is None or self.structure is None):
            raise ValueError(f"{self.label}: a completed calculation needs energy and structure")
        if completed and self.fingerprint is None:
            raise ValueError(f"{self.label}: a {self.status} calculation needs a fingerprint")
        if not completed and self.energy_ev is not None:
            raise ValueError(f"{self.label}: a {self.status} calculation can't have an energy")
        if not completed and not self.reason:
            raise ValueError(f"{self.label}: a {self.status} calculation needs a reason")
        return self


def not_computed(
    label: str,
    status: Status,
    reason: str,
    kind: CalculationKind = "slab_relax",
    protocol: str = "",
) -> CalculationDocument:
    """Return the document of a calculation that did not run or left no output, with the reason."""
    return CalculationDocument(
        key="",
        label=label,
        kind=kind,
        status=status,
        reason=reason,
        fingerprint=None,
        protocol=protocol,
    )
