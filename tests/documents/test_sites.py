from __future__ import annotations

import pytest

from llo_dft.documents.sites import OxygenEnvironment


@pytest.mark.parametrize(
    ("counts", "label", "n_cations"),
    [
        ((2, 1, 0, 3), "2TM+1Li", 6),
        ((3, 0, 0, 0), "3TM", 3),
        ((2, 1, 1, 0), "2TM+1Li+1former", 4),
        ((0, 0, 0, 2), "free", 2),
    ],
)
def test_the_class_counts_the_own_sheet_and_formers(
    counts: tuple[int, int, int, int], label: str, n_cations: int
) -> None:
    names = ("n_tm", "n_li", "n_former", "n_li_interlayer")
    around = OxygenEnvironment(**dict(zip(names, counts, strict=True)), layer="surface", side="top")
    assert (around.label, around.n_cations) == (label, n_cations)
