"""The crystals of a study's cathode at each state of charge, as phases of its engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.analysis.stability.phase_diagrams import StabilityError
from llo_dft.builders.reference_cells import lithium_metal
from llo_dft.calculations.cache import CalculationCache
from llo_dft.documents.labels import BULK
from llo_dft.documents.stability.phase_stability import PhaseEnergy

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.engines.base import Engine


def study_crystals(plan: StudyPlan, calculations: Path, engine: Engine) -> dict[str, PhaseEnergy]:
    """Return the completed crystals of a study by their lithium content.

    Parameters
    ----------
    plan, calculations
        The study, and the folder of its calculations.
    engine
        Of the study: what computes the other phases.

    Raises
    ------
    StabilityError
        If there is none, or one was computed by another engine or version.
    """
    contents = {BULK: 1.0} | {one.label: one.lithium_fraction for one in plan.bulk_hosts}
    now = engine.maker("bulk_relax").fingerprint(lithium_metal())
    found: dict[str, PhaseEnergy] = {}
    for label, document in CalculationCache(calculations).documents(contents).items():
        if document.energy_ev is None or document.structure is None:
            continue
        if document.fingerprint != now:
            raise StabilityError(
                f"{label} was computed with other settings or another version than "
                f"{engine.name} has now, so that its energy stands in no diagram with those of now"
            )
        # of several orderings of its Li the lowest counts
        name = f"crystal at x = {contents[label]:.2f}"
        if name in found and found[name].energy_ev <= document.energy_ev:
            continue
        found[name] = PhaseEnergy(
            name=name,
            composition=document.structure.composition.get_el_amt_dict(),
            energy_ev=document.energy_ev,
        )
    if not found:
        raise StabilityError(f"{calculations} has no completed crystal of the cathode")
    return found
