"""Short contacts across an interface, by hand and against pymatgen's neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.interface.contacts import (
    SHORTEST_CONTACTS,
    Contact,
    contact_kind,
)
from llo_dft.builders.interface.contacts import short_contacts as of_coordinates
from llo_dft.chemistry.element_table import symbols_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def short_contacts(structure: Structure, a: Sequence[int], b: Sequence[int]) -> list[Contact]:
    cell, coords = structure.lattice.matrix, structure.frac_coords
    return of_coordinates(cell, coords, symbols_of(structure), (list(a), list(b)))


def box(symbols: list[str], coords: list[tuple[float, float, float]], edge: float = 10.0):
    return Structure(Lattice.cubic(edge), symbols, coords, coords_are_cartesian=True)


@pytest.mark.parametrize(
    ("pair", "kind"),
    [
        (("P", "O"), "former-anion"),
        (("O", "Li"), "mobile-anion"),
        (("Mn", "O"), "metal-anion"),
        (("O", "Al"), "metal-anion"),
        (("O", "O"), "anion-anion"),
        (("Li", "P"), "cation-cation"),
        (("Li", "Li"), "cation-cation"),
    ],
)
def test_kinds(pair: tuple[str, str], kind: str) -> None:
    assert contact_kind(*pair) == contact_kind(*reversed(pair)) == kind


def test_bonds_of_the_crystals_are_no_short_contacts(li2mno3: Structure) -> None:
    from llo_dft.resources import load_structure

    for crystal in (li2mno3, load_structure("Li3PO4_beta"), load_structure("Li3PO4_gamma")):
        everything = range(len(crystal))
        assert not short_contacts(crystal, everything, everything)


def test_the_worst_contact_comes_first_and_is_named() -> None:
    # O-O at 2.0 is 0.91 of what is allowed, Li-O at 1.4 is 0.82
    crowded = box(["O", "Li", "O"], [(1, 1, 1), (1, 1, 2.4), (3, 1, 1)])
    contacts = short_contacts(crowded, [0], [1, 2])
    assert [contact.kind for contact in contacts] == ["mobile-anion", "anion-anion"]
    assert str(contacts[0]) == "O0-Li1 1.40 angstrom (mobile-anion: at least 1.70)"


def test_only_pairs_between_the_two_sets_count() -> None:
    crowded = box(["O", "O", "O"], [(1, 1, 1), (1, 1, 2), (1, 1, 6)])
    assert not short_contacts(crowded, [0, 1], [2])
    assert [c.sites for c in short_contacts(crowded, [0], [1])] == [(0, 1)]


def test_images_across_the_boundary_count() -> None:
    split = box(["O", "O"], [(0.2, 5, 0.3), (9.6, 5, 9.5)])
    (contact,) = short_contacts(split, [0], [1])
    assert contact.distance == pytest.approx(1.0)


fraction = st.floats(0, 1, exclude_max=True)
point = st.tuples(st.sampled_from(["Li", "O", "P", "Mn"]), fraction, fraction, fraction)


@settings(max_examples=40, deadline=None)
@given(
    atoms=st.lists(point, min_size=2, max_size=8),
    lengths=st.tuples(*[st.floats(2.5, 9)] * 3),
    angles=st.tuples(*[st.floats(65, 115)] * 3),
)
def test_distances_in_any_cell_are_those_of_pymatgen(atoms, lengths, angles) -> None:
    lattice = Lattice.from_parameters(*lengths, *angles)
    structure = Structure(lattice, [a[0] for a in atoms], [a[1:] for a in atoms])
    half = len(atoms) // 2
    expected = {}
    for a in range(half):
        for near in structure.get_neighbors(structure[a], max(SHORTEST_CONTACTS.values())):
            if near.index >= half:
                kind = contact_kind(atoms[a][0], atoms[near.index][0])
                nearest = min(near.nn_distance, expected.get((a, near.index), 9.0))
                if nearest < SHORTEST_CONTACTS[kind] - 1e-9:
                    expected[a, near.index] = nearest
    found = short_contacts(structure, range(half), range(half, len(atoms)))
    assert {c.sites: pytest.approx(c.distance, abs=1e-7) for c in found} == {
        **expected,
        # pymatgen leaves out atoms that lie exactly on each other
        **{c.sites: c.distance for c in found if c.distance < 1e-7},
    }
