"""One host and its vacancies: where a vacancy turned out to be, and what its number is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from made_results import made_potential as potential

from llo_dft.analysis.oxygen.reservoir import OxygenReservoir
from llo_dft.analysis.study_calculations import StudyCalculations
from llo_dft.documents.atom_identity import places
from llo_dft.documents.calculation import CalculationDocument, Fingerprint, not_computed
from llo_dft.documents.sites import InterfaceBond

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymatgen.core import Structure

    from llo_dft.documents.plan import PlannedHost, StudyPlan
    from llo_dft.documents.study_result import HostResult

STEP = "step-Li0-PO3"
MU_EV = -5.0
HOST_EV = -100.0
FINGERPRINT = Fingerprint(engine="fake", engine_version="1", functional="PBE")


RESERVOIR = OxygenReservoir(potential(MU_EV), {"wang2006": potential(MU_EV + 0.68)}, {}, "")
NO_RESERVOIR = OxygenReservoir(None, {}, {}, "no chemical potential of oxygen: no O2")

GONE = not_computed("a calculation", "missing", "its job ended without a result")


def completed(structure: Structure, energy_ev: float, **fields: Any) -> CalculationDocument:
    base = {
        "key": "k",
        "label": "a calculation",
        "kind": "slab_relax",
        "status": "completed",
        "fingerprint": FINGERPRINT,
        "protocol": "fast",
        "energy_ev": energy_ev,
        "initial_structure": structure,
        "structure": structure,
    }
    return CalculationDocument(**(base | fields))


def failed(reason: str = "no power") -> CalculationDocument:
    return CalculationDocument(
        key="f",
        label="a calculation",
        kind="slab_relax",
        status="failed",
        reason=reason,
        fingerprint=FINGERPRINT,
        protocol="fast",
    )


def planned_host(plan: StudyPlan, termination: str | None, *, full: bool = True) -> PlannedHost:
    return next(h for h in plan.hosts if h.termination == termination and (not h.removed) == full)


def result_of(
    plan: StudyPlan,
    planned: PlannedHost,
    host: CalculationDocument,
    vacancies: Sequence[CalculationDocument],
    bonded: Mapping[str, Sequence[int] | None] | None = None,
    reservoir: OxygenReservoir = RESERVOIR,
) -> HostResult:
    documents = dict.fromkeys(plan.labels, GONE) | {planned.label: host}
    labels = [planned.vacancy_label(vacancy) for vacancy in planned.vacancies]
    study = StudyCalculations(plan, documents | dict(zip(labels, vacancies, strict=True)))
    known = {STEP: [39]} if bonded is None else bonded
    study._bonds = {
        name: None
        if sites is None
        else [InterfaceBond(former=0, oxygen=site, length_angstrom=1.6) for site in sites]
        for name, sites in known.items()
    }
    return study.result_of(planned, reservoir)


def without(structure: Structure, sites: Sequence[int]) -> Structure:
    rest: Structure = structure.copy()
    rest.remove_sites(list(sites))
    return rest


@pytest.fixture
def bare(coated_plan: StudyPlan) -> PlannedHost:
    return planned_host(coated_plan, None)


@pytest.fixture
def calculations(
    coated_plan: StudyPlan, bare: PlannedHost
) -> tuple[CalculationDocument, list[CalculationDocument]]:
    """The bare pristine host and its vacancies: O24, and O39 for the one bonded to the coating."""
    structure = coated_plan.host_structure(bare)
    made: list[CalculationDocument] = [
        completed(without(structure, [site]), HOST_EV + cost)
        for site, cost in ((24, 7.0), (39, 8.0))
    ]
    return completed(structure, HOST_EV), made


def test_the_numbers_by_hand(coated_plan: StudyPlan, bare: PlannedHost, calculations: Any) -> None:
    found = result_of(coated_plan, bare, *calculations)
    assert (found.system, found.termination, found.energy_ev) == ("bare", None, HOST_EV)
    assert (found.n_li, found.n_holes, found.lithium_fraction) == (16, 0, 1.0)
    first, second = found.vacancies
    assert (first.site, first.pair, first.formation_energy_ev) == (24, "O24", pytest.approx(2.0))
    assert first.alternatives_ev == {"wang2006": pytest.approx(2.68)}
    assert (second.site, second.pair) == (39, f"{STEP}-OP1")
    assert second.formation_energy_ev == pytest.approx(3.0)
    assert second.site_class == "2TM+1Li"
    assert second.environment == bare.environments[39]
    assert [v.n_removed for v in found.vacancies] == [1, 1]


def test_two_o_share_the_cost_of_a_vacancy_on_both_faces(
    coated_plan: StudyPlan, bare: PlannedHost, calculations: Any
) -> None:
    host, _ = calculations
    image = coated_plan.turn_over[24]
    both = bare.vacancies[0].model_copy(update={"removed": [24, image]})
    planned = bare.model_copy(update={"vacancies": [both]})
    made = completed(without(host.structure, [24, image]), HOST_EV + 13.0)
    (found,) = result_of(coated_plan, planned, host, [made]).vacancies
    assert found.n_removed == 2
    assert found.formation_energy_ev == pytest.approx(13.0 / 2 + MU_EV)


@pytest.mark.parametrize("bonded", [[], [39]])
def test_the_vacancy_at_the_nth_o_bonded_to_p_is_there_if_there_are_n(
    coated_plan: StudyPlan, bare: PlannedHost, calculations: Any, bonded: list[int]
) -> None:
    host, made = calculations
    found = result_of(coated_plan, bare, host, made, {STEP: bonded})
    assert [vacancy.site for vacancy in found.vacancies] == [24, *bonded]


def test_where_the_bonds_are_not_known_the_vacancy_stays_with_its_reason(
    coated_plan: StudyPlan, bare: PlannedHost, calculations: Any
) -> None:
    host, made = calculations
    found = result_of(coated_plan, bare, host, [made[0], failed()], {STEP: None})
    vacancy = found.vacancies[1]
    assert (vacancy.site, vacancy.environment, vacancy.site_class) == (
        None,
        None,
        "bonded to the coating",
    )
    assert (vacancy.status, vacancy.reason) == ("failed", "no power")


@pytest.mark.parametrize(
    ("lacking", "status", "reason"),
    [
        ("vacancy failed", "failed", "no power"),
        ("vacancy missing", "missing", "its job ended without a result"),
        (
            "host missing",
            "skipped",
            "no formation energy: its host is missing",
        ),
        ("host failed", "skipped", r"no formation energy: its host is failed \(no power\)"),
        ("reservoir", "skipped", "no formation energy: no chemical potential of oxygen: no O2"),
        ("another functional", "skipped", "no formation energy: .*'PBE' and 'HSE06'"),
        ("another atom", "missing", "calculation .* not have the atoms of the host without this O"),
    ],
)
def test_a_number_that_can_not_be_had_has_a_reason(
    coated_plan: StudyPlan,
    bare: PlannedHost,
    calculations: Any,
    lacking: str,
    status: str,
    reason: str,
) -> None:
    host, (first, second) = calculations
    other = FINGERPRINT.model_copy(update={"functional": "HSE06"})
    changed: dict[str, tuple[Any, Any, OxygenReservoir]] = {
        "vacancy failed": (host, failed(), RESERVOIR),
        "vacancy missing": (host, GONE, RESERVOIR),
        "host missing": (GONE, first, RESERVOIR),
        "host failed": (failed(), first, RESERVOIR),
        "reservoir": (host, first, NO_RESERVOIR),
        "another functional": (host, first.model_copy(update={"fingerprint": other}), RESERVOIR),
        "another atom": (host, completed(without(host.structure, [0]), -99.0), RESERVOIR),
    }
    made, vacancy, reservoir = changed[lacking]
    found = result_of(coated_plan, bare, made, [vacancy, second], reservoir=reservoir).vacancies[0]
    assert (found.status, found.formation_energy_ev, found.alternatives_ev) == (status, None, {})
    assert found.reason is not None
    assert re.fullmatch(f"{reason}.*", found.reason)


def test_p_is_counted_where_it_is_bonded_in_the_relaxed_host(coated_plan: StudyPlan) -> None:
    """In a half-empty host sites have other numbers; one P is put 1.6 above the O called 39."""
    planned = planned_host(coated_plan, STEP, full=False)
    structure = coated_plan.host_structure(planned)
    oxygen = places(structure)[39]
    phosphorus = structure.indices_from_symbol("P")[0]
    target = structure[oxygen].coords + np.array([0.0, 0.0, 1.6])
    structure.translate_sites(
        [phosphorus], target - structure[phosphorus].coords, frac_coords=False
    )
    host = completed(structure, HOST_EV)
    vacancies = [completed(without(structure, [oxygen]), HOST_EV + 7.0)] * 2
    ordinary, bonded = result_of(coated_plan, planned, host, vacancies).vacancies
    assert (ordinary.site, bonded.site) == (32, 39)
    assert ordinary.environment is not None
    assert bonded.environment is not None
    assert (ordinary.environment.n_former, bonded.environment.n_former) == (0, 1)
    assert bonded.environment.model_copy(update={"n_former": 0}) == planned.environments[39]


def test_moments_are_held_against_the_host_and_atoms_against_the_start(
    coated_plan: StudyPlan, bare: PlannedHost, calculations: Any
) -> None:
    host, (first, second) = calculations
    metals = [site.specie.symbol == "Mn" for site in host.structure]
    host = host.model_copy(update={"magmoms_mu_b": [3.0 * metal for metal in metals]})
    moments = [3.0 * (site.specie.symbol == "Mn") for site in first.structure]
    moments[moments.index(3.0)] = 3.9
    first = first.model_copy(update={"magmoms_mu_b": moments})
    moved = second.structure.copy()
    moved.translate_sites([0], [0.0, 0.0, 2.5], frac_coords=False)
    second = second.model_copy(update={"structure": moved})
    changed, left = result_of(coated_plan, bare, host, [first, second]).vacancies
    assert [flag.partition(":")[0] for flag in changed.flags] == ["moment"]
    assert not changed.rebuilt
    assert left.flags == ["moved: Li0 2.50 A"]
    assert left.rebuilt


def test_a_host_whose_metals_left_their_height_has_rebuilt_vacancies_alone(
    coated_plan: StudyPlan, bare: PlannedHost, calculations: Any
) -> None:
    """The host began bent, so that its own relaxation changed nothing."""
    host, vacancies = calculations
    metal = next(i for i, site in enumerate(host.structure) if site.specie.symbol == "Mn")

    def bent(made: CalculationDocument) -> CalculationDocument:
        structure = made.structure.copy()
        structure.translate_sites([metal], [0.0, 0.0, 2.5], frac_coords=False)
        return made.model_copy(update={"structure": structure, "initial_structure": structure})

    result = result_of(coated_plan, bare, bent(host), [bent(one) for one in vacancies])
    assert result.flags == [f"framework: Mn{metal} 2.50 A"]
    assert [one.flags for one in result.vacancies] == [[f"host_framework: Mn{metal} 2.50 A"]] * 2
    assert result.lowest is None or all(one.rebuilt for one in result.vacancies)


def test_e_f_has_a_band_only_where_o_is_oxidised(coated_plan: StudyPlan, bare: PlannedHost) -> None:
    band = {"mp2020_peroxide": potential(MU_EV + 0.222)}
    reservoir = OxygenReservoir(potential(MU_EV), {}, {}, "", band)
    charged = planned_host(coated_plan, None, full=False)
    for host, expected in ((bare, set()), (charged, {"mp2020_peroxide"})):
        sites = [vacancy for vacancy in host.vacancies if vacancy.site is not None]
        planned = host.model_copy(update={"vacancies": sites})
        structures = [coated_plan.vacancy_structure(planned, vacancy) for vacancy in sites]
        made = [completed(one, HOST_EV + 8.0) for one in structures if one is not None]
        intact = completed(coated_plan.host_structure(planned), HOST_EV)
        for vacancy in result_of(coated_plan, planned, intact, made, reservoir=reservoir).vacancies:
            assert vacancy.formation_energy_ev == pytest.approx(8.0 + MU_EV)
            assert set(vacancy.alternatives_ev) == expected
            for energy in vacancy.alternatives_ev.values():
                assert energy == pytest.approx(8.0 + MU_EV + 0.222)
