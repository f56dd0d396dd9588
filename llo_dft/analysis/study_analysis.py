"""From the calculations of a study to its result."""

from collections import Counter
from collections.abc import Sequence

from llo_dft.analysis.comparability.study_differences import study_differences, why_no_reference
from llo_dft.analysis.interface.interface_result import interface_result
from llo_dft.analysis.oxygen.reservoir import oxygen_reservoir
from llo_dft.analysis.study_calculations import StudyCalculations
from llo_dft.analysis.study_voltages import onset_v, study_voltages
from llo_dft.analysis.vacancy.host_result import without_crossing
from llo_dft.analysis.vacancy.pairs import vacancy_pairs
from llo_dft.analysis.vacancy.predicted_vacancies import ranked_by_potential, with_predictions
from llo_dft.analysis.vacancy.turning_lines import turning_points
from llo_dft.documents.asked_and_built import asked_and_built
from llo_dft.documents.electrons.charge import ChargeDifferenceResult
from llo_dft.documents.electrons.electronic import BandCenterResult
from llo_dft.documents.labels import OXYGEN, revisited_label, vacancy_label
from llo_dft.documents.oxygen import OxygenSettings
from llo_dft.documents.study_result import CalculationRecord, HostResult, StudyResult


def analyze_study(
    made: StudyCalculations,
    oxygen: OxygenSettings,
    *,
    engine: str,
    protocol: str,
    no_crossings: str | None = None,
    band_centers: Sequence[BandCenterResult] = (),
    charge_differences: Sequence[ChargeDifferenceResult] = (),
) -> StudyResult:
    """Collect hosts, formation energies, interfaces, voltages and turning points of a study.

    A number whose calculation failed, was skipped or is missing is None, with the reason given.
    Energies are subtracted only if their fingerprints and cells agree.

    ``oxygen`` is the reservoir that the O goes to, ``no_crossings`` why neither a crossing nor a
    difference of coated and bare is stated (None: they are); ``band_centers`` and
    ``charge_differences`` are results of the static calculations.
    """
    plan, documents = made.plan, made.documents
    # the pristine bare slab, whose magnetic order is the study's
    pristine = made.host(plan.hosts[0])
    molecule = documents[OXYGEN]
    apart = why_no_reference([made.host(planned) for planned in plan.hosts], molecule)
    reservoir = oxygen_reservoir(
        oxygen,
        None if molecule.energy_ev is None or apart else molecule.energy_ev / 2,
        "O2 by the engine itself",
        apart or f"O2 {molecule.status}: {molecule.reason}",
    )
    hosts = [made.result_of(planned, reservoir) for planned in plan.hosts]
    predicted: list[str] = []
    if plan.budget is not None and reservoir.chosen is not None:
        first = {planned.label: made.first_host(planned) for planned in plan.hosts}
        ranked = ranked_by_potential(plan, first, made.by_potential)
        # skipped or missing: the engine did not try it
        tried = {k: d for k, d in documents.items() if d.status in {"completed", "failed"}}
        mu_ev = reservoir.chosen.mu_ev
        hosts, predicted = with_predictions(hosts, plan, first, ranked, tried, mu_ev)
    voltages = study_voltages(plan, documents, hosts)
    # a plan of before it knew all images knows those on the other face
    images = plan.equivalent or [min(site) for site in enumerate(plan.turn_over)]
    pairs = [] if no_crossings else vacancy_pairs(hosts, images)
    if no_crossings:
        hosts = [without_crossing(host, no_crossings) for host in hosts]
    records = _records(made, hosts)
    return StudyResult(
        study=plan.study,
        engine=engine,
        protocol=protocol,
        fingerprint=made.fingerprint,
        seed=plan.seed,
        composition=plan.composition,
        requested_composition=plan.requested_composition,
        built=asked_and_built(plan),
        oxygen=reservoir.chosen,
        oxygen_reason=None if reservoir.chosen is not None else reservoir.problem,
        other_schemes=reservoir.described(),
        hosts=hosts,
        no_crossings=no_crossings,
        turning_points=[] if no_crossings else turning_points(hosts, pairs, reservoir),
        pairs=pairs,
        interfaces=[
            interface_result(made.interface(termination), reservoir, onset_v(voltages))
            for termination in plan.terminations
        ],
        voltages=voltages,
        band_centers=list(band_centers),
        charge_differences=list(charge_differences),
        not_computed=plan.not_computed,
        notes=[
            *plan.notes,
            *(f"{pristine.label}: {note}" for note in pristine.notes),
            *study_differences(made),
            *predicted,
        ],
        counts=dict(Counter(record.status for record in records if record.applicable)),
        calculations=records,
        mock=any(document.mock for document in documents.values()),
    )


def _records(made: StudyCalculations, hosts: Sequence[HostResult]) -> list[CalculationRecord]:
    """Return every planned calculation; a vacancy without a site in its host is marked."""
    shown = {
        vacancy_label(host.label, v.pair)
        for host in hosts
        for v in host.vacancies
        if v.predicted is None or v.status != "skipped"
    }
    planned = {host.vacancy_label(v) for host in made.plan.hosts for v in host.vacancies}
    if made.plan.revisits:
        again = {revisited_label(host.label): host for host in hosts}
        shown |= {label for label, host in again.items() if host.revisit is not None}
        planned |= {label for label in again if made.documents[label].status == "skipped"}
    for one, host in zip(made.plan.hosts, hosts, strict=True):
        gained = host.revisit is not None and (host.revisit.gain_ev or 0.0) > 0.0
        untried = {"skipped"} if gained else {"skipped", "missing"}
        twice = made.plan.vacancies_again(one)
        planned |= {label for label in twice if made.documents[label].status in untried}
    return [
        CalculationRecord(
            label=label,
            status=document.status,
            reason=document.reason,
            key=document.key or None,
            corrections=document.corrections,
            notes=document.notes,
            applicable=label not in planned or label in shown,
        )
        for label, document in made.documents.items()
    ]
