"""The surroundings of an oxygen of the oxide, and the coating's bonds to it."""

from pydantic import Field

from llo_dft.documents.document import Document
from llo_dft.typing import Layer, Side, Status


class LithiumAxes(Document):
    """Straight Li-O-Li axes of one O in the pristine structure, at most three."""

    li_o_li: int = Field(0, description="Straight Li-O-Li axes with both Li in place")
    li_o_empty: int = Field(0, description="Those of which one Li has left")
    empty_o_empty: int = Field(0, description="Those of which both Li have left")


class OxygenEnvironment(LithiumAxes):
    """The cations around one oxygen, and where it lies in the slab."""

    n_tm: int = Field(description="Framework metals bonded to it; all are in its own TM layer")
    n_li: int = Field(description="Li bonded to it in its own TM layer")
    n_former: int = Field(description="Network formers of the coating bonded to it")
    n_li_interlayer: int = Field(description="Li bonded to it in the Li layer beside it")
    layer: Layer
    side: Side

    @property
    def label(self) -> str:
        """Class by the O's own sheet and bonded formers, for example '2TM+1Li' or '3TM+1former'."""
        parts = {"TM": self.n_tm, "Li": self.n_li, "former": self.n_former}
        return "+".join(f"{count}{kind}" for kind, count in parts.items() if count) or "free"

    @property
    def n_cations(self) -> int:
        """Number of cations bonded to the O."""
        return self.n_tm + self.n_li + self.n_former + self.n_li_interlayer


class RemovedOxygen(Document):
    """One oxygen removed in a vacancy."""

    site: int = Field(
        description="Index in the pristine bare slab; in plain runs, in the host's files"
    )
    site_class: str = Field("", description="For example '2TM+1Li'; '' if it is not known")
    environment: OxygenEnvironment | None = Field(None, description="In its host, if it is known")


class InterfaceBond(Document):
    """A bond from a network former of the coating to an O of the oxide."""

    former: int = Field(description="Site of the interface")
    oxygen: int = Field(description="Index of the O in the pristine bare slab")
    length_angstrom: float


class InterfaceCandidate(Document):
    """One registry and gap of a termination, relaxed."""

    rank: int
    registry: tuple[float, float] = Field(description="Shift of the coating, fractions of a, b")
    gap_angstrom: float = Field(description="Between the outermost atoms, before relaxation")
    status: Status
    reason: str | None = None
    energy_ev: float | None = None
    calculation: str | None = None
