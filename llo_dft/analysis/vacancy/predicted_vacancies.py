"""Predicted E_f of vacancies that a potential computed and the study's engine did not."""

from collections.abc import Mapping, Sequence
from typing import Final

from llo_dft.analysis.interface.adhesion import bonded_oxygens, interface_bonds
from llo_dft.analysis.vacancy.next_calculation import (
    CONFIDENCE,
    TOLERANCE_EV,
    VacancyCandidate,
    propose,
)
from llo_dft.analysis.vacancy.structure_check import vacancy_flags
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.labels import potential_label, vacancy_label
from llo_dft.documents.plan import PlannedHost, PlannedVacancy, StudyPlan
from llo_dft.documents.state_of_charge import PredictedEnergy
from llo_dft.documents.study_result import HostResult, lattice_rebuilt

_NO_ENERGY: Final = (None, False)

#: The energy of a host or vacancy by the potential, eV, and whether it left the host's lattice.
Ranked = Mapping[str, tuple[float | None, bool]]


def ranked_by_potential(
    plan: StudyPlan,
    hosts: Mapping[str, CalculationDocument | None],
    by_potential: Mapping[str, CalculationDocument | None],
) -> Ranked:
    """Return what ranks the vacancies, by ``potential_label``.

    ``hosts`` are by label, as the engine relaxed them, ``by_potential`` the potential's
    calculations by ``potential_label``.
    """
    found = {label: None if one is None else one.energy_ev for label, one in by_potential.items()}
    rebuilt = {
        label
        for host in plan.hosts
        for label in (potential_label(host.vacancy_label(one)) for one in host.vacancies)
        if (relaxed := hosts.get(host.label)) is not None
        and found.get(label) is not None
        and not _may_be_lowest(relaxed, by_potential[label])
    }
    return {label: (energy_ev, label in rebuilt) for label, energy_ev in found.items()}


def vacancy_candidates(
    plan: StudyPlan,
    hosts: Mapping[str, CalculationDocument | None],
    ranked: Ranked,
    by_engine: Mapping[str, CalculationDocument | None],
) -> dict[str, VacancyCandidate]:
    """Return the vacancies that a potential computed, by label, as candidates to choose from.

    Left out are those that the engine tried and that can't be the lowest: they have no result, or
    their lattice was rebuilt.

    ``hosts`` are by label, as the engine relaxed them: the vacancies were made from these.
    ``ranked`` is as ``ranked_by_potential`` returns it, ``by_engine`` are vacancies by label as far
    as they were tried, None if one failed. Energies of candidates are ``[E(host - n O) - E(host)] /
    n``, eV, of each engine, without mu_O.
    """
    bonded: dict[str, list[int]] = {}
    for termination in plan.terminations:
        interface = hosts.get(plan.pristine_label(termination))
        if interface is not None and interface.structure is not None:
            bonded[termination] = bonded_oxygens(interface_bonds(interface.structure))
    found = {}
    for host in plan.hosts:
        relaxed = hosts.get(host.label)
        cheap_host, _ = ranked.get(potential_label(host.label), _NO_ENERGY)
        if relaxed is None or relaxed.energy_ev is None or cheap_host is None:
            continue
        for vacancy in host.vacancies:
            label, n_removed = host.vacancy_label(vacancy), max(1, len(vacancy.removed))
            cheap, rebuilt = ranked.get(potential_label(label), _NO_ENERGY)
            made = by_engine.get(label)
            if cheap is None or (label in by_engine and not _may_be_lowest(relaxed, made)):
                continue
            cheap_ev = (cheap - cheap_host) / n_removed
            computed = None if made is None else made.energy_ev
            found[label] = VacancyCandidate(
                host.label,
                cheap_ev,
                _features(host, vacancy, bonded, cheap_ev),
                None if computed is None else (computed - relaxed.energy_ev) / n_removed,
                rebuilt,
            )
    return found


def _may_be_lowest(host: CalculationDocument, made: CalculationDocument | None) -> bool:
    """Tell whether a vacancy that was tried has a result with the lattice of its host."""
    if made is None or made.energy_ev is None:
        return False
    return not lattice_rebuilt(vacancy_flags(host, made))


def _features(
    host: PlannedHost, vacancy: PlannedVacancy, bonded: Mapping[str, Sequence[int]], cheap_ev: float
) -> tuple[float, ...]:
    """Return the features of the difference of two engines: charge, Li around, E_f, coating.

    The metals around an O and its depth were tried as well, without improving the benchmark.
    """
    site = vacancy.site
    if vacancy.bonded is not None:
        there = bonded.get(vacancy.bonded.termination, [])
        site = there[vacancy.bonded.order] if vacancy.bonded.order < len(there) else None
    around = None if site is None else host.environments[site]
    return (
        host.lithium_fraction,
        0.0 if around is None else float(around.n_li + around.n_li_interlayer),
        cheap_ev,
        float(host.termination is not None),
        float(host.termination is not None and site in bonded.get(host.termination, [])),
    )


def with_predictions(
    results: Sequence[HostResult],
    plan: StudyPlan,
    hosts: Mapping[str, CalculationDocument],
    ranked: Ranked,
    by_engine: Mapping[str, CalculationDocument],
    mu_oxygen_ev: float,
) -> tuple[list[HostResult], list[str]]:
    """Return hosts with the predicted E_f of what was not computed, and notes for the reader.

    A computed E_f is unchanged; a predicted one has its own field.

    ``results`` are those of the study's hosts, with the computed values; other arguments are as in
    ``vacancy_candidates``, and ``mu_oxygen_ev`` is that of the reservoir, eV per O.
    """
    candidates = vacancy_candidates(plan, hosts, ranked, by_engine)
    if all(one.expensive_ev is None for one in candidates.values()):
        return list(results), []
    proposal = propose(list(candidates.values()))
    limits = zip(proposal.predicted_ev, proposal.low_ev, proposal.high_ev, strict=True)
    found = {
        label: tuple(map(float, one))
        for (label, candidate), one in zip(candidates.items(), limits, strict=True)
        if candidate.expensive_ev is None
    }
    made, notes = [], []
    for host in results:
        # the host may have become lower after its vacancies were made
        first = hosts[host.label].energy_ev
        fallen = 0.0 if first is None or host.energy_ev is None else first - host.energy_ev
        vacancies, n_predicted = [], 0
        for vacancy in host.vacancies:
            energies = found.get(vacancy_label(host.label, vacancy.pair))
            if energies is not None and vacancy.status != "completed":
                shift = fallen / vacancy.n_removed + mu_oxygen_ev
                value, low, high = (one + shift for one in energies)
                predicted = PredictedEnergy(formation_energy_ev=value, low_ev=low, high_ev=high)
                vacancy = vacancy.model_copy(update={"predicted": predicted})  # noqa: PLW2901 (the same vacancy)
                n_predicted += 1
            vacancies.append(vacancy)
        made.append(host.model_copy(update={"vacancies": vacancies}))
        if n_predicted:
            notes.append(_note(host, n_predicted, proposal.open_states))
    return made, notes


def _note(host: HostResult, n_predicted: int, open_states: Sequence[str]) -> str:
    n_computed = len(host.formation_energies_ev)
    text = (
        f"{host.label}: {n_computed} vacancies computed and {n_predicted} predicted; crossings, "
        "differences and the lowest E_f are of the computed ones"
    )
    if host.label in open_states:
        return f"{text}, and the budget ended before the lowest was certain to {TOLERANCE_EV} eV"
    return (
        f"{text}, none of the others lies more than {TOLERANCE_EV} eV lower and keeps its lattice "
        f"({CONFIDENCE:.0%})"
    )
