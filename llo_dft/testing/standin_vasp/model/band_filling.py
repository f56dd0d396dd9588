"""Bands, occupations and Fermi level that belong to the levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llo_dft.testing.standin_vasp.model.levels import Levels, is_metal, levels
from llo_dft.testing.standin_vasp.model.moments import (
    formal_moments,
    moments_in_spheres,
    total_moment,
)
from llo_dft.testing.standin_vasp.stops import InputRefused

if TYPE_CHECKING:
    from llo_dft.testing.standin_vasp.reading.whole_input import Inputs

#: VASP's own zero of energy is not the Fermi level.
ZERO_EV = 2.25

#: Gap of what is no metal, eV.
_GAP_EV = 1.2

#: By how much levels on the wrong side of the gap are stacked apart, eV.
_STACKING_EV = 0.004

#: Width of the bands over the k-points, eV, without and with a gap.
_METAL_WIDTH_EV = 2.5
_GAP_WIDTH_EV = 0.05

#: Narrowest smearing that occupations and densities get, eV.
_NARROWEST_EV = 0.02

#: Entropy of a metal, eV an atom: well below what makes a smearing too wide.
_ENTROPY_EV = 1e-4


@dataclass(frozen=True)
class FilledBands:
    """The electronic structure of some atoms.

    Attributes
    ----------
    levels
        Of each spin.
    bands
        eV on VASP's zero, shape (n_spins, n_kpoints, n_bands).
    occupations
        0 to 1, same shape.
    fermi_ev
        Fermi level.
    n_electrons, moment
        NELECT; spins up less spins down.
    formal
        Formal moment of each atom.
    in_spheres
        Moment of each atom in s, p and d states, shape (n_atoms, 3).
    entropy_ev
        T*S of the smearing.
    smearing_ev
        Width of the smearing.
    """

    levels: tuple[Levels, ...]
    bands: np.ndarray
    occupations: np.ndarray
    fermi_ev: float
    n_electrons: float
    moment: float
    formal: np.ndarray
    in_spheres: np.ndarray
    entropy_ev: float
    smearing_ev: float

    @property
    def per_level(self) -> int:
        """Electrons in a filled level."""
        return 2 if len(self.levels) == 1 else 1


def electrons_of(inputs: Inputs) -> FilledBands:
    """Fill the levels of the inputs' atoms.

    Raises
    ------
    VaspStop
        If NBANDS are too few for one of the spins.
    """
    formal = formal_moments(inputs)
    moment = total_moment(inputs, formal)
    spins = (1, -1) if inputs.n_spins == 2 else (1,)
    filled = [(inputs.n_electrons + spin * moment) / 2 for spin in spins]
    if max(filled) > inputs.n_bands:
        raise InputRefused("ERROR: TOO FEW BANDS", f"NBANDS = {inputs.n_bands}")
    of_spins = [levels(inputs, formal, spin) for spin in spins]
    whole = all(abs(count - round(count)) < 1e-9 for count in filled)
    metal = is_metal(inputs.crystal.symbols) or not whole
    if not metal:
        of_spins = [
            _with_gap(one, round(count)) for one, count in zip(of_spins, filled, strict=True)
        ]
    width = max(inputs.incar.number("SIGMA", 0.2), _NARROWEST_EV)
    bands = np.array(
        [_dispersed(one.energies, inputs.kpoints.points, metal=metal) + ZERO_EV for one in of_spins]
    )
    weights = inputs.kpoints.weights
    if metal:
        fixed = inputs.incar.number("NUPDOWN", -1.0) >= 0
        occupations, fermi = _fill(bands, weights, filled, width, each=fixed or len(spins) == 1)
    else:
        occupations = np.zeros_like(bands)
        for spin, count in enumerate(filled):
            occupations[spin, :, : round(count)] = 1.0
        fermi = ZERO_EV
    if metal and len(spins) > 1:
        up, down = (occupations.sum(axis=2) @ weights).tolist()
        moment = up - down
    return FilledBands(
        levels=tuple(of_spins),
        bands=bands,
        occupations=occupations,
        fermi_ev=fermi,
        n_electrons=inputs.n_electrons,
        moment=moment,
        formal=formal,
        in_spheres=moments_in_spheres(inputs, formal),
        entropy_ev=-_ENTROPY_EV * len(formal) if metal else 0.0,
        smearing_ev=width,
    )


def _with_gap(one: Levels, n_filled: int) -> Levels:
    """Return the levels with a gap about zero behind the filled ones."""
    energies = one.energies.copy()
    below = energies[:n_filled]
    below[:] = np.minimum(below, -0.5 * _GAP_EV - _STACKING_EV * np.arange(n_filled)[::-1])
    above = energies[n_filled:]
    above[:] = np.maximum(above, 0.5 * _GAP_EV + _STACKING_EV * np.arange(len(above)))
    return Levels(energies, one.atoms, one.columns)


def k_shifts(points: np.ndarray) -> np.ndarray:
    """Return what the k-points do to all levels, -1 to 1, shape (n_kpoints,)."""
    return np.asarray(-np.cos(2 * np.pi * points).mean(axis=1))


def _dispersed(energies: np.ndarray, points: np.ndarray, *, metal: bool) -> np.ndarray:
    width = _METAL_WIDTH_EV if metal else _GAP_WIDTH_EV
    return energies + width * k_shifts(points)[:, None]


def _fill(
    bands: np.ndarray, weights: np.ndarray, filled: list[float], width: float, *, each: bool
) -> tuple[np.ndarray, float]:
    """Return Gaussian occupations that add up, with one Fermi level or ``each`` spin its own."""
    if each:
        levels_ = [_bisect(bands[i : i + 1], weights, n, width) for i, n in enumerate(filled)]
    else:
        levels_ = [_bisect(bands, weights, sum(filled), width)] * len(bands)
    occupations = np.array(
        [_occupied(band, level, width) for band, level in zip(bands, levels_, strict=True)]
    )
    return occupations, max(levels_)


def _bisect(bands: np.ndarray, weights: np.ndarray, count: float, width: float) -> float:
    low, high = float(bands.min()) - 10 * width, float(bands.max()) + 10 * width
    for _ in range(80):
        middle = 0.5 * (low + high)
        found = float((_occupied(bands, middle, width).sum(axis=2) @ weights).sum())
        low, high = (middle, high) if found < count else (low, middle)
    return 0.5 * (low + high)


def _occupied(bands: np.ndarray, fermi: float, width: float) -> np.ndarray:
    return 0.5 * (1 + error_function((fermi - bands) / width))


def error_function(x: np.ndarray) -> np.ndarray:
    """Return erf(x) within 2e-7 (Abramowitz and Stegun 7.1.26)."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    polynomial = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    return np.asarray(np.sign(x) * (1 - polynomial * np.exp(-(x**2))))
