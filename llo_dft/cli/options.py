"""Options that several commands have, and what the values of options mean."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from llo_dft.errors import InputError

RecipeName: TypeAlias = Annotated[
    str, typer.Argument(help="Recipe file, or the name of a recipe of this package.")
]
StudyPath: TypeAlias = Annotated[Path, typer.Argument(help="Folder of the study.")]
OtherEngine: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--engine",
        help="Engine instead of the recipe's, or module:function of an ASE calculator.",
    ),
]
OtherModel: TypeAlias = Annotated[
    str | None, typer.Option("--model", help="Model of the engine instead of the recipe's.")
]
OtherProtocol: TypeAlias = Annotated[
    str | None, typer.Option("--protocol", help="Protocol instead of the recipe's.")
]
OtherScheme: TypeAlias = Annotated[
    str | None,
    typer.Option("--scheme", help="O2 scheme instead of the recipe's, one that suits the engine."),
]
Workers: TypeAlias = Annotated[
    int | None,
    typer.Option(
        min=1, help="Calculations run at once (default: one per processor, if memory allows)."
    ),
]
OnCluster: TypeAlias = Annotated[
    Path | None, typer.Option(help="Cluster file: compute on workers in the queue of that cluster.")
]
StartFromStudy: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--start-from",
        help="Finished study by a potential: start from its geometries, Li orderings, registries.",
    ),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Allow: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        help="May differ: a tag such as LASPH, a field of the fingerprint, cell; or large forces."
    ),
]
Axis: TypeAlias = Annotated[str, typer.Option(help="Lattice vector across the layers: a, b or c.")]
LithiumFull: TypeAlias = Annotated[
    int | None,
    typer.Option(
        help="Li atoms in the bare cell at full lithium (default: those of the fullest cell)."
    ),
]
CoatingLi: TypeAlias = Annotated[
    int, typer.Option(min=0, help="Li atoms of the coating in a coated cell.")
]

#: Most points of a range: a map of so many by so many is larger than any figure.
MOST_POINTS: Final = 1000

#: Endings of the files that a figure can be written to.
FIGURE_SUFFIXES: Final = (".png", ".pdf", ".svg")


def parse_limits(text: str, expected: str) -> tuple[float, float]:
    """Return LO and HI of ``LO:HI``; ``expected`` names the option and the unit.

    Raises ``InputError`` if it is anything else, or LO is not below HI.
    """
    low, _, high = text.partition(":")
    try:
        limits = (float(low), float(high))
    except ValueError:
        limits = (0.0, 0.0)
    if not limits[0] < limits[1] or not all(map(math.isfinite, limits)):
        raise InputError(f"{expected} with LO below HI, got {text!r}")
    return limits


def parse_range(option: str, text: str, *, logarithmic: bool = False) -> list[float]:
    """Return the N numbers of ``LO:HI:N``, both ends counted; N is 2 to ``MOST_POINTS``.

    ``logarithmic``: they are spaced evenly in the logarithm, and LO must be positive.

    Raises ``InputError`` if it is anything else; names the option.
    """
    ends, _, number = text.rpartition(":")
    positive = "positive " if logarithmic else ""
    try:
        low, high = parse_limits(ends, "")
        n = int(number)
    except (InputError, ValueError):
        n = 0
    if not 2 <= n <= MOST_POINTS or (logarithmic and low <= 0):  # noqa: PLR2004
        raise InputError(
            f"{option} must be LO:HI:N with {positive}LO below HI and N from 2 to {MOST_POINTS}, "
            f"got {text!r}"
        )
    if logarithmic:
        low, high = math.log10(low), math.log10(high)
    points = [low + (high - low) * i / (n - 1) for i in range(n)]
    return [10.0**point for point in points] if logarithmic else points


def axis_index(axis: str) -> int:
    """Return 0, 1 or 2 of the lattice vector a, b or c.

    Raises ``InputError`` if it is anything else.
    """
    if axis not in {"a", "b", "c"}:
        raise InputError(f"--axis must be a, b or c, got {axis!r}")
    return "abc".index(axis)


def check_figure(
    file: Path | None, suffixes: Sequence[str] = FIGURE_SUFFIXES, option: str = "--figure"
) -> None:
    """Refuse a file that can't be written to, before anything is computed; None is none.

    Raises ``InputError``, with the endings that are known, or the folder that is not there.
    """
    if file is None:
        return
    if file.suffix.lower() not in suffixes:
        known = " or ".join([", ".join(suffixes[:-1]), suffixes[-1]] if suffixes[1:] else suffixes)
        raise InputError(f"{option} {file}: expected a name that ends in {known}")
    if not file.parent.is_dir():
        raise InputError(f"{option} {file}: there is no folder {file.parent}")
    if file.is_dir():
        raise InputError(f"{option} {file} is a folder; name a file in it")
