"""The answer of a study in a few sentences, with the numbers of results.json."""

from collections.abc import Sequence

from llo_dft.documents.labels import system_name
from llo_dft.documents.state_of_charge import TurningPoint
from llo_dft.documents.study_result import HostResult, StudyResult, VacancyPair
from llo_dft.typing import System


def answer(result: StudyResult) -> list[str]:
    """Return one sentence for each system, and one for what each coating changes.

    Vacancies whose lattice was rebuilt decide nothing; the lowest of them stands beside where it is
    lower. Energies are eV per O.
    """
    systems = list(dict.fromkeys((host.system, host.termination) for host in result.hosts))
    sentences = [_of_system(result, *system) for system in systems]
    for termination in (termination for _, termination in systems if termination is not None):
        pairs = [pair for pair in result.pairs if pair.termination == termination]
        if pairs:
            sentences.append(_of_pairs(system_name("coated", termination), pairs))
    n_predicted = sum(len(host.predicted) for host in result.hosts)
    if n_predicted:
        n_all = sum(len(host.vacancies) for host in result.hosts)
        sentences.append(
            f"{n_predicted} of {n_all} vacancies are predicted, not computed: crossings and "
            "differences are of the computed ones."
        )
    if result.no_crossings and sentences:
        sentences.append(
            f"Neither a crossing nor a gain is stated: {why_none(result.no_crossings)}."
        )
    return sentences


def why_none(no_crossings: str) -> str:
    """Return the reason alone, for a sentence that says that nothing is stated."""
    return no_crossings.removeprefix("not stated by these settings: ")


def headline(result: StudyResult) -> str:
    """Return the answer in one sentence, for readers of nothing else."""
    systems = dict.fromkeys((host.system, host.termination) for host in result.hosts)
    if not any(host.kept_energies_ev for host in result.hosts):
        done = result.counts.get("completed", 0)
        return (
            "No answer yet: no vacancy that kept its lattice has a formation energy "
            f"({done} of {len(result.calculations)} calculations are completed)."
        )
    if result.no_crossings:
        return f"No answer is stated: {why_none(result.no_crossings)}."
    parts = [_turns(result, *system) for system in systems]
    for termination in dict.fromkeys(pair.termination for pair in result.pairs):
        pairs = [pair for pair in result.pairs if pair.termination == termination]
        kept = [pair for pair in pairs if not pair.rebuilt]
        name = f"the coating ({termination})"
        if kept:
            parts.append(f"{name} changes E_f of the same O by {_range(kept)}")
        else:
            parts.append(
                f"the effect of {name} is unknown: all {len(pairs)} pairs have a rebuilt lattice"
            )
    text = "; ".join(part for part in parts if part)
    return f"{text[0].upper()}{text[1:]}."


def _turns(result: StudyResult, system: System, termination: str | None) -> str:
    """Return where one system begins to lose O, with its interval; '' if unknown."""
    point = _point(result, system, termination)
    hosts = _kept_hosts(result, system, termination)
    name = "the bare slab" if termination is None else f"the slab coated by {termination}"
    if not hosts:
        return f"of {name} no vacancy kept its lattice"
    if point is None or (point.at is None and len(hosts) == 1):
        if any(pair.termination == termination for pair in result.pairs):
            return ""  # said in the sentence on its pairs
        at = min(hosts, key=lambda host: min(host.kept_energies_ev))
        return f"{name} loses O at a cost of {_ev(min(at.kept_energies_ev))} at {_place(at)}"
    if point.at is None:
        last = hosts[-1]
        return f"{name} loses no O up to {_place(last)}, where the cheapest costs {_lowest(last)}"
    return f"{name} begins to lose O at {point.at.text}{_interval(point, 'interval')}"


def _of_system(result: StudyResult, system: System, termination: str | None) -> str:
    name = system_name(system, termination)
    mine = [h for h in result.hosts if (h.system, h.termination) == (system, termination)]
    costs = ", ".join(f"{cost} at {_place(host)}" for host in mine if (cost := _lowest(host)))
    hosts = _kept_hosts(result, system, termination)
    if not hosts:
        none = f"{name}: no vacancy that kept its lattice has a formation energy"
        return f"{none}; the lowest costs {costs}." if costs else f"{none}."
    return f"{name}: the O that leaves most easily costs {costs}; {_crossing(result, hosts)}."


def _lowest(host: HostResult) -> str:
    """Return what a host's cheapest O costs, and, if that is less, the cheapest rebuilt one."""
    rebuilt = min(
        (
            one.formation_energy_ev
            for one in host.vacancies
            if one.rebuilt and one.formation_energy_ev is not None
        ),
        default=None,
    )
    kept = min(host.kept_energies_ev, default=None)
    if kept is None:
        return "" if rebuilt is None else f"{_ev(rebuilt)} (rebuilt)"
    lower = rebuilt is not None and _ev(rebuilt) != _ev(kept) and rebuilt < kept
    return f"{_ev(kept)} (rebuilt: {_ev(rebuilt)})" if lower and rebuilt is not None else _ev(kept)


def _crossing(result: StudyResult, hosts: Sequence[HostResult]) -> str:
    if result.no_crossings:
        return "where that crosses zero is not stated"
    point = _point(result, hosts[0].system, hosts[0].termination)
    if point is None:
        return "where that crosses zero is not known"
    if point.at is None and len(hosts) == 1:
        return "one state of charge can show no crossing"
    if point.at is None:
        return f"it crosses zero nowhere up to {_place(hosts[-1])}"
    span = _interval(point, "the interval goes from")
    cut_off = [share.cut_off for share in point.shares if share.cut_off]
    span += f" ({cut_off[0]})" if cut_off else ""
    return f"it crosses zero at {point.at.text}{span}"


def _kept_hosts(result: StudyResult, system: System, termination: str | None) -> list[HostResult]:
    """Return the hosts of a system that have a vacancy whose lattice did not rebuild itself."""
    mine = [h for h in result.hosts if (h.system, h.termination) == (system, termination)]
    return [host for host in mine if host.kept_energies_ev]


def _point(result: StudyResult, system: System, termination: str | None) -> TurningPoint | None:
    """Return where the lowest O of a system turns; None if that is not known."""
    mine = system, termination, None
    points = (t for t in result.turning_points if (t.system, t.termination, t.site) == mine)
    return next(points, None)


def _interval(point: TurningPoint, name: str) -> str:
    ends = [one.holes_per_tm for one in (point.earliest, point.latest) if one is not None]
    known = sorted(holes for holes in ends if holes is not None)
    if not known:
        return ""
    low, high = f"{known[0]:.2f}", f"{known[-1]:.2f}"
    return ", from one source: no interval" if low == high else f", {name} {low} to {high}"


def _ev(energy: float) -> str:
    return f"{round(energy, 2) + 0.0:.2f} eV"  # no minus before a zero


def _place(host: HostResult) -> str:
    return host.charge.text if host.lithium_fraction is not None else host.label


def _of_pairs(name: str, pairs: Sequence[VacancyPair]) -> str:
    kept = [pair for pair in pairs if not pair.rebuilt]
    if not kept:
        return f"{name}: the lattice was rebuilt in all {len(pairs)} pairs with the bare slab."
    bonded = [pair for pair in kept if pair.bonded_to_former]
    text = f"{name}: against the same O of the bare slab at equal charge {_range(kept)}"
    if bonded and len(bonded) < len(kept):
        text += f", those bonded to the coating {_range(bonded)}"
    rebuilt = len(pairs) - len(kept)
    return text + (f"; in {rebuilt} more the lattice was rebuilt." if rebuilt else ".")


def _range(pairs: Sequence[VacancyPair]) -> str:
    gains = sorted(pair.difference_ev for pair in pairs)
    if len(gains) == 1:
        return f"{gains[0]:+.2f} eV (one O)"
    return f"{gains[0]:+.2f} to {gains[-1]:+.2f} eV ({len(gains)} pairs)"
