"""Elements on shared sites."""

import numpy as np
import pytest

from llo_dft.builders.cathode.arrangements import EMPTY, Sublattice, arrangements, chosen
from llo_dft.builders.cathode.bulk import tm_layer_sites
from llo_dft.builders.cathode.composition import CompositionError
from llo_dft.builders.ordering.quasirandom import pair_deviation, pair_shells
from llo_dft.builders.surface.symmetry import top_bottom_permutations
from llo_dft.resources import load_structure


@pytest.fixture(scope="module")
def crystal():
    oxide = load_structure("LiCoO2")
    oxide.make_supercell([3, 2, 1])
    return oxide


def arranged(crystal, counts, ordering="ewald", **options):
    sites = tm_layer_sites(crystal)
    made = [Sublattice(sites, counts)]
    return sites, arrangements(
        crystal, made, ordering=ordering, seed=0, **({"kept": "turn"} | options)
    )


@pytest.mark.parametrize("ordering", ["ewald", "sqs"])
def test_all_keep_an_operation_that_turns_the_layers_over(crystal, ordering):
    counts = {"Ni": 6, "Mn": 6, "Co": 6}
    _, found = arranged(crystal, counts, ordering)
    for one in found[:3]:
        symbols = list(one.elements.values())
        assert {name: symbols.count(name) for name in counts} == counts
        ordered = crystal.copy()
        for site, symbol in one.elements.items():
            ordered.replace(site, symbol)
        assert top_bottom_permutations(ordered)


def test_quasirandom_ones_are_more_random_than_those_of_lowest_energy(crystal):
    counts = {"Ni": 6, "Mn": 6, "Co": 6}
    deviations = {}
    for ordering in ("ewald", "sqs"):
        sites, found = arranged(crystal, counts, ordering)
        species = [[sorted(counts).index(found[0].elements[i]) for i in sites]]
        shells = pair_shells(crystal, sites)
        deviations[ordering] = float(pair_deviation(shells, np.array(species))[0])
    assert deviations["sqs"] < 0.5 * deviations["ewald"]


def test_faces_that_may_differ_leave_more_to_choose_from(crystal):
    counts = {"Ni": 9, "Mn": 9}
    _, alike = arranged(crystal, counts)
    _, any_ = arranged(crystal, counts, kept="nothing")
    assert any_[0].energy_ev <= alike[0].energy_ev + 1e-6


def test_an_empty_site_has_no_charge(crystal):
    lithium = list(crystal.indices_from_symbol("Li"))
    made = [Sublattice(lithium, {"Li": 9, EMPTY: 9})]
    best = arrangements(crystal, made, ordering="ewald", kept="turn", seed=0)[0]
    assert sorted(best.elements.values()) == [EMPTY] * 9 + ["Li"] * 9


def test_what_cannot_be_symmetric_says_what_to_do(crystal):
    moved = crystal.copy().perturb(0.4)
    with pytest.raises(CompositionError, match=r"no arrangement of .*slab\.symmetric = false"):
        arranged(crystal, {"Ni": 9, "Mn": 9}, labelled=moved)


def test_a_replica_must_be_there(crystal):
    _, found = arranged(crystal, {"Ni": 9, "Mn": 9})
    assert chosen(found, 0, "it") is found[0]
    with pytest.raises(CompositionError, match=r"finds \d+ distinct arrangements .* least 1001"):
        chosen(found, 1000, "it")
