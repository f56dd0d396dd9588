"""How many damaged files each test of the readers goes through.

The default run takes a share of each kind; ``pytest -m fuzz`` takes all. Every one of these tests
counts what it has done and compares that with this table, and one test compares the sum with what
was promised.
"""

from __future__ import annotations

from typing import Final

#: The least number of cases in a run of ``pytest -m fuzz``.
PROMISED: Final = 20_000

#: Seeds and cases for each of them, of the default run.
VASPRUN_SEEDS, VASPRUN_EACH = 2, 300
GRID_SEEDS, GRID_EACH = 5, 400
OUTCAR_SEEDS, OUTCAR_EACH = 1, 1000
VASPOUT_SEEDS, VASPOUT_EACH = 1, 60
PACKED_EACH: Final = 200
PACKED_VASPRUN_EACH: Final = 100

#: The same of ``pytest -m fuzz``, on top of those.
VASPRUN_MUCH: Final = 10_000
GRID_MUCH_SEEDS: Final = 25
OUTCAR_MUCH: Final = 10_000
VASPOUT_MUCH: Final = 1_500

CASES: Final = {
    "vasprun.xml": VASPRUN_MUCH,
    "CHGCAR and LOCPOT": GRID_MUCH_SEEDS * GRID_EACH,
    "OUTCAR": OUTCAR_MUCH,
    "vaspout.h5": VASPOUT_MUCH,
}
