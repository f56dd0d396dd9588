"""Which Li leave: counts, symmetry, competition of both sublattices, and the neutral cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest
from lowest_delithiation import delithiate
from pymatgen.analysis.ewald import EwaldSummation
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.cathode.bulk import tm_layer_sites
from llo_dft.builders.cell_checks import is_symmetric
from llo_dft.builders.ordering.delithiation import LithiumRemoval, _realisable, delithiate_to
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.formal_charges import formal_charges
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from llo_dft.builders.surface.slab import SlabModel

    class MakeBulk(Protocol):
        def __call__(self, name: str) -> Structure: ...

    class MakeSlab(Protocol):
        def __call__(self, name: str, tm_layers: int = ...) -> SlabModel: ...


ENERGY_TOLERANCE_EV = 1e-5
FRACTIONS = [1.0, 0.75, 0.5, 0.25, 0.0]


def lithium_of(structure: Structure) -> list[int]:
    return [i for i, symbol in enumerate(symbols_of(structure)) if symbol == "Li"]


def symmetric(model: SlabModel, fractions: list[float]) -> list[LithiumRemoval]:
    slab = model.structure
    return delithiate(slab, lithium_of(slab), fractions, turn_over=model.turn_over, seed=3)


@pytest.mark.parametrize(("name", "tm_layers"), [("Li2MnO3", 1), ("NCM", 2), ("LiCoO2", 3)])
def test_counts_agree_with_each_other(make_slab: MakeSlab, name: str, tm_layers: int) -> None:
    model = make_slab(name, tm_layers)
    lithium = lithium_of(model.structure)
    for result in symmetric(model, FRACTIONS):
        kept = set(lithium) - set(result.removed)
        assert set(result.removed) <= set(lithium)
        assert result.removed == tuple(sorted(result.removed))
        assert result.lithium_fraction == pytest.approx(len(kept) / len(lithium))
        assert abs(result.lithium_fraction - result.requested) <= 1 / len(lithium)


def test_the_ends_are_full_and_empty(make_slab: MakeSlab) -> None:
    model = make_slab("Li2MnO3")
    full, empty = symmetric(model, [1.0, 0.0])
    assert full.removed == ()
    assert list(empty.removed) == lithium_of(model.structure)


@pytest.mark.parametrize(
    ("requested", "realised"), [(0.5, 4 / 8), (0.6, 5 / 8), (0.5625, 5 / 8), (0.55, 4 / 8)]
)
def test_the_nearest_whole_number_and_of_two_the_larger(
    make_bulk: MakeBulk, requested: float, realised: float
) -> None:
    """Eight Li: 0.5625 is 4.5 of them."""
    bulk = make_bulk("Li2MnO3")
    (result,) = delithiate(bulk, lithium_of(bulk), [requested], turn_over=None, seed=0)
    assert result.lithium_fraction == pytest.approx(realised)


def test_pairs_leave_together(make_slab: MakeSlab) -> None:
    """LiCoO2, one sheet: the two Li are images of each other, so there is no half."""
    model = make_slab("LiCoO2")
    fractions = [r.lithium_fraction for r in symmetric(model, [0.6, 0.4])]
    assert fractions == [1.0, 0.0]


@pytest.mark.parametrize(("name", "tm_layers"), [("Li2MnO3", 1), ("NCM", 2)])
def test_what_stays_is_symmetric(make_slab: MakeSlab, name: str, tm_layers: int) -> None:
    model = make_slab(name, tm_layers)
    for result in symmetric(model, FRACTIONS):
        removed = set(result.removed)
        assert {int(model.turn_over[i]) for i in removed} == removed
        rest = model.structure.copy()
        rest.remove_sites(list(result.removed))
        assert is_symmetric(rest)


def test_both_sublattices_compete(make_bulk: MakeBulk) -> None:
    """Li of the TM layer leave too; when they may not, the energy can only be higher."""
    bulk = make_bulk("Li2MnO3")
    lithium = lithium_of(bulk)
    in_layer = [i for i in lithium if i not in tm_layer_sites(bulk)]
    results = delithiate(bulk, lithium, FRACTIONS, turn_over=None, seed=0)
    assert any(0 < len(set(in_layer) - set(r.removed)) < len(in_layer) for r in results)
    assert any(set(r.removed) - set(in_layer) for r in results if r.lithium_fraction > 0.0)
    (free,) = (r for r in results if r.requested == 0.5)
    (bound,) = delithiate(bulk, in_layer, [2 / 6], turn_over=None, seed=0)
    assert len(bound.removed) == len(free.removed)
    assert free.energy_ev <= bound.energy_ev + ENERGY_TOLERANCE_EV


def test_energy_is_that_of_the_neutral_cell_with_its_holes_on_the_ladder(
    make_slab: MakeSlab,
) -> None:
    """Written out: Ni gives two electrons, Co one, then all O alike; pymatgen sums it up."""
    model = make_slab("NCM")
    for result in symmetric(model, [1.0, 0.75, 0.5, 0.25]):
        symbols = np.array(symbols_of(model.structure))
        charges = np.array(formal_charges(symbols))
        charges[list(result.removed)] = 0.0
        for element, limit in (("Ni", 2.0), ("Co", 1.0), ("O", 1.0)):
            here = symbols == element
            charges[here] += min(limit, -charges.sum() / here.sum())
        assert charges.sum() == pytest.approx(0.0)
        charged = model.structure.copy()
        charged.add_oxidation_state_by_site(charges.tolist())
        charged.remove_sites(list(result.removed))
        assert result.energy_ev == pytest.approx(
            EwaldSummation(charged).total_energy, abs=ENERGY_TOLERANCE_EV
        )


def test_vacuum_does_not_decide_which_lithium_leave(make_slab: MakeSlab) -> None:
    """In a cell that is not neutral a background would fill the vacuum and pull Li out."""
    model = make_slab("NCM", 2)
    slab = model.structure
    a, b, c = slab.lattice.matrix
    taller = Structure(
        Lattice([a, b, c * (1 + 12 / slab.lattice.c)]),
        slab.species,
        slab.cart_coords,
        coords_are_cartesian=True,
    )
    here, there = (
        delithiate(s, lithium_of(s), [0.5], turn_over=model.turn_over, seed=0)[0]
        for s in (slab, taller)
    )
    assert here.removed == there.removed
    assert here.energy_ev == pytest.approx(there.energy_ev, abs=1e-3)


def test_lithium_that_is_not_given_never_leaves(make_slab: MakeSlab) -> None:
    """As the Li of a coating: everything above the sheet stays, even at fraction 0."""
    model = make_slab("Li2MnO3")
    slab = model.structure
    middle = slab.cart_coords[:, 2].mean()
    cathode = [i for i in lithium_of(slab) if slab[i].z < middle + 1.0]
    coating = set(lithium_of(slab)) - set(cathode)
    assert len(coating) == 3
    for result in delithiate(slab, cathode, FRACTIONS, turn_over=None, seed=0):
        assert not coating & set(result.removed)
        assert result.lithium_fraction == pytest.approx(1 - len(result.removed) / len(cathode))


def test_an_operation_that_leads_out_of_the_given_lithium_is_refused(make_slab: MakeSlab) -> None:
    model = make_slab("Li2MnO3")
    slab = model.structure
    bottom = [i for i in lithium_of(slab) if slab[i].z < slab.cart_coords[:, 2].mean() - 1.0]
    with pytest.raises(ValueError, match=r"the operation takes site .* not one of the given"):
        delithiate(slab, bottom, [0.5], turn_over=model.turn_over, seed=0)


def test_no_lithium_at_all(make_bulk: MakeBulk) -> None:
    with pytest.raises(InputError, match="has no Li that could leave"):
        delithiate(make_bulk("Li2MnO3"), [], [0.5], turn_over=None, seed=0)


def test_same_seed_same_answer(make_slab: MakeSlab) -> None:
    model = make_slab("NCM")
    assert symmetric(model, FRACTIONS) == symmetric(model, FRACTIONS)


def test_a_number_of_li_is_what_its_fraction_is(make_bulk: MakeBulk) -> None:
    bulk = make_bulk("Li2MnO3")
    lithium = lithium_of(bulk)
    (by_fraction,) = delithiate(bulk, lithium, [0.5], turn_over=None, seed=0)
    assert delithiate_to(bulk, lithium, 4, seed=0) == list(by_fraction.removed)
    assert delithiate_to(bulk, lithium, 8, seed=0) == lithium


def test_further_li_leave_beside_those_that_are_gone(make_bulk: MakeBulk) -> None:
    """Of every pair that holds the one, that of the lowest energy by an independent sum."""
    bulk = make_bulk("Li2MnO3")
    lithium = lithium_of(bulk)
    first = lithium[0]
    energies = {}
    for other in lithium[1:]:
        left = bulk.copy()
        charges = np.array(formal_charges(symbols_of(bulk), symbols_of(bulk)))
        charges[[first, other]] = 0.0
        charges -= np.where(np.array(symbols_of(bulk)) == "O", charges.sum() / 12, 0.0)
        left.add_oxidation_state_by_site(charges.tolist())
        left.remove_sites([first, other])
        energies[other] = EwaldSummation(left).total_energy
    found = delithiate_to(bulk, lithium, 2, gone=[first], seed=0)
    assert first in found
    (other,) = set(found) - {first}
    assert energies[other] == pytest.approx(min(energies.values()), abs=ENERGY_TOLERANCE_EV)
    assert delithiate_to(bulk, lithium, 1, gone=[first], seed=0) == [first]


@pytest.mark.parametrize("n_removed", [0, 9])
def test_as_many_li_as_can_leave(make_bulk: MakeBulk, n_removed: int) -> None:
    bulk = make_bulk("Li2MnO3")
    lithium = lithium_of(bulk)
    with pytest.raises(InputError, match=rf"expected 1 to 8 Li to leave, got {n_removed}"):
        delithiate_to(bulk, lithium, n_removed, gone=lithium[:1], seed=0)


def test_a_single_li_beside_a_pair_can_leave_alone():
    assert [_realisable(n / 3, [1, 2]) for n in range(4)] == [0, 1, 2, 3]
