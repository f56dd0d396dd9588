"""Energies of phases, their windows against Li, and the reactions of pairs of phases."""

from typing import Literal, TypeAlias

from pydantic import Field
from pymatgen.core.composition import Composition

from llo_dft.documents.document import Document

#: Correction of the energies in one diagram: none, or the same scheme for all.
CorrectionState: TypeAlias = Literal["raw", "corrected"]


class PhaseEnergy(Document):
    """The energy of one phase."""

    name: str = Field(description="Unique in its source: an identifier, a file's name or a path")
    composition: dict[str, float] = Field(description="Atoms of each element in the cell")
    energy_ev: float = Field(description="Of that cell, with its correction if it has one, eV")
    correction_ev: float = Field(0.0, description="The correction contained in it, eV")
    run_type: str = Field("", description="Functional, as 'GGA', 'GGA+U' or 'R2SCAN', if known")

    @property
    def reduced_formula(self) -> str:
        """Formula in lowest terms."""
        return str(Composition(self.composition).reduced_formula)


class PhaseEnergies(Document):
    """Phases of one source, whose energies may be used in one diagram."""

    source: str = Field(description="Where they come from, for the reader")
    corrections: CorrectionState
    phases: list[PhaseEnergy]
    notes: list[str] = Field(default_factory=list)


class WindowStep(Document):
    """A range of voltage in which the same phases are in equilibrium with Li."""

    from_v: float = Field(description="Against Li/Li+, V")
    to_v: float = Field(description="V")
    products: dict[str, float] = Field(
        description="Formula units of each product per formula unit of the phase"
    )
    li_exchanged: float = Field(
        description="Li taken up per formula unit of the phase; negative: given off"
    )
    energy_from_ev_per_atom: float = Field(
        description="Reaction energy at from_v per atom of the phase, open to Li, eV; <= 0"
    )
    energy_to_ev_per_atom: float = Field(description="The same at to_v")


class StabilityWindow(Document):
    """The voltages at which a phase exchanges no Li with a reservoir."""

    phase: str = Field(description="Its name in the source")
    formula: str
    reduction_v: float | None = Field(
        description="Below it Li is taken up; None: Li is exchanged at every voltage"
    )
    oxidation_v: float | None = Field(
        description="Above it Li is given off; the end of the range if that is not reached"
    )
    oxidation_beyond_range: bool = Field(
        default=False, description="Whether oxidation_v is only the end of the range studied"
    )
    fully_delithiated_v: float | None = Field(
        None, description="Above it no product contains Li; None: not within the range"
    )
    above_hull_ev_per_atom: float = Field(
        description="Above zero the phase is unstable: then the window is that of the phases it "
        "decomposes to"
    )
    steps: list[WindowStep]
    missing: list[str] = Field(
        default_factory=list,
        description="Known phases of its chemical system that the diagram lacks: each can only "
        "narrow the window of a stable phase",
    )


class MixingReaction(Document):
    """What two phases in contact become at one ratio."""

    fraction_of_first: float = Field(
        description="Atoms of the first phase as a fraction of those of both, before the reaction"
    )
    energy_ev_per_atom: float = Field(description="Reaction energy, eV; negative: they react")
    reaction: str
    products: list[str]


class PairReactivity(Document):
    """All reactions of two phases."""

    first: str
    second: str
    voltage_v: float | None = Field(description="Of the Li reservoir; None: no Li is exchanged")
    worst: MixingReaction = Field(description="The ratio of lowest reaction energy")
    reactions: list[MixingReaction] = Field(description="Where the products change")
    own_decomposition_ev_per_atom: float = Field(
        description="The lower of the energies of each phase's own decomposition, negative if it "
        "is unstable there, eV; the energies of the pair include it"
    )
    mutual_ev_per_atom: float = Field(
        description="The lowest of the pair's energies minus those of each phase alone, eV: what "
        "the contact adds"
    )
    missing: list[str] = Field(default_factory=list)


class BarrierLayer(Document):
    """What a contact adds to the decomposition of each phase, with and without a coating."""

    first: str
    second: str
    coating: str
    without_ev_per_atom: float
    with_first_ev_per_atom: float = Field(description="First phase with the coating")
    with_second_ev_per_atom: float = Field(description="Coating with the second phase")
    missing: list[str] = Field(default_factory=list, description="Of any of the three contacts")

    @property
    def with_ev_per_atom(self) -> float:
        """The worse of the two contacts that the coating makes, eV per atom."""
        return min(self.with_first_ev_per_atom, self.with_second_ev_per_atom)


class StudyCrystal(Document):
    """A relaxed crystal of a study: its cathode at one lithium content, or its coating."""

    calculation: str = Field(description="Key of its calculation")
    lithium_fraction: float | None = Field(None, description="Of the cathode; None: coating")


class StabilityResult(Document):
    """Windows, or reactions, of phases of one source."""

    source: str
    corrections: CorrectionState
    windows: list[StabilityWindow] = Field(default_factory=list)
    pairs: list[PairReactivity] = Field(default_factory=list)
    barriers: list[BarrierLayer] = Field(default_factory=list)
    charge_ranges_v: dict[str, tuple[float, float]] = Field(
        default_factory=dict, description="Voltage range over which cathodes are charged, V"
    )
    notes: list[str] = Field(default_factory=list)
    crystals: dict[str, StudyCrystal] = Field(
        default_factory=dict, description="Which of the phases come from a study, by their names"
    )

    @property
    def cathode_and_coating(self) -> list[tuple[float, PairReactivity]]:
        """Reactions of a study's cathode with its coating by lithium fraction, full first."""
        contents = {name: one.lithium_fraction for name, one in self.crystals.items()}
        found = [
            (x, pair)
            for pair in self.pairs
            if (x := contents.get(pair.first)) is not None
            and pair.second in contents
            and contents[pair.second] is None
        ]
        return sorted(found, key=lambda one: -one[0])
