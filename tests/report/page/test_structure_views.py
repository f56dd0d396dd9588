"""Which structures stand beside each other, and what is marked in them."""

from __future__ import annotations

from compared_studies import host, study, vacancy
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.documents.atom_identity import with_bare_sites
from llo_dft.report.page.structure_views import decisive_vacancy, shown_hosts, structure_views

REBUILT = {"flags": ["moved: Li1 2.00 A"]}


def slab() -> Structure:
    """A Mn with an O of the slab above, and a P of a coating 1.6 angstrom above that."""
    places = [[0.5, 0.5, 0.3], [0.5, 0.5, 0.5], [0.5, 0.5, 0.66]]
    return with_bare_sites(Structure(Lattice.cubic(10.0), ["Mn", "O", "P"], places), [0, 1, -1])


def test_the_coated_vacancy_at_the_highest_charge_that_kept_its_lattice_decides() -> None:
    hosts = [
        host(1.0, vacancy("O1", 2.0), coated=True),
        host(0.5, vacancy("O1", 1.0), vacancy("O2", 0.5), coated=True),
        host(0.25, vacancy("O1", -2.0, **REBUILT), coated=True),
        host(0.5, vacancy("O1", -1.0)),
    ]
    found = study("chgnet", *hosts)
    assert decisive_vacancy(found) == (hosts[1], hosts[1].vacancies[1])
    assert shown_hosts(found) == [hosts[3], hosts[1]]


def test_of_a_study_without_energies_the_first_hosts_are_shown() -> None:
    hosts = [host(1.0), host(0.5), host(1.0, coated=True)]
    assert decisive_vacancy(study("chgnet", *hosts)) is None
    assert shown_hosts(study("chgnet", *hosts)) == [hosts[0], hosts[2]]


def test_the_bond_of_former_and_oxide_and_the_place_of_the_vacancy_are_marked() -> None:
    coated = host(1.0, vacancy("O1", 2.0, calculation="v"), coated=True)
    coated = coated.model_copy(update={"calculation": "h"})
    without = slab()
    without.remove_sites([1])
    before, after = structure_views(study("chgnet", coated), {"h": slab(), "v": without})
    assert [bond[2] for bond in before["bonds"]] == [0, 1]
    assert before["marks"] == [[5.0, 5.0, 5.0, "O1 leaves"]]
    assert after["marks"] == [[5.0, 5.0, 5.0, "O1 vacancy"]]
    assert [atom[4] for atom in before["atoms"]] == ["Mn0", "O1", "P of the coating"]


def test_what_is_not_relaxed_is_left_out() -> None:
    assert structure_views(study("chgnet", host(1.0, vacancy("O1", 2.0))), {}) == []
