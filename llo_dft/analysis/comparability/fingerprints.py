"""Whether two energies may be subtracted from one another."""

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.chemistry.element_table import symbols_of
from llo_dft.documents.calculation import CalculationDocument, Fingerprint, Setting
from llo_dft.errors import InputError

#: Largest difference of two cell lengths that counts as rounding in a file, angstrom. In a 10
#: angstrom cell under 5 GPa it amounts to about 3 meV.
CELL_LENGTH_TOLERANCE_ANGSTROM: Final = 1e-3

#: The same for cell angles, degrees: 1e-3 angstrom at the end of a 10 angstrom edge.
CELL_ANGLE_TOLERANCE_DEGREES: Final = 6e-3

#: Relative difference of two settings that counts as rounding.
SETTING_RELATIVE_TOLERANCE: Final = 1e-6

#: The same for the spacing of k-points, which also varies within the tolerance of the cells. One
#: more division in a hundred changes it ten times as much.
K_SPACING_RELATIVE_TOLERANCE: Final = 1e-3

#: An engine's own settings, compared name by name.
_SETTINGS: Final = ("settings", "own_settings", "other_settings")

_BY_ELEMENT: Final = ("u_values_ev", "j_values_ev", "u_shells", "pseudopotentials")

#: Settings that a reference molecule or metal has of its own.
_OWN: Final = ("own_settings", "spin_polarized")

#: Allows crossings of runs whose forces are large.
FORCES: Final = "forces"

#: Names that may be allowed to differ: one of these, or a setting of the engine.
ALLOWED_FIELDS: Final = (
    *(name for name in Fingerprint.model_fields if name not in _SETTINGS),
    "cell",
    FORCES,
)
_SETTING_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]+")

#: Key of a U whose element is not known.
_UNKNOWN: Final = "?"


#: How two calculations are related.
Relation: TypeAlias = Literal["same cell", "other cell", "reference"]


class ComparabilityError(InputError):
    """Two calculations whose energies may not be subtracted; the message names all reasons."""


@dataclass(frozen=True)
class Difference:
    """One difference between two calculations.

    ``text`` has both values. ``field`` is the name under which it may be allowed; empty if it may
    not. One that ``forbids`` forbids subtracting the energies unless allowed; another is only
    reported.
    """

    field: str
    text: str
    forbids: bool = True


def check_allowed(names: Iterable[str]) -> list[str]:
    """Return the names of settings that may differ, in order, without duplicates.

    Raises ``InputError`` for a name that no setting has.
    """
    asked = list(dict.fromkeys(names))
    unknown = [
        name for name in asked if name not in ALLOWED_FIELDS and not _SETTING_NAME.fullmatch(name)
    ]
    if unknown:
        raise InputError(
            f"--allow {unknown[0]!r} is not a known setting; expected one of "
            f"{', '.join(ALLOWED_FIELDS)}, or a setting of the engine in capitals, such as LASPH"
        )
    return asked


def _agree(first: object, second: object, *, tolerance: float = SETTING_RELATIVE_TOLERANCE) -> bool:
    if isinstance(first, float) and isinstance(second, float):
        return math.isclose(first, second, rel_tol=tolerance)
    return first == second


def _lacks(calculation: CalculationDocument, kind: str) -> bool:
    """Tell whether a calculation is known to have no atoms of a kind; "Mn(2)" is a kind of Mn."""
    structure = calculation.structure or calculation.initial_structure
    if kind == _UNKNOWN or structure is None:
        return False
    return kind.partition("(")[0] not in symbols_of(structure)


def _by_element(name: str, a: CalculationDocument, b: CalculationDocument) -> list[Difference]:
    """Differences of a setting given by element, for the elements in either calculation.

    A value missing for an element that a calculation doesn't have is not a difference. A U of zero
    is the same as none; its shell is compared where both have a U.
    """
    settings: list[Mapping[str, object]] = [
        getattr(calculation.fingerprint, name) for calculation in (a, b)
    ]
    default: object = 0.0 if name.endswith("_ev") else "none"
    found = []
    kinds = settings[0].keys() | settings[1].keys()
    if name == "u_shells":
        kinds = settings[0].keys() & settings[1].keys()
    for kind in sorted(kinds):
        lacking = [_lacks(calculation, kind) for calculation in (a, b)]
        silent = any(
            lacks and kind not in setting for setting, lacks in zip(settings, lacking, strict=True)
        )
        first, second = (setting.get(kind, default) for setting in settings)
        if not all(lacking) and not silent and not _agree(first, second):
            what = "J = " if name == "j_values_ev" else ""
            found.append(Difference(name, f"{name}[{kind}]: {what}{first!r} and {second!r}"))
    return found


def _by_setting(name: str, a: Fingerprint, b: Fingerprint) -> list[Difference]:
    """Differences of an engine's own settings.

    A setting that only one of two functionals has is part of their difference, not a further one.
    """
    absent = "default" if name == "other_settings" else "not set"
    same_functional = a.functional.partition("+U")[0] == b.functional.partition("+U")[0]
    settings: list[Mapping[str, Setting]] = [getattr(one, name) for one in (a, b)]
    found = []
    for key in sorted(settings[0].keys() | settings[1].keys()):
        values = [one.get(key) for one in settings]
        if None in values or not _agree(*values):
            first, second = (absent if value is None else repr(value) for value in values)
            forbids = name != "other_settings" and (same_functional or None not in values)
            found.append(Difference(key, f"{key}: {first} and {second}", forbids))
    return found


def _u_has_no_say(a: CalculationDocument, b: CalculationDocument) -> bool:
    """Tell whether two functionals differ only by a +U on elements that one calculation lacks.

    O2 beside an oxide, for example, is PBE where the oxide is PBE+U.
    """
    for plain, corrected in ((a, b), (b, a)):
        if plain.fingerprint is None or corrected.fingerprint is None:
            return False
        base, plus_u, _ = corrected.fingerprint.functional.partition("+U")
        if plus_u and plain.fingerprint.functional == base:
            values = corrected.fingerprint.u_values_ev
            acting = [kind for kind, u in values.items() if u and not _lacks(corrected, kind)]
            return bool(acting) and all(_lacks(plain, kind) for kind in acting)
    return False


def fingerprint_differences(
    a: CalculationDocument,
    b: CalculationDocument,
    without: Collection[str] = (),
    *,
    reference: bool = False,
) -> list[Difference]:
    """All differences of the two fingerprints, with both values.

    U, J and pseudopotentials are compared only for elements in either calculation, and so is the
    +U in the name of a functional. ``without`` names fields that are not compared. A ``reference``
    molecule or crystal has its own spins, smearing and the like.
    """
    if a.fingerprint is None or b.fingerprint is None:
        return []
    found = []
    for name in Fingerprint.model_fields:
        if name in without or (reference and name in _OWN):
            continue
        if name in _BY_ELEMENT:
            found += _by_element(name, a, b)
        elif name in _SETTINGS:
            found += _by_setting(name, a.fingerprint, b.fingerprint)
        elif name != "functional" or not _u_has_no_say(a, b):
            first, second = getattr(a.fingerprint, name), getattr(b.fingerprint, name)
            k_points = name == "k_spacing_per_angstrom"
            tolerance = K_SPACING_RELATIVE_TOLERANCE if k_points else SETTING_RELATIVE_TOLERANCE
            if not _agree(first, second, tolerance=tolerance):
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
    relation: Relation = "same cell",
    without: Collection[str] = (),
    also: Iterable[Difference] = (),
    allow: Collection[str] = (),
    what: str = "energies",
) -> list[Difference]:
    """Refuse two calculations whose energies may not be subtracted.

    Raises ``ComparabilityError``, naming all differences, with both values.

    Both must have completed, with the same fingerprint (U values and pseudopotentials: for elements
    in either), and both or neither be mock. ``relation`` "same cell": the cells must agree too,
    within ``CELL_LENGTH_TOLERANCE_ANGSTROM`` and ``CELL_ANGLE_TOLERANCE_DEGREES``; orientation
    doesn't matter. "reference": one of them is a molecule or crystal that atoms are taken from or
    go to.

    ``without`` are fields of the fingerprint that have no meaning here, or that ``also``, the
    differences found elsewhere, compares; ``allow`` names of differences to allow
    (``check_allowed``); ``what`` is the quantity to be subtracted. Returns the differences that
    were allowed, and those that are only to be reported.
    """
    found = [
        Difference("", f"{calculation.label} is {calculation.status} ({calculation.reason})")
        for calculation in (a, b)
        if calculation.status != "completed"
    ]
    found += fingerprint_differences(a, b, without, reference=relation == "reference")
    if a.mock != b.mock:
        found.append(Difference("", f"mock: {a.mock} and {b.mock}"))
    if relation == "same cell" and a.structure is not None and b.structure is not None:
        found += _cell_difference(a.structure, b.structure)
    found += also
    refused = [one for one in found if one.forbids and one.field not in allow]
    if refused:
        raise ComparabilityError(
            f"The {what} of {a.label!r} and {b.label!r} can't be subtracted: "
            f"{'; '.join(difference.text for difference in refused)}. "
            "Compute both with the same settings"
        )
    return found
