"""O-O pairs that are no longer two oxide ions, classified by their length."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.chemistry.formal_charges import unbalanced_charge

#: Kind of a short O-O pair.
PairKind: TypeAlias = Literal["o2", "superoxo", "peroxo"]

#: O-O shorter than this is a molecule: 1.21 in O2, 1.28 in the superoxide ion of alkalis.
O2_MAX_ANGSTROM: Final = 1.28

#: Longest superoxo O-O; from there to the next, peroxo (1.49 in alkali peroxides).
SUPEROXO_MAX_ANGSTROM: Final = 1.38
PEROXO_MAX_ANGSTROM: Final = 1.60


@dataclass(frozen=True)
class OxygenPair:
    """A short O-O pair: indices in the structure, the lower one first, and the distance."""

    first: int
    second: int
    length_angstrom: float

    @property
    def kind(self) -> PairKind:
        """Kind of a pair of this length."""
        if self.length_angstrom < O2_MAX_ANGSTROM:
            return "o2"
        return "superoxo" if self.length_angstrom <= SUPEROXO_MAX_ANGSTROM else "peroxo"


def oxygen_pairs(structure: Structure) -> list[OxygenPair]:
    """Return the pairs of O up to ``PEROXO_MAX_ANGSTROM`` apart, by nearest images."""
    oxygens = [i for i, site in enumerate(structure) if site.specie.symbol == "O"]
    if not oxygens:
        return []
    positions = structure.frac_coords[oxygens]
    distances = structure.lattice.get_all_distances(positions, positions)
    near = np.nonzero(np.triu(distances <= PEROXO_MAX_ANGSTROM, k=1))
    return [
        OxygenPair(oxygens[i], oxygens[j], float(distances[i, j]))
        for i, j in zip(*near, strict=True)
    ]


def may_be_oxidised(structure: Structure) -> bool:
    """Tell whether some O of a relaxed structure may not be an oxide ion.

    This is so if two are as close as in a peroxide, if the metals at the end of the redox ladder
    can't give every O two electrons, or if no formal charge is known.
    """
    if oxygen_pairs(structure):
        return True
    try:
        return unbalanced_charge(structure.composition.get_el_amt_dict()) < 0
    except ValueError:
        return True
