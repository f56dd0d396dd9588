from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure
from relaxed_by_hand import relaxed

from llo_dft.analysis.vacancy.missing_sites import missing_from, missing_oxygen
from llo_dft.documents.atom_identity import with_bare_sites, without_atoms
from llo_dft.documents.calculation import CalculationDocument, Fingerprint

SYMBOLS = ["Li", "O", "Mn", "O", "O", "Li", "O", "Mn", "O", "O", "O", "Li"]


def host() -> Structure:
    places = [[x, y, z] for x in (0.02, 0.5) for y in (0.1, 0.6) for z in (0.0, 0.33, 0.67)]
    return Structure(Lattice.from_parameters(6, 6.5, 9.5, 90, 100, 90), SYMBOLS, places)


OXYGEN = [i for i, symbol in enumerate(SYMBOLS) if symbol == "O"]


@settings(deadline=None)
@given(
    st.sets(st.sampled_from(OXYGEN), min_size=1, max_size=3),
    st.integers(0, 2**32 - 1),
    st.floats(0, 0.9),
)
def test_removed_sites_are_found_whatever_moved_a_little_and_in_whatever_order(
    gone: set[int], seed: int, far: float
) -> None:
    random = np.random.default_rng(seed)
    whole = host()
    left = [i for i in range(len(whole)) if i not in gone]
    random.shuffle(left)
    moves = random.normal(size=(len(left), 3))
    moves *= far / np.linalg.norm(moves, axis=1)[:, None]
    images = random.integers(-1, 2, (len(left), 3))
    vacancy = Structure(
        whole.lattice,
        [SYMBOLS[i] for i in left],
        whole.lattice.get_fractional_coords(whole.cart_coords[left] + moves) + images,
    )
    found = missing_oxygen(whole, vacancy)
    assert set(found.sites) == gone
    assert found.is_certain
    assert found.farthest_angstrom == pytest.approx(far, abs=1e-6)


@pytest.mark.parametrize("angstrom", [1.2, 3.0])  # a site of Li is 1.5 to 3 from the next
def test_a_cell_that_was_rebuilt_is_not_certain(angstrom: float) -> None:
    whole = host()
    vacancy = whole.copy()
    vacancy.remove_sites([1])
    vacancy.translate_sites([0], [angstrom / whole.lattice.a, 0.0, 0.0])  # a Li
    found = missing_oxygen(whole, vacancy)
    assert found.farthest_angstrom == pytest.approx(angstrom)
    assert not found.is_certain


def test_a_host_that_was_moved_as_a_whole_is_found_if_it_is_looked_for() -> None:
    whole = host()
    vacancy = whole.copy()
    vacancy.remove_sites([8])
    vacancy.translate_sites(list(range(len(vacancy))), [0.31, 0.2, 0.45])
    one, other = relaxed("host", whole), relaxed("vacancy", vacancy)
    assert not missing_from(one, other).is_certain
    found = missing_from(one, other, shifted=True)
    assert found.is_certain
    assert found.sites == (8,)
    vacancy.translate_sites([0], [0.5, 0.0, 0.0])  # and a Li that left its site
    assert not missing_from(one, relaxed("vacancy", vacancy), shifted=True).is_certain


def test_the_geometry_that_fits_counts() -> None:
    ideal = host()
    relaxed = host()
    relaxed.translate_sites([1], [0.1, 0.0, 0.0])
    vacancy = relaxed.copy()
    vacancy.remove_sites([3])
    fields = {"key": "", "kind": "slab_relax", "status": "completed", "protocol": "as found"}
    fields |= {"fingerprint": Fingerprint(engine="vasp", engine_version="6", functional="PBE")}
    made = CalculationDocument(
        label="host", energy_ev=-1.0, initial_structure=ideal, structure=relaxed, **fields
    )
    one = CalculationDocument(
        label="v", energy_ev=-1.0, initial_structure=vacancy, structure=ideal, **fields
    )
    found = missing_from(made, one)
    assert found.sites == (3,)
    assert found.farthest_angstrom == pytest.approx(0.0, abs=1e-9)


def test_all_oxygen_may_be_missing() -> None:
    vacancy = host()
    vacancy.remove_species(["O"])
    assert missing_oxygen(host(), vacancy).sites == tuple(OXYGEN)


@pytest.mark.parametrize("element", ["Li", "Mn"])
def test_nothing_else_may_be_missing(element: str) -> None:
    vacancy = host()
    vacancy.remove_sites([SYMBOLS.index(element)])
    with pytest.raises(ValueError, match=f"only O may be missing, but the host has . {element}"):
        missing_oxygen(host(), vacancy)
    with pytest.raises(ValueError, match=f"only O may be missing, but the host has . {element}"):
        missing_oxygen(vacancy, host())


def test_atoms_that_say_who_they_are_are_not_looked_for() -> None:
    """The Li went to the far side of the cell, which no distance would forgive."""
    places = [[x, 0, 0] for x in (0, 0.2, 0.5, 0.7)]
    host = Structure(Lattice.cubic(6), ["Li", "O", "P", "O"], places)
    host = with_bare_sites(host, [4, 7, -1, 9])
    vacancy = without_atoms(host, [7])
    vacancy.translate_sites([0], [0.5, 0.5, 0.5])
    made = [relaxed("host", host), relaxed("vacancy", vacancy)]
    found = missing_from(*made)
    assert (found.sites, found.site_of_atom, found.is_certain) == ((1,), (0, 2, 3), True)
    with pytest.raises(ValueError, match="lacks something other than O of"):
        missing_from(made[0], relaxed("no Li", without_atoms(host, [4])))
