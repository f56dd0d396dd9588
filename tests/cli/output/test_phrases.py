"""What tables say in words."""

from __future__ import annotations

import pytest

from llo_dft.analysis.oxygen.chemical_potential import oxygen_chemical_potential
from llo_dft.cli.output.phrases import cations_text, potential_text, remarks, turning_text
from llo_dft.documents.sites import OxygenEnvironment
from llo_dft.documents.study_result import TurningPoint

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


def point(x0: float | None, low: float | None = None, **fields: str) -> TurningPoint:
    return TurningPoint(system="bare", lithium_fraction=x0, low=low, high=0.5, **fields)


def test_a_turning_point_has_its_interval_and_none_its_reason() -> None:
    assert turning_text(point(0.42, 0.38)) == "lowest E_f crosses zero at x0 = 0.42 (0.38 to 0.50)"
    assert turning_text(point(0.42, reason="cut off")).endswith("0.42 (? to 0.50); cut off")
    assert turning_text(point(None, reason="none in range")) == (
        "E_f crosses zero nowhere: none in range"
    )


def test_cations_are_counted_and_a_former_only_where_there_is_one() -> None:
    around = OxygenEnvironment(
        n_tm=2, n_li=1, n_former=0, n_li_interlayer=2, layer="surface", side="top"
    )
    assert cations_text(around) == "2 TM, 3 Li"
    assert cations_text(around.model_copy(update={"n_former": 1})).startswith("2 TM, 3 Li, 1 ")
    assert cations_text(None) == ""


def test_the_potential_of_o_is_given_with_what_it_is_for() -> None:
    oxygen = oxygen_chemical_potential("none", -4.9, "O2 in o2", 600.0, 0.2)
    assert potential_text(oxygen).startswith(f"mu_O = {oxygen.mu_ev:.3f} eV: scheme none, 600 K, ")
