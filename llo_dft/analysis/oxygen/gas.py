"""Enthalpy, entropy and free energy of O2 gas from the NIST Shomate fit, kept offline."""

import math
from dataclasses import dataclass
from typing import Final

from llo_dft.units import (
    BOLTZMANN_EV_PER_K,
    KJ_PER_MOL_PER_EV,
    STANDARD_PRESSURE_BAR,
    STANDARD_TEMPERATURE_K,
)


@dataclass(frozen=True)
class ShomateRange:
    """Shomate coefficients of one temperature range, for t = T / 1000 K.

    ``H(T) - H(298.15 K) = a t + b t^2/2 + c t^3/3 + d t^4/4 - e/t + f - h`` in kJ/mol and
    ``S(T) = a ln t + b t + c t^2/2 + d t^3/3 - e/(2 t^2) + g`` in J/mol/K, per molecule.
    """

    low_k: float
    high_k: float
    a: float
    b: float
    c: float
    d: float
    e: float
    f: float
    g: float
    h: float


#: O2 gas at 1 bar. NIST Chemistry WebBook, SRD 69, "Oxygen", gas phase heat capacity (Shomate
#: equation), fitted to M. W. Chase, NIST-JANAF Thermochemical Tables, 4th edition (1998).
SHOMATE_O2: Final = (
    ShomateRange(
        *(100.0, 700.0),
        *(31.32234, -20.23531, 57.86644, -36.50624, -0.007374, -8.903471, 246.7945, 0.0),
    ),
    ShomateRange(
        *(700.0, 2000.0),
        *(30.03235, 8.772972, -3.988133, 0.788313, -0.741599, -11.32468, 236.1663, 0.0),
    ),
)

#: H(298.15 K) - H(0 K) of O2, kJ/mol (NIST-JANAF tables, as above).
O2_ENTHALPY_0_TO_298_KJ_PER_MOL: Final = 8.683

MIN_TEMPERATURE_K: Final = SHOMATE_O2[0].low_k
MAX_TEMPERATURE_K: Final = SHOMATE_O2[-1].high_k


def _shomate_range(temperature_k: float) -> ShomateRange:
    for fit in SHOMATE_O2:
        if fit.low_k <= temperature_k <= fit.high_k:
            return fit
    raise ValueError(
        f"The fit for O2 holds from {MIN_TEMPERATURE_K:g} to {MAX_TEMPERATURE_K:g} K (or exactly "
        f"0 K), got {temperature_k!r} K"
    )


def oxygen_enthalpy_kj_per_mol(temperature_k: float) -> float:
    """H(T) - H(298.15 K) of O2 at 1 bar, kJ/mol of molecules, from the NIST Shomate fit.

    Raises ``ValueError`` outside 100-2000 K.
    """
    fit, t = _shomate_range(temperature_k), temperature_k / 1000
    polynomial = fit.a * t + fit.b * t**2 / 2 + fit.c * t**3 / 3 + fit.d * t**4 / 4
    return polynomial - fit.e / t + fit.f - fit.h


def oxygen_entropy_j_per_mol_k(temperature_k: float) -> float:
    """S(T) of O2 at 1 bar, J/(K mol) of molecules, from the NIST Shomate fit.

    Raises ``ValueError`` outside 100-2000 K.
    """
    fit, t = _shomate_range(temperature_k), temperature_k / 1000
    polynomial = fit.a * math.log(t) + fit.b * t + fit.c * t**2 / 2 + fit.d * t**3 / 3
    return polynomial - fit.e / (2 * t**2) + fit.g


def delta_mu_oxygen_ev(temperature_k: float, reference_k: float = 0.0) -> float:
    """Thermal part of the oxygen chemical potential at 1 bar, eV per O atom.

    ``[H(T) - H(reference) - T S(T)] / 2`` of O2, with H and S from the NIST Shomate fit
    (``SHOMATE_O2``) and H(298.15 K) - H(0 K) = 8.683 kJ/mol. With reference 0 K it is
    -0.272 at 298.15 K, -0.611 at 600 K and -1.100 at 1000 K; with 298.15 K, 0.045 less.

    Raises ``ValueError`` for a temperature outside the fit, or another reference.

    Parameters
    ----------
    temperature_k
        100 to 2000 K, or exactly 0 K, where T S vanishes: then 0 with reference 0 K, and
        -0.045 with reference 298.15 K.
    reference_k
        Temperature at which the enthalpy is zero: 0 or 298.15 K.
    """
    if reference_k not in (0.0, STANDARD_TEMPERATURE_K):
        raise ValueError(
            f"The enthalpy can be zero at 0 or {STANDARD_TEMPERATURE_K} K, got {reference_k!r} K"
        )
    offset = O2_ENTHALPY_0_TO_298_KJ_PER_MOL if reference_k == 0.0 else 0.0
    if temperature_k == 0.0:
        gibbs = offset - O2_ENTHALPY_0_TO_298_KJ_PER_MOL
    else:
        entropy = oxygen_entropy_j_per_mol_k(temperature_k) / 1000
        gibbs = oxygen_enthalpy_kj_per_mol(temperature_k) + offset - temperature_k * entropy
    return gibbs / 2 / KJ_PER_MOL_PER_EV


def pressure_term_ev(temperature_k: float, pressure_bar: float) -> float:
    """(1/2) k_B T ln(p / 1 bar) of the ideal gas O2, eV per O atom.

    Raises ``ValueError`` unless the pressure is positive and finite.
    """
    if not (math.isfinite(pressure_bar) and pressure_bar > 0):
        raise ValueError(f"The O2 pressure must be positive and finite, got {pressure_bar!r} bar")
    return BOLTZMANN_EV_PER_K * temperature_k * math.log(pressure_bar / STANDARD_PRESSURE_BAR) / 2
