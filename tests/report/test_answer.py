"""The answer in words: its numbers are those of the result; rebuilt vacancies stand beside."""

from __future__ import annotations

from compared_studies import TERMINATION, host, pair, study, vacancy

from llo_dft.documents.state_of_charge import StateOfCharge, TurningPoint, TurningShare
from llo_dft.report.answer import answer, headline


def test_a_bare_slab_that_turns() -> None:
    rebuilt = vacancy("O2", -3.0, flags=["moved: Li1 2.00 A"])
    hosts = [host(1.0, vacancy("O1", 2.125), rebuilt), host(0.5, vacancy("O1", -0.25))]
    at = StateOfCharge(holes_per_tm=0.9, lithium_fraction=0.55, capacity_mah_per_g=207.0)
    late = at.model_copy(update={"holes_per_tm": 0.95})
    share = TurningShare(source="sites", earliest=at, latest=late, cut_off="latest: beyond")
    point = TurningPoint(system="bare", at=at, earliest=at, latest=late, shares=[share])
    (sentence,) = answer(study("chgnet", *hosts, turning_points=[point]))
    assert sentence == (
        "bare: the O that leaves most easily costs 2.12 eV (rebuilt: -3.00 eV) at 0.00 holes per "
        "TM (x = 1.00, 0 mAh/g), -0.25 eV at 1.00 holes per TM (x = 0.50, 230 mAh/g); "
        "it crosses zero at 0.90 holes per "
        "TM (x = 0.55, 207 mAh/g), the interval goes from 0.90 to 0.95 (latest: "
        "beyond)."
    )


def test_only_a_lower_rebuilt_vacancy_stands_beside() -> None:
    moved = ["moved: Li1 2.00 A"]
    higher = vacancy("O2", 3.0, flags=moved)
    hosts = [host(1.0, vacancy("O1", 2.0), higher), host(0.5, vacancy("O1", 0.5, flags=moved))]
    (sentence,) = answer(study("chgnet", *hosts))
    assert "costs 2.00 eV at 0.00" in sentence
    assert ", 0.50 eV (rebuilt) at 1.00" in sentence
    (none,) = answer(study("chgnet", hosts[1]))
    assert none == (
        "bare: no vacancy that kept its lattice has a formation energy; the lowest costs 0.50 eV "
        "(rebuilt) at 1.00 holes per TM (x = 0.50, 230 mAh/g)."
    )


def test_one_state_of_charge_tells_of_no_crossing() -> None:
    few = TurningPoint(system="bare", at=None, reason="needs E_f at 2 states of charge or more")
    (sentence,) = answer(study("chgnet", host(1.0, vacancy("O1", 2.0)), turning_points=[few]))
    assert sentence.endswith("; one state of charge can show no crossing.")


def test_a_zero_has_no_sign() -> None:
    (sentence,) = answer(study("chgnet", host(1.0, vacancy("O1", -0.0012))))
    assert "costs 0.00 eV at" in sentence


def test_a_slab_that_never_turns() -> None:
    hosts = [host(1.0, vacancy("O1", 2.0)), host(0.5, vacancy("O1", 0.5))]
    nowhere = TurningPoint(system="bare", at=None, reason="none in range")
    (bare,) = answer(study("chgnet", *hosts, turning_points=[nowhere]))
    assert bare.endswith("it crosses zero nowhere up to 1.00 holes per TM (x = 0.50, 230 mAh/g).")
    hosts[1].vacancies.append(vacancy("O2", 0.1, flags=["moved: Li1 2.00 A"]))
    assert headline(study("chgnet", *hosts, turning_points=[nowhere])) == (
        "The bare slab loses no O up to 1.00 holes per TM (x = 0.50, 230 mAh/g), where the "
        "cheapest costs 0.50 eV (rebuilt: 0.10 eV)."
    )


def test_what_a_coating_changes_is_told_of_pairs_that_kept_their_lattice() -> None:
    hosts = [host(1.0, vacancy("O1", 2.0)), host(1.0, vacancy("O1", 2.4), coated=True)]
    pairs = [
        pair("O1", 1, 0.4, bonded_to_former=True),
        pair("O2", 2, -0.1),
        pair("O3", 3, 9.0, rebuilt=True),
    ]
    *_, last = answer(study("chgnet", *hosts, pairs=pairs))
    assert last == (
        f"coated, {TERMINATION}: against the same O of the bare slab at equal charge -0.10 to "
        "+0.40 eV (2 pairs), those bonded to the coating +0.40 eV (one O); in 1 more the "
        "lattice was rebuilt."
    )


def test_settings_that_state_no_crossing_say_so() -> None:
    made = study("chgnet", host(1.0, vacancy("O1", 2.0)), no_crossings="forces of 0.1 eV/A")
    first, last = answer(made)
    assert "where that crosses zero is not stated" in first
    assert last == "Neither a crossing nor a gain is stated: forces of 0.1 eV/A."


def test_the_headline_is_one_sentence_with_the_interval() -> None:
    at = StateOfCharge(holes_per_tm=0.9, lithium_fraction=0.55, capacity_mah_per_g=207.0)
    late = at.model_copy(update={"holes_per_tm": 0.95})
    point = TurningPoint(system="bare", at=at, earliest=at, latest=late)
    hosts = [
        host(1.0, vacancy("O1", 2.0)),
        host(0.5, vacancy("O1", -0.5)),
        host(1.0, vacancy("O1", 2.4), coated=True),
    ]
    pairs = [pair("O1", 1, 0.4), pair("O2", 2, 0.1), pair("O3", 3, 9.0, rebuilt=True)]
    assert headline(study("chgnet", *hosts, turning_points=[point], pairs=pairs)) == (
        "The bare slab begins to lose O at 0.90 holes per TM (x = 0.55, 207 mAh/g), interval 0.90 "
        f"to 0.95; the coating ({TERMINATION}) changes E_f of the same O by +0.10 to +0.40 eV "
        "(2 pairs)."
    )


def test_the_headline_states_no_answer_where_there_is_none() -> None:
    rebuilt = vacancy("O1", -3.0, flags=["moved: Li1 2.00 A"])
    assert headline(study("chgnet", host(1.0, rebuilt))).startswith("No answer yet: no vacancy")
    forbidden = study("chgnet", host(1.0, vacancy("O1", 2.0)), no_crossings="forces are large")
    assert headline(forbidden) == "No answer is stated: forces are large."
    twice = {"no_crossings": "not stated by these settings: forces are large"}
    assert headline(forbidden.model_copy(update=twice)) == "No answer is stated: forces are large."
    hosts = [host(1.0, vacancy("O1", 2.0)), host(1.0, vacancy("O1", 2.4), coated=True)]
    lost = study("chgnet", *hosts, pairs=[pair("O1", 1, 9.0, rebuilt=True)])
    assert "is unknown: all 1 pairs have a rebuilt lattice" in headline(lost)
