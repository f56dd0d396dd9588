"""Phases of the Materials Project, by its client and with the user's own key."""

import json
import os
from collections.abc import Callable, Collection
from typing import Any, Final

from llo_dft.analysis.stability.phase_diagrams import StabilityError
from llo_dft.documents.stability.phase_stability import PhaseEnergies
from llo_dft.runs.phases.entries_file import phases_of

#: Environment variable with the user's key, as the client itself reads it.
KEY: Final = "MP_API_KEY"


def materials_project_phases(
    elements: Collection[str], client: Callable[[str], Any] | None = None
) -> PhaseEnergies:
    """Return the corrected GGA and GGA+U entries of a chemical system.

    Parameters
    ----------
    elements
        Elements of the diagram.
    client
        Called with the key: an object that the ``with`` statement opens and that has
        ``get_entries_in_chemsys``; None: the Materials Project's own (extra ``mp``).

    Raises
    ------
    StabilityError
        If there is no key, or the client is not installed.
    """
    key = os.environ.get(KEY, "")
    if not key:
        raise StabilityError(
            f"the Materials Project needs your own key: put it in the environment variable {KEY} "
            f"(materialsproject.org/api), or write its entries to a file and give --entries"
        )
    if client is None:
        try:
            from mp_api.client import MPRester  # noqa: PLC0415 (an extra)
        except ImportError as error:
            raise StabilityError(
                "the Materials Project's client is not installed: pip install 'llo-dft[mp]'"
            ) from error
        client = MPRester
    with client(key) as opened:
        found = opened.get_entries_in_chemsys(
            sorted(elements), additional_criteria={"thermo_types": ["GGA_GGA+U"]}
        )
    plain = json.loads(json.dumps([entry.as_dict() for entry in found], default=str))
    return phases_of(plain, "Materials Project (GGA_GGA+U)")
