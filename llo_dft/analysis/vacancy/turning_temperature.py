"""The temperature at which oxygen begins to leave by itself."""

import math
from collections.abc import Sequence

from scipy.optimize import brentq

from llo_dft.analysis.oxygen.gas import (
    MAX_TEMPERATURE_K,
    MIN_TEMPERATURE_K,
    delta_mu_oxygen_ev,
    pressure_term_ev,
)
from llo_dft.documents.study_result import OxygenChemicalPotential


def turning_temperature(
    formation_energies_ev: Sequence[float], oxygen: OxygenChemicalPotential
) -> tuple[float | None, str | None]:
    """Temperature (K) where the lowest E_f of one host falls through zero, or why there is none.

    ``E_f(T) = E_f + mu_O(T, p) - mu_O``: only the chemical potential depends on T, under the
    scheme and at the pressure of ``oxygen``. Found by Brent's method between 100 and 2000 K,
    where mu_O decreases with T at any pressure at which O2 is an ideal gas.

    Parameters
    ----------
    formation_energies_ev
        E_f of the sites that completed, eV per O, under ``oxygen``; may be empty.
    oxygen
        The chemical potential that they were computed with.

    Raises
    ------
    ValueError
        For an energy that is not finite. No crossing is a valid result: None and a ``reason``.
    """
    if not all(map(math.isfinite, formation_energies_ev)):
        raise ValueError(f"Formation energies must be finite, got {list(formation_energies_ev)!r}")
    if not formation_energies_ev:
        return None, "no formation energy completed"
    at_zero_thermal = min(formation_energies_ev) - oxygen.delta_mu_ev - oxygen.pressure_term_ev

    def lowest_ev(temperature_k: float) -> float:
        thermal = delta_mu_oxygen_ev(temperature_k, oxygen.delta_mu_reference_k)
        return at_zero_thermal + thermal + pressure_term_ev(temperature_k, oxygen.pressure_bar)

    coldest, hottest = lowest_ev(MIN_TEMPERATURE_K), lowest_ev(MAX_TEMPERATURE_K)
    if coldest < 0:
        where = f"below zero at {MIN_TEMPERATURE_K:g} K already ({coldest:.3f} eV)"
        return None, f"none in range: {where}"
    if hottest > 0:
        where = f"above zero up to {MAX_TEMPERATURE_K:g} K ({hottest:.3f} eV)"
        return None, f"none in range: {where}"
    return float(brentq(lowest_ev, MIN_TEMPERATURE_K, MAX_TEMPERATURE_K)), None
