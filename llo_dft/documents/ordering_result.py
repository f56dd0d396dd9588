"""How the ordering of a host's lithium was found."""

from __future__ import annotations

from pydantic import Field

from llo_dft.documents.document import Document


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


class RevisitResult(Document):
    """What a host gained from the Li arrangement that one of its vacancies found."""

    vacancy: str = Field(description="Pair of the vacancy whose Li it began with")
    gain_ev: float | None = Field(
        description="Energy of the host before less that of the relaxed new start, eV per cell: "
        "above zero the new one is the host; None: it has no energy"
    )
    reason: str | None = Field(None, description="Why it has none")
