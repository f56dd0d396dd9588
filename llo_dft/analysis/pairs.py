"""The same oxygen removed from the bare and from the coated host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.documents.study import VacancyPair

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.documents.study import HostResult


def vacancy_pairs(hosts: Sequence[HostResult]) -> list[VacancyPair]:
    """Return E_f coated less bare of every site that has both, at each requested fraction.

    The two hosts of a pair were asked for with the same lithium fraction. Theirs differ a
    little where Li left the coated face for charge.
    """
    bare = {
        (host.requested_lithium_fraction, vacancy.site): (host, vacancy)
        for host in hosts
        if host.system == "bare"
        for vacancy in host.vacancies
    }
    pairs: list[VacancyPair] = []
    for host in hosts:
        if host.termination is None:
            continue
        for vacancy in host.vacancies:
            partner = bare.get((host.requested_lithium_fraction, vacancy.site))
            if (
                partner is None
                or vacancy.site is None
                or vacancy.environment is None
                or vacancy.formation_energy_ev is None
                or partner[1].formation_energy_ev is None
            ):
                continue
            pairs.append(
                VacancyPair(
                    pair=vacancy.pair,
                    site=vacancy.site,
                    site_class=vacancy.site_class,
                    layer=vacancy.environment.layer,
                    termination=host.termination,
                    bonded_to_p=vacancy.environment.n_p > 0,
                    lithium_fraction_bare=partner[0].lithium_fraction,
                    lithium_fraction_coated=host.lithium_fraction,
                    bare_ev=partner[1].formation_energy_ev,
                    coated_ev=vacancy.formation_energy_ev,
                    difference_ev=vacancy.formation_energy_ev - partner[1].formation_energy_ev,
                    rebuilt=vacancy.rebuilt or partner[1].rebuilt,
                )
            )
    return pairs
