"""Started by the tests of the cache as a process of its own, to be killed or to be raced.

``python store_calculations.py FOLDER STATUS KEY ENERGY NUMBER`` stores that many calculations,
KEY-0 and so on, once a line comes on stdin; prints the energy that is then stored for each. With
NUMBER 0 it stops in the middle of writing the result of KEY, says so, and waits to be killed.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from pymatgen.core import Lattice, Structure

from llo_dft.calculations.cache import CalculationCache
from llo_dft.documents.calculation import CalculationDocument, Fingerprint


def failures(cache: CalculationCache) -> list[CalculationDocument]:
    """The last failure of every key that has not been completed since."""
    keys = [path.name.removesuffix(".failed") for path in sorted(cache.folder.glob("*.failed"))]
    return [cache.failed(key) for key in keys if cache.completed(key) is None]


def calculation(key: str, status: str = "completed", energy_ev: float = -1.0, **fields: object):
    structure = Structure(Lattice.cubic(3.0), ["Li", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    completed = status == "completed"
    return CalculationDocument(
        **{
            "key": key,
            "label": f"label of {key}",
            "kind": "slab_relax",
            "status": status,
            "reason": None if completed else f"reason {energy_ev}",
            "fingerprint": Fingerprint(engine="fake", engine_version="1", functional="none"),
            "protocol": "balanced",
            "energy_ev": energy_ev if completed else None,
            "structure": structure if completed else None,
        }
        | fields
    )


def store(cache: CalculationCache, document: CalculationDocument) -> CalculationDocument:
    cache.note("started", document.label, document.key)
    with cache.workspace(document.key) as workspace:
        (workspace / "raw.txt").write_text("raw", encoding="utf-8")
        return cache.store(document, workspace)


def stop_in_the_middle(_: int) -> None:
    print("writing", flush=True)  # noqa: T201 (the test waits for it)
    time.sleep(600)


if __name__ == "__main__":
    folder, status, key, energy, number = sys.argv[1:]
    cache = CalculationCache(Path(folder))
    if number == "0":
        os.fsync = stop_in_the_middle
        store(cache, calculation(key, status, float(energy)))
    sys.stdin.readline()
    for index in range(int(number)):
        stored = store(cache, calculation(f"{key}-{index}", status, float(energy)))
        print(stored.energy_ev, flush=True)  # noqa: T201 (the test reads it)
