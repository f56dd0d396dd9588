"""Whether two energies may be subtracted from one another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.documents.calculation import Fingerprint
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from pymatgen.core.structure import Structure

    from llo_dft.documents.calculation import CalculationDocument

#: Largest difference of two cell lengths that is taken for rounding in a file, angstrom.
#: In a 10 angstrom cell under 5 GPa it is worth about 3 meV.
CELL_LENGTH_TOLERANCE_ANGSTROM: Final = 1e-3

#: The same for cell angles, degrees: 1e-3 angstrom at the end of a 10 angstrom edge.
CELL_ANGLE_TOLERANCE_DEGREES: Final = 6e-3

#: Relative difference of two settings that is taken for rounding.
SETTING_RELATIVE_TOLERANCE: Final = 1e-6

#: The same for the distance of k-points, which cells equal within their tolerance change too.
#: One division more in a hundred makes ten times as much.
K_SPACING_RELATIVE_TOLERANCE: Final = 1e-3

#: What differs may be let through by its name: a field of the fingerprint, or one of these.
ALLOWED_FIELDS: Final = (*Fingerprint.model_fields, "cell", "spin_polarized")

_BY_ELEMENT: Final = ("u_values_ev", "pseudopotentials")

#: Key of a U whose element is not known.
_UNKNOWN: Final = "?"


class ComparabilityError(InputError):
    """Two calculations whose energies may not be subtracted; the message names all reasons."""


@dataclass(frozen=True)
class Difference:
    """One thing in which two calculations differ.

    Attributes
    ----------
    field
        Name under which it may be let through; empty if it may not.
    text
        What it is, with both values.
    """

    field: str
    text: str


def check_allowed(names: Iterable[str]) -> list[str]:
    """Return the names of what may differ, each once, in their order.

    Raises
    ------
    InputError
        For a name that nothing has.
    """
    asked = list(dict.fromkeys(names))
    unknown = [name for name in asked if name not in ALLOWED_FIELDS]
    if unknown:
        raise InputError(
            f"nothing that may be allowed to differ is called {unknown[0]!r}; expected one of "
            f"{', '.join(ALLOWED_FIELDS)}"
        )
    return asked


def _agree(name: str, first: object, second: object) -> bool:
    if isinstance(first, float) and isinstance(second, float):
        k_points = name == "k_spacing_per_angstrom"
        tolerance = K_SPACING_RELATIVE_TOLERANCE if k_points else SETTING_RELATIVE_TOLERANCE
        return math.isclose(first, second, rel_tol=tolerance)
    return first == second


def _elements(calculation: CalculationDocument) -> set[str] | None:
    """Symbols of the elements in a calculation; None if no structure is known."""
    structure = calculation.structure or calculation.initial_structure
    return None if structure is None else {e.symbol for e in structure.composition.elements}


def _lacks(calculation: CalculationDocument, kind: str) -> bool:
    """Tell whether a calculation is known to have no such atoms; "Mn(2)" is a kind of Mn."""
    elements = _elements(calculation)
    return kind != _UNKNOWN and elements is not None and kind.partition("(")[0] not in elements


def _by_element(name: str, a: CalculationDocument, b: CalculationDocument) -> list[Difference]:
    """Differences of a setting kept by element, for the elements in either calculation.

    What is not given for an element that a calculation doesn't have is not a difference. A U
    of zero is the same as none.
    """
    settings: list[Mapping[str, object]] = [
        getattr(calculation.fingerprint, name) for calculation in (a, b)
    ]
    default: object = 0.0 if name == "u_values_ev" else "none"
    found = []
    for kind in sorted(settings[0].keys() | settings[1].keys()):
        lacking = [_lacks(calculation, kind) for calculation in (a, b)]
        silent = any(
            lacks and kind not in setting for setting, lacks in zip(settings, lacking, strict=True)
        )
        first, second = (setting.get(kind, default) for setting in settings)
        if not all(lacking) and not silent and not _agree(name, first, second):
            found.append(Difference(name, f"{name}[{kind}]: {first!r} and {second!r}"))
    return found


def _u_has_no_say(a: CalculationDocument, b: CalculationDocument) -> bool:
    """Tell whether two functionals differ by a +U that acts only on what one of them lacks.

    O2 beside an oxide, for example, is PBE where the oxide is PBE+U.
    """
    if a.fingerprint is None or b.fingerprint is None:
        return False
    plain, corrected = sorted((a, b), key=lambda one: bool(_plus_u(one)))
    if _plus_u(plain) or not _plus_u(corrected) or _base(plain) != _base(corrected):
        return False
    values = {} if corrected.fingerprint is None else corrected.fingerprint.u_values_ev
    acting = [kind for kind, u in values.items() if u and not _lacks(corrected, kind)]
    return bool(acting) and all(_lacks(plain, kind) for kind in acting)


def _base(calculation: CalculationDocument) -> str:
    name = "" if calculation.fingerprint is None else calculation.fingerprint.functional
    return name.partition("+U")[0]


def _plus_u(calculation: CalculationDocument) -> str:
    name = "" if calculation.fingerprint is None else calculation.fingerprint.functional
    return "".join(name.partition("+U")[1:])


def fingerprint_differences(
    a: CalculationDocument, b: CalculationDocument, without: Collection[str] = ()
) -> list[Difference]:
    """Each field of the two fingerprints that differs, as ``field: value and value``.

    U values and pseudopotentials count for elements in either calculation only, and so does
    the +U in the name of a functional. ``without`` names fields that are not compared.
    """
    found = []
    for name in Fingerprint.model_fields:
        if name in without:
            continue
        if name in _BY_ELEMENT:
            found += _by_element(name, a, b)
            continue
        first, second = getattr(a.fingerprint, name), getattr(b.fingerprint, name)
        same = name == "functional" and _u_has_no_say(a, b)
        if not same and not _agree(name, first, second):
            found.append(Difference(name, f"{name}: {first!r} and {second!r}"))
    return found


def cell_text(structure: Structure) -> str:
    """Return the lengths and angles of a cell."""
    lengths = " x ".join(f"{length:.4f}" for length in structure.lattice.abc)
    angles = ", ".join(f"{angle:.3f}" for angle in structure.lattice.angles)
    return f"{lengths} A ({angles} degrees)"


def _cell_difference(first: Structure, second: Structure) -> list[Difference]:
    lengths = np.abs(np.subtract(first.lattice.abc, second.lattice.abc)).max()
    angles = np.abs(np.subtract(first.lattice.angles, second.lattice.angles)).max()
    if lengths <= CELL_LENGTH_TOLERANCE_ANGSTROM and angles <= CELL_ANGLE_TOLERANCE_DEGREES:
        return []
    return [Difference("cell", f"cell: {cell_text(first)} and {cell_text(second)}")]


def check_comparable(
    a: CalculationDocument,
    b: CalculationDocument,
    *,
    same_cell: bool = True,
    without: Collection[str] = (),
    also: Iterable[Difference] = (),
    allow: Collection[str] = (),
    what: str = "energies",
) -> list[Difference]:
    """Refuse two calculations whose energies may not be subtracted.

    Parameters
    ----------
    a, b
        Both must have completed, with the same fingerprint (U values and pseudopotentials:
        for elements in either), and both or neither be stand-ins.
    same_cell
        Whether the cells must agree too, within ``CELL_LENGTH_TOLERANCE_ANGSTROM`` and
        ``CELL_ANGLE_TOLERANCE_DEGREES``. Orientation doesn't matter.
    without
        Fields of the fingerprint that have no meaning here, or that ``also`` compares.
    also
        Differences that were found elsewhere.
    allow
        Names of differences to let through (``check_allowed``).
    what
        What of them is to be subtracted.

    Returns
    -------
    list of Difference
        What was let through.

    Raises
    ------
    ComparabilityError
        Naming everything that differs, with both values.
    """
    found = [
        Difference("", f"{calculation.label} is {calculation.status} ({calculation.reason})")
        for calculation in (a, b)
        if calculation.status != "completed"
    ]
    found += fingerprint_differences(a, b, without)
    if a.mock != b.mock:
        found.append(Difference("", f"mock: {a.mock} and {b.mock}"))
    if same_cell and a.structure is not None and b.structure is not None:
        found += _cell_difference(a.structure, b.structure)
    found += also
    refused = [difference for difference in found if difference.field not in allow]
    if refused:
        raise ComparabilityError(
            f"The {what} of {a.label!r} and {b.label!r} can't be subtracted: "
            f"{'; '.join(difference.text for difference in refused)}. "
            "Compute both with the same settings"
        )
    return found


def check_fingerprints(calculations: Sequence[CalculationDocument]) -> None:
    """Refuse energies that don't all belong in one sum, whatever their cells.

    Raises ``ComparabilityError``, naming the first two that don't, with both values.
    """
    for first, second in combinations(calculations, 2):
        check_comparable(first, second, same_cell=False)
