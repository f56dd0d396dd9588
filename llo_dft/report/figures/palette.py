"""Colours, markers and lines of every figure; each has the same meaning everywhere.

A hollow marker is a structure whose lattice was rebuilt; a hatched margin marks mock numbers
(``figure_parts.save_figure``).
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from typing import Any, Final

from llo_dft.chemistry.element_table import ELEMENTS

#: The main curve of a figure; among systems, the bare slab.
MAIN: Final = "#1f4e79"
#: A second quantity or level, and the same with less averaging.
SECOND: Final = "#b8491e"
PALE: Final = "#8fa8bf"
FERMI_LEVEL: Final = "#2e9e4f"

#: Where electrons were gained, and where they were lost.
GAIN: Final = "#e0b000"
LOSS: Final = "#1fa3b5"

#: Number of missing results; lines at zero and of cells; keys of line styles.
LACKING: Final = "#a4161a"
ZERO_LINE: Final = "0.35"
GUIDE: Final = "0.6"
NEUTRAL: Final = "0.4"

#: Shade of one side of zero; opacity of what decides nothing.
SHADE: Final = "#b8860b"
PALE_ALPHA: Final = 0.45

#: Marker of an O bonded to a network former of the coating.
FORMER_MARKER: Final = "*"
#: Hatch and its colour in the margins of a mock figure.
MOCK_HATCH: Final = "///"
MOCK_COLOR: Final = "0.85"

#: Line styles of the systems, so that they also differ in grey.
_COATED_LINES: Final = ("--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))

_COATED: Final = ("#c1440e", "#2a8f6d", "#8a5fbf", "#b8860b")

#: Classes common to all layered oxides come first, so that they look the same in all figures.
_USUAL_CLASSES: Final = ("2TM+1Li", "3TM")
_CLASS_COLORS: Final = ("#2a9d8f", "#e76f51", "#8a5fbf", "#c9a227", "#1f4e79", "#6c757d")
_CLASS_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")

_ENGINE_LINES: Final = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"))

_OTHER_ELEMENT: Final = "#9e9e9e"


def element_color(symbol: str) -> str:
    """Return the colour of an element's atoms."""
    return ELEMENTS[symbol].color if symbol in ELEMENTS else _OTHER_ELEMENT


def system_colors(names: Iterable[str]) -> dict[str, str]:
    """Return the colour of each system by name: bare has its own, coatings take turns."""
    return _in_turn(names, _COATED, {"bare": MAIN})


def system_lines(names: Iterable[str]) -> dict[str, Any]:
    """Return matplotlib's line style of each system by its name, as ``system_colors`` does."""
    return _in_turn(names, _COATED_LINES, {"bare": "-"})


def class_markers(names: Iterable[str]) -> dict[str, str]:
    """Return the marker of each class of O."""
    return _of_classes(names, _CLASS_MARKERS)


def class_colors(names: Iterable[str]) -> dict[str, str]:
    """Return the colour of each class of O."""
    return _of_classes(names, _CLASS_COLORS)


def _of_classes(names: Iterable[str], looks: Sequence[str]) -> dict[str, str]:
    found = set(names)
    every = _in_turn([*_USUAL_CLASSES, *sorted(found - set(_USUAL_CLASSES))], looks)
    return {name: look for name, look in every.items() if name in found}


def engine_lines(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return line and marker of each engine."""
    return _in_turn(names, _ENGINE_LINES)


def _in_turn(
    names: Iterable[str], looks: Sequence[Any], own: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return a look for each name: its ``own``, or the next of ``looks``, which are repeated."""
    turns = cycle(looks)
    return {name: (own or {}).get(name) or next(turns) for name in dict.fromkeys(names)}
