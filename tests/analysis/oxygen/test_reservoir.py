"""The oxygen reservoir of a study: what is chosen, what stands beside it, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from llo_dft.analysis.oxygen.reservoir import OxygenReservoir, oxygen_reservoir
from llo_dft.documents.oxygen import OxygenSettings

LABEL_EV, OWN_EV = -4.948, -4.8

#: At 298.15 K and 1 bar, eV per O, from 0 K on and from 298.15 K on (NIST tables).
FROM_0_K_EV, FROM_298_K_EV = -0.272, -0.317
TABLE_ROUNDING_EV = 1.2e-3

REFUSED = {"wang2006": "twice", "mp2020": "twice"}


def settings(scheme: str = "potential", **changes: Any) -> OxygenSettings:
    fields = {
        "scheme": scheme,
        "temperature_k": 298.15,
        "pressure_bar": 1.0,
        "label_energy_ev_per_atom": LABEL_EV,
        "label_source": "the labels",
        "refused": REFUSED,
    }
    return OxygenSettings(**(fields | changes))


def reservoir(asked: OxygenSettings, o2_ev_per_atom: float | None) -> OxygenReservoir:
    return oxygen_reservoir(asked, o2_ev_per_atom, "O2 by the engine itself", "O2 failed: no power")


def test_the_chosen_one_and_the_other_by_hand() -> None:
    found = reservoir(settings(), OWN_EV)
    assert found.chosen is not None
    assert found.chosen.mu_ev == pytest.approx(LABEL_EV + FROM_298_K_EV, abs=TABLE_ROUNDING_EV)
    assert found.chosen.o2_energy_source == "the labels"
    assert list(found.others) == ["none"]
    other = found.others["none"]
    assert other.mu_ev == pytest.approx(OWN_EV + FROM_0_K_EV, abs=TABLE_ROUNDING_EV)
    assert other.o2_energy_source == "O2 by the engine itself"


def test_a_scheme_is_never_both_chosen_and_beside_itself() -> None:
    for scheme in ("none", "potential"):
        found = reservoir(settings(scheme), OWN_EV)
        assert found.chosen is not None
        assert found.chosen.scheme == scheme
        assert scheme not in found.others
        assert scheme not in found.described()


def test_what_is_refused_says_why_and_has_no_value() -> None:
    described = reservoir(settings(), OWN_EV).described()
    assert described["wang2006"] == described["mp2020"] == "not used: twice"
    assert described["none"].endswith(" eV per O")
    assert float(described["none"].split()[0]) == pytest.approx(
        OWN_EV + FROM_0_K_EV, abs=TABLE_ROUNDING_EV
    )


def test_an_engine_without_labels_has_all_but_theirs() -> None:
    plain = settings("wang2006", label_energy_ev_per_atom=None, label_source="", refused={})
    found = reservoir(plain, OWN_EV)
    assert found.chosen is not None
    # 0.68 eV per O, fitted to enthalpies of 298 K
    by_hand = OWN_EV + 0.68 + FROM_298_K_EV
    assert found.chosen.mu_ev == pytest.approx(by_hand, abs=TABLE_ROUNDING_EV)
    assert set(found.others) == {"none", "mp2020"}
    assert found.notes == {"potential": "not used: the engine has no labels of its own"}


def test_the_label_scheme_needs_no_molecule() -> None:
    found = reservoir(settings(), None)
    assert found.chosen is not None
    assert found.others == {}
    assert found.notes["none"] == "not used: O2 failed: no power"


def test_without_a_molecule_the_others_say_so() -> None:
    found = reservoir(settings("none"), None)
    assert found.chosen is None
    assert found.problem == ("no chemical potential of oxygen: not used: O2 failed: no power")
    assert "none" not in found.notes
    assert set(found.others) == {"potential"}


def test_mp2020_has_a_band_for_o_that_is_no_oxide_ion() -> None:
    found = reservoir(settings("mp2020", refused={}), OWN_EV)
    assert found.chosen is not None
    assert found.chosen.oxide_kind == "oxide"
    by_kind = {name: one.correction_ev for name, one in found.if_oxidised.items()}
    assert by_kind == {"mp2020_peroxide": 0.465, "mp2020_superoxide": 0.161}
    # all else of them is the same
    assert {round(one.mu_ev - one.correction_ev, 9) for one in found.if_oxidised.values()} == {
        round(found.chosen.mu_ev - found.chosen.correction_ev, 9)
    }
    other = reservoir(settings("mp2020", refused={}, oxide_kind="peroxide"), OWN_EV)
    assert other.chosen is not None
    assert other.chosen.correction_ev == 0.465
    assert set(other.if_oxidised) == {"mp2020_oxide", "mp2020_superoxide"}


def test_where_mp2020_may_not_be_used_there_is_no_band() -> None:
    assert reservoir(settings(), OWN_EV).if_oxidised == {}
