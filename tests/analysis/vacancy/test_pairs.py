"""The same O in the bare and in the coated slab: which belong together, and their difference."""

from __future__ import annotations

from typing import Any

import pytest

from llo_dft.analysis.vacancy.pairs import vacancy_pairs
from llo_dft.documents.labels import pair_name
from llo_dft.documents.sites import OxygenEnvironment
from llo_dft.documents.study_result import HostResult, VacancyResult

ROUNDING = 1e-9


def vacancy(
    site: int | None, energy_ev: float | None, n_former: int = 0, **fields: Any
) -> VacancyResult:
    around = OxygenEnvironment(
        n_tm=3, n_li=0, n_former=n_former, n_li_interlayer=1, layer="surface", side="top"
    )
    return VacancyResult(
        **{
            "site": site,
            "pair": f"O{site}",
            "site_class": "3TM",
            "environment": around if site is not None else None,
            "formation_energy_ev": energy_ev,
            "status": "completed" if energy_ev is not None else "failed",
        }
        | fields
    )


def host(
    termination: str | None, n_holes: int, *vacancies: VacancyResult, x: float = 1.0
) -> HostResult:
    return HostResult(
        system="bare" if termination is None else "coated",
        termination=termination,
        lithium_fraction=x,
        n_holes=n_holes,
        holes_per_tm=n_holes / 4,
        capacity_mah_per_g=57.0 * n_holes,
        status="completed",
        vacancies=list(vacancies),
    )


def test_a_pair_is_the_same_site_at_equal_holes() -> None:
    hosts = [
        host(None, 0, vacancy(3, 2.0), vacancy(4, 2.5)),
        host(None, 4, vacancy(3, 0.5), x=0.5),
        host("flat", 0, vacancy(3, 2.75), vacancy(5, 3.0)),
        host("flat", 4, vacancy(3, 1.0, n_former=1), x=0.5),
        host("step", 4, vacancy(3, 0.25), x=0.125),
        host("step", 3, vacancy(3, 9.0), x=0.25),  # as the bare one never is
    ]
    pairs = vacancy_pairs(hosts)
    assert [(p.termination, p.site, p.difference_ev, p.bonded_to_former) for p in pairs] == [
        ("flat", 3, pytest.approx(0.75), False),
        ("flat", 3, pytest.approx(0.5), True),
        ("step", 3, pytest.approx(-0.25), False),
    ]
    assert [(p.lithium_fraction_bare, p.lithium_fraction_coated) for p in pairs] == [
        (1.0, 1.0),
        (0.5, 0.5),
        (0.5, 0.125),
    ]
    assert [(p.n_holes, p.holes_per_tm, p.capacity_mah_per_g) for p in pairs] == [
        (0, 0.0, 0.0),
        (4, 1.0, 228.0),
        (4, 1.0, 228.0),
    ]
    assert [(p.bare_ev, p.coated_ev) for p in pairs] == [(2.0, 2.75), (0.5, 1.0), (0.5, 0.25)]


def test_plain_hosts_whose_charge_is_not_known_make_no_pairs() -> None:
    unknown = {"n_holes": None, "holes_per_tm": None, "capacity_mah_per_g": None}
    hosts = [host(None, 0, vacancy(3, 2.0)), host("flat", 0, vacancy(3, 2.75))]
    assert vacancy_pairs([one.model_copy(update=unknown) for one in hosts]) == []


def test_the_difference_is_positive_where_the_coating_holds_the_o() -> None:
    (pair,) = vacancy_pairs([host(None, 0, vacancy(3, -0.5)), host("flat", 0, vacancy(3, 0.5))])
    assert pair.difference_ev == pytest.approx(1.0)


@pytest.mark.parametrize("lacking", ["bare", "coated", "both"])
def test_a_site_without_one_of_the_numbers_has_no_pair(lacking: str) -> None:
    hosts = [
        host(None, 0, vacancy(3, None if lacking != "coated" else 2.0), vacancy(4, 1.0)),
        host("flat", 0, vacancy(3, None if lacking != "bare" else 2.0), vacancy(4, 1.5)),
    ]
    assert [pair.site for pair in vacancy_pairs(hosts)] == [4]


def test_sites_that_are_not_known_belong_to_nothing() -> None:
    hosts = [host(None, 0, vacancy(None, None)), host("flat", 0, vacancy(None, None))]
    assert vacancy_pairs(hosts) == []


def test_a_study_without_a_coating_has_no_pairs() -> None:
    assert vacancy_pairs([host(None, 0, vacancy(3, 2.0)), host(None, 4, vacancy(3, 1.0))]) == []


@pytest.mark.parametrize("where", ["bare", "coated"])
def test_a_pair_is_rebuilt_if_either_of_the_two_is(where: str) -> None:
    flags = {"flags": ["moved: Li3 1.9 A"]}
    hosts = [
        host(None, 0, vacancy(3, 2.0, **(flags if where == "bare" else {}))),
        host("flat", 0, vacancy(3, 2.0, **(flags if where == "coated" else {}))),
    ]
    assert [pair.rebuilt for pair in vacancy_pairs(hosts)] == [True]
    moments = {"flags": ["moment: Mn3 3.0 -> 3.9 mu_B"]}
    hosts = [host(None, 0, vacancy(3, 2.0, **moments)), host("flat", 0, vacancy(3, 2.0))]
    assert [pair.rebuilt for pair in vacancy_pairs(hosts)] == [False]


def test_an_o_that_was_planned_and_is_bonded_to_p_too_is_one_pair() -> None:
    """The same O under two names: as one of its class, and as the one that P is bonded to."""
    bonded = {"pair": "step-OP1"}
    hosts = [
        host(None, 0, vacancy(3, 2.0), vacancy(3, 2.0, **bonded)),
        host("step", 0, vacancy(3, 3.0, n_former=1), vacancy(3, 3.0, n_former=1, **bonded)),
        host("flat", 0, vacancy(3, 2.5)),
    ]
    assert [(p.termination, p.pair, p.difference_ev) for p in vacancy_pairs(hosts)] == [
        ("step", "O3", pytest.approx(1.0)),
        ("flat", "O3", pytest.approx(0.5)),
    ]


def test_each_image_of_an_o_that_bare_li_tell_apart_has_a_pair_of_its_own() -> None:
    """Sites 2 to 5 are one O in the pristine slab; 5 is as 3 in the charged host, 2 is rebuilt."""
    equivalent = [0, 0, 2, 2, 2, 2]
    bare = [vacancy(3, 2.0), vacancy(4, 1.25), vacancy(5, 2.004), vacancy(1, 9.0)]
    bare.append(vacancy(2, 2.0, flags=["Mn4 moved by 1.2 angstrom"]))
    hosts = [host(None, 4, *bare, x=0.5), host("flat", 4, vacancy(3, 2.5), x=0.5)]
    pairs = vacancy_pairs(hosts, equivalent)
    assert [
        (p.site, p.bare_site, p.difference_ev, pair_name(p.site, p.bare_site)) for p in pairs
    ] == [
        (3, None, pytest.approx(0.5), "O3"),
        (3, 2, pytest.approx(0.5), "O3 (O2 bare)"),
        (3, 4, pytest.approx(1.25), "O3 (O4 bare)"),
    ]
    # an O that is its own image has one partner
    assert len(vacancy_pairs(hosts, list(range(6)))) == 1
    assert [p.bare_site for p in vacancy_pairs(hosts)] == [None]


def test_a_coated_o_whose_own_partner_is_missing_has_those_of_its_images() -> None:
    hosts = [host(None, 4, vacancy(4, 1.25), x=0.5), host("flat", 4, vacancy(3, 2.5), x=0.5)]
    assert [p.bare_site for p in vacancy_pairs(hosts, [0, 1, 2, 3, 3])] == [4]
