"""What the tables of a study say."""

from __future__ import annotations

import pytest

from llo_dft.cli.output.study_tables import remarks

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
