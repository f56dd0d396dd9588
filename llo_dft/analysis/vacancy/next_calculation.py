"""Which vacancies an expensive engine should compute next, given a cheap one's ranking of all.

The difference of the two engines, ``d = E_f(expensive) - E_f(cheap)``, is modelled as a Gaussian
process over a few features of the site (Rasmussen and Williams, Gaussian Processes for Machine
Learning, 2006, eqs. 2.25 and 2.26, with a constant mean under a flat prior, eq. 2.41). Its spread
and length are not assumed known: a few calculations that agree by chance would make the rest look
certain. The spread has the conjugate prior, a scaled inverse chi-squared one (Gelman et al.,
Bayesian Data Analysis, 3rd ed., ch. 3), and lengths are weighted by their likelihood.

A relaxation may leave the lattice: a Li goes to another site, and the energy falls by up to
0.6 eV. Such a vacancy decides nothing (``documents/study_result.py``), so it is no candidate any
more, and what is sought is the lowest E_f of those that keep their lattice. Which do is known only
when they are computed; where the cheap engine's own relaxation left it, few do. Of each state of
charge whose lowest E_f is open, the site with the largest expected gain over it comes next
(expected improvement: Jones, Schonlau and Welch, J. Global Optim. 13, 455 (1998)), from draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from llo_dft.typing import FloatArray, IntArray

#: Stated confidence, and how far the lowest E_f may still change, eV.
CONFIDENCE: Final = 0.95
TOLERANCE_EV: Final = 0.05

#: Least number of calculations in the first round. Then two per round: more would run in parallel,
#: but also be more in total.
_FIRST: Final = 4
_ROUND: Final = 2

#: Prior spread of the difference of two engines, eV, and how many calculations it counts as:
#: CHGNet 0.3.0 and 7net-0 differ by 0.12 eV (``benchmarks/budget.py``).
_SPREAD_EV: Final = 0.12
_PRIOR: Final = 2.0

#: Lengths, in standard deviations of the features, and the share of the spread that features can't
#: tell apart.
_LENGTHS: Final = np.geomspace(0.5, 8.0, 5)
_NOISE: Final = 0.2

#: How many of the vacancies that the cheap engine's relaxation rebuilt keep their lattice in the
#: expensive one's: none of six did (``docs/guides/engines.md``).
_KEPT: Final = 0.1

_DRAWS: Final = 2000


@dataclass(frozen=True)
class VacancyCandidate:
    """A vacancy that the cheap engine computed."""

    state: str
    """Its state of charge; the lowest E_f of each state is sought."""
    cheap_ev: float
    features: tuple[float, ...]
    """Numbers that the difference may depend on, the same for every candidate."""
    expensive_ev: float | None = None
    """cheap_ev, expensive_ev: E_f with each engine, eV; None: not computed."""
    rebuilt: bool = False
    """Whether the cheap engine's relaxation left the lattice."""


@dataclass(frozen=True)
class Proposal:
    """What is known about the candidates, and what to compute."""

    next: list[int]
    """Indices of the candidates to compute in a round, the largest expected gain first; empty: no
    lowest E_f can fall by more than the tolerance."""
    predicted_ev: FloatArray
    low_ev: FloatArray
    high_ev: FloatArray
    """predicted_ev, low_ev, high_ev: (n,) E_f of each candidate, and its limits at the confidence:
    equal where it was computed, infinite before any was."""
    lowest_ev: dict[str, tuple[float, float, float]]
    """By state: lower limit, value and upper limit of the lowest E_f, at the confidence."""
    open_states: list[str]
    """Those whose lowest E_f may fall by more than the tolerance."""


def propose(candidates: Sequence[VacancyCandidate], *, seed: int = 0) -> Proposal:
    """Predict the candidates that were not computed, and choose the next to compute.

    A state is closed when the lowest E_f of all lies within ``TOLERANCE_EV`` of the lowest computed
    one, with ``CONFIDENCE``; ``lowest_ev`` is a two-sided interval of it. The seed is that of the
    random draws that give the interval of a minimum.

    Raises ``ValueError`` if there are no candidates.
    """
    if not candidates:
        raise ValueError("no candidates to choose from")
    first = _first(candidates)
    cheap = np.array([one.cheap_ev for one in candidates])
    states = np.array([one.state for one in candidates])
    known = np.array([i for i, one in enumerate(candidates) if one.expensive_ev is not None], int)
    computed = np.array([candidates[i].expensive_ev for i in known], float)
    if not len(known):
        unknown = np.full(len(cheap), np.inf)
        limits = {s: (-np.inf, float(cheap[states == s].min()), np.inf) for s in states.tolist()}
        return Proposal(first, cheap, -unknown, unknown, limits, list(limits))
    features = _scaled(np.array([one.features for one in candidates], float))
    random = np.random.default_rng(seed)
    drawn = cheap + _drawn_differences(features, known, computed - cheap[known], random)
    predicted = np.median(drawn, axis=0)
    predicted[known] = drawn[:, known] = computed
    doubtful = np.array([one.rebuilt and one.expensive_ev is None for one in candidates])
    kept = np.where(doubtful & (random.random(drawn.shape) > _KEPT), np.inf, drawn)
    tail = 1 - CONFIDENCE
    ends = [tail / 2, 1 - tail / 2]
    lowest: dict[str, tuple[float, float, float]] = {}
    gains: list[tuple[float, int, str]] = []
    for state in dict.fromkeys(states.tolist()):
        inside = np.flatnonzero(states == state)
        open_sites = np.setdiff1d(inside, known)
        best = predicted[np.intersect1d(inside, known)].min(initial=np.inf)
        counting = drawn if np.isinf(best) else kept
        minima = counting[:, inside].min(axis=1)
        low, high = np.quantile(minima, ends)
        lowest[state] = (float(low), float(predicted[inside].min()), float(high))
        closed = not first and best - np.quantile(minima, tail) <= TOLERANCE_EV
        if closed or not len(open_sites):
            continue
        # without a computed one, the lowest prediction is used
        reference = best if np.isfinite(best) else predicted[inside].min() + TOLERANCE_EV
        gain = np.maximum(reference - counting[:, open_sites], 0.0).mean(axis=0)
        gains.append((float(gain.max()), int(open_sites[gain.argmax()]), state))
    chosen = first or [site for _, site, _ in sorted(gains, reverse=True)[:_ROUND]]
    low_ev, high_ev = np.quantile(drawn, ends, axis=0)
    return Proposal(chosen, predicted, low_ev, high_ev, lowest, [state for *_, state in gains])


def _first(candidates: Sequence[VacancyCandidate]) -> list[int]:
    """Return the lowest of each state until there are enough to model; empty if there are.

    They are needed in any case.
    """
    counts = dict.fromkeys((one.state for one in candidates), 0)
    for one in candidates:
        counts[one.state] += one.expensive_ev is not None
    left = [i for i, one in enumerate(candidates) if one.expensive_ev is None]
    chosen: list[int] = []
    if sum(counts.values()) >= _FIRST:
        return chosen
    while left and (sum(counts.values()) < _FIRST or min(counts.values()) == 0):
        site = min(left, key=lambda i: (counts[candidates[i].state], candidates[i].cheap_ev))
        left.remove(site)
        counts[candidates[site].state] += 1
        chosen.append(site)
    return chosen


def _scaled(features: FloatArray) -> FloatArray:
    spread = features.std(axis=0)
    return np.asarray((features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


@dataclass(frozen=True)
class _Length:
    """The Gaussian process of one length, of differences ``y``, (n_known,), at the known sites.

    ``y @ squares @ y`` is their sum of squares from the mean in units of the spread, ``log_size``
    goes with it in their likelihood; all sites have the expected values ``mean @ y``, and
    ``root @ root.T`` as covariance in units of the squared spread.
    """

    log_size: float
    squares: FloatArray
    mean: FloatArray
    root: FloatArray


def _lengths(features: FloatArray, known: IntArray) -> list[_Length]:
    squared = ((features[:, None] - features[None]) ** 2).sum(axis=2)
    ones, found = np.ones(len(known)), []
    for length in _LENGTHS:
        # in units of the spread
        kernel = np.exp(-squared / (2 * length**2))
        noisy = kernel[np.ix_(known, known)] + _NOISE**2 * np.eye(len(known))
        inverse = np.linalg.inv(noisy)
        weight = ones @ inverse @ ones
        constant = inverse @ ones / weight
        squares = inverse - np.outer(constant, constant) * weight
        across = kernel[:, known]
        rest = 1.0 - across @ inverse @ ones
        covariance = kernel - across @ inverse @ across.T + np.outer(rest, rest) / weight
        values, vectors = np.linalg.eigh(covariance + _NOISE**2 * np.eye(len(features)))
        found.append(
            _Length(
                float(np.linalg.slogdet(noisy)[1] + np.log(weight)),
                squares,
                np.outer(rest, constant) + across @ inverse,
                vectors * np.sqrt(np.maximum(values, 0.0)),
            )
        )
    return found


def _drawn_differences(
    features: FloatArray, known: IntArray, difference_ev: FloatArray, random: np.random.Generator
) -> FloatArray:
    """Return draws of the difference at all sites, (draws, n), eV."""
    models, n_free = _lengths(features, known), _PRIOR + len(known) - 1
    squares = np.array(
        [_PRIOR * _SPREAD_EV**2 + difference_ev @ one.squares @ difference_ev for one in models]
    )
    logarithm = -0.5 * (np.array([one.log_size for one in models]) + n_free * np.log(squares))
    share = np.exp(logarithm - logarithm.max())
    drawn = []
    for model, total, n in zip(
        models, squares, random.multinomial(_DRAWS, share / share.sum()), strict=True
    ):
        spread = np.sqrt(total / random.chisquare(n_free, (n, 1)))
        shape = random.standard_normal((n, len(features))) @ model.root.T
        drawn.append(model.mean @ difference_ev + shape * spread)
    return np.concatenate(drawn)
