"""State of charge of a host, and where on it the formation energy of a vacancy turns."""

from typing import Literal

from pydantic import Field

from llo_dft.documents.document import Document
from llo_dft.typing import System


class StateOfCharge(Document):
    """How far an oxide is charged.

    Bare and coated are compared at equal ``holes_per_tm``; the others stand beside it.
    """

    holes_per_tm: float | None = Field(
        None,
        description="Electrons taken from the oxide per framework metal, by formal charges, 0 when "
        "pristine; None of plain runs, whose charge is not known",
    )
    lithium_fraction: float | None = Field(
        None, description="Li left in the oxide / Li in the pristine bare slab, or as of a host"
    )
    capacity_mah_per_g: float | None = Field(
        None, description="Charge taken from the oxide, per mass of the pristine bare slab"
    )

    @property
    def position(self) -> float:
        """Place on the axis of charge, rising on charging: holes per TM, or if not known 1 - x."""
        if self.holes_per_tm is not None:
            return self.holes_per_tm
        if self.lithium_fraction is None:
            raise ValueError("neither holes nor the lithium fraction are known")
        return 1.0 - self.lithium_fraction

    @property
    def text(self) -> str:
        """The state in words."""
        x = None if self.lithium_fraction is None else f"x = {self.lithium_fraction:.2f}"
        if self.holes_per_tm is None:
            return x or "x not known"
        capacity = self.capacity_mah_per_g
        beside = ", ".join(filter(None, (x, None if capacity is None else f"{capacity:.0f} mAh/g")))
        return f"{self.holes_per_tm:.2f} holes per TM" + f" ({beside})" * bool(beside)


class TurningShare(Document):
    """What one source of uncertainty does to a turning point."""

    source: Literal["sites", "O2 schemes", "rebuilt"] = Field(
        description="sites: from the O that is lost first to the last of the computed ones; O2 "
        "schemes: under each that goes with the energies; rebuilt: without and with vacancies "
        "whose lattice rebuilt itself"
    )
    earliest: StateOfCharge
    latest: StateOfCharge
    cut_off: str | None = Field(
        None, description="Which end is that of the computed range: what it stands for lies beyond"
    )


class TurningPoint(Document):
    """Where the lowest formation energy crosses zero on charging.

    Only vacancies that kept their lattice count, but for ``with_rebuilt`` and its share.
    """

    system: System
    termination: str | None = None
    site: int | None = Field(
        None,
        description="Index in the pristine bare slab of the O of which alone this is; None: of the "
        "lowest O at each state of charge, which need not be the same one",
    )
    at: StateOfCharge | None = Field(description="None: nowhere in the computed range")
    with_rebuilt: StateOfCharge | None = Field(
        None, description="The same if vacancies whose lattice rebuilt itself count too"
    )
    earliest: StateOfCharge | None = Field(
        None, description="Start of the interval: the earliest of its shares"
    )
    latest: StateOfCharge | None = Field(None, description="Its end: the latest of its shares")
    shares: list[TurningShare] = Field(default_factory=list)
    oxygens: list[str] = Field(
        default_factory=list,
        description="The O of lowest energy at each state of charge, from pristine on",
    )
    reason: str | None = Field(None, description="Why there is no value, and what limits one")

    @property
    def is_of_one_oxygen(self) -> bool:
        """Whether the same O is the lowest at each state of charge."""
        return len(set(self.oxygens)) <= 1


class OrderingResult(Document):
    """Which of the orderings of a host's Li it has, and what the choice gained; eV per cell."""

    n_ranked: int = Field(description="Orderings that were computed as single points")
    n_relaxed: int = Field(description="Those of them that were relaxed and completed")
    chosen: int = Field(description="Which of the relaxed the host is: 0 is the best ranked")
    ranked_by: str = Field(description="Engine and model of the single points, or 'ewald'")
    single_point_gain_ev: float | None = Field(
        None,
        description="Single point of the lowest Ewald energy's ordering less the chosen one's; "
        "None: there is none of it",
    )
    relaxed_gain_ev: float = Field(
        description="Relaxed energy of the best ranked ordering that completed less the chosen's"
    )


class PredictedEnergy(Document):
    """E_f that no calculation of the engine gave, with the limits that hold at 95 %, eV per O."""

    formation_energy_ev: float = Field(
        description="The potential's, and what the engine's differ from its by, as a Gaussian "
        "process over the vacancies that both computed has it"
    )
    low_ev: float
    high_ev: float

    @property
    def text(self) -> str:
        """The value and its limits in words."""
        return f"predicted {self.formation_energy_ev:.2f} ({self.low_ev:.2f} to {self.high_ev:.2f})"


class RevisitResult(Document):
    """What a host gained from the Li arrangement that one of its vacancies found."""

    vacancy: str = Field(description="Pair of the vacancy whose Li it began with")
    gain_ev: float | None = Field(
        description="Energy of the host before less that of the relaxed new start, eV per cell: "
        "above zero the new one is the host; None: it has no energy"
    )
    reason: str | None = Field(None, description="Why it has none")
