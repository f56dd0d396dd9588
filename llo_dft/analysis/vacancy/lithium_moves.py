"""Whether the Li of a vacancy are where those of its host are."""

from collections.abc import Sequence

from pymatgen.core.structure import Structure

from llo_dft.analysis.vacancy.structure_check import MOVED_MIN_ANGSTROM, displacements_angstrom
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.documents.atom_identity import bare_sites, places, without_atoms
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.typing import FloatArray


def moved_lithium(host: Structure, vacancy: Structure) -> list[int]:
    """Return the Li of a relaxed vacancy that are on other sites than in its relaxed host.

    The host has the identities of its atoms (``documents.atom_identity``), the vacancy the same
    atoms in the same order, without some O.

    Returns the indices in ``vacancy`` of those that moved by more than ``MOVED_MIN_ANGSTROM``.
    """
    far = _moved_angstrom(host, vacancy)
    return [
        i
        for i, symbol in enumerate(symbols_of(vacancy))
        if symbol == "Li" and far[i] > MOVED_MIN_ANGSTROM
    ]


def has_other_arrangement(host: Structure, vacancy: Structure) -> bool:
    """Tell whether any atom of a relaxed vacancy sits in another site than in its relaxed host.

    Parameters and limit as of ``moved_lithium``; the vacancy may lack nothing.
    """
    return bool((_moved_angstrom(host, vacancy) > MOVED_MIN_ANGSTROM).any())


def _moved_angstrom(host: Structure, vacancy: Structure) -> FloatArray:
    kept = without_atoms(host, places(host).keys() - set(bare_sites(vacancy)))
    return displacements_angstrom(kept, vacancy)


def vacancy_to_follow(
    host: CalculationDocument, vacancies: Sequence[CalculationDocument | None]
) -> CalculationDocument | None:
    """Return the vacancy whose Li arrangement the host may take over; None: none differs.

    It is the lowest per removed O of the completed ones with Li on other sites than the host.
    """
    if host.structure is None or host.energy_ev is None:
        return None
    found: list[tuple[float, int]] = []
    for i, one in enumerate(vacancies):
        if one is None or one.structure is None or one.energy_ev is None:
            continue
        if moved_lithium(host.structure, one.structure):
            n_lacking = max(1, len(host.structure) - len(one.structure))
            found.append(((one.energy_ev - host.energy_ev) / n_lacking, i))
    return vacancies[min(found)[1]] if found else None
