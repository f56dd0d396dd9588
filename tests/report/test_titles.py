"""What figures and tables say of their numbers."""

from __future__ import annotations

import pytest
from made_results import made_result

from llo_dft.analysis.oxygen.chemical_potential import oxygen_chemical_potential
from llo_dft.documents.calculation import Fingerprint
from llo_dft.report.titles import MOCK, oxygen_text, result_title, settings_text, title_text

OXYGEN = oxygen_chemical_potential("wang2006", -4.9, "O2 in o2", 600.0, 0.2)
POTENTIAL = Fingerprint(
    engine="chgnet", engine_version="0.4.2", model="0.3.0", functional="PBE/PBE+U mixed"
)
DFT = Fingerprint(
    engine="vasp",
    engine_version="6.4.2",
    functional="PBE+U",
    u_values_ev={"Mn": 3.9, "Ni": 6.2},
    dispersion="D3(BJ)",
    cutoff_ev=520.0,
)


@pytest.mark.parametrize(
    ("fingerprint", "text"),
    [
        (None, ""),
        (POTENTIAL, "chgnet 0.3.0, PBE/PBE+U mixed"),
        (DFT, "vasp 6.4.2, PBE+U, U(Mn) 3.9 eV, U(Ni) 6.2 eV, D3(BJ), 520 eV"),
    ],
)
def test_settings_name_engine_functional_and_what_decides_energies(
    fingerprint: Fingerprint | None, text: str
) -> None:
    assert settings_text(fingerprint) == text


def test_oxygen_is_named_by_scheme_temperature_and_pressure() -> None:
    assert oxygen_text(OXYGEN) == "O2 scheme 'wang2006', 600 K, 0.2 bar"
    assert oxygen_text(None) == ""
    assert oxygen_text(None, none="O2 has no energy") == "O2 has no energy"


def test_what_settings_do_not_state_stands_above_their_figure() -> None:
    reason = "not stated by these settings: forces reach 0.1 eV/angstrom (at most 0.02)" + " x" * 20
    text = result_title(made_result(no_crossings=reason))
    assert " ".join(text.split()).endswith(
        f"No crossing, no coated - bare: {reason.partition(': ')[2]}"
    )
    assert max(map(len, text.splitlines())) <= 95
    assert "turns" not in result_title(made_result())


def test_planes_stand_in_the_title_of_a_figure() -> None:
    assert "(001), " in result_title(made_result())
    assert "coating" not in result_title(made_result())
    turned = made_result().model_copy(
        update={"slab_miller": (1, 0, 4), "coating_miller": (0, 1, -1)}
    )
    assert "(104) under (0 1 -1) of the coating, " in result_title(turned)


def test_a_title_marks_a_stand_in_first_and_what_may_differ_last() -> None:
    text = title_text(["a slab", "", "vasp"], allowed=["cell", "functional"], mock=True)
    assert text.splitlines() == [MOCK, "a slab", "vasp", "allowed to differ: cell, functional"]
    assert title_text(["a slab"]) == "a slab"
