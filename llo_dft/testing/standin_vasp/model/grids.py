"""The grids of the run, and densities and potentials on them: Gaussians on the atoms.

The valence density has every atom's electrons in a Gaussian; what a short bond between unlike ions
moves to its middle is taken from both in equal parts. So it integrates to the number of
electrons, and two parts put together differ from the whole by the bonds between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llo_dft.testing.standin_vasp.model.pair_potential import find_pairs, formal_charge

if TYPE_CHECKING:
    from llo_dft.testing.standin_vasp.model.band_filling import FilledBands
    from llo_dft.testing.standin_vasp.reading.poscar import PoscarCrystal
    from llo_dft.testing.standin_vasp.reading.whole_input import Inputs

#: hbar^2 / 2m, eV A^2, and e^2/eps0, eV A.
_HBAR2_2M = 3.80998212
_E2_EPS0 = 4 * np.pi * 14.399645

#: Widths of the Gaussians, angstrom: valence electrons, magnetisation, cores, what a bond holds.
_VALENCE_WIDTH = 0.55
_SPIN_WIDTH = 0.45
_CORE_WIDTH = 0.35
_BOND_WIDTH = 0.45

#: Longest bond by its cation, and what it takes from each of its two ends, electrons.
_BONDS = {"P": (2.0, 0.12), "Si": (2.0, 0.1), "S": (1.9, 0.1)}
_METAL_BOND = (2.3, 0.05)

#: Reciprocal vectors beyond so many inverse widths carry nothing.
_REACH = 6.5

#: Factors of the sizes that VASP's Fourier transforms take.
_FACTORS = (2, 3, 5, 7)

#: Atomic numbers.
_NUMBERS = {"H": 1, "Li": 3, "C": 6, "N": 7, "O": 8, "F": 9, "Na": 11, "Mg": 12, "Al": 13}
_NUMBERS |= {"Si": 14, "P": 15, "S": 16, "Ti": 22, "V": 23, "Cr": 24, "Mn": 25, "Fe": 26}
_NUMBERS |= {"Co": 27, "Ni": 28, "Zr": 40, "Nb": 41, "Mo": 42, "Ru": 44, "Sn": 50}


@dataclass(frozen=True)
class GridSizes:
    """Points along the three vectors: of the wavefunctions' grid and of the fine one."""

    coarse: tuple[int, int, int]
    fine: tuple[int, int, int]


def grid_sizes(inputs: Inputs, divisor: int, asked_divisor: int = 1) -> GridSizes:
    """Return the grids: those of INCAR, or VASP's own for ENCUT and PREC, thinned out.

    Parameters
    ----------
    inputs
        Cell and settings.
    divisor, asked_divisor
        By how much grids of VASP's own choice, and those of INCAR, are coarser.
    """
    accurate = inputs.incar.word("PREC", "Normal").lower().startswith(("a", "h"))
    cut = np.sqrt(inputs.cutoff_ev / _HBAR2_2M) * (2.0 if accurate else 1.5)
    lengths = np.linalg.norm(inputs.crystal.lattice, axis=1)
    own = [_suitable(2 * cut * length / (2 * np.pi) / divisor) for length in lengths]
    coarse = [
        _asked(inputs, f"NG{axis}", n, asked_divisor) for axis, n in zip("XYZ", own, strict=True)
    ]
    fine = [
        _asked(inputs, f"NG{axis}F", 2 * n, asked_divisor)
        for axis, n in zip("XYZ", coarse, strict=True)
    ]
    return GridSizes((coarse[0], coarse[1], coarse[2]), (fine[0], fine[1], fine[2]))


def _asked(inputs: Inputs, name: str, own: int, divisor: int) -> int:
    """Return what INCAR asks for, thinned out, or else VASP's own number."""
    asked = inputs.incar.whole(name, 0)
    if not asked:
        return own
    return asked if divisor == 1 else _suitable(asked / divisor)


def _suitable(least: float) -> int:
    """Return the next even number that has no prime factor above 7."""
    n = max(4, 2 * int(np.ceil(least / 2)))
    while True:
        rest = n
        for factor in _FACTORS:
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return n
        n += 2


class Grid:
    """A periodic grid on a crystal, on which Gaussians are added up by their Fourier sums."""

    def __init__(self, crystal: PoscarCrystal, shape: tuple[int, int, int]) -> None:
        self.shape = shape
        self._reciprocal = 2 * np.pi * np.linalg.inv(crystal.lattice).T
        self._lattice = crystal.lattice

    def gaussians(self, places: np.ndarray, amounts: np.ndarray, width: float) -> np.ndarray:
        """Return Gaussians times the volume: their mean over the grid is the sum of amounts.

        Parameters
        ----------
        places
            Fractional, shape (n, 3).
        amounts
            Shape (n,).
        width
            Standard deviation, angstrom.
        """
        wave, axes, squared = self._waves(width)
        sums = self._structure_factor(places, amounts, wave) * np.exp(-0.5 * squared * width**2)
        return self._to_grid(sums, axes)

    def potential(
        self, places: np.ndarray, amounts: np.ndarray, widths: tuple[float, float]
    ) -> np.ndarray:
        """Return an electron's energy, eV, in the field of electrons and of narrower nuclei."""
        outer, inner = widths
        wave, axes, squared = self._waves(inner)
        charge = np.exp(-0.5 * squared * outer**2) - np.exp(-0.5 * squared * inner**2)
        kernel = np.divide(_E2_EPS0 * charge, squared, out=np.zeros_like(charge), where=squared > 0)
        volume = float(np.linalg.det(self._lattice))
        return self._to_grid(self._structure_factor(places, amounts, wave) * kernel, axes) / volume

    def _waves(self, width: float) -> tuple[list[np.ndarray], tuple[np.ndarray, ...], np.ndarray]:
        """Return indices along each axis, where they go in the transform, and |G|^2."""
        lengths = np.linalg.norm(self._lattice, axis=1)
        reach = np.minimum(
            np.ceil(_REACH / width * lengths / (2 * np.pi)).astype(int),
            (np.array(self.shape) - 1) // 2,
        )
        wave = [np.arange(-n, n + 1) for n in reach]
        mesh = np.stack(np.meshgrid(*wave, indexing="ij"), axis=-1) @ self._reciprocal
        axes = np.ix_(*(index % n for index, n in zip(wave, self.shape, strict=True)))
        return wave, axes, np.asarray((mesh**2).sum(axis=-1))

    @staticmethod
    def _structure_factor(
        places: np.ndarray, amounts: np.ndarray, wave: list[np.ndarray]
    ) -> np.ndarray:
        a, b, c = (
            np.exp(-2j * np.pi * np.outer(places[:, i], index)) for i, index in enumerate(wave)
        )
        total: np.ndarray = np.zeros((a.shape[1], b.shape[1], c.shape[1]), dtype=np.complex128)
        for amount, on_a, on_b, on_c in zip(amounts, a, b, c, strict=True):
            total += amount * on_a[:, None, None] * (on_b[:, None] * on_c)[None]
        return total

    def _to_grid(self, sums: np.ndarray, axes: tuple[np.ndarray, ...]) -> np.ndarray:
        whole = np.zeros(self.shape, dtype=np.complex128)
        whole[axes] = sums
        return np.asarray(np.fft.ifftn(whole).real * whole.size)


def valence_density(
    inputs: Inputs, crystal: PoscarCrystal, shape: tuple[int, int, int]
) -> np.ndarray:
    """Return the valence electrons' density times the volume; its mean is NELECT."""
    grid = Grid(crystal, shape)
    amounts = inputs.valences * inputs.n_electrons / inputs.valences.sum()
    places, held = _bonds(crystal)
    for ends, electrons in held:
        amounts[list(ends)] -= electrons
    density = grid.gaussians(crystal.fractional, amounts, _VALENCE_WIDTH)
    if len(places):
        in_bonds = np.array([2 * electrons for _, electrons in held])
        density += grid.gaussians(places, in_bonds, _BOND_WIDTH)
    return _not_negative(density, inputs.n_electrons)


def _bonds(crystal: PoscarCrystal) -> tuple[np.ndarray, list[tuple[tuple[int, int], float]]]:
    """Return the middle of each bond, and its two ends with what it takes from each of them."""
    symbols = crystal.symbols
    charges = np.array([formal_charge(symbol) for symbol in symbols])
    pairs = find_pairs(crystal.lattice, crystal.fractional, _METAL_BOND[0])
    middles, held = [], []
    inverse = np.linalg.inv(crystal.lattice)
    for first, second, vector, length in zip(
        pairs.first, pairs.second, pairs.vectors, pairs.lengths, strict=True
    ):
        if charges[first] <= 1 or charges[second] >= 0:
            continue
        longest, electrons = _BONDS.get(symbols[first], _METAL_BOND)
        if length < longest:
            middles.append(crystal.fractional[first] + 0.5 * vector @ inverse)
            held.append(((int(first), int(second)), electrons))
    return np.array(middles), held


def _not_negative(density: np.ndarray, mean: float) -> np.ndarray:
    """Return the density without the ripples below zero that a finite sum leaves in a vacuum."""
    density = np.maximum(density, 0.0)
    return np.asarray(density * (mean / density.mean()))


def magnetization(
    electrons: FilledBands, crystal: PoscarCrystal, shape: tuple[int, int, int]
) -> np.ndarray:
    """Return the density of spins up less down times the volume; its mean is the moment."""
    amounts = electrons.in_spheres.sum(axis=1)
    amounts = amounts + (electrons.moment - amounts.sum()) / len(amounts)
    return Grid(crystal, shape).gaussians(crystal.fractional, amounts, _SPIN_WIDTH)


def core_density(inputs: Inputs, crystal: PoscarCrystal, shape: tuple[int, int, int]) -> np.ndarray:
    """Return the density of the frozen electrons times the volume."""
    numbers = [atomic_number(symbol) for symbol in crystal.symbols]
    amounts = np.maximum(np.array(numbers) - inputs.valences, 0.0)
    density = Grid(crystal, shape).gaussians(crystal.fractional, amounts, _CORE_WIDTH)
    total = float(amounts.sum())
    return _not_negative(density, total) if total else np.zeros(shape)


def atomic_number(symbol: str) -> int:
    """Return the number of electrons of a neutral atom; of elements not known here, 30."""
    return _NUMBERS.get(symbol, 30)


def local_potential(
    inputs: Inputs, crystal: PoscarCrystal, shape: tuple[int, int, int]
) -> np.ndarray:
    """Return the energy of an electron in the electrostatic field, eV; its mean is zero."""
    widths = (_VALENCE_WIDTH, _CORE_WIDTH)
    return Grid(crystal, shape).potential(crystal.fractional, inputs.valences, widths)
