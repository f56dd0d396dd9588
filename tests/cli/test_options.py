from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llo_dft.cli.options import axis_index, check_figure, parse_limits, parse_range
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


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


def test_limits() -> None:
    assert parse_limits("-3:0.5", "--window must be LO:HI") == (-3.0, 0.5)
    assert parse_limits("-3e-1:1e2", "--window must be LO:HI") == (-0.3, 100.0)


@pytest.mark.parametrize("text", ["", "1", "1:", "2:1", "1:1", "a:b", "1:2:3", "nan:1", "0:inf"])
def test_what_are_no_limits(text: str) -> None:
    with pytest.raises(InputError, match="--region must be LO:HI in angstrom with LO below HI"):
        parse_limits(text, "--region must be LO:HI in angstrom")


def test_axes_are_lattice_vectors() -> None:
    assert [axis_index(name) for name in "abc"] == [0, 1, 2]
    for name in ("d", "", "ab", "C"):
        with pytest.raises(InputError, match="--axis must be a, b or c, got"):
            axis_index(name)


def test_a_figure_that_can_not_be_written_is_refused(tmp_path: Path) -> None:
    check_figure(None)
    check_figure(tmp_path / "new.PNG")
    with pytest.raises(InputError, match=r"--map .* ends in \.png, \.pdf or \.csv"):
        check_figure(tmp_path / "map.xlsx", (".png", ".pdf", ".csv"), "--map")
    (tmp_path / "folder.png").mkdir()
    for file, suffixes, match in (
        ("a.txt", (".png", ".pdf"), "ends in .png or .pdf"),
        ("a.pdf", (".png",), "ends in .png$"),
        ("none/a.png", (".png",), "there is no folder .*none"),
        ("folder.png", (".png",), "is a folder; name a file in it"),
    ):
        with pytest.raises(InputError, match=match):
            check_figure(tmp_path / file, suffixes)
