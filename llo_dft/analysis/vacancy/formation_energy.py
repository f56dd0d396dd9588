"""Oxygen-vacancy formation energy from two calculations and a chemical potential."""

from collections.abc import Collection

from pymatgen.core.structure import Structure

from llo_dft.analysis.comparability.fingerprints import ComparabilityError, check_comparable
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.errors import InputError


class VacancyCompositionError(InputError):
    """A cell that is not its host minus oxygen; the message has both compositions."""


def _energy_and_structure(calculation: CalculationDocument) -> tuple[float, Structure]:
    if calculation.energy_ev is None or calculation.structure is None:
        raise ComparabilityError(f"{calculation.label!r} has no energy and structure to compare")
    return calculation.energy_ev, calculation.structure


def removed_oxygen_count(host: Structure, vacancy: Structure) -> int:
    """Count the O atoms that ``vacancy`` lacks, all else being equal.

    Raises ``VacancyCompositionError`` if anything but O differs or no O is missing.
    """
    before = host.composition.element_composition.get_el_amt_dict()
    after = vacancy.composition.element_composition.get_el_amt_dict()
    missing = {
        element: before.get(element, 0.0) - after.get(element, 0.0)
        for element in sorted(before.keys() | after.keys())
        if before.get(element, 0.0) != after.get(element, 0.0)
    }
    count = missing.pop("O", 0.0)
    if missing or count <= 0 or not float(count).is_integer():
        raise VacancyCompositionError(
            "The vacancy's cell must be the host's minus one or more O and nothing else; host "
            f"{host.composition.formula!r}, vacancy {vacancy.composition.formula!r}"
        )
    return int(count)


def formation_energy_ev(
    host: CalculationDocument,
    vacancy: CalculationDocument,
    mu_oxygen_ev: float,
    *,
    allow: Collection[str] = (),
) -> tuple[float, int]:
    """Compute the formation energy of a neutral oxygen vacancy, eV per removed O.

    ``E_f = [E(host - n O) - E(host) + n mu_O] / n``; n is read from the two compositions
    (2 where the vacancy is made on both faces of a symmetric slab).

    Raises ``ComparabilityError`` if the energies may not be subtracted; ``VacancyCompositionError``
    if anything but O was removed, or no O was.

    Both are completed calculations of the same cell with the same fingerprint; ``mu_oxygen_ev`` is
    in eV per O (``analysis.oxygen``), ``allow`` are names of differences to accept
    (``analysis.comparability``). Returns E_f in eV per O, and n.
    """
    check_comparable(host, vacancy, allow=allow)
    host_energy, host_structure = _energy_and_structure(host)
    vacancy_energy, vacancy_structure = _energy_and_structure(vacancy)
    count = removed_oxygen_count(host_structure, vacancy_structure)
    return (vacancy_energy - host_energy) / count + mu_oxygen_ev, count
