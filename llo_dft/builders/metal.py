"""Metals that a study counts atoms against."""

from __future__ import annotations

from typing import Final

from pymatgen.core.structure import Structure

#: Lattice constant of bcc Li at room temperature, angstrom (Nadler and Kempter, Anal. Chem.
#: 31, 2109 (1959)). It is relaxed before use.
LITHIUM_LATTICE_ANGSTROM: Final = 3.509


def lithium_metal() -> Structure:
    """Return bcc Li, two atoms in the conventional cell."""
    return Structure.from_spacegroup(
        "Im-3m",
        [
            [LITHIUM_LATTICE_ANGSTROM, 0, 0],
            [0, LITHIUM_LATTICE_ANGSTROM, 0],
            [0, 0, LITHIUM_LATTICE_ANGSTROM],
        ],
        ["Li"],
        [[0.0, 0.0, 0.0]],
    )
