"""Whether the files of a calculation agree with the request and the returned energy."""

import math
from collections.abc import Iterator
from typing import Final

from llo_dft.documents.calculation import Fingerprint
from llo_dft.engines.base import ReadBack
from llo_dft.errors import CalculationError

#: Largest difference of an energy that two parsers read from one file, eV.
ENERGY_TOLERANCE_EV: Final = 1e-5

_RELATIVE: Final = 1e-6

#: An engine's own settings: the inputs state some of them, the files all.
_PARTLY_ASKED: Final = ("settings", "own_settings")


def checked_fingerprint(
    found: ReadBack | None, asked: Fingerprint, energy_ev: float
) -> Fingerprint:
    """Return the requested fingerprint, with what only the run decides.

    ``found`` is what the files say; None: the engine leaves none, and the request is kept.
    ``asked`` is the fingerprint before the run, ``energy_ev`` the energy that the engine returned.

    Raises ``CalculationError`` if a setting or the energy differs in the files, or the run did not
    converge; the message has both values.
    """
    if found is None:
        return asked
    used = found.fingerprint
    different = [
        f"{name}: requested {wanted!r}, the files have {there!r}"
        for name, wanted, there in _pairs(asked, used, found.of_the_run)
        if not _same(wanted, there)
    ]
    different += found.problems
    if found.energy_ev is None or not math.isclose(
        found.energy_ev, energy_ev, abs_tol=ENERGY_TOLERANCE_EV
    ):
        different.append(
            f"energy: the engine returned {energy_ev!r} eV, the files have {found.energy_ev!r}"
        )
    if different:
        raise CalculationError("; ".join(different))
    kept = {name: getattr(used, name) for name in found.of_the_run}
    kept |= {name: getattr(asked, name) | getattr(used, name) for name in _PARTLY_ASKED}
    return asked.model_copy(update=kept)


def _pairs(
    asked: Fingerprint, used: Fingerprint, of_the_run: tuple[str, ...]
) -> Iterator[tuple[str, object, object]]:
    """Yield each requested setting with the one that was used."""
    for name in Fingerprint.model_fields:
        wanted, there = getattr(asked, name), getattr(used, name)
        if name in _PARTLY_ASKED:
            # settings missing from the files are assumed to be as requested
            yield from ((one, value, there.get(one, value)) for one, value in wanted.items())
        elif name not in of_the_run:
            yield name, wanted, there


def _same(asked: object, used: object) -> bool:
    if isinstance(asked, float) and isinstance(used, float):
        return math.isclose(asked, used, rel_tol=_RELATIVE)
    if isinstance(asked, dict) and isinstance(used, dict):
        return asked.keys() == used.keys() and all(_same(asked[key], used[key]) for key in asked)
    return asked == used
