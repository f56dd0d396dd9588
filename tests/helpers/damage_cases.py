"""How many damaged files each test of the readers goes through, slow ones apart.

Every one of these tests counts what it has done and holds that against this table, and one test
holds the sum against what was promised.
"""

from __future__ import annotations

from typing import Final

#: The least number of cases in a run of the tests.
PROMISED: Final = 20_000

VASPRUN_SEEDS, VASPRUN_EACH = 4, 1500
GRID_SEEDS, GRID_EACH = 25, 400
PACKED_KINDS, PACKED_EACH = 2, 400
PACKED_VASPRUN_KINDS, PACKED_VASPRUN_EACH = 2, 200
OUTCAR_SEEDS, OUTCAR_EACH = 2, 2000
VASPOUT_SEEDS, VASPOUT_EACH = 1, 250

CASES: Final = {
    "vasprun.xml": VASPRUN_SEEDS * VASPRUN_EACH,
    "CHGCAR and LOCPOT": GRID_SEEDS * GRID_EACH,
    "packed CHGCAR": PACKED_KINDS * PACKED_EACH,
    "packed vasprun.xml": PACKED_VASPRUN_KINDS * PACKED_VASPRUN_EACH,
    "OUTCAR": OUTCAR_SEEDS * OUTCAR_EACH,
    "vaspout.h5": VASPOUT_SEEDS * VASPOUT_EACH,
}
