"""From the calculations of a study to its result."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from llo_dft.analysis.interface.adhesion import bonded_oxygens, interface_bonds, lowest_energy
from llo_dft.analysis.interface.interface_result import InterfaceCalculations, interface_result
from llo_dft.analysis.oxygen.reservoir import oxygen_reservoir
from llo_dft.analysis.vacancy.host_result import NO_RESULT, HostCalculations, host_result
from llo_dft.analysis.vacancy.pairs import vacancy_pairs
from llo_dft.analysis.vacancy.turning_point import turning_point
from llo_dft.analysis.vacancy.turning_temperature import turning_temperature
from llo_dft.analysis.voltage_curve import LithiatedHost, VoltageError, voltage_curve
from llo_dft.documents.plan import part_label
from llo_dft.documents.study_result import (
    CalculationRecord,
    HostResult,
    StudyResult,
    TurningPoint,
    VoltageResult,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llo_dft.analysis.oxygen.reservoir import OxygenReservoir
    from llo_dft.documents.calculation import CalculationDocument, Fingerprint
    from llo_dft.documents.oxygen import OxygenSettings
    from llo_dft.documents.plan import StudyPlan
    from llo_dft.documents.study_result import RelaxedBond


def study_result(
    plan: StudyPlan,
    oxygen: OxygenSettings,
    calculations: Mapping[str, CalculationDocument | None],
    *,
    engine: str,
    protocol: str,
) -> StudyResult:
    """Collect hosts, formation energies, interfaces, voltages and turning points of a study.

    A number whose calculation failed, was skipped or is missing is None, with the reason
    beside it. Energies are subtracted only if their fingerprints and cells agree.

    Parameters
    ----------
    plan
        What was to be computed.
    oxygen
        The reservoir that the O goes to.
    calculations
        By the labels of the plan; None, or no entry, where a job left no document.
    engine, protocol
        Their names.
    """
    study = _Study(plan, calculations, oxygen_reservoir(oxygen, calculations.get("O2")))
    hosts = study.hosts()
    voltages = study.voltages(hosts)
    chosen = study.reservoir.chosen
    done = [document for document in calculations.values() if document is not None]
    records = study.records(hosts)
    return StudyResult(
        study=plan.study,
        engine=engine,
        protocol=protocol,
        fingerprint=study.fingerprint(),
        seed=plan.seed,
        composition=plan.composition,
        requested_composition=plan.requested_composition,
        oxygen=chosen,
        other_schemes=study.reservoir.described(),
        hosts=hosts,
        turning_points=study.turning_points(hosts),
        turning_temperatures=[]
        if chosen is None
        else [
            turning_temperature(
                host.system, host.lithium_fraction, _energies(host), chosen
            ).model_copy(update={"termination": host.termination})
            for host in hosts
        ],
        pairs=vacancy_pairs(hosts),
        interfaces=[
            interface_result(study.interface(termination), study.reservoir, _onset_v(voltages))
            for termination in plan.terminations
        ],
        voltages=voltages,
        not_computed=plan.not_computed,
        counts=dict(Counter(record.status for record in records if record.applicable)),
        calculations=records,
        mock=any(document.mock for document in done),
    )


class _Study:
    """A plan and its calculations, looked up by what they are."""

    def __init__(
        self,
        plan: StudyPlan,
        calculations: Mapping[str, CalculationDocument | None],
        reservoir: OxygenReservoir,
    ) -> None:
        self.plan = plan
        self.calculations = calculations
        self.reservoir = reservoir
        self._best = {t: self._lowest(t) for t in plan.terminations}
        self._bonds = {t: self._bonds_of(t) for t in plan.terminations}

    def hosts(self) -> list[HostResult]:
        bonded = {t: None if b is None else bonded_oxygens(b) for t, b in self._bonds.items()}
        return [
            host_result(
                self.plan,
                host,
                HostCalculations(
                    host=self._host(host.label, host.termination, pristine=not host.removed),
                    vacancies=[
                        self.calculations.get(host.vacancy_label(v)) for v in host.vacancies
                    ],
                    bonded=bonded,
                ),
                self.reservoir,
            )
            for host in self.plan.hosts
        ]

    def fingerprint(self) -> Fingerprint | None:
        """Return that of a host, which has the U that O2 and Li have no use for, if there is one.

        What did not complete does not know its engine's version yet and stands behind.
        """
        hosts = [
            self._host(h.label, h.termination, pristine=not h.removed) for h in self.plan.hosts
        ]
        made = [d for d in [*hosts, *self.calculations.values()] if d is not None]
        ordered = sorted(made, key=lambda document: document.status != "completed")
        return next((d.fingerprint for d in ordered if d.fingerprint is not None), None)

    def interface(self, termination: str) -> InterfaceCalculations:
        planned = self.plan.candidates(termination)
        return InterfaceCalculations(
            planned=planned,
            candidates=[self.calculations.get(one.label) for one in planned],
            best=self._best[termination],
            bonds=self._bonds[termination] or [],
            bare=self.calculations.get(self.plan.hosts[0].label),
            oxide=self.calculations.get(part_label(termination, "oxide")),
            coating=self.calculations.get(part_label(termination, "coating")),
            crystal=self.calculations.get("Li3PO4"),
            lithium=self.calculations.get("Li"),
        )

    def voltages(self, hosts: Sequence[HostResult]) -> list[VoltageResult]:
        metal = self.calculations.get("Li")
        systems = dict.fromkeys((host.system, host.termination) for host in hosts)
        results: list[VoltageResult] = []
        for system, termination in systems:
            mine = [h for h in hosts if (h.system, h.termination) == (system, termination)]
            curve, reason = None, None
            if metal is None or metal.energy_ev is None or metal.structure is None:
                reason = f"Li metal has no energy: {_reason(metal)}"
            else:
                try:
                    curve = voltage_curve(
                        [
                            LithiatedHost(h.n_li, h.energy_ev, h.lithium_fraction, h.label)
                            for h in mine
                            if h.energy_ev is not None and h.n_li is not None
                        ],
                        metal.energy_ev / len(metal.structure),
                        "Li metal by the engine itself",
                        system,
                    )
                except VoltageError as error:
                    reason = str(error)
            results.append(
                VoltageResult(system=system, termination=termination, curve=curve, reason=reason)
            )
        return results

    def turning_points(self, hosts: Sequence[HostResult]) -> list[TurningPoint]:
        chosen = self.reservoir.chosen
        if chosen is None:
            return []
        shifts = {name: o.mu_ev - chosen.mu_ev for name, o in self.reservoir.others.items()}
        systems = dict.fromkeys((host.system, host.termination) for host in hosts)
        return [
            turning_point(
                system,
                [
                    (h.lithium_fraction, _energies(h))
                    for h in hosts
                    if (h.system, h.termination) == (system, termination)
                ],
                shifts,
            ).model_copy(update={"termination": termination})
            for system, termination in systems
        ]

    def records(self, hosts: Sequence[HostResult]) -> list[CalculationRecord]:
        shown = {f"{host.label}_vac_{vacancy.pair}" for host in hosts for vacancy in host.vacancies}
        planned = {
            host.vacancy_label(vacancy) for host in self.plan.hosts for vacancy in host.vacancies
        }
        return [
            CalculationRecord(
                label=label,
                status="missing" if document is None else document.status,
                reason=_reason(document),
                key=None if document is None else document.key or None,
                corrections=[] if document is None else document.corrections,
                applicable=label not in planned or label in shown,
            )
            for label in self.plan.labels
            for document in (self.calculations.get(label),)
        ]

    def _host(
        self, label: str, termination: str | None, *, pristine: bool
    ) -> CalculationDocument | None:
        if termination is not None and pristine:
            return self._best[termination]
        return self.calculations.get(label)

    def _lowest(self, termination: str) -> CalculationDocument | None:
        """Return the best candidate, or what stands for it if none completed."""
        candidates = [self.calculations.get(one.label) for one in self.plan.candidates(termination)]
        best = lowest_energy(candidates)
        if best is not None:
            return candidates[best]
        return next((document for document in candidates if document is not None), None)

    def _bonds_of(self, termination: str) -> list[RelaxedBond] | None:
        best = self._best[termination]
        if best is None or best.structure is None:
            return None
        planned = self.plan.candidates(termination)[0]
        return interface_bonds(best.structure, planned.llo_sites, planned.coating_sites)


def _onset_v(voltages: Sequence[VoltageResult]) -> float | None:
    """Return the voltage at which the bare slab begins to lose Li."""
    bare = next((v.curve for v in voltages if v.system == "bare"), None)
    return None if bare is None or not bare.steps else bare.steps[0].voltage_v


def _energies(host: HostResult) -> list[float]:
    return [v.formation_energy_ev for v in host.vacancies if v.formation_energy_ev is not None]


def _reason(document: CalculationDocument | None) -> str | None:
    return NO_RESULT if document is None else document.reason
