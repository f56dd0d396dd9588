from __future__ import annotations

import json

import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.calculations.cache import calculation_key
from llo_dft.documents.atom_identity import (
    BARE_SITE,
    bare_sites,
    coating_places,
    places,
    with_bare_sites,
    without_atoms,
)
from llo_dft.documents.calculation import Asked, Fingerprint
from llo_dft.documents.decoding.stored_structure import structure_from

FOUR = Structure(
    Lattice.cubic(5.0), ["Li", "P", "O", "Li"], [[x, x, x] for x in (0.0, 0.2, 0.5, 0.7)]
)


@pytest.fixture
def named() -> Structure:
    """O7, Li2 and Li5 of a slab, and a P of its coating."""
    return with_bare_sites(FOUR, [2, -1, 7, 5])


def test_atoms_are_found_by_their_number_in_the_bare_slab(named: Structure) -> None:
    assert places(named) == {2: 0, 7: 2, 5: 3}
    assert coating_places(named) == [1]
    assert BARE_SITE not in FOUR.site_properties


def test_who_stays_keeps_its_number(named: Structure) -> None:
    left = without_atoms(named, [2, 9])
    assert [site.specie.symbol for site in left] == ["P", "O", "Li"]
    assert bare_sites(left) == [-1, 7, 5]
    assert bare_sites(named) == [2, -1, 7, 5]


def test_numbers_come_back_from_a_file(named: Structure) -> None:
    again = structure_from(json.loads(json.dumps(named.as_dict())))
    assert bare_sites(again) == [2, -1, 7, 5]
    assert all(type(site) is int for site in bare_sites(again))


def test_identity_is_no_physics(named: Structure) -> None:
    fingerprint = Fingerprint(engine="e", engine_version="1", functional="f")
    asked = Asked(fingerprint=fingerprint, settings={})
    keys = {
        calculation_key(one, "slab_relax", "fast", asked)
        for one in (FOUR, named, with_bare_sites(FOUR, [0, 1, 2, 3]))
    }
    assert len(keys) == 1


def test_atoms_without_a_number_are_refused(named: Structure) -> None:
    with pytest.raises(ValueError, match="Li2 P1 O1 carry no bare_site; expected a structure of"):
        places(FOUR)
    named.append("Li", [0.9, 0.9, 0.9])
    with pytest.raises(ValueError, match="carry no bare_site"):
        coating_places(named)
