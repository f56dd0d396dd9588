"""The charge difference that several figures are drawn of."""

from __future__ import annotations

import pytest
from charge_models import CELL, LOWER, UPPER, transfer
from matplotlib.figure import Figure
from pymatgen.core import Structure

from llo_dft.analysis.electronic import density_difference as analysis
from llo_dft.documents.electrons.charge import ChargeDifference
from llo_dft.report.figures import figure_parts

GRID = transfer(0.4)


@pytest.fixture(autouse=True)
def whole_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw figures as a user gets them."""
    monkeypatch.setattr(figure_parts, "Figure", Figure)


@pytest.fixture(scope="session")
def document():
    atoms = [*LOWER, *UPPER]
    whole, *parts = (
        Structure(CELL, [n for n, _ in some], [p for _, p in some])
        for some in (atoms, LOWER, UPPER)
    )
    owners, shift = analysis.assign_parts(whole, *parts)
    return ChargeDifference(
        whole_file="runs/AB/CHGCAR",
        a_file="runs/A/CHGCAR",
        b_file="runs/B/CHGCAR",
        structure=whole,
        part_of_atom=owners,
        grid_shape=GRID.shape,
        electrons_whole=24.0,
        electrons_a=12.0,
        electrons_b=12.0,
        residual_e=1e-9,
        absolute_e=0.3,
        largest_atom_shift_angstrom=shift,
        planar=analysis.planar_profile(GRID, whole),
        bonds=[
            analysis.bond_profile(GRID, whole, owners, bond)
            for bond in analysis.bonds_across(whole, owners)
        ],
    )
