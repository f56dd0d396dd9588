"""Results of coatings whose gains are made up, and the screen that is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from made_results import made_result

from llo_dft.analysis.interface.coating_ranking import rank_coatings
from llo_dft.documents.study_result import (
    CalculationRecord,
    CoatingEnergy,
    InterfaceResult,
    VacancyPair,
)

if TYPE_CHECKING:
    from llo_dft.documents.study_result import StudyResult

#: A reason for which one calculation of a coating failed.
FAILURE: Final = "not converged after 500 steps"


def made_pair(
    site: int, holes: float, gain: float, *, rebuilt: bool = False, bare_ev: float = 2.0
) -> VacancyPair:
    return VacancyPair(
        pair=f"O{site}",
        site=site,
        site_class="2TM+1Li",
        layer="surface",
        termination="face",
        bonded_to_former=site == 1,
        n_holes=round(8 * holes),
        holes_per_tm=holes,
        capacity_mah_per_g=0.0,
        lithium_fraction_bare=1.0,
        lithium_fraction_coated=1.0,
        bare_ev=bare_ev + site,
        coated_ev=bare_ev + site + gain,
        difference_ev=gain,
        rebuilt=rebuilt,
    )


def made_coating(*pairs: VacancyPair, adhesion: float | None = 0.5, **fields: Any) -> StudyResult:
    """The result of one coating of these pairs; without an adhesion its parts are charged."""
    interface = InterfaceResult(
        termination="face",
        status="completed",
        candidates=[],
        film_formula="Li6P2O8",
        film_is_stoichiometric=True,
        li_removed_for_charge=0 if adhesion else 6,
        area_angstrom2=84.0,
        coating_strain=(0.01, -0.07),
        von_mises_strain=0.05,
        energy=CoatingEnergy(
            coating_charge_e=0 if adhesion else 6,
            work_of_adhesion_j_per_m2=adhesion,
            excess_li=0,
            excess_o=0,
        ),
    )
    return made_result(**{"pairs": list(pairs), "interfaces": [interface]} | fields)


def made_failure() -> StudyResult:
    """The result of a coating of which a calculation failed, and another was skipped for it."""
    records = [
        CalculationRecord(label="coated_face_x1.0000", status="failed", reason=FAILURE),
        CalculationRecord(label="coated_face_x1.0000_vac_O1", status="skipped", reason="no host"),
    ]
    return made_coating(calculations=records, counts={"failed": 1, "skipped": 1})


#: Gains of two O at two charges. At 0.5 only the first two coatings have an O that stayed.
RESULTS: Final = {
    "low": made_coating(
        made_pair(1, 0.0, 0.9),
        made_pair(2, 0.0, 0.9),
        made_pair(1, 0.5, 0.1),
        made_pair(2, 0.5, 0.3),
    ),
    "high": made_coating(
        made_pair(1, 0.0, 0.1),
        made_pair(1, 0.5, 0.5),
        made_pair(2, 0.5, 0.1),
        made_pair(3, 0.5, -9.0, rebuilt=True),
        adhesion=None,
    ),
    "rebuilt": made_coating(made_pair(1, 0.5, 5.0, rebuilt=True)),
    "failed": made_failure(),
}

SCREEN: Final = rank_coatings("s", RESULTS, {"none": "no such face"})
