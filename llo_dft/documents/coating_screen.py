"""One cathode under several coatings, ranked: what screen.json holds."""

from pydantic import Field

from llo_dft.documents.document import Document
from llo_dft.documents.stability.phase_stability import PairReactivity
from llo_dft.documents.study_result import VacancyPair
from llo_dft.typing import Status


class GainAtCharge(Document):
    """What a coating does to E_f at one state of charge, over the O whose lattice stayed."""

    holes_per_tm: float = Field(description="Electrons taken per metal, bare and coated")
    n_oxygens: int = Field(description="O compared whose lattice stayed, bare and coated")
    n_rebuilt: int = Field(description="O compared whose lattice was rebuilt: not in the mean")
    mean_ev: float | None = Field(None, description="Coated - bare, eV per O; None without an O")
    worst_ev: float | None = Field(None, description="The smallest of these gains")
    deviation_ev: float | None = Field(
        None, description="Sample standard deviation over these O; None for fewer than two"
    )


class ScreenedCoating(Document):
    """One termination of one coating on the cathode."""

    coating: str = Field(description="Its name in the recipe, and the name of its study's folder")
    termination: str | None = Field(None, description="None: it could not be built")
    status: Status
    reasons: list[str] = Field(
        default_factory=list, description="What failed or could not be built, and why"
    )
    rank: int | None = Field(None, description="1: the largest mean gain; None: there is none")
    film_formula: str | None = Field(None, description="Atoms of the coating in the cell")
    area_angstrom2: float | None = None
    coating_strain: tuple[float, float] | None = Field(
        None, description="Principal strains relative to its relaxed crystal, or else to its CIF"
    )
    work_of_adhesion_j_per_m2: float | None = Field(
        None, description="Of coatings whose part has no formal charge"
    )
    coating_energy_j_per_m2: float | None = None
    n_former_bonds: int = Field(
        0, description="Bonds from the coating's formers to lattice O in the relaxed cell"
    )
    li_removed_for_charge: int | None = Field(
        None, description="Li removed from the oxide so that the formal charges add up"
    )
    gains: list[GainAtCharge] = Field(default_factory=list)
    pairs: list[VacancyPair] = Field(default_factory=list, description="Each O that is compared")
    reactions: dict[float, PairReactivity] = Field(
        default_factory=dict,
        exclude_if=lambda found: not found,
        description="Cathode and coating as crystals, by lithium fraction; on request",
    )

    @property
    def name(self) -> str:
        """Name of the coating and its face."""
        return self.coating if self.termination is None else f"{self.coating}, {self.termination}"

    def gain_at(self, holes_per_tm: float) -> GainAtCharge | None:
        """Return the gain at a state of charge, or None if nothing was compared there."""
        return next((one for one in self.gains if one.holes_per_tm == holes_per_tm), None)


class RankedDifference(Document):
    """Two coatings of adjacent rank, and whether they can be told apart."""

    better: str
    next: str
    difference_ev: float = Field(description="Of their mean gains at the charge of the ranking")
    spread_ev: float | None = Field(
        description="The larger of their standard deviations over O; None: only one O"
    )
    n_same_oxygens: int = Field(description="O of the same bare slab compared for both")
    n_same_order: int = Field(description="How many of these O gain more under the better one")
    told_apart: bool = Field(description="Whether the difference is larger than the spread")


class CoatingScreen(Document):
    """One cathode under several coatings: what screen.json holds."""

    study: str
    engine: str
    protocol: str
    composition: str | None = Field(None, description="Composition of the cathode as built, per O2")
    ranked_at_holes_per_tm: float | None = Field(
        None, description="The charge at which they are ranked; None: no gain is known anywhere"
    )
    coatings: list[ScreenedCoating] = Field(description="By rank, then the unranked")
    differences: list[RankedDifference]
    notes: list[str] = Field(description="What the ranking is based on, and what it does not show")
    mock: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether nothing failed or is missing."""
        return all(one.status == "completed" for one in self.coatings)

    @property
    def charges(self) -> list[float]:
        """The states of charge at which a coating was compared, holes per metal."""
        return sorted({gain.holes_per_tm for one in self.coatings for gain in one.gains})
