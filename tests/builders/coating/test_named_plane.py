"""Which plane of Li3PO4 a setting names."""

from __future__ import annotations

import pytest

from llo_dft.builders.coating.column import CoatingError
from llo_dft.builders.coating.named_plane import phosphate_plane
from llo_dft.resources import load_structure


@pytest.mark.parametrize(
    ("name", "setting", "index"),
    [
        ("Li3PO4_beta", "Pmn2_1", (0, 1, 0)),
        # the file of gamma is in Pmnb, whose a is the b of Pnma
        ("Li3PO4_gamma", "Pmnb", (0, 1, 0)),
        ("Li3PO4_gamma", "Pnma", (1, 0, 0)),
    ],
)
def test_the_plane_is_on_the_axes_of_the_file(name, setting, index) -> None:
    assert phosphate_plane(load_structure(name), setting) == index


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        (
            "Li3PO4_gamma",
            "Pmn2_1",
            r"needs space group No. 31, but this structure is Pnma \(No. 62",
        ),
        ("Li3PO4_beta", "Pnma", r"needs space group No. 62, but this structure is Pmn2_1 \(No. 31"),
    ],
)
def test_the_setting_must_be_one_of_the_crystal(name: str, setting: str, message: str) -> None:
    with pytest.raises(CoatingError, match=message):
        phosphate_plane(load_structure(name), setting)


def test_a_supercell_is_refused() -> None:
    with pytest.raises(CoatingError, match=r"expected one cell of 16 .beta. or 32 .gamma. atoms"):
        phosphate_plane(load_structure("Li3PO4_beta") * (2, 1, 1), "Pmn2_1")
