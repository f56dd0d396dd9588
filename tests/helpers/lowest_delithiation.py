"""The lowest way of each fraction alone, for tests that ask for no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llo_dft.builders.ordering import delithiation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymatgen.core import Structure


def delithiate(
    pristine: Structure, lithium: Sequence[int], fractions: Sequence[float], **options: Any
) -> list[delithiation.LithiumRemoval]:
    """One removal for each fraction."""
    return [ways[0] for ways in delithiation.delithiate(pristine, lithium, fractions, **options)]
