"""Read a CIF that a user gave; what can't be computed on is refused with its reason."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from pymatgen.io.cif import CifParser

from llo_dft.builders.cell_checks import check_usable
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core.structure import Structure


def read_cif(path: Path) -> Structure:
    """Return the structure of a CIF, in the file's own cell and setting.

    Raises
    ------
    InputError
        If the file is missing or is no CIF, a site is partially occupied, or atoms overlap.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters of it is checked below
            structure: Structure = CifParser(path).parse_structures(primitive=False)[0]
    except (OSError, ValueError, KeyError, IndexError, TypeError, AssertionError) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} can't be read as a CIF: {text}") from error
    check_usable(structure, str(path))
    return structure
