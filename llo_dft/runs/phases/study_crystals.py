"""The relaxed crystals of a study, as phases of its engine."""

from pathlib import Path

from llo_dft.builders.reference_cells import lithium_metal
from llo_dft.calculations.cache import CalculationCache
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.labels import BULK
from llo_dft.documents.plan import StudyPlan
from llo_dft.documents.stability.phase_stability import PhaseEnergy, StudyCrystal
from llo_dft.engines.base import Engine
from llo_dft.errors import InputError


def study_crystals(
    plan: StudyPlan, calculations: Path
) -> dict[str, tuple[StudyCrystal, CalculationDocument]]:
    """Return a study's completed crystals by name: cathode by lithium content, and coating.

    Of several Li orderings the lowest counts.

    ``calculations`` is the folder of the study's calculations.

    Raises ``InputError`` if the cathode has no completed crystal.
    """
    contents: dict[str, float | None] = {BULK: 1.0}
    contents |= {one.label: one.lithium_fraction for one in plan.bulk_hosts}
    if plan.coating_crystal is not None:
        contents[plan.coating_label] = None
    found: dict[str, tuple[StudyCrystal, CalculationDocument]] = {}
    for label, document in CalculationCache(calculations).documents(contents).items():
        if document.energy_ev is None or document.structure is None:
            continue
        x = contents[label]
        name = f"coating {label}" if x is None else f"crystal at x = {x:.2f}"
        if name not in found or document.energy_ev < (found[name][1].energy_ev or 0.0):
            found[name] = (
                StudyCrystal(calculation=document.key, lithium_fraction=x),
                document,
            )
    if all(one.lithium_fraction is None for one, _ in found.values()):
        raise InputError(f"{calculations} has no completed crystal of the cathode")
    return found


def crystal_phases(
    crystals: dict[str, tuple[StudyCrystal, CalculationDocument]], engine: Engine
) -> dict[str, PhaseEnergy]:
    """Return the energies of a study's crystals, to combine with an engine's other phases.

    Raises ``InputError`` if one was computed with other settings or another version than the
    engine has now.
    """
    now = engine.maker("bulk_relax").fingerprint(lithium_metal())
    for name, (_, document) in crystals.items():
        if document.fingerprint != now:
            raise InputError(
                f"{name} was computed with other settings or another version than "
                f"{engine.name} has now, so the energies don't belong in one diagram"
            )
    return {
        name: PhaseEnergy(
            name=name,
            composition=document.structure.composition.get_el_amt_dict(),
            energy_ev=document.energy_ev,
        )
        for name, (_, document) in crystals.items()
        if document.structure is not None and document.energy_ev is not None
    }
