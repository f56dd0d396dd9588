"""E_f of oxygen vacancies at every temperature and pressure of a grid."""

from collections.abc import Iterable, Sequence

from llo_dft.analysis.oxygen.chemical_potential import oxygen_chemical_potential
from llo_dft.documents.maps import HostMap, VacancyMap
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

    Parameters
    ----------
    hosts
        Those without a vacancy that kept its lattice are left out.
    oxygen
        The chemical potential that their energies were computed with.
    temperatures_k
        100 to 2000 K.
    pressures_bar
        Positive.

    Raises
    ------
    ValueError
        For a temperature or pressure at which there is no mu_O.
    """
    shifts = [
        [mu_at(oxygen, temperature, pressure) - oxygen.mu_ev for pressure in pressures_bar]
        for temperature in temperatures_k
    ]
    found = []
    for host in hosts:
        if not host.kept_energies_ev:
            continue
        lowest = min(host.kept_energies_ev)
        found.append(
            HostMap(
                label=host.label,
                system=host.system,
                lithium_fraction=host.lithium_fraction,
                formation_energies_ev=[[lowest + shift for shift in row] for row in shifts],
            )
        )
    return VacancyMap(
        temperatures_k=list(temperatures_k), pressures_bar=list(pressures_bar), hosts=found
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
