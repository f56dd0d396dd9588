"""Results of one study by two engines, made by hand, for tests of their comparison."""

from __future__ import annotations

from typing import Any

from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.sites import InterfaceBond, OxygenEnvironment
from llo_dft.documents.study_result import (
    CalculationRecord,
    CoatingEnergy,
    HostResult,
    InterfaceResult,
    OxygenChemicalPotential,
    StudyResult,
    VacancyPair,
    VacancyResult,
)

TERMINATION = "step"


def vacancy(pair: str, energy_ev: float | None, **fields: Any) -> VacancyResult:
    around = OxygenEnvironment(
        n_tm=3, n_li=0, n_former=0, n_li_interlayer=1, layer="surface", side="top"
    )
    done = energy_ev is not None
    return VacancyResult(
        **{
            "site": int(pair.removeprefix("O")) if pair.removeprefix("O").isdigit() else None,
            "pair": pair,
            "site_class": "3TM",
            "environment": around,
            "formation_energy_ev": energy_ev,
            "status": "completed" if done else "failed",
            "reason": None if done else "no power",
        }
        | fields
    )


def host(x: float, *vacancies: VacancyResult, coated: bool = False) -> HostResult:
    """A host of an oxide with two Li for each metal, of which four left for each 0.5 of x."""
    return HostResult(
        system="coated" if coated else "bare",
        termination=TERMINATION if coated else None,
        lithium_fraction=x,
        n_holes=round(8 * (1 - x)),
        holes_per_tm=2 * (1 - x),
        capacity_mah_per_g=459.0 * (1 - x),
        requested_lithium_fraction=x,
        status="completed",
        vacancies=list(vacancies),
    )


def pair(name: str, site: int, difference_ev: float, **fields: Any) -> VacancyPair:
    return VacancyPair(
        **{
            "pair": name,
            "site": site,
            "site_class": "3TM",
            "layer": "surface",
            "termination": TERMINATION,
            "bonded_to_former": False,
            "n_holes": 0,
            "holes_per_tm": 0.0,
            "capacity_mah_per_g": 0.0,
            "lithium_fraction_bare": 1.0,
            "lithium_fraction_coated": 1.0,
            "bare_ev": 1.0,
            "coated_ev": 1.0 + difference_ev,
            "difference_ev": difference_ev,
            "rebuilt": False,
        }
        | fields
    )


def interface(rank: int | None, gamma_j_per_m2: float | None, n_bonds: int = 0) -> InterfaceResult:
    return InterfaceResult(
        termination=TERMINATION,
        status="completed" if rank is not None else "failed",
        reason=None if rank is not None else "no power",
        rank=rank,
        candidates=[],
        bonds=[InterfaceBond(former=1, oxygen=i, length_angstrom=1.6) for i in range(n_bonds)],
        film_formula="Li9 P3 O11",
        film_is_stoichiometric=False,
        li_removed_for_charge=2,
        coating_strain=(0.07, 0.02),
        von_mises_strain=0.04,
        energy=CoatingEnergy(
            coating_charge_e=0, coating_energy_j_per_m2=gamma_j_per_m2, excess_li=0, excess_o=0
        ),
    )


def oxygen(scheme: str) -> OxygenChemicalPotential:
    return OxygenChemicalPotential(
        scheme=scheme,
        temperature_k=298.15,
        pressure_bar=1.0,
        o2_energy_ev_per_atom=-4.9,
        o2_energy_source="made up",
        correction_ev=0.0,
        delta_mu_ev=-0.3,
        delta_mu_reference_k=298.15,
        pressure_term_ev=0.0,
        mu_ev=-5.2,
    )


def study(engine: str, *hosts: HostResult, model: str = "1.0", **fields: Any) -> StudyResult:
    """A result; ``failed`` and ``not_applicable`` are labels of calculations."""
    failed, no_place = fields.pop("failed", []), fields.pop("not_applicable", [])
    records = [
        *(CalculationRecord(label=label, status="failed", reason="no power") for label in failed),
        *(
            CalculationRecord(label=label, status="skipped", reason="no bond", applicable=False)
            for label in no_place
        ),
    ]
    return StudyResult(
        **{
            "study": "small",
            "engine": engine,
            "protocol": "fast",
            "fingerprint": Fingerprint(
                engine=engine, engine_version="0", model=model, functional="PBE"
            ),
            "seed": 0,
            "composition": "Li2MnO3",
            "requested_composition": "Li2MnO3",
            "oxygen": oxygen("potential" if engine == "chgnet" else "mp2020"),
            "hosts": list(hosts),
            "counts": {},
            "calculations": records,
        }
        | fields
    )
