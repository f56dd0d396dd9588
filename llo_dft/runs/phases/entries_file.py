"""Phases of the Materials Project, or of a file of entries as its client writes it.

Only checked fields of each entry are read: monty's decoder, which imports and calls what a file
names, is never used.
"""

import gzip
import json
import math
import os
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final

from pymatgen.core.periodic_table import Element

from llo_dft.analysis.stability.phase_diagrams import correction_state
from llo_dft.documents.stability.phase_stability import PhaseEnergies, PhaseEnergy
from llo_dft.errors import InputError
from llo_dft.plain_files import from_json

#: Environment variable with the user's key, as the client itself reads it.
KEY: Final = "MP_API_KEY"

#: Classes of pymatgen's entries; a file may leave them out.
_CLASSES: Final = frozenset({"ComputedEntry", "ComputedStructureEntry", "PDEntry"})

#: Largest rounding error between a correction and the sum of its adjustments, eV per cell.
_SAME_CORRECTION_EV: Final = 1e-3

_LONGEST_NAME: Final = 80


def read_entries(path: Path) -> PhaseEnergies:
    """Read a JSON file of entries (a list of ``ComputedEntry.as_dict()``), possibly compressed.

    Raises ``InputError`` if it is not such a file, an entry has no composition or energy, or
    raw and corrected energies are mixed; the message names the entry.
    """
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        listed = from_json(data)
    except (ValueError, EOFError, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is not a JSON file of entries: {error}") from error
    return phases_of(listed, str(path))


def phases_of(listed: Any, source: str) -> PhaseEnergies:  # noqa: ANN401 (whatever a file holds)
    """Return the phases of entries in plain data; arguments and errors as of ``read_entries``."""
    if not isinstance(listed, list) or not listed:
        raise InputError(f"{source}: expected a list of entries, got {str(listed)[:60]!r}")
    phases = [_phase(one, f"{source}: entry {i}", i) for i, one in enumerate(listed)]
    names = Counter(one.name for one in phases)
    if twice := [name for name, n in names.items() if n > 1]:
        raise InputError(f"{source} has the entry {twice[0]} twice; keep one of them")
    return PhaseEnergies(source=source, corrections=correction_state(phases, source), phases=phases)


def _phase(fields: Any, where: str, number: int) -> PhaseEnergy:  # noqa: ANN401
    if not isinstance(fields, dict):
        raise InputError(f"{where} is {str(fields)[:60]!r}; expected an entry's fields")
    kind = fields.get("@class", "ComputedEntry")
    if kind not in _CLASSES:
        raise InputError(
            f"{where} is a {str(kind)[:60]!r}; expected one of {', '.join(sorted(_CLASSES))}"
        )
    composition = fields.get("composition")
    if not isinstance(composition, dict) or not composition:
        raise InputError(f"{where} has no composition")
    atoms: dict[str, float] = {}
    for symbol, amount in composition.items():
        if not Element.is_valid_symbol(symbol):
            raise InputError(f"{where}: {symbol[:60]!r} is not an element")
        atoms[symbol] = _number(amount, f"{where}, {symbol}")
        if atoms[symbol] <= 0:
            raise InputError(f"{where} has {amount} atoms of {symbol}; expected more than 0")
    correction = _correction(fields, where)
    parameters = fields.get("parameters")
    run_type = parameters.get("run_type") if isinstance(parameters, dict) else None
    name = fields.get("entry_id") or fields.get("name") or f"entry-{number}"
    return PhaseEnergy(
        name=str(name)[:_LONGEST_NAME],
        composition=atoms,
        energy_ev=_number(fields.get("energy"), f"{where}, energy") + correction,
        correction_ev=correction,
        run_type=run_type[:_LONGEST_NAME] if isinstance(run_type, str) else "",
    )


def _correction(fields: dict[str, Any], where: str) -> float:
    """Return the correction of an entry's energy, eV per cell."""
    stated = fields.get("correction")
    adjustments = fields.get("energy_adjustments")
    if not isinstance(adjustments, list) or not adjustments:
        return 0.0 if stated is None else _number(stated, f"{where}, correction")
    total = 0.0
    for one in adjustments:
        if not isinstance(one, dict):
            raise InputError(f"{where}: an adjustment is {str(one)[:60]!r}; expected fields")
        if "value" in one:
            total += _number(one["value"], f"{where}, adjustment")
        else:
            total += _number(one.get("adj_per_atom"), f"{where}, adjustment per atom") * _number(
                one.get("n_atoms"), f"{where}, atoms of an adjustment"
            )
    if stated is not None:
        stated = _number(stated, f"{where}, correction")
        if abs(stated - total) > _SAME_CORRECTION_EV:
            raise InputError(
                f"{where}: its correction is {stated:g} eV and its adjustments add up to {total:g}"
            )
    return total


def _number(value: Any, where: str) -> float:  # noqa: ANN401
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise InputError(f"{where} is {str(value)[:60]!r}; expected a number")
    return float(value)


def materials_project_phases(
    elements: Collection[str], client: Callable[[str], Any] | None = None
) -> PhaseEnergies:
    """Return the corrected GGA and GGA+U entries of a chemical system.

    Raises ``InputError`` if there is no key, or the client is not installed.

    ``client`` is called with the key, and gives an object that the ``with`` statement opens and
    that has ``get_entries_in_chemsys``; None: the Materials Project's own (extra ``mp``).
    """
    key = os.environ.get(KEY, "")
    if not key:
        raise InputError(
            f"the Materials Project needs your own key: put it in the environment variable {KEY} "
            f"(materialsproject.org/api), or write its entries to a file and give --entries"
        )
    if client is None:
        try:
            from mp_api.client import MPRester  # noqa: PLC0415 (an extra)
        except ImportError as error:
            raise InputError(
                "the Materials Project's client is not installed: pip install 'llo-dft[mp]'"
            ) from error
        client = MPRester
    with client(key) as opened:
        found = opened.get_entries_in_chemsys(
            sorted(elements), additional_criteria={"thermo_types": ["GGA_GGA+U"]}
        )
    plain = json.loads(json.dumps([entry.as_dict() for entry in found], default=str))
    return phases_of(plain, "Materials Project (GGA_GGA+U)")
