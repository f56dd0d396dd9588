"""Levels of electrons: which orbitals the atoms have, and where they lie.

A cartoon: O 2p below the Fermi level and d states of transition metals around it, split by a
crystal field and by the moment of the atom. What counts is that there are as many filled levels
as electrons, each on an atom and an orbital.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llo_dft.testing.standin_vasp.model.pair_potential import find_pairs, formal_charge

if TYPE_CHECKING:
    from llo_dft.testing.standin_vasp.reading.whole_input import Inputs

#: VASP's columns: s, py, pz, px, dxy, dyz, dz2, dxz, dx2-y2.
COLUMNS = ("s", "py", "pz", "px", "dxy", "dyz", "dz2", "dxz", "x2-y2")
_S, _P, _D = (0,), (1, 2, 3), (4, 5, 6, 7, 8)
_T2G = frozenset({4, 5, 7})

#: Electrons outside of the last closed shell; what a potential has beyond them is semicore.
_OUTER = {
    "H": 1,
    "Li": 1,
    "C": 4,
    "N": 5,
    "O": 6,
    "F": 7,
    "Na": 1,
    "Mg": 2,
    "Al": 3,
    "Si": 4,
    "P": 5,
    "S": 6,
    "Ti": 4,
    "V": 5,
    "Cr": 6,
    "Mn": 7,
    "Fe": 8,
    "Co": 9,
    "Ni": 10,
    "Zr": 4,
    "Nb": 5,
}
_TRANSITION_METALS = frozenset({"Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Zr", "Nb", "Mo", "Ru"})

_SEMICORE_EV = -45.0
_ANION_S_EV = -17.5
_ANION_P_EV = -2.6
_CATION_S_EV, _CATION_P_EV = 6.0, 9.0
_D_EV = 0.2
_CRYSTAL_FIELD_EV = 3.0
_EXCHANGE_EV = 1.1  # for each unpaired electron, between the spins
_LATE_D_EV = {"Fe": -0.6, "Co": -1.3, "Ni": -2.0}

#: What a bond to P takes an O 2p level down, and how far away such a P is, angstrom.
_PHOSPHATE_EV = -1.3
_PHOSPHATE_BOND = 2.0

#: Up to where a cation counts as a neighbour, angstrom, how many a lattice O has, and what one
#: that is missing takes its levels up.
_CATION_DISTANCE = 2.7
_FULL_SHELL = 6
_MISSING_NEIGHBOUR_EV = 0.2

#: Smallest and largest step between levels of one kind, so that no two fall together.
_SPREAD_EV = 0.35


@dataclass(frozen=True)
class Levels:
    """One-electron levels of one spin, lowest first.

    Attributes
    ----------
    energies
        eV, shape (n_levels,).
    atoms, columns
        Atom and orbital of each; -1 for a plane wave that is on no atom.
    """

    energies: np.ndarray
    atoms: np.ndarray
    columns: np.ndarray

    def first(self, count: int) -> Levels:
        """Return the lowest levels."""
        return Levels(self.energies[:count], self.atoms[:count], self.columns[:count])


def is_metal(symbols: list[str]) -> bool:
    """Tell whether there is no anion: nothing then opens a gap."""
    return all(formal_charge(symbol) > 0 for symbol in symbols)


def levels(inputs: Inputs, formal: np.ndarray, spin: int) -> Levels:
    """Return the levels of a spin, 1 or -1, as many as there are bands."""
    symbols, valences = inputs.crystal.symbols, inputs.valences
    around = _environment_shift(inputs)
    rows: list[tuple[float, int, int]] = []
    for atom, symbol in enumerate(symbols):
        for column, energy in _orbitals(symbol, valences[atom], spin * formal[atom]):
            shift = around[atom] if column in _P else 0.0
            spread = _SPREAD_EV * (((7 * atom + 3 * column) % 11) / 10 - 0.5)
            rows.append((energy + shift + spread, atom, column))
    if is_metal(symbols):
        rows = [(0.4 * energy if energy > _ANION_S_EV else energy, a, c) for energy, a, c in rows]
    missing = inputs.n_bands - len(rows)
    rows += [(12.0 + 0.5 * number, -1, -1) for number in range(missing)]
    rows.sort()
    table = np.array(rows[: inputs.n_bands])
    return Levels(table[:, 0], table[:, 1].astype(int), table[:, 2].astype(int))


def _orbitals(symbol: str, n_valence: float, moment: float) -> list[tuple[int, float]]:
    """Return column and energy of each orbital of an atom; ``moment`` along this spin."""
    semicore = round(n_valence - _OUTER.get(symbol, n_valence))
    found = [(column, _SEMICORE_EV) for column in _S * (semicore in {2, 8})]
    found += [(column, _SEMICORE_EV + 8.0) for column in _P * (semicore in {6, 8})]
    found += [(column, _SEMICORE_EV + 20.0) for column in _D * (semicore == 10)]
    if formal_charge(symbol) < 0:
        found += [(0, _ANION_S_EV)]
        return found + [(column, _ANION_P_EV + 0.9 * (column - 2)) for column in _P]
    found += [(0, _CATION_S_EV)]
    if symbol in _TRANSITION_METALS:
        center = _D_EV + _LATE_D_EV.get(symbol, 0.0) - 0.5 * _EXCHANGE_EV * moment
        split = _CRYSTAL_FIELD_EV
        return found + [
            (column, center + split * (-0.4 if column in _T2G else 0.6)) for column in _D
        ]
    return found + [(column, _CATION_P_EV) for column in _P]


def _environment_shift(inputs: Inputs) -> np.ndarray:
    """Return what its neighbours do to the p levels of each atom, eV."""
    crystal = inputs.crystal
    symbols = np.array(crystal.symbols)
    pairs = find_pairs(crystal.lattice, crystal.fractional, _CATION_DISTANCE)
    cation = np.array([formal_charge(symbol) > 0 for symbol in symbols])
    to_cation = pairs.first[cation[pairs.second]]
    count = np.bincount(to_cation, minlength=len(symbols))
    bonded = (symbols[pairs.second] == "P") & (pairs.lengths < _PHOSPHATE_BOND)
    phosphate = np.bincount(pairs.first[bonded], minlength=len(symbols))
    open_places = np.clip(_FULL_SHELL - count, 0, _FULL_SHELL)
    shift = _MISSING_NEIGHBOUR_EV * open_places * (phosphate == 0) + _PHOSPHATE_EV * (phosphate > 0)
    return np.where(symbols == "O", shift, 0.0)
