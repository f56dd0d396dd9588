"""Several ways to reach a lithium fraction, ranked by Ewald energy and by a score."""

import numpy as np
import pytest

from llo_dft.builders.ordering.delithiation import delithiate
from llo_dft.builders.ordering.distinct_orderings import (
    DelithiationError,
    distinct_orderings,
    ordering_energies,
)
from llo_dft.resources import load_structure


@pytest.fixture(scope="module")
def oxide():
    return load_structure("Li2MnO3")


def lithium_of(structure):
    return [i for i, site in enumerate(structure) if site.specie.symbol == "Li"]


def candidates(structure, count, fraction=0.5):
    (ways,) = delithiate(
        structure, lithium_of(structure), [fraction], n_candidates=count, turn_over=None, seed=0
    )
    return ways


def test_candidates_are_the_lowest_of_the_exact_list(oxide):
    exact = np.sort(ordering_energies(oxide, distinct_orderings(oxide, 4)))
    levels = exact[np.concatenate([[True], np.diff(exact) > 1e-5])]
    found = [candidate.energy_ev for candidate in candidates(oxide, 5)]
    np.testing.assert_allclose(found, levels[:5], atol=1e-6)


def test_the_first_does_not_depend_on_how_many_are_asked_for(oxide):
    assert candidates(oxide, 3)[:1] == candidates(oxide, 1)


def test_the_search_gives_distinct_candidates_beyond_the_exact_limit(oxide):
    large = oxide * (3, 1, 1)
    found = candidates(large, 4)
    energies = [candidate.energy_ev for candidate in found]
    assert len(found) == 4
    assert all(np.diff(energies) > 1e-6)
    assert {candidate.lithium_fraction for candidate in found} == {0.5}


def test_there_may_be_fewer_than_asked_for(oxide):
    assert len(candidates(oxide, 10, fraction=0.0)) == 1


def test_no_candidate_at_all_is_refused(oxide):
    with pytest.raises(DelithiationError, match="at least one candidate, got 0"):
        candidates(oxide, 0)
