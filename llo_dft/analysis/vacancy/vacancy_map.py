"""E_f over temperature and pressure, and the temperature at which oxygen begins to leave."""

from collections.abc import Iterable, Sequence

from scipy.optimize import brentq

from llo_dft.analysis.oxygen.chemical_potential import oxygen_chemical_potential
from llo_dft.analysis.oxygen.gas import (
    MAX_TEMPERATURE_K,
    MIN_TEMPERATURE_K,
    delta_mu_oxygen_ev,
    pressure_term_ev,
)
from llo_dft.documents.oxygen import HostMap, VacancyMap
from llo_dft.documents.study_result import HostResult, OxygenChemicalPotential


def vacancy_map(
    hosts: Iterable[HostResult],
    oxygen: OxygenChemicalPotential,
    temperatures_k: Sequence[float],
    pressures_bar: Sequence[float],
) -> VacancyMap:
    """Lowest E_f of each host as a function of temperature and O2 pressure.

    ``E_f(T, p) = E_f + mu_O(T, p) - mu_O``: only the chemical potential depends on them; it is
    from ``analysis.oxygen`` under the scheme of ``oxygen``.

    Raises ``ValueError`` for a temperature or pressure at which there is no mu_O.

    Hosts without a vacancy that kept its lattice are left out; their energies were computed with
    ``oxygen``. Temperatures are 100 to 2000 K, pressures positive.
    """
    shifts = [
        [mu_at(oxygen, temperature, pressure) - oxygen.mu_ev for pressure in pressures_bar]
        for temperature in temperatures_k
    ]
    kept = [(host, min(host.kept_energies_ev)) for host in hosts if host.kept_energies_ev]
    return VacancyMap(
        temperatures_k=list(temperatures_k),
        pressures_bar=list(pressures_bar),
        hosts=[
            HostMap(
                label=host.label,
                system=host.system,
                lithium_fraction=host.lithium_fraction,
                formation_energies_ev=[[lowest + shift for shift in row] for row in shifts],
            )
            for host, lowest in kept
        ],
    )


def mu_at(oxygen: OxygenChemicalPotential, temperature_k: float, pressure_bar: float) -> float:
    """Return mu_O at another temperature and pressure, all else unchanged, eV per O."""
    return oxygen_chemical_potential(
        oxygen.scheme,
        oxygen.o2_energy_ev_per_atom,
        oxygen.o2_energy_source,
        temperature_k,
        pressure_bar,
        oxygen.oxide_kind or "oxide",
    ).mu_ev


def turning_temperature(
    formation_energies_ev: Sequence[float], oxygen: OxygenChemicalPotential
) -> tuple[float | None, str | None]:
    """Temperature (K) where the lowest E_f of one host falls through zero, or why there is none.

    ``E_f(T) = E_f + mu_O(T, p) - mu_O``: only the chemical potential depends on T, under the
    scheme and at the pressure of ``oxygen``. Found by Brent's method between 100 and 2000 K,
    where mu_O decreases with T at any pressure at which O2 is an ideal gas.

    No crossing is a valid result: None and a ``reason``.

    The energies are those of the sites that completed, eV per O, computed with ``oxygen``; there
    may be none.
    """
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
