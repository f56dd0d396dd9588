"""The same oxygen removed from the bare and from the coated host."""

from collections.abc import Sequence
from typing import Final

from llo_dft.documents.study_result import HostResult, VacancyPair, VacancyResult

#: Images whose E_f in the bare host agree within this (eV) make one pair: Li keep them alike.
ALIKE_EV: Final = 0.01


def vacancy_pairs(hosts: Sequence[HostResult], equivalent: Sequence[int] = ()) -> list[VacancyPair]:
    """Return E_f coated - bare of every site that has both, at each state of charge.

    Sites that are equivalent in the pristine bare slab are so no longer once Li has left, and a
    bare host may as well be drawn by any operation of that slab: turned over, or as in its mirror.
    None of the images is more the partner of a coated O than another, so each that was computed
    makes a pair with it, but for those within ``ALIKE_EV`` of one before. ``equivalent`` gives, for
    each site of the pristine bare slab, the first that is equivalent to it; empty: each has its own
    alone.

    The two hosts of a pair have equally many holes. Their lithium fractions differ where Li was
    removed from the coated face so that charges balance. An O that was planned by its class and
    turned out to be bonded to a former is one pair, under its first name.
    """
    bare: dict[tuple[int | None, int | None], tuple[HostResult, VacancyResult]] = {
        (host.n_holes, vacancy.site): (host, vacancy)
        for host in hosts
        if host.system == "bare" and host.n_holes is not None
        for vacancy in host.vacancies
    }
    pairs: list[VacancyPair] = []
    for host in hosts:
        if host.termination is None:
            continue
        seen: set[int | None] = set()
        for vacancy in host.vacancies:
            if vacancy.site is None or vacancy.site in seen:
                continue
            images = dict.fromkeys([vacancy.site, *_images(vacancy.site, equivalent)])
            partners = [bare[host.n_holes, o] for o in images if (host.n_holes, o) in bare]
            seen |= {vacancy.site} if partners else set()
            made = [_pair(of, uncoated, host, vacancy) for of, uncoated in partners]
            pairs += _unlike([pair for pair in made if pair is not None])
    return pairs


def _images(site: int, equivalent: Sequence[int]) -> list[int]:
    """Return the sites that are equivalent to one, itself among them."""
    return [other for other, first in enumerate(equivalent) if first == equivalent[site]]


def _unlike(pairs: Sequence[VacancyPair]) -> list[VacancyPair]:
    """Return pairs of one coated O without those whose bare O is like that of one before."""
    kept: list[VacancyPair] = []
    for pair in pairs:
        if not any(
            abs(pair.bare_ev - other.bare_ev) < ALIKE_EV and pair.rebuilt == other.rebuilt
            for other in kept
        ):
            kept.append(pair)
    return kept


def _pair(
    bare: HostResult, uncoated: VacancyResult, coated: HostResult, vacancy: VacancyResult
) -> VacancyPair | None:
    """Return the pair of two vacancies; None if one has no E_f."""
    if (
        coated.termination is None
        or vacancy.site is None
        or vacancy.environment is None
        or vacancy.formation_energy_ev is None
        or uncoated.formation_energy_ev is None
        or coated.n_holes is None
        or coated.holes_per_tm is None
        or coated.capacity_mah_per_g is None
    ):
        return None
    return VacancyPair(
        pair=vacancy.pair,
        site=vacancy.site,
        bare_site=None if uncoated.site == vacancy.site else uncoated.site,
        site_class=vacancy.site_class,
        layer=vacancy.environment.layer,
        termination=coated.termination,
        bonded_to_former=vacancy.environment.n_former > 0,
        n_holes=coated.n_holes,
        holes_per_tm=coated.holes_per_tm,
        capacity_mah_per_g=coated.capacity_mah_per_g,
        lithium_fraction_bare=bare.fraction,
        lithium_fraction_coated=coated.fraction,
        bare_ev=uncoated.formation_energy_ev,
        coated_ev=vacancy.formation_energy_ev,
        difference_ev=vacancy.formation_energy_ev - uncoated.formation_energy_ev,
        rebuilt=vacancy.rebuilt or uncoated.rebuilt,
    )
