"""State of charge of a host, and where the vacancy formation energy changes sign."""

from typing import Literal

from pydantic import Field

from llo_dft.documents.document import Document
from llo_dft.typing import System


class StateOfCharge(Document):
    """How far an oxide is charged.

    Bare and coated are compared at equal ``holes_per_tm``; the others are given with it.
    """

    holes_per_tm: float | None = Field(
        None,
        description="Electrons taken from the oxide per framework metal, by formal charges, 0 when "
        "pristine; None for plain runs, whose charge is not known",
    )
    lithium_fraction: float | None = Field(
        None, description="Li left in the oxide / Li in the pristine bare slab, as for a host"
    )
    capacity_mah_per_g: float | None = Field(
        None, description="Charge taken from the oxide, per mass of the pristine bare slab"
    )

    @property
    def position(self) -> float:
        """Position on the axis of charge, rising on charging: holes per TM, or 1 - x if unknown."""
        if self.holes_per_tm is not None:
            return self.holes_per_tm
        if self.lithium_fraction is None:
            raise ValueError("neither the holes nor the lithium fraction is known")
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
    """The range of a turning point due to one source of uncertainty."""

    source: Literal["sites", "O2 schemes", "rebuilt"] = Field(
        description="sites: from the computed O that is lost first to the last; O2 schemes: "
        "under each one that suits the energies; rebuilt: without and with vacancies whose "
        "lattice was rebuilt"
    )
    earliest: StateOfCharge
    latest: StateOfCharge
    cut_off: str | None = Field(
        None, description="Which end is the end of the computed range: the actual value lies beyond"
    )


class TurningPoint(Document):
    """Where the lowest formation energy crosses zero on charging.

    Only vacancies that kept their lattice count, except in ``with_rebuilt`` and its share.
    """

    system: System
    termination: str | None = None
    site: int | None = Field(
        None,
        description="Index in the pristine bare slab of the only O that this is for; None: for "
        "the lowest O at each state of charge, which need not be the same one",
    )
    at: StateOfCharge | None = Field(description="None: no crossing in the computed range")
    with_rebuilt: StateOfCharge | None = Field(
        None, description="The same if vacancies whose lattice was rebuilt count too"
    )
    earliest: StateOfCharge | None = Field(
        None, description="Start of the interval: the earliest of its shares"
    )
    latest: StateOfCharge | None = Field(None, description="Its end: the latest of its shares")
    shares: list[TurningShare] = Field(default_factory=list)
    oxygens: list[str] = Field(
        default_factory=list,
        description="The O of lowest energy at each state of charge, beginning with pristine",
    )
    reason: str | None = Field(None, description="Why there is no value, or what limits it")

    @property
    def is_of_one_oxygen(self) -> bool:
        """Whether the same O is the lowest at each state of charge."""
        return len(set(self.oxygens)) <= 1


class OrderingResult(Document):
    """The ordering chosen for a host's Li, and the energy gained by it, eV per cell."""

    n_ranked: int = Field(description="Orderings computed as single points")
    n_relaxed: int = Field(description="Of these, orderings whose relaxation completed")
    chosen: int = Field(description="Which relaxed ordering is the host: 0 is the best ranked")
    n_beside: int = Field(
        0, description="Li that it began with beside empty Li sites of the metal layers"
    )
    ranked_by: str = Field(description="Engine and model of the single points, or 'ewald'")
    single_point_gain_ev: float | None = Field(
        None,
        description="Single-point energy of the ordering of lowest Ewald energy minus the chosen "
        "one's; None: not computed",
    )
    relaxed_gain_ev: float = Field(
        description="Relaxed energy of the best ranked completed ordering minus the chosen one's"
    )


class PredictedEnergy(Document):
    """E_f predicted without a calculation of the engine, with its 95 % limits, eV per O."""

    formation_energy_ev: float = Field(
        description="The potential's value plus the difference of the engine from it, by a "
        "Gaussian process over the vacancies that both computed"
    )
    low_ev: float
    high_ev: float

    @property
    def text(self) -> str:
        """The value and its limits in words."""
        return f"predicted {self.formation_energy_ev:.2f} ({self.low_ev:.2f} to {self.high_ev:.2f})"


class RevisitResult(Document):
    """What a host gained from the Li arrangement found by one of its vacancies."""

    vacancy: str = Field(description="Pair of the vacancy whose Li arrangement was tried")
    gain_ev: float | None = Field(
        description="Energy of the previous host minus that of the relaxed new start, eV per "
        "cell: above 0.05 the new one is the host; None: it has no energy"
    )
    reason: str | None = Field(None, description="Why it has none")
