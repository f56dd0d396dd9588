"""Bond valence sums: crystals satisfy them, one bond by hand, unknown cations are refused."""

from __future__ import annotations

import numpy as np
import pytest
from bond_valences import bond_valence_sums, global_instability_index
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.chemistry.bond_valence import (
    bond_valence_r0,
)
from llo_dft.chemistry.element_table import ELEMENTS, symbols_of
from llo_dft.errors import InputError
from llo_dft.resources import load_structure


def sums_of(name: str, symbol: str) -> np.ndarray:
    crystal = load_structure(name)
    return bond_valence_sums(crystal)[[s == symbol for s in symbols_of(crystal)]]


@pytest.mark.parametrize(
    ("name", "symbol", "charge"),
    [
        ("Li3PO4_beta", "P", 5),
        ("Li3PO4_gamma", "P", 5),
        ("Li2MnO3", "Mn", 4),
        ("LiCoO2", "Co", 3),
        ("Li3PO4_beta", "O", 2),
        ("Li3PO4_beta", "Li", 1),
    ],
)
def test_crystals_satisfy_their_valences_within_a_tenth(name, symbol, charge) -> None:
    assert sums_of(name, symbol) == pytest.approx(charge, rel=0.1)


@pytest.mark.parametrize("name", ["Li3PO4_beta", "Li3PO4_gamma", "Li2MnO3"])
def test_cations_give_what_anions_take(name: str) -> None:
    crystal = load_structure(name)
    sums, oxygen = bond_valence_sums(crystal), np.array(symbols_of(crystal)) == "O"
    assert sums[oxygen].sum() == pytest.approx(sums[~oxygen].sum())


@pytest.mark.parametrize("name", ["Li3PO4_beta", "Li3PO4_gamma", "Li2MnO3"])
def test_known_crystals_are_stable_by_the_index(name: str) -> None:
    assert global_instability_index(load_structure(name)) < 0.2


@pytest.mark.parametrize(("length", "valence"), [(2.9, np.exp((1.466 - 2.9) / 0.37)), (3.1, 0.0)])
def test_a_bond_counts_up_to_three_angstrom(length: float, valence: float) -> None:
    pair = Structure(Lattice.cubic(20), ["Li", "O"], [[0, 0, 0], [0, 0, length / 20]])
    assert bond_valence_sums(pair) == pytest.approx([valence, valence])


def test_a_bond_as_long_as_r0_has_valence_one() -> None:
    pair = Structure(
        Lattice.cubic(12), ["Mn", "O"], [(0, 0, 0), (0, 0, 1.753)], coords_are_cartesian=True
    )
    assert bond_valence_sums(pair) == pytest.approx([1, 1])
    # MnO has Mn2+: deviations of 1 and 1
    assert global_instability_index(pair) == pytest.approx(1)


@pytest.mark.parametrize(
    ("metal", "charge", "edge"), [("Ni", 2, 4.178), ("Mg", 2, 4.212), ("Li", 1, None)]
)
def test_rock_salts_satisfy_their_valences(metal: str, charge: int, edge: float | None) -> None:
    """Cells of R. W. G. Wyckoff, Crystal Structures, vol. 1; Li2O is an antifluorite."""
    if edge is not None:
        crystal = Structure.from_spacegroup(
            "Fm-3m", Lattice.cubic(edge), [metal, "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]
        )
    else:
        crystal = Structure.from_spacegroup(
            "Fm-3m", Lattice.cubic(4.619), ["O", metal], [[0, 0, 0], [0.25, 0.25, 0.25]]
        )
    sums = bond_valence_sums(crystal)[[s == metal for s in symbols_of(crystal)]]
    assert sums == pytest.approx(charge, rel=0.1)


def test_an_index_counts_from_the_charges_of_the_composition() -> None:
    """Ni of LiNiO2 is 3+: bonds of 1.97 A give it 2.6, so 0.4 and not 0.6 is amiss."""
    nickel = load_structure("LiNiO2")
    sites = [i for i, symbol in enumerate(symbols_of(nickel)) if symbol == "Ni"]
    sums = bond_valence_sums(nickel)[sites]
    assert global_instability_index(nickel, sites) == pytest.approx(abs(sums[0] - 3.0))


def test_parameters_are_of_the_usual_charges() -> None:
    for entry in ELEMENTS.values():
        assert entry.bond_valence is None or entry.bond_valence.charge == entry.charge


def test_unknown_cations_are_refused_by_name() -> None:
    strange = Structure(Lattice.cubic(4), ["Os", "O"], [(0, 0, 0), (0.5, 0.5, 0.5)])
    with pytest.raises(InputError, match="no bond valence parameter is known for Os-O: add"):
        bond_valence_sums(strange)


def test_an_index_over_no_sites_is_refused() -> None:
    with pytest.raises(InputError, match="needs at least one site"):
        global_instability_index(load_structure("Li2MnO3"), [])


@pytest.mark.parametrize(
    ("cation", "anion", "r0"),
    [("Li", "Cl", 1.91), ("Li", "F", 1.36), ("Li", "S", 1.94), ("In", "Cl", 2.28),
     ("Y", "Cl", 2.40), ("P", "S", 2.11)],
)  # fmt: skip
def test_other_anions_have_their_own_lengths(cation: str, anion: str, r0: float) -> None:
    """Of Brese and O'Keeffe, Acta Cryst. B47, 192 (1991), fitted apart from ours."""
    assert bond_valence_r0(cation, anion) == pytest.approx(r0, abs=0.06)
