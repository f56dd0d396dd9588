"""The file of a figure, refused before anything is computed if it can't be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from llo_dft.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Endings of the files that a figure can be written to.
FIGURE_SUFFIXES: Final = (".png", ".pdf", ".svg")


def check_figure(file: Path | None, suffixes: Sequence[str] = FIGURE_SUFFIXES) -> None:
    """Refuse a file that no figure can be written to; None is no file.

    Raises
    ------
    InputError
        With the endings that are known, or the folder that is not there.
    """
    if file is None:
        return
    if file.suffix.lower() not in suffixes:
        known = " or ".join([", ".join(suffixes[:-1]), suffixes[-1]] if suffixes[1:] else suffixes)
        raise InputError(f"--figure {file}: expected a name that ends in {known}")
    if not file.parent.is_dir():
        raise InputError(f"--figure {file}: there is no folder {file.parent}")
    if file.is_dir():
        raise InputError(f"--figure {file} is a folder; name a file in it")
