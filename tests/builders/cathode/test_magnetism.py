import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from llo_dft.builders.cathode.magnetism import (
    MagneticOrderError,
    alternating_rows,
    initial_moments,
    unpaired_electrons,
    with_initial_moments,
)
from llo_dft.builders.reference_cells import o2_in_box
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.documents.atom_identity import COATING, bare_sites
from llo_dft.resources import load_structure


@pytest.fixture(scope="module")
def li2mno3() -> Structure:
    return load_structure("Li2MnO3.cif")


def test_li2mno3_has_three_unpaired_electrons_on_every_manganese(li2mno3):
    moments = initial_moments(li2mno3, "ferro")
    for site, moment in zip(li2mno3, moments, strict=True):
        assert moment == (3.0 if site.specie.symbol == "Mn" else 0.0)


@pytest.mark.parametrize(
    ("element", "valence", "moment"),
    [
        ("Mn", 4, 3), ("Mn", 3, 4), ("Mn", 3.5, 3.5), ("Ni", 2, 2), ("Ni", 4, 0), ("Co", 3, 0),
        ("Co", 4, 1), ("O", -2, 0), ("O", -1.75, 0.25), ("Li", 1, 0), ("P", 5, 0), ("Ti", 4, 0),
    ],
)  # fmt: skip
def test_unpaired_electrons_are_those_of_the_octahedral_ion(element, valence, moment):
    assert unpaired_electrons(element, valence) == pytest.approx(moment)


def test_low_spin_ions_start_off_zero_and_empty_shells_at_it():
    for symbols, moment in (("Li Co O O", 0.6), ("Li Li Ti O O O", 0.0)):
        species = symbols.split()
        places = np.linspace(0, 0.8, 3 * len(species)).reshape(-1, 3)
        oxide = Structure(Lattice.cubic(6), species, places)
        assert max(initial_moments(oxide, "ferro")) == pytest.approx(moment)


def test_metals_and_molecules_are_left_alone():
    lithium = Structure(Lattice.cubic(3.5), ["Li", "Li"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert initial_moments(lithium, "rows") == [0.0, 0.0]
    assert with_initial_moments(o2_in_box(), "ferro").site_properties["magmom"] == [1.0, 1.0]


def test_the_oxide_under_a_coating_takes_the_holes_and_the_coating_none(coated_plan):
    """Eight Li left on charging, six more for the coating's charge: eight holes on 24 O."""
    charged = [host for host in coated_plan.hosts if host.n_holes]
    assert {host.n_holes for host in charged} == {8}
    for host in charged:
        structure = coated_plan.host_structure(host)
        moments = np.array(initial_moments(structure, "ferro"))
        here = np.array(bare_sites(structure))
        oxygen = np.array(symbols_of(structure)) == "O"
        assert not moments[here == COATING].any()
        assert moments[oxygen & (here != COATING)] == pytest.approx(8 / 24)
        assert moments[np.array(symbols_of(structure)) == "Mn"] == pytest.approx(3.0)


def test_the_given_structure_is_not_changed(li2mno3):
    with_initial_moments(li2mno3, "ferro")
    assert "magmom" not in li2mno3.site_properties


def neighbours_of(structure: Structure, metals: list[int]) -> list[tuple[int, int]]:
    """Pairs of metals that are neighbours in a layer, from pymatgen's own search."""
    return [
        (i, near.index)
        for i in metals
        for near in structure.get_neighbors(structure[i], 3.4)
        if near.index in metals
    ]


@pytest.mark.parametrize("scale", [(1, 1, 1), (2, 1, 1), (1, 2, 1), (2, 2, 2)])
def test_rows_alternate_and_cancel(li2mno3, scale):
    cell = li2mno3 * scale
    moments = np.array(initial_moments(cell, "rows"))
    metals = [i for i, site in enumerate(cell) if site.specie.symbol == "Mn"]
    assert moments.sum() == pytest.approx(0.0)
    assert set(np.abs(moments[metals])) == {3.0}
    # a honeycomb has three neighbours: one along the row, two across
    products = [np.sign(moments[i] * moments[j]) for i, j in neighbours_of(cell, metals)]
    assert len(products) == 3 * len(metals)
    assert products.count(1.0) * 2 == products.count(-1.0)


@settings(max_examples=25)
@given(shift=st.tuples(*[st.floats(-1, 1)] * 3), seed=st.integers(0, 2**16))
def test_rows_do_not_depend_on_the_origin_or_small_moves(shift, seed):
    whole = load_structure("Li2MnO3.cif")
    metals = [i for i, site in enumerate(whole) if site.specie.symbol == "Mn"]
    plain = alternating_rows(whole, metals)
    moved = whole.copy()
    moved.translate_sites(range(len(moved)), shift, frac_coords=True)
    noise = np.random.default_rng(seed).normal(0, 0.03, (len(moved), 3))
    for i, move in enumerate(noise):
        moved.translate_sites([i], move, frac_coords=False)
    assert alternating_rows(moved, metals).tolist() == plain.tolist()


def test_a_host_keeps_the_order_of_the_slab_without_its_lithium_and_oxygen(plan):
    whole = initial_moments(plan.slab, "rows")
    host = plan.hosts[-1]
    emptied = plan.vacancy_structure(host, host.vacancies[0])
    kept = [
        i for i in range(len(plan.slab)) if i not in {*host.removed, *host.vacancies[0].removed}
    ]
    after = initial_moments(emptied, "rows")
    metals = [n for n, i in enumerate(kept) if plan.slab[i].specie.symbol in {"Mn", "Ni", "Co"}]
    assert metals
    assert [np.sign(after[n]) for n in metals] == [np.sign(whole[kept[n]]) for n in metals]


def test_rows_that_do_not_fit_the_cell_are_refused():
    # one close-packed row along a, one across: an odd number in every direction
    lattice = Lattice.from_parameters(2.85, 2.85, 14.0, 90, 90, 120)
    layer = Structure(
        lattice, ["Mn", "O", "O"], [[0, 0, 0.5], [1 / 3, 2 / 3, 0.57], [2 / 3, 1 / 3, 0.43]]
    )
    with pytest.raises(MagneticOrderError, match=r'"rows" does not fit: .* supercell that is even'):
        initial_moments(layer, "rows")
    assert sum(initial_moments(layer * (2, 2, 1), "rows")) == pytest.approx(0.0)


def test_an_element_without_a_formal_charge_is_named():
    odd = Structure(Lattice.cubic(4), ["Ne", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    with pytest.raises(ValueError, match="no formal charge is known for Ne"):
        initial_moments(odd, "ferro")
