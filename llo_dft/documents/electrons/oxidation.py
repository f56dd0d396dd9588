"""Formal oxidation states read from magnetic moments."""

from __future__ import annotations

from pydantic import Field

from llo_dft.documents.document import Document


class AtomOxidation(Document):
    """The formal oxidation state of one atom."""

    site: int = Field(description="Index of the atom, from 0")
    element: str
    moment_mu_b: float = Field(description="Moment within its sphere, Bohr magnetons")
    state: float | None = Field(description="Formal charge, e; half in superoxo; None: unknown")
    reason: str = Field(description="By what the state was decided, or why it was not")


class OxidationStates(Document):
    """Formal oxidation states of all atoms, and whether they add up to the cell's charge."""

    atoms: list[AtomOxidation]
    counts: dict[str, int] = Field(description="Atoms by state: 'Mn4+', 'O-', and 'Ni?' unknown")
    assigned_charge_e: float = Field(description="Sum of the assigned states, e")
    cell_charge_e: float = Field(description="Charge of the cell, e: 0 unless NELECT says so")
    n_unassigned: int = Field(description="Atoms without an assigned state")
    balanced: bool | None = Field(
        description="Whether the states add up to the cell's charge; None if some are not assigned"
    )
    note: str = Field(description="The balance in words")
