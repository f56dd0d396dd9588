"""Types shared by all modules: the closed vocabularies of the package, arrays, plain texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator

if TYPE_CHECKING:
    import re

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]

#: What a calculation is: a cell relaxation, a fixed-cell relaxation, a molecule in a box, one
#: point with densities of states and of charge, or single points of many orderings of Li.
CalculationKind: TypeAlias = Literal[
    "bulk_relax", "slab_relax", "molecule_relax", "static", "ranking"
]

#: Status of a calculation, of a job in a queue, of a study's driver: the one vocabulary of the
#: package. "pending" waits for its turn; "missing" was planned and was not tried, or should be in
#: a queue and is not. What failed, was skipped or is missing has a reason beside it.
#: How far an atom moved, angstrom.
Moved: TypeAlias = tuple[float, float, float]

Status: TypeAlias = Literal["pending", "running", "completed", "failed", "skipped", "missing"]

#: What an engine can give. A step that needs what its engine lacks is skipped, and says so.
Capability: TypeAlias = Literal["energy", "forces", "stress", "magmoms", "dos", "density", "inputs"]

#: The LLO slab with vacuum, or the same slab with its coating.
System: TypeAlias = Literal["bare", "coated"]

#: What a voltage is of: the oxide's crystal, or a slab, whose own voltage is that of its faces too.
VoltageSystem: TypeAlias = Literal["bulk", "bare", "coated"]

#: The two parts of a coated slab.
Part: TypeAlias = Literal["oxide", "coating"]

#: How the energy of O2 is corrected (see llo_dft.analysis.oxygen.chemical_potential).
OxygenScheme: TypeAlias = Literal["none", "wang2006", "mp2020", "potential"]

#: What a removed O was: decides which of MP2020's corrections of anions it carried.
OxideKind: TypeAlias = Literal["oxide", "peroxide", "superoxide"]

#: Depth of an oxygen in its slab.
Layer: TypeAlias = Literal["surface", "subsurface", "inner"]

#: What an order of the metals keeps, so that a slab cut from it is symmetric: any operation that
#: turns its layers over, for (001); the inversion, for every plane; or nothing.
KeptOperation: TypeAlias = Literal["turn", "inversion", "nothing"]

#: A supercell in the plane: repeats of a and b, or two vectors on them.
Supercell: TypeAlias = tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]

#: Which half of the slab an oxygen belongs to.
Side: TypeAlias = Literal["top", "bottom", "middle"]

#: How the moments of a calculation begin: all up, in rows that alternate within each layer, or as
#: in the one of the two that has the lower energy in the study's first slab.
MagneticOrder: TypeAlias = Literal["ferro", "rows", "lower"]


def matching(pattern: re.Pattern[str], expected: str) -> AfterValidator:
    """Return a validator of texts that match as a whole; ``expected`` says in words what does."""

    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"expected {expected}")
        return text

    return AfterValidator(check)
