"""Magnetic moments: the signs of INCAR's, and the sizes that formal charges give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llo_dft.testing.standin_vasp.model.pair_potential import formal_charge

if TYPE_CHECKING:
    from llo_dft.testing.standin_vasp.reading.whole_input import Inputs

#: Unpaired electrons of an ion by its charge, the charges in the order in which it takes them on
#: when the cell loses electrons (octahedral oxides: Co low spin, the others high spin).
_UNPAIRED = {
    "Ti": {3: 1, 4: 0},
    "V": {3: 2, 4: 1, 5: 0},
    "Cr": {3: 3},
    "Mn": {2: 5, 3: 4, 4: 3},
    "Fe": {2: 4, 3: 5},
    "Co": {2: 3, 3: 0, 4: 1},
    "Ni": {2: 2, 3: 1, 4: 0},
}

#: Who loses electrons first, and who takes them up first.
_OXIDISED_FIRST = ("Ni", "Co", "Fe", "V", "Mn", "Ti")
_REDUCED_FIRST = ("Mn", "Co", "V", "Fe", "Ti", "Ni")

#: Share of a moment that lies within VASP's spheres.
_IN_SPHERE = 0.93

#: Moment of O in O2, and the largest that it keeps in a solid, Bohr magnetons.
_OXYGEN_IN_GAS = 1.0
_OXYGEN_IN_SOLID = 0.1

#: What is less is no moment.
_SMALLEST = 0.05


def formal_moments(inputs: Inputs) -> np.ndarray:
    """Return the formal moment of each atom, with the sign of INCAR, shape (n_atoms,).

    Which charges the ions have follows from the composition; an atom that INCAR gives no moment
    gets none. Zero without spin; VASP's own start, 1 on every atom, without MAGMOM.
    """
    symbols = inputs.crystal.symbols
    if inputs.n_spins == 1:
        return np.zeros(len(symbols))
    signs = np.sign(np.where(np.abs(_start(inputs)) < _SMALLEST, 0.0, _start(inputs)))
    if set(symbols) == {"O"}:
        return np.asarray(signs * _OXYGEN_IN_GAS)
    charges = formal_charges(symbols)
    unpaired = [
        _UNPAIRED.get(symbol, {}).get(q, 0) for symbol, q in zip(symbols, charges, strict=True)
    ]
    return np.asarray(signs * np.array(unpaired, dtype=np.float64))


def _start(inputs: Inputs) -> np.ndarray:
    n_atoms = len(inputs.crystal.symbols)
    return np.array(inputs.incar.values.get("MAGMOM", n_atoms * [1.0]), dtype=np.float64)


def formal_charges(symbols: list[str]) -> list[int]:
    """Return the charge of each ion that makes the cell neutral, as far as its metals allow.

    What they can't take is left to O, whose holes carry no moment here.
    """
    charges = [formal_charge(symbol) for symbol in symbols]
    for direction, order in ((1, _OXIDISED_FIRST), (-1, _REDUCED_FIRST)):
        for element in order:
            for index, symbol in enumerate(symbols):
                known = _UNPAIRED[element]
                while (
                    symbol == element
                    and direction * sum(charges) < 0
                    and charges[index] + direction in known
                ):
                    charges[index] += direction
    return charges


def total_moment(inputs: Inputs, formal: np.ndarray) -> float:
    """Return the moment of the cell: NUPDOWN, or the formal one that the electrons allow."""
    if inputs.n_spins == 1:
        return 0.0
    fixed = inputs.incar.number("NUPDOWN", -1.0)
    if fixed >= 0:
        return fixed
    total, n_electrons = float(formal.sum()), inputs.n_electrons
    if n_electrons.is_integer() and (n_electrons - total) % 2:
        total += 1.0 if total >= 0 else -1.0
    return min(total, n_electrons)


def moments_in_spheres(inputs: Inputs, formal: np.ndarray) -> np.ndarray:
    """Return what OUTCAR's table has, shape (n_atoms, 3): of s, p and d states.

    Some of the formal moment lies between the spheres; O in a solid keeps a little of what
    INCAR gave it.
    """
    table = np.zeros((len(formal), 3))
    start = _start(inputs)
    for index, symbol in enumerate(inputs.crystal.symbols):
        kept = _IN_SPHERE * formal[index]
        if symbol == "O":
            small = np.clip(0.1 * start[index], -_OXYGEN_IN_SOLID, _OXYGEN_IN_SOLID)
            table[index, 1] = kept if formal[index] else small * (inputs.n_spins == 2)
        elif formal[index]:
            table[index] = kept * np.array([0.01, 0.01, 0.98])
    return table
