from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.documents.calculation import CalculationDocument, Fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence


class MakeCalculation(Protocol):
    def __call__(
        self,
        symbols: Sequence[str] = ...,
        energy_ev: float = ...,
        *,
        lattice: Lattice | None = ...,
        settings: dict[str, Any] | None = ...,
        **fields: Any,
    ) -> CalculationDocument: ...


@pytest.fixture
def make_calculation() -> MakeCalculation:
    """Make a completed PBE+U calculation of atoms in a row; energy and settings as asked."""

    def make(
        symbols: Sequence[str] = ("Li", "Mn", "O", "O"),
        energy_ev: float = -20.0,
        *,
        lattice: Lattice | None = None,
        settings: dict[str, Any] | None = None,
        **fields: Any,
    ) -> CalculationDocument:
        coords = [[i / len(symbols), 0.0, 0.0] for i in range(len(symbols))]
        structure = Structure(lattice or Lattice.orthorhombic(10, 6, 20), list(symbols), coords)
        base = {
            "engine": "vasp",
            "engine_version": "6.4.2",
            "functional": "PBE+U",
            "u_values_ev": {"Mn": 3.9},
            "cutoff_ev": 520.0,
        }
        document = {
            "key": "0",
            "label": "host",
            "kind": "slab_relax",
            "status": "completed",
            "fingerprint": Fingerprint(**(base | (settings or {}))),
            "protocol": "balanced",
            "energy_ev": energy_ev,
            "structure": structure,
        }
        return CalculationDocument(**(document | fields))

    return make
