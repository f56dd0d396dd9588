"""Formulas to whole numbers of sites, against all whole numbers there are."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llo_dft.builders.cathode.composition import CompositionError, parse_formula, realise

METALS = ("Mn", "Ni", "Co", "Al", "Ti")


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("Li1.2Mn0.6Ni0.2O2", {"Li": 1.2, "Mn": 0.6, "Ni": 0.2, "O": 2.0}),
        ("Li2MnO3", {"Li": 4 / 3, "Mn": 2 / 3, "O": 2.0}),
        ("Li12Mn6Ni2O20", {"Li": 1.2, "Mn": 0.6, "Ni": 0.2, "O": 2.0}),
        ("Li1.2(Mn0.6Ni0.2)O2", {"Li": 1.2, "Mn": 0.6, "Ni": 0.2, "O": 2.0}),
        ("LiCoO2", {"Li": 1.0, "Co": 1.0, "O": 2.0}),
    ],
)
def test_amounts_are_per_o2(formula: str, expected: dict[str, float]) -> None:
    assert parse_formula(formula) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("Li1.2Xy0.8O2", r"'Li1.2Xy0.8O2' is not a formula: .*Xy.*expected something like"),
        ("LiMn-1O2", "is not a formula"),
        ("lithium", "is not a formula"),
        ("", "is not a formula"),
        ("Li1.2Mn0.6Na0.2O2", "Na can't be placed in a layered oxide; expected Li, O and any of"),
        ("Li3PO4", "P can't be placed"),
        ("MnO2", "expected both Li and O"),
        ("LiMn", "expected both Li and O"),
        ("Li1.2Mn0.6O2", r"has 1\.800 cations per O2; a layered oxide .* has 2"),
        ("LiMn2O4", r"has 1\.500 cations per O2"),
        ("Li0.5Mn1.5O2", "expected at least one Li per O2"),
        ("Li2O2", "at least one metal in addition"),
    ],
)
def test_what_is_wrong_with_a_formula_is_said(formula: str, message: str) -> None:
    with pytest.raises(CompositionError, match=message):
        parse_formula(formula)


def test_rounding_in_a_formula_is_not_another_compound() -> None:
    assert parse_formula("Li1.2Mn0.533Ni0.133Co0.133O2")["Mn"] == pytest.approx(0.533)
    with pytest.raises(CompositionError, match=r"2\.030 cations"):
        parse_formula("Li1.2Mn0.63Ni0.2O2")


@pytest.mark.parametrize(
    ("formula", "n_sites", "counts"),
    [
        ("Li2MnO3", 6, {"Li": 2, "Mn": 4}),
        ("LiCoO2", 6, {"Co": 6}),
        ("Li1.2Mn0.54Ni0.13Co0.13O2", 6, {"Li": 1, "Mn": 3, "Ni": 1, "Co": 1}),
        # 6 Li, 18 Mn and 6 Ni of 30: exactly
        ("Li1.2Mn0.6Ni0.2O2", 30, {"Li": 6, "Mn": 18, "Ni": 6}),
        # 2.4 Li, 7.2 Mn and 2.4 Ni of 12: one third more must go somewhere; neutral if to Ni
        ("Li1.2Mn0.6Ni0.2O2", 12, {"Li": 2, "Mn": 7, "Ni": 3}),
    ],
)
def test_sites_by_hand(formula: str, n_sites: int, counts: dict[str, int]) -> None:
    assert realise(parse_formula(formula), n_sites).counts == counts


def test_formula_and_deviation_by_hand() -> None:
    """One Li in the Li layer, 2 Li, 3 Mn and 1 Ni on six sites, two O."""
    layer = realise({"Li": 1.33, "Mn": 0.5, "Ni": 0.17, "O": 2.0}, 6)
    assert layer.counts == {"Li": 2, "Mn": 3, "Ni": 1}
    assert layer.formula == "Li1.333Mn0.5Ni0.1667O2"
    assert layer.deviation == pytest.approx(1 / 3 - 0.33)


@pytest.mark.parametrize(
    ("formula", "charge"), [("Li1.5Mn0.5O2", "-0.50"), ("LiMgO2", "-1.00"), ("LiNbO2", r"\+2.00")]
)
def test_a_formula_that_no_charges_make_neutral_is_refused(formula: str, charge: str) -> None:
    with pytest.raises(CompositionError, match=rf"can't be neutral: {charge} e per O2 remain"):
        parse_formula(formula)


def lowest_by_enumeration(per_o2: dict[str, float], n_sites: int) -> float | None:
    """Smallest sum of squared differences with every metal on one site at least."""
    wanted = {s: per_o2[s] - (s == "Li") for s in per_o2 if s != "O"}
    squares = [
        sum((n / n_sites - wanted[s]) ** 2 for s, n in zip(wanted, counts, strict=True))
        for counts in product(range(n_sites + 1), repeat=len(wanted))
        if sum(counts) == n_sites
        and all(n for s, n in zip(wanted, counts, strict=True) if s != "Li")
    ]
    return min(squares, default=None)


@settings(max_examples=60, deadline=None)
@given(n_sites=st.integers(4, 12), n_metals=st.integers(1, 4), seed=st.integers(0, 2**32 - 1))
def test_nearest_numbers_of_all(n_sites: int, n_metals: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(n_metals + 1))
    metals = rng.permutation(METALS)[:n_metals].tolist()
    per_o2 = {"Li": 1.0 + shares[0], "O": 2.0, **dict(zip(metals, shares[1:], strict=True))}
    layer = realise(per_o2, n_sites)
    squares = sum(
        (layer.counts.get(s, 0) / n_sites - (per_o2[s] - (s == "Li"))) ** 2
        for s in per_o2
        if s != "O"
    )
    assert sum(layer.counts.values()) == n_sites
    assert squares == pytest.approx(lowest_by_enumeration(per_o2, n_sites), abs=1e-9)


def test_a_dopant_is_never_rounded_away() -> None:
    """0.02 Al on 6 sites is 0.12 of a site: one site, and the deviation shows it."""
    layer = realise(parse_formula("Li1.2Mn0.58Ni0.2Al0.02O2"), 6)
    assert layer.counts["Al"] == 1
    assert layer.deviation == pytest.approx(1 / 6 - 0.02)


def test_a_trace_of_lithium_may_vanish() -> None:
    assert realise(parse_formula("Li1.01Co0.99O2"), 6).counts == {"Co": 6}


def test_more_metals_than_sites() -> None:
    with pytest.raises(CompositionError, match="no whole numbers fill 2 sites"):
        realise(parse_formula("LiMn0.4Ni0.3Co0.3O2"), 2)
