"""The lines of E_f over the state of charge in a result, and where each crosses zero."""

from collections.abc import Sequence
from typing import Final

from llo_dft.analysis.oxygen.reservoir import OxygenReservoir
from llo_dft.analysis.vacancy.turning_point import MIN_STATES, ChargePoint, turning_point
from llo_dft.documents.state_of_charge import TurningPoint
from llo_dft.documents.study_result import HostResult, VacancyPair, VacancyResult
from llo_dft.typing import System

#: O whose E_f differ by less count as equally low, eV: relaxed equivalent ones do.
AS_LOW_EV: Final = 2e-3


def turning_points(
    hosts: Sequence[HostResult], pairs: Sequence[VacancyPair], reservoir: OxygenReservoir
) -> list[TurningPoint]:
    """Return where E_f turns in each system of known state of charge; empty without a mu_O.

    First for the lowest O at each state of charge, which may differ from one to the next. Then for
    each single O that bare and coated have in common at two states of charge or more, in both.
    """
    chosen = reservoir.chosen
    if chosen is None:
        return []
    shifts = {name: other.mu_ev - chosen.mu_ev for name, other in reservoir.others.items()}
    placed = [host for host in hosts if host.lithium_fraction is not None]
    systems = list(dict.fromkeys((host.system, host.termination) for host in placed))
    wanted: list[tuple[System, str | None, int | None]] = [(*one, None) for one in systems]
    shared = shared_oxygens(pairs)
    wanted += [
        (*system, site)
        for site in dict.fromkeys(site for _, site in shared)
        for system in systems
        if system[1] is None or (system[1], site) in shared
    ]
    return [
        turning_point(
            system,
            charge_points(placed, system, termination, site),
            shifts,
            termination=termination,
            site=site,
        )
        for system, termination, site in wanted
    ]


def shared_oxygens(pairs: Sequence[VacancyPair]) -> list[tuple[str, int]]:
    """Return termination and site of each O that has pairs at two states of charge or more."""
    states: dict[tuple[str, int], set[int]] = {}
    for pair in pairs:
        states.setdefault((pair.termination, pair.site), set()).add(pair.n_holes)
    return [place for place, found in states.items() if len(found) >= MIN_STATES]


def charge_points(
    hosts: Sequence[HostResult], system: System, termination: str | None, site: int | None = None
) -> list[ChargePoint]:
    """Return E_f at each state of charge of one system, of all its O or of a single one.

    Of several hosts with equally many Li the lowest is the host: a vacancy made from another one
    may have found some of that one's excess energy.
    """
    points = []
    for host in lowest_hosts(hosts):
        ours = (host.system, host.termination) == (system, termination)
        if not ours or host.lithium_fraction is None:
            continue
        made = [one for one in host.vacancies if site is None or one.site == site]
        points.append(
            ChargePoint(
                charge=host.charge,
                kept_ev=[e for _, e in with_energy(made, rebuilt=False)],
                rebuilt_ev=[e for _, e in with_energy(made, rebuilt=True)],
                lowest=lowest_oxygens(made),
            )
        )
    return points


def lowest_hosts(hosts: Sequence[HostResult]) -> list[HostResult]:
    """Return the hosts but for those that another one of the system with as many Li lies below."""
    least: dict[tuple[object, ...], float] = {}
    kinds = [(host.system, host.termination, host.n_li) for host in hosts]
    for host, kind in zip(hosts, kinds, strict=True):
        if host.energy_ev is not None:
            least[kind] = min(host.energy_ev, least.get(kind, host.energy_ev))
    return [
        host
        for host, kind in zip(hosts, kinds, strict=True)
        if host.energy_ev is None or host.energy_ev - least[kind] < AS_LOW_EV
    ]


def with_energy(
    vacancies: Sequence[VacancyResult], *, rebuilt: bool
) -> list[tuple[VacancyResult, float]]:
    """Return the vacancies whose lattice was rebuilt, or was not, with E_f in eV per O."""
    return [
        (one, one.formation_energy_ev)
        for one in vacancies
        if one.formation_energy_ev is not None and one.rebuilt == rebuilt
    ]


def lowest_oxygens(vacancies: Sequence[VacancyResult]) -> list[str]:
    """Return the O of lowest E_f among the vacancies that kept their lattice, by their names.

    The lowest comes first, then those equally low, such as equivalent O.
    """
    found = sorted(with_energy(vacancies, rebuilt=False), key=lambda one: one[1])
    return [one.run or f"O{one.site}" for one, energy in found if energy - found[0][1] < AS_LOW_EV]
