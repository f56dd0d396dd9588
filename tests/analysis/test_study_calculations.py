"""A coated pristine host is the best of its interfaces, and no calculation of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llo_dft.analysis.oxygen.reservoir import OxygenReservoir
from llo_dft.analysis.study_calculations import StudyCalculations
from llo_dft.documents.calculation import CalculationDocument, Fingerprint, not_computed

if TYPE_CHECKING:
    from llo_dft.documents.plan import StudyPlan

STEP = "step-Li0-PO3"
NO_OXYGEN = OxygenReservoir(None, {}, {}, "")
FINGERPRINT = Fingerprint(engine="fake", engine_version="1", functional="PBE")


def gone(label: str) -> CalculationDocument:
    return not_computed(label, "missing", f"no {label}")


def made_of(plan: StudyPlan, **energies_ev: float) -> StudyCalculations:
    """The step's candidates with these energies by rank (``rank_0=-1.0``), and nothing else."""
    documents = {label: gone(label) for label in plan.labels}
    for one in plan.candidates(STEP):
        energy = energies_ev.get(f"rank_{one.rank}")
        if energy is not None:
            documents[one.label] = CalculationDocument(
                key=one.label,
                label=one.label,
                kind="slab_relax",
                status="completed",
                fingerprint=FINGERPRINT,
                protocol="fast",
                energy_ev=energy,
                initial_structure=one.structure,
                structure=one.structure,
            )
    return StudyCalculations(plan, documents)


@pytest.mark.parametrize(("energies", "best"), [((-1.0, -2.0), 1), ((-2.0, -1.0), 0)])
def test_the_lowest_candidate_is_the_pristine_host(
    coated_plan: StudyPlan, energies: tuple[float, float], best: int
) -> None:
    made = made_of(coated_plan, rank_0=energies[0], rank_1=energies[1])
    pristine, half = (host for host in coated_plan.hosts if host.termination == STEP)
    assert made.host(pristine).label == f"interface_{STEP}_{best}"
    assert made.host(half).label == half.label
    assert made.interface(STEP).best is made.host(pristine)
    assert made.fingerprint == FINGERPRINT


def test_which_o_is_bonded_is_not_known_without_an_interface(coated_plan: StudyPlan) -> None:
    pristine = next(host for host in coated_plan.hosts if host.termination == STEP)
    bonded = [v.pair for v in pristine.vacancies if v.bonded is not None]
    made = made_of(coated_plan).result_of(pristine, NO_OXYGEN)
    unknown = [v for v in made.vacancies if v.pair in bonded]
    assert len(unknown) == len(bonded) > 0
    assert all(vacancy.removed == [] for vacancy in unknown)
    # before it relaxes the planned interface has no such bond, so that there is no such vacancy
    known = made_of(coated_plan, rank_0=-1.0).result_of(pristine, NO_OXYGEN)
    assert {v.pair for v in known.vacancies}.isdisjoint(bonded)
    assert known.structure == f"relaxed/{pristine.label}.cif"


def test_without_any_candidate_all_reasons_stand_for_it(coated_plan: StudyPlan) -> None:
    best = made_of(coated_plan).interface(STEP).best
    reasons = [f"interface_{STEP}_{rank}: no interface_{STEP}_{rank}" for rank in (0, 1)]
    assert (best.status, best.reason) == ("missing", "; ".join(reasons))
    assert made_of(coated_plan).fingerprint is None
