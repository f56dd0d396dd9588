"""Whether two energies may be subtracted from one another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.documents.calculation import Fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymatgen.core.structure import Structure

    from llo_dft.documents.calculation import CalculationDocument

#: Largest difference of two cell lengths that is taken for rounding in a file, angstrom.
#: In a 10 angstrom cell under 5 GPa it is worth about 3 meV.
CELL_LENGTH_TOLERANCE_ANGSTROM: Final = 1e-3

#: The same for cell angles, degrees: 1e-3 angstrom at the end of a 10 angstrom edge.
CELL_ANGLE_TOLERANCE_DEGREES: Final = 6e-3

#: Relative difference of two settings that is taken for rounding.
SETTING_RELATIVE_TOLERANCE: Final = 1e-6

_BY_ELEMENT: Final = ("u_values_ev", "pseudopotentials")


class ComparabilityError(ValueError):
    """Two calculations whose energies may not be subtracted; the message names all reasons."""


def _agree(first: object, second: object) -> bool:
    if isinstance(first, float) and isinstance(second, float):
        return math.isclose(first, second, rel_tol=SETTING_RELATIVE_TOLERANCE)
    return first == second


def _elements(calculation: CalculationDocument) -> set[str] | None:
    """Symbols of the elements in a calculation; None if no structure is known."""
    structure = calculation.structure or calculation.initial_structure
    return None if structure is None else {e.symbol for e in structure.composition.elements}


def _by_element(name: str, a: CalculationDocument, b: CalculationDocument) -> list[str]:
    """Differences of a setting kept by element, for the elements in either calculation.

    What is not given for an element that a calculation doesn't have is not a difference. A U
    of zero is the same as none.
    """
    settings: list[Mapping[str, object]] = [
        getattr(calculation.fingerprint, name) for calculation in (a, b)
    ]
    present = [_elements(calculation) for calculation in (a, b)]
    default: object = 0.0 if name == "u_values_ev" else "none"
    found = []
    for element in sorted(settings[0].keys() | settings[1].keys()):
        if None not in present and not any(element in (p or ()) for p in present):
            continue
        silent = any(
            element not in setting and elements is not None and element not in elements
            for setting, elements in zip(settings, present, strict=True)
        )
        first, second = (setting.get(element, default) for setting in settings)
        if not silent and not _agree(first, second):
            found.append(f"{name}[{element}]: {first!r} and {second!r}")
    return found


def fingerprint_differences(a: CalculationDocument, b: CalculationDocument) -> list[str]:
    """Each field of the two fingerprints that differs, as ``field: value and value``.

    U values and pseudopotentials count for elements in either calculation only.
    """
    found = []
    for name in Fingerprint.model_fields:
        if name in _BY_ELEMENT:
            found += _by_element(name, a, b)
            continue
        first, second = getattr(a.fingerprint, name), getattr(b.fingerprint, name)
        if not _agree(first, second):
            found.append(f"{name}: {first!r} and {second!r}")
    return found


def _cell_text(structure: Structure) -> str:
    lengths = " x ".join(f"{length:.4f}" for length in structure.lattice.abc)
    angles = ", ".join(f"{angle:.3f}" for angle in structure.lattice.angles)
    return f"{lengths} A ({angles} degrees)"


def _cell_difference(first: Structure, second: Structure) -> list[str]:
    lengths = np.abs(np.subtract(first.lattice.abc, second.lattice.abc)).max()
    angles = np.abs(np.subtract(first.lattice.angles, second.lattice.angles)).max()
    if lengths <= CELL_LENGTH_TOLERANCE_ANGSTROM and angles <= CELL_ANGLE_TOLERANCE_DEGREES:
        return []
    return [f"cell: {_cell_text(first)} and {_cell_text(second)}"]


def check_comparable(
    a: CalculationDocument, b: CalculationDocument, *, same_cell: bool = True
) -> None:
    """Refuse two calculations whose energies may not be subtracted.

    Parameters
    ----------
    a, b
        Both must have completed, with the same fingerprint (U values and pseudopotentials:
        for elements in either), and both or neither be stand-ins.
    same_cell
        Whether the cells must agree too, within ``CELL_LENGTH_TOLERANCE_ANGSTROM`` and
        ``CELL_ANGLE_TOLERANCE_DEGREES``. Orientation doesn't matter.

    Raises
    ------
    ComparabilityError
        Naming everything that differs, with both values.
    """
    found = [
        f"{calculation.label} is {calculation.status} ({calculation.reason})"
        for calculation in (a, b)
        if calculation.status != "completed"
    ]
    found += fingerprint_differences(a, b)
    if a.mock != b.mock:
        found.append(f"mock: {a.mock} and {b.mock}")
    if same_cell and a.structure is not None and b.structure is not None:
        found += _cell_difference(a.structure, b.structure)
    if found:
        raise ComparabilityError(
            f"The energies of {a.label!r} and {b.label!r} can't be subtracted: {'; '.join(found)}. "
            "Compute both with the same settings"
        )
