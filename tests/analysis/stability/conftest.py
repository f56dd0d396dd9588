"""Phases with energies that fit on paper."""

from __future__ import annotations

import pytest

from llo_dft.documents.stability.phase_stability import PhaseEnergies, PhaseEnergy


@pytest.fixture
def lithium_oxygen() -> PhaseEnergies:
    """Li2O at -6 and Li2O2 at -6.6 eV per formula unit, on elements that are not at zero."""
    cells = {
        "Li": ({"Li": 2}, 0.0),
        "O2": ({"O": 2}, 0.0),
        "Li2O": ({"Li": 8, "O": 4}, -24.0),
        "Li2O2": ({"Li": 4, "O": 4}, -13.2),
    }
    return PhaseEnergies(
        source="paper",
        corrections="raw",
        phases=[
            PhaseEnergy(
                name=name,
                composition=atoms,
                energy_ev=formed - 1.9 * atoms.get("Li", 0) - 4.9 * atoms.get("O", 0),
            )
            for name, (atoms, formed) in cells.items()
        ],
    )
