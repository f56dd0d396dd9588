"""A completed calculation that no engine made, for what starts from one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.documents.calculation import CalculationDocument, Fingerprint

if TYPE_CHECKING:
    from pymatgen.core import Structure


def relaxed(label: str, structure: Structure) -> CalculationDocument:
    """A calculation that left a structure as it was."""
    return CalculationDocument(
        key="0",
        label=label,
        kind="slab_relax",
        status="completed",
        fingerprint=Fingerprint(engine="by hand", engine_version="1", functional="none"),
        protocol="fast",
        energy_ev=-1.0,
        structure=structure,
    )
