"""What tables say in words."""

from __future__ import annotations

import pytest

from llo_dft.analysis.oxygen.chemical_potential import oxygen_chemical_potential
from llo_dft.cli.output.phrases import (
    bias_text,
    cations_text,
    coating_texts,
    crossing_text,
    potential_text,
    remarks,
    turning_text,
)
from llo_dft.documents.calculation import EngineBias
from llo_dft.documents.sites import OxygenEnvironment
from llo_dft.documents.state_of_charge import StateOfCharge, TurningPoint, TurningShare
from llo_dft.documents.study_result import CoatingEnergy

MOVED = [f"moved: Li{n} 2.0 A" for n in range(5)]


@pytest.mark.parametrize(
    ("reason", "flags", "said"),
    [
        (None, [], ""),
        ("not converged", [], "not converged"),
        (None, MOVED[:3], "moved: Li0 2.0 A; moved: Li1 2.0 A; moved: Li2 2.0 A"),
        (None, MOVED[:4], "moved: Li0 2.0 A; moved: Li1 2.0 A; moved: Li2 2.0 A; 1 more"),
        (
            "why",
            ["moment: Mn1 3.0 -> 3.9 mu_B", MOVED[0]],
            "why; moved: Li0 2.0 A; 1 moment changed",
        ),
    ],
)
def test_remarks_are_short_enough_for_a_column(
    reason: str | None, flags: list[str], said: str
) -> None:
    assert remarks(reason, flags) == said


def charge(q: float) -> StateOfCharge:
    return StateOfCharge(holes_per_tm=q, lithium_fraction=1 - q / 2, capacity_mah_per_g=229.4 * q)


def test_a_turning_point_has_its_interval_and_none_its_reason() -> None:
    found = TurningPoint(system="bare", at=charge(0.5), earliest=charge(0.4), latest=charge(0.7))
    text = "q0 = 0.50 holes per TM (0.40 to 0.70), x0 = 0.75, 115 mAh/g"
    assert crossing_text(found) == text
    assert turning_text(found) == f"lowest E_f crosses zero at {text}"
    none = TurningPoint(system="bare", at=None, reason="none in range")
    assert turning_text(none) == "no crossing of zero: none in range"


def test_where_the_charge_is_not_known_it_is_a_lithium_fraction() -> None:
    at, earliest, latest = (StateOfCharge(lithium_fraction=x) for x in (0.42, 0.5, 0.38))
    found = TurningPoint(system="bare", at=at, earliest=earliest, latest=latest)
    assert turning_text(found) == "lowest E_f crosses zero at x0 = 0.42 (0.38 to 0.50)"


def test_each_share_of_the_interval_is_named_and_what_limits_it() -> None:
    shares = [
        TurningShare(source="sites", earliest=charge(0.5), latest=charge(0.7), cut_off="latest: x"),
        TurningShare(source="rebuilt", earliest=charge(0.4), latest=charge(0.5)),
    ]
    found = TurningPoint(
        system="bare",
        at=charge(0.5),
        shares=shares,
        with_rebuilt=charge(0.4),
        reason="first met on charging of 3 crossings",
        oxygens=["O1", "O2"],
    )
    _, *rest = turning_text(found).split("; ")
    assert rest == [
        "by sites 0.50 to 0.70 (latest: x)",
        "by rebuilt 0.40 to 0.50",
        "with rebuilt ones at 0.40 holes per TM (x = 0.80, 92 mAh/g)",
        "first met on charging of 3 crossings",
        "the lowest O changes: O1, O2",
    ]
    one = TurningPoint(system="bare", site=3, at=charge(0.5), oxygens=["O3", "O3"])
    assert turning_text(one).startswith("E_f crosses zero at q0")
    assert "in turn" not in turning_text(one)


def test_cations_are_counted_and_a_former_only_where_there_is_one() -> None:
    around = OxygenEnvironment(
        n_tm=2, n_li=1, n_former=0, n_li_interlayer=2, layer="surface", side="top"
    )
    assert cations_text(around) == "2 TM, 3 Li"
    assert cations_text(around.model_copy(update={"n_former": 1})).startswith("2 TM, 3 Li, 1 ")
    assert cations_text(None) == ""


def test_of_the_energies_of_a_coating_what_compares_comes_last() -> None:
    whole = CoatingEnergy(
        coating_charge_e=0,
        work_of_adhesion_j_per_m2=0.5,
        coating_energy_j_per_m2=0.31,
        excess_li=0,
        excess_o=0,
    )
    assert coating_texts(whole) == ["work of adhesion 0.50 J/m2", "coating energy 0.31 J/m2"]
    charged = CoatingEnergy(
        coating_charge_e=6,
        coating_energy_j_per_m2=1.2,
        voltage_v=3.9,
        excess_li=-6,
        excess_o=-3,
    )
    assert coating_texts(charged) == ["coating energy 1.20 J/m2 at 3.90 V"]


def test_the_potential_of_o_is_given_with_what_it_is_for() -> None:
    oxygen = oxygen_chemical_potential("none", -4.9, "O2 in o2", 600.0, 0.2)
    assert potential_text(oxygen).startswith(f"mu_O = {oxygen.mu_ev:.3f} eV: scheme none, 600 K, ")


def test_a_known_bias_says_what_is_published_and_how_far_the_engine_is_off() -> None:
    bias = EngineBias(quantity="an energy", engine_ev=2.67, published_ev=2.29, source="a paper")
    assert bias_text(bias) == "an energy 2.67 eV, published 2.29 (a paper): +0.38"


def test_turned_moments_are_named_and_not_counted() -> None:
    flags = ["moment: Mn4 3.0 -> 3.9 mu_B", "moment: Mn5, Mn6 turned against the others"]
    assert remarks(None, flags) == f"1 moment changed; {flags[1]}"
