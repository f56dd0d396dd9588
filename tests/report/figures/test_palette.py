"""One colour, marker or line has one meaning, in whatever figure it is."""

from __future__ import annotations

import pytest
from matplotlib.colors import to_rgb

from llo_dft.report.figures import palette

ELEMENTS = ("Li", "O", "P", "Mn", "Ni", "Co")


def test_elements_are_told_apart_and_unknown_ones_are_grey() -> None:
    colors = {to_rgb(palette.element_color(element)) for element in ELEMENTS}
    assert len(colors) == len(ELEMENTS)
    red, green, blue = to_rgb(palette.element_color("Xe"))
    assert red == green == blue


def test_bare_has_its_colour_whatever_else_is_drawn() -> None:
    names = ["coated, flat", "bare", "coated, step"]
    colors = palette.system_colors(names)
    assert list(colors) == names
    assert colors["bare"] == palette.system_colors(["bare"])["bare"] == palette.MAIN
    assert len(set(colors.values())) == 3
    many = palette.system_colors(["bare", *(f"coated, {i}" for i in range(9))])
    assert list(many.values()).count(palette.MAIN) == 1


@pytest.mark.parametrize("looks", [palette.class_markers, palette.class_colors])
def test_a_class_looks_the_same_beside_any_other(looks) -> None:
    alone, beside = looks(["3TM"]), looks(["1TM+2Li", "2TM+1Li", "3TM"])
    assert alone["3TM"] == beside["3TM"]
    assert len(set(beside.values())) == 3
    assert looks(["1TM+2Li", "free"]) == looks(["free", "1TM+2Li"])
    assert len(looks([f"class {i}" for i in range(20)])) == 20


def test_the_star_of_a_former_is_no_class() -> None:
    markers = palette.class_markers([f"class {i}" for i in range(5)])
    assert palette.FORMER_MARKER not in markers.values()


def test_engines_have_a_line_and_marker_each() -> None:
    styles = palette.engine_lines(["chgnet", "sevenn", "chgnet"])
    assert list(styles) == ["chgnet", "sevenn"]
    line, marker = styles["chgnet"]
    assert line != styles["sevenn"][0]
    assert marker != styles["sevenn"][1]
    assert len(palette.engine_lines(map(str, range(9)))) == 9
