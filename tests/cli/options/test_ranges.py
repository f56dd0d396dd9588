from __future__ import annotations

import pytest

from llo_dft.cli.options.ranges import parse_range
from llo_dft.errors import InputError


def test_both_ends_count() -> None:
    assert parse_range("--t", "300:900:4") == pytest.approx([300, 500, 700, 900])
    assert parse_range("--p", "1e-6:1:4", logarithmic=True) == pytest.approx([1e-6, 1e-4, 1e-2, 1])
    assert parse_range("--e", "-1:1:3") == pytest.approx([-1, 0, 1])


@pytest.mark.parametrize(
    "text",
    [
        *("", "300", "300:900", "300:900:4:5", "900:300:4", "300:300:2", "300:900:1"),
        *("300:900:1001", "a:b:3", "300:900:2.5", "nan:900:3", "300:inf:3"),
    ],
)
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(InputError, match="--t must be LO:HI:N with LO below HI"):
        parse_range("--t", text)


@pytest.mark.parametrize("text", ["0:1:3", "-1:1:3"])
def test_a_logarithm_needs_positive_numbers(text: str) -> None:
    with pytest.raises(InputError, match="--p must be LO:HI:N with positive LO below HI"):
        parse_range("--p", text, logarithmic=True)
