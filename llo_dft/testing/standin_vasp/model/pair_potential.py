"""A smooth pair potential: milliseconds, and good enough to move atoms the right way.

Ions attract and repel by their formal charges, screened, with a repulsion that puts the energy of
a cation and an anion to its minimum at the sum of their radii (Shannon, Acta Cryst. A32, 751).
Without both signs in the cell (a metal, O2) all pairs are Morse pairs. Beyond ``CUTOFF`` nothing
acts, and up to there everything is smooth.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

#: Where pairs stop to act, angstrom.
CUTOFF = 6.0

#: e^2/(4 pi eps0) in eV angstrom, divided by a dielectric constant of four.
_COULOMB = 14.3996 / 4

#: Lengths over which attraction and repulsion fall off, angstrom, and the share of the sum of
#: radii at which a pair by itself would rest: so that Li2MnO3, LiCoO2 and Li3PO4 keep their
#: volumes within 8 % when they relax.
_SCREENING = 0.8
_STIFFNESS = 0.2
_CONTACT = 0.9

#: Formal charge and radius of an ion, angstrom.
_IONS = {
    "H": (1, 0.30),
    "Li": (1, 0.76),
    "C": (4, 0.16),
    "N": (-3, 1.46),
    "O": (-2, 1.40),
    "F": (-1, 1.33),
    "Na": (1, 1.02),
    "Mg": (2, 0.72),
    "Al": (3, 0.535),
    "Si": (4, 0.26),
    "P": (5, 0.17),
    "S": (-2, 1.84),
    "Ti": (4, 0.605),
    "V": (5, 0.54),
    "Cr": (3, 0.615),
    "Mn": (4, 0.53),
    "Fe": (3, 0.645),
    "Co": (3, 0.545),
    "Ni": (2, 0.69),
    "Zr": (4, 0.72),
    "Nb": (5, 0.64),
    "Mo": (6, 0.59),
    "Ru": (4, 0.62),
    "Sn": (4, 0.69),
}
_ANY_ION = (2, 0.7)

#: Energy of a bond, its width, 1/angstrom, and its length, of neutral atoms of one element.
_BONDS = {"O": (5.1, 2.2, 1.23), "Li": (0.25, 1.0, 3.1), "H": (4.5, 1.9, 0.74)}
_ANY_BOND = (0.5, 1.3, 2.7)

#: Energy of each atom by itself, eV: keeps all energies below zero, as VASP's are.
ATOM_EV = -4.0


def formal_charge(symbol: str) -> int:
    """Return the formal charge of an ion of this element."""
    return _IONS.get(symbol, _ANY_ION)[0]


@dataclass(frozen=True)
class Pairs:
    """Neighbours: index of both, vector from the first to the second, its length."""

    first: np.ndarray
    second: np.ndarray
    vectors: np.ndarray
    lengths: np.ndarray


def find_pairs(lattice: np.ndarray, fractional: np.ndarray, cutoff: float) -> Pairs:
    """Return all pairs, each both ways, images included."""
    heights = 1 / np.linalg.norm(np.linalg.inv(lattice), axis=0)
    reach = np.floor(cutoff / heights + 0.5).astype(int)
    images = np.array(list(product(*(range(-n, n + 1) for n in reach))))
    between = fractional[None, :, :] - fractional[:, None, :]
    between -= np.rint(between)
    vectors = (between[:, :, None, :] + images) @ lattice
    lengths = np.linalg.norm(vectors, axis=-1)
    first, second, image = np.nonzero((lengths < cutoff) & (lengths > 1e-6))
    found = (first, second, image)
    return Pairs(first, second, vectors[found], lengths[found])


class PairPotential:
    """Energy, forces and stress of the atoms of some elements."""

    def __init__(self, symbols: list[str]) -> None:
        ions = [_IONS.get(symbol, _ANY_ION) for symbol in symbols]
        self._charges = np.array([ion[0] for ion in ions], dtype=np.float64)
        self._radii = np.array([ion[1] for ion in ions])
        self._ionic = self._charges.min() < 0 < self._charges.max()
        self._bonds = np.array([_BONDS.get(symbol, _ANY_BOND) for symbol in symbols])

    def __call__(
        self, lattice: np.ndarray, fractional: np.ndarray
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """Return the energy in eV, forces (n_atoms, 3) and dE/dstrain/volume (3, 3)."""
        pairs = find_pairs(lattice, fractional, CUTOFF)
        value, slope = self._ionic_pair(pairs) if self._ionic else self._morse_pair(pairs)
        inside = 1 - (pairs.lengths / CUTOFF) ** 2
        cut, cut_slope = inside**3, -6 * pairs.lengths / CUTOFF**2 * inside**2
        slope = slope * cut + value * cut_slope
        energy = ATOM_EV * len(self._charges) + 0.5 * float((value * cut).sum())
        pull = pairs.vectors * (slope / pairs.lengths)[:, None]
        forces = np.zeros_like(fractional)
        np.add.at(forces, pairs.first, pull)
        virial = 0.5 * pairs.vectors.T @ pull
        return energy, forces, virial / abs(np.linalg.det(lattice))

    def _ionic_pair(self, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
        """Return energy and slope of each pair of ions."""
        r = pairs.lengths
        strength = _COULOMB * self._charges[pairs.first] * self._charges[pairs.second]
        yukawa = np.exp(-r / _SCREENING) / r
        value, slope = strength * yukawa, -strength * yukawa * (1 / _SCREENING + 1 / r)
        best = _CONTACT * (self._radii[pairs.first] + self._radii[pairs.second])
        at_best = np.exp(-best / _SCREENING) / best * (1 / _SCREENING + 1 / best)
        height = np.where(strength < 0, -strength * at_best * _STIFFNESS, 0.0)
        wall = height * np.exp(-(r - best) / _STIFFNESS)
        return value + wall, slope - wall / _STIFFNESS

    def _morse_pair(self, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
        """Return energy and slope of each pair of neutral atoms."""
        depth, width, best = (
            0.5 * (self._bonds[pairs.first, i] + self._bonds[pairs.second, i]) for i in range(3)
        )
        x = np.exp(-width * (pairs.lengths - best))
        return depth * (x * x - 2 * x), 2 * depth * width * (x - x * x)
