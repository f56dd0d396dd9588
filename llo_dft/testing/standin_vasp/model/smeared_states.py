"""Densities of states, each the difference quotient of its own integral, as VASP's are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llo_dft.testing.standin_vasp.model.band_filling import FilledBands, error_function, k_shifts
from llo_dft.testing.standin_vasp.model.levels import COLUMNS

if TYPE_CHECKING:
    from llo_dft.testing.standin_vasp.reading.whole_input import Inputs

#: Share of an orbital that lies within VASP's spheres.
_IN_SPHERE = 0.8

#: Widths of the smearing that are kept clear at both ends of the energies.
_MARGIN_WIDTHS = 8.0

#: k-points that shift all levels by the same, to this many decimals, are done once.
_SHIFT_DECIMALS = 3


@dataclass(frozen=True)
class DensityOfStates:
    """All densities.

    Attributes
    ----------
    energies
        eV on VASP's zero, shape (n_energies,).
    total, integrated
        States per eV and states below, shape (n_spins, n_energies).
    partial
        States per eV on each atom and orbital (s to dx2-y2), shape (n_atoms, n_spins, 9,
        n_energies); None unless LORBIT asks for it.
    """

    energies: np.ndarray
    total: np.ndarray
    integrated: np.ndarray
    partial: np.ndarray | None


def density_of_states(inputs: Inputs, electrons: FilledBands) -> DensityOfStates:
    """Smear the bands over VASP's energies (NEDOS, EMIN, EMAX)."""
    width = electrons.smearing_ev
    low = float(electrons.bands.min()) - _MARGIN_WIDTHS * width
    high = float(electrons.bands.max()) + _MARGIN_WIDTHS * width
    energies = np.linspace(
        round(inputs.incar.number("EMIN", low), 4),
        round(inputs.incar.number("EMAX", high), 4),
        inputs.incar.whole("NEDOS", 301),
    ).round(4)
    step = (energies[-1] - energies[0]) / (len(energies) - 1)
    partial = None
    if inputs.incar.whole("LORBIT", 0) >= 10:
        n_atoms = len(inputs.crystal.symbols)
        partial = np.zeros((n_atoms, len(electrons.levels), len(COLUMNS), len(energies)))
    total, integrated = [], []
    for spin, one in enumerate(electrons.levels):
        below = electrons.per_level * _states_below(
            inputs, electrons.bands[spin], np.concatenate([[energies[0] - step], energies]), width
        )
        density = np.diff(below, axis=1) / step
        total.append(density.sum(axis=0))
        integrated.append(below[:, 1:].sum(axis=0))
        if partial is not None:
            on_atom = one.atoms >= 0
            place = (one.atoms[on_atom], spin, one.columns[on_atom])
            np.add.at(partial, place, _IN_SPHERE * density[on_atom])  # type: ignore[arg-type]
    return DensityOfStates(energies, np.array(total), np.array(integrated), partial)


def _states_below(
    inputs: Inputs, bands: np.ndarray, energies: np.ndarray, width: float
) -> np.ndarray:
    """Return the share of each band below each energy, shape (n_bands, n_energies)."""
    shifts = k_shifts(inputs.kpoints.points).round(_SHIFT_DECIMALS)
    found = np.zeros((bands.shape[1], len(energies)))
    for shift in np.unique(shifts):
        same = np.flatnonzero(shifts == shift)
        share = float(inputs.kpoints.weights[same].sum())
        levels = bands[same[0]]
        found += 0.5 * share * (1 + error_function((energies - levels[:, None]) / width))
    return found
