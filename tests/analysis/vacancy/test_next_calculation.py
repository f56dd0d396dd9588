"""What is proposed is worth computing, and what is stated of the rest holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from llo_dft.analysis.vacancy.next_calculation import VacancyCandidate, propose


def made_up(seed: int, n: int = 30, spread: float = 0.3) -> list[VacancyCandidate]:
    """Two states; the engines differ by a plane over two features and a little noise."""
    random = np.random.default_rng(seed)
    found = []
    for i in range(n):
        features = random.normal(size=2)
        cheap = float(random.uniform(0.0, 3.0))
        difference = 0.5 + spread * features[0] - 0.1 * features[1] + random.normal(0.0, 0.02)
        state = "full" if i % 2 else "half"
        found.append(VacancyCandidate(state, cheap, tuple(features), cheap + float(difference)))
    return found


def run_to_the_end(truth: list[VacancyCandidate]):
    known = [replace(one, expensive_ev=None) for one in truth]
    n = 0
    while (proposal := propose(known)).next:
        for site in proposal.next:
            assert known[site].expensive_ev is None, "computed twice"
            known[site] = truth[site]
            n += 1
    assert proposal.open_states == []
    return proposal, known, n


def test_the_lowest_of_each_state_is_found_with_few_calculations():
    right, counts = 0, []
    for seed in range(8):
        truth = made_up(seed)
        proposal, known, n = run_to_the_end(truth)
        counts.append(n)
        for state, (low, value, high) in proposal.lowest_ev.items():
            true = min(one.expensive_ev for one in truth if one.state == state)
            assert low <= value <= high
            done = [one.expensive_ev for one in known if one.state == state]
            right += min(e for e in done if e is not None) <= true + 0.05
    assert right >= 15  # of 16
    assert np.mean(counts) <= 12  # of 30


def test_engines_that_agree_need_the_first_few_alone():
    truth = [replace(one, expensive_ev=one.cheap_ev + 0.4) for one in made_up(1)]
    proposal, _, n = run_to_the_end(truth)
    assert n <= 6
    for state, (_, value, _) in proposal.lowest_ev.items():
        true = min(one.expensive_ev for one in truth if one.state == state)
        assert value == pytest.approx(true, abs=1e-6)


def test_fewer_than_the_first_few_close_no_state():
    truth = [replace(one, expensive_ev=one.cheap_ev + 0.4) for one in made_up(1)]
    known = [replace(one, expensive_ev=None) for one in truth]
    proposal = propose(known)
    for site in proposal.next[:2]:  # as a budget of two
        known[site] = truth[site]
    assert len(propose(known).open_states) == 2


def test_what_was_computed_is_certain_and_the_rest_is_not():
    truth = made_up(2)
    known = [
        replace(one, expensive_ev=one.expensive_ev if i < 6 else None)
        for i, one in enumerate(truth)
    ]
    proposal = propose(known)
    assert (proposal.high_ev[:6] == proposal.low_ev[:6]).all()
    assert proposal.predicted_ev[:6] == pytest.approx([one.expensive_ev for one in truth[:6]])
    assert (proposal.low_ev[6:] < proposal.predicted_ev[6:]).all()
    assert (proposal.predicted_ev[6:] < proposal.high_ev[6:]).all()


def test_a_whole_set_that_is_computed_ends_it():
    truth = made_up(3, n=10)
    proposal = propose(truth)
    assert proposal.next == []
    for state, limits in proposal.lowest_ev.items():
        true = min(one.expensive_ev for one in truth if one.state == state)
        assert limits == pytest.approx((true, true, true))


def test_a_common_shift_of_the_expensive_engine_changes_no_choice():
    truth = made_up(4)
    known = [
        replace(one, expensive_ev=one.expensive_ev if i < 6 else None)
        for i, one in enumerate(truth)
    ]
    shifted = [
        one if one.expensive_ev is None else replace(one, expensive_ev=one.expensive_ev + 7.0)
        for one in known
    ]
    assert propose(shifted).next == propose(known).next
    assert propose(shifted).predicted_ev == pytest.approx(propose(known).predicted_ev + 7.0)


def test_limits_of_what_was_not_computed_hold():
    held, n_left = 0, 0
    for seed in range(20):
        random = np.random.default_rng(seed)  # a difference that no feature tells
        truth = [
            replace(one, expensive_ev=one.cheap_ev + random.normal(0.4, 0.12))
            for one in made_up(seed)
        ]
        known = [replace(one, expensive_ev=None) if i >= 8 else one for i, one in enumerate(truth)]
        proposal = propose(known)
        limits = zip(truth, proposal.low_ev, proposal.high_ev, strict=True)
        held += sum([low <= one.expensive_ev <= high for one, low, high in limits][8:])
        n_left += len(truth) - 8
    assert held / n_left == pytest.approx(0.95, abs=0.04)


def test_what_the_cheap_engine_rebuilt_waits_but_is_not_left_out():
    truth = [replace(one, expensive_ev=one.cheap_ev + 0.4) for one in made_up(1)]
    state = truth[0].state
    first, second, *others = sorted(
        (i for i, one in enumerate(truth) if one.state == state), key=lambda i: truth[i].cheap_ev
    )
    known = list(truth)
    for i in (first, second):
        known[i] = replace(truth[i], expensive_ev=None)
    assert propose(known).next == [first]
    known[first] = replace(known[first], rebuilt=True)
    assert propose(known).next == [second]
    known[second] = truth[second]
    proposal = propose(known)
    assert proposal.next == [first]  # one in ten may keep its lattice, and it would be the lowest
    low, _, high = proposal.lowest_ev[state]
    assert low < truth[second].expensive_ev == pytest.approx(high)
    for i in (second, *others):
        known[i] = replace(truth[i], expensive_ev=None, rebuilt=True)
    assert propose(known).open_states == [state]  # nothing of it is known


def test_none_is_an_error():
    with pytest.raises(ValueError, match="no candidate"):
        propose([])
