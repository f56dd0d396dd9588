"""The host with the arrangement that one of its vacancies found: perhaps the lower one."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.analysis.vacancy.structure_check import moved_lithium
from llo_dft.chemistry.roles import element_role
from llo_dft.documents.atom_identity import BARE_SITE, bare_sites
from llo_dft.documents.calculation import CalculationDocument

#: Least distance of an O that is put back from other atoms, and from other anions, angstrom: no
#: bond of an oxide is shorter than the first, no two anions of one are nearer than 2.3, and where
#: one of the coating had come to 1.3 of the place the host ended 3.9 eV higher, with a peroxide.
TOO_NEAR_ANGSTROM: Final = 1.2
ANIONS_TOO_NEAR_ANGSTROM: Final = 1.8


def host_to_revisit(
    host: CalculationDocument, vacancies: Sequence[CalculationDocument | None]
) -> tuple[CalculationDocument, Structure] | str:
    """Return the vacancy that a host may follow, and the host in its arrangement; or why none.

    Of the completed ones with a Li on another site than in the host it is the lowest per removed O
    whose O can be put where the host has it: another atom may have taken the place. The atoms are
    in the host's order.
    """
    if host.structure is None or host.energy_ev is None:
        return f"{host.label} has no result"
    found: list[tuple[float, int, CalculationDocument, Structure]] = []
    for i, one in enumerate(vacancies):
        if one is None or one.structure is None or one.energy_ev is None:
            continue
        if moved_lithium(host.structure, one.structure):
            n_lacking = max(1, len(host.structure) - len(one.structure))
            found.append(((one.energy_ev - host.energy_ev) / n_lacking, i, one, one.structure))
    for _, _, one, structure in sorted(found, key=lambda entry: entry[:2]):
        back = _with_oxygen_back(host.structure, structure)
        if back is not None:
            return one, back
    if found:
        lacking = ", ".join(one.label for _, _, one, _ in found)
        return f"another atom has taken the place of the O that {lacking} lacks"
    return f"no vacancy of {host.label} has its Li on other sites than the host"


def _with_oxygen_back(host: Structure, vacancy: Structure) -> Structure | None:
    """Return a vacancy with its O where the host has it; None if something else is there."""
    back = vacancy.copy()
    there = set(bare_sites(vacancy))
    added = []
    for i, site in enumerate(host):
        if site.properties[BARE_SITE] not in there:
            back.insert(i, site.specie, site.frac_coords, properties=dict(site.properties))
            added.append(i)
    least = np.array(
        [
            ANIONS_TOO_NEAR_ANGSTROM
            if element_role(site.specie.symbol) == "anion"
            else TOO_NEAR_ANGSTROM
            for site in back
        ]
    )
    distances = back.distance_matrix[added]
    distances[range(len(added)), added] = np.inf
    return None if (distances < least).any() else back
