"""Colours, markers and lines of every figure: each has one meaning, the same one everywhere.

A hollow marker is a structure whose lattice rebuilt itself; a hatched margin marks numbers that a
stand-in made (``figure_parts.save_figure``).
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from llo_dft.chemistry.element_table import ELEMENTS

#: The curve that a figure is about; of systems, the bare slab.
MAIN: Final = "#1f4e79"
#: A second quantity or level beside it, and the same averaged less.
SECOND: Final = "#b8491e"
PALE: Final = "#8fa8bf"
FERMI_LEVEL: Final = "#2e9e4f"

#: Where electrons went to, and where they came from.
GAIN: Final = "#e0b000"
LOSS: Final = "#1fa3b5"

#: Number of results that are lacking; lines at zero and of cells; what a line style stands for.
LACKING: Final = "#a4161a"
ZERO_LINE: Final = "0.35"
GUIDE: Final = "0.6"
NEUTRAL: Final = "0.4"

#: Shade of the side of zero that an answer lies on; how faint what decides nothing is.
SHADE: Final = "#b8860b"
PALE_ALPHA: Final = 0.45

#: Marker of an O that is bonded to a network former of the coating.
FORMER_MARKER: Final = "*"
#: Hatch and its colour in the margins of a figure of a stand-in.
MOCK_HATCH: Final = "///"
MOCK_COLOR: Final = "0.85"

#: Lines of the systems, so that they can be told apart in grey too.
_COATED_LINES: Final = ("--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))

_COATED: Final = ("#c1440e", "#2a8f6d", "#8a5fbf", "#b8860b")

#: The classes that every layered oxide here has come first, so that they look alike in all figures.
_USUAL_CLASSES: Final = ("2TM+1Li", "3TM")
_CLASS_COLORS: Final = ("#2a9d8f", "#e76f51", "#8a5fbf", "#c9a227", "#1f4e79", "#6c757d")
_CLASS_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")

_ENGINE_LINES: Final = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"))

_OTHER_ELEMENT: Final = "#9e9e9e"


class LineStyle(NamedTuple):
    """Line and marker of an engine."""

    line: str
    marker: str


def element_color(symbol: str) -> str:
    """Return the colour of an element's atoms."""
    return ELEMENTS[symbol].color if symbol in ELEMENTS else _OTHER_ELEMENT


def system_colors(names: Iterable[str]) -> dict[str, str]:
    """Return the colour of each system by its name: bare has its own, coatings go in turn."""
    found = dict.fromkeys(names)
    coated = iter(_COATED * (1 + len(found) // len(_COATED)))
    return {name: MAIN if name == "bare" else next(coated) for name in found}


def system_lines(names: Iterable[str]) -> dict[str, Any]:
    """Return matplotlib's line style of each system by its name, as ``system_colors`` does."""
    found = dict.fromkeys(names)
    coated = iter(_COATED_LINES * (1 + len(found) // len(_COATED_LINES)))
    return {name: "-" if name == "bare" else next(coated) for name in found}


def class_markers(names: Iterable[str]) -> dict[str, str]:
    """Return the marker of each class of O."""
    return _by_class(names, _CLASS_MARKERS)


def class_colors(names: Iterable[str]) -> dict[str, str]:
    """Return the colour of each class of O."""
    return _by_class(names, _CLASS_COLORS)


def _by_class(names: Iterable[str], looks: tuple[str, ...]) -> dict[str, str]:
    found = set(names)
    others = sorted(found - set(_USUAL_CLASSES))
    every = [*_USUAL_CLASSES, *others]
    turns = looks * (1 + len(every) // len(looks))
    return {name: look for name, look in zip(every, turns, strict=False) if name in found}


def engine_lines(names: Iterable[str]) -> dict[str, LineStyle]:
    """Return line and marker of each engine in turn."""
    found = list(dict.fromkeys(names))
    turns = _ENGINE_LINES * (1 + len(found) // len(_ENGINE_LINES))
    return {name: LineStyle(*turn) for name, turn in zip(found, turns, strict=False)}
