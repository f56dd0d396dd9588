"""Rank the coatings of one cathode by their effect on E_f, and say what that is based on."""

from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from operator import attrgetter
from statistics import fmean, stdev

from llo_dft.documents.coating_screen import (
    CoatingScreen,
    GainAtCharge,
    RankedDifference,
    ScreenedCoating,
)
from llo_dft.documents.stability.phase_stability import StabilityResult
from llo_dft.documents.study_result import InterfaceResult, StudyResult, VacancyPair
from llo_dft.typing import Status


def rank_coatings(
    study: str,
    results: Mapping[str, StudyResult],
    refused: Mapping[str, str],
    reactions: Mapping[str, StabilityResult] | None = None,
) -> CoatingScreen:
    """Compare the coatings of one cathode, the largest mean gain first.

    The gain is E_f of the coated minus that of the bare slab, for the same O at equal charge. The
    ranking is at one state of charge: the one where most coatings have an O whose lattice stayed,
    of several such the most charged.

    ``study`` is the name of the screen. By the names of coatings: ``results`` of each that was
    computed, completely or not, at least one; ``refused``, why the others could not be built;
    ``reactions`` of each with the cathode, if requested, of which those at full lithium and at the
    lowest content are used.
    """
    first = next(iter(results.values()))
    found = [
        _screened(name, result, interface, (reactions or {}).get(name))
        for name, result in results.items()
        for interface in result.interfaces
    ]
    found += [
        ScreenedCoating(coating=name, status="failed", reasons=[reason])
        for name, reason in refused.items()
    ]
    charge = _charge_of_ranking(found)
    ranked = sorted(found, key=lambda one: -_mean(one, charge)) if charge is not None else found
    ranked = [
        one.model_copy(update={"rank": place} if _mean(one, charge) > -float("inf") else {})
        for place, one in enumerate(ranked, 1)
    ]
    return CoatingScreen(
        study=study,
        engine=first.engine,
        protocol=first.protocol,
        composition=first.composition,
        ranked_at_holes_per_tm=charge,
        coatings=ranked,
        differences=[
            _difference(better, after, charge)
            for better, after in pairwise(one for one in ranked if one.rank is not None)
            if charge is not None
        ],
        notes=_notes(ranked, charge, results),
        mock=any(result.mock for result in results.values()),
    )


def _screened(
    name: str, result: StudyResult, interface: InterfaceResult, reactions: StabilityResult | None
) -> ScreenedCoating:
    reacting = [] if reactions is None else reactions.cathode_and_coating
    pairs = [pair for pair in result.pairs if pair.termination == interface.termination]
    pairs.sort(key=lambda pair: (pair.holes_per_tm, pair.site))
    incomplete = [
        one for one in result.calculations if one.status != "completed" and one.applicable
    ]
    # calculations skipped because of these are not listed again
    causes = [one for one in incomplete if one.status != "skipped"] or incomplete
    status: Status = "completed"
    if interface.status != "completed":
        status = interface.status
    elif causes:
        status = causes[0].status
    energy = interface.energy
    return ScreenedCoating(
        coating=name,
        termination=interface.termination,
        status=status,
        reasons=[f"{one.label}: {one.reason or 'no reason known'}" for one in causes],
        film_formula=interface.film_formula,
        area_angstrom2=interface.area_angstrom2,
        coating_strain=interface.relaxed_coating_strain or interface.coating_strain,
        work_of_adhesion_j_per_m2=energy.work_of_adhesion_j_per_m2,
        coating_energy_j_per_m2=energy.coating_energy_j_per_m2,
        n_former_bonds=len(interface.bonds),
        li_removed_for_charge=interface.li_removed_for_charge,
        gains=[
            _gain(holes, list(here)) for holes, here in groupby(pairs, attrgetter("holes_per_tm"))
        ],
        pairs=pairs,
        reactions=dict([*reacting[:1], *reacting[-1:]]),
    )


def _gain(holes_per_tm: float, pairs: Sequence[VacancyPair]) -> GainAtCharge:
    kept = [pair.difference_ev for pair in pairs if not pair.rebuilt]
    return GainAtCharge(
        holes_per_tm=holes_per_tm,
        n_oxygens=len(kept),
        n_rebuilt=len(pairs) - len(kept),
        mean_ev=fmean(kept) if kept else None,
        worst_ev=min(kept, default=None),
        deviation_ev=stdev(kept) if len(kept) > 1 else None,
    )


def _charge_of_ranking(coatings: Sequence[ScreenedCoating]) -> float | None:
    having: dict[float, int] = {}
    for gain in (gain for one in coatings for gain in one.gains if gain.n_oxygens):
        having[gain.holes_per_tm] = having.get(gain.holes_per_tm, 0) + 1
    return max(having, key=lambda holes: (having[holes], holes), default=None)


def _mean(coating: ScreenedCoating, charge: float | None) -> float:
    """Return the mean gain at a charge, eV; minus infinity where there is none."""
    gain = None if charge is None else coating.gain_at(charge)
    return -float("inf") if gain is None or gain.mean_ev is None else gain.mean_ev


def _difference(better: ScreenedCoating, after: ScreenedCoating, charge: float) -> RankedDifference:
    difference = _mean(better, charge) - _mean(after, charge)
    deviations = [
        gain.deviation_ev
        for one in (better, after)
        if (gain := one.gain_at(charge)) is not None and gain.deviation_ev is not None
    ]
    spread = max(deviations, default=None)
    one, other = _by_oxygen(better, charge), _by_oxygen(after, charge)
    same = [one[oxygen] > other[oxygen] for oxygen in one.keys() & other.keys()]
    return RankedDifference(
        better=better.name,
        next=after.name,
        difference_ev=difference,
        spread_ev=spread,
        n_same_oxygens=len(same),
        n_same_order=sum(same),
        told_apart=spread is not None and difference > spread,
    )


def _by_oxygen(coating: ScreenedCoating, charge: float) -> dict[tuple[int, float], float]:
    """Return the gain of each O by its index and bare E_f, which together identify a bare slab."""
    return {
        (pair.site, pair.bare_ev): pair.difference_ev
        for pair in coating.pairs
        if pair.holes_per_tm == charge and not pair.rebuilt
    }


def _notes(
    coatings: Sequence[ScreenedCoating], charge: float | None, results: Mapping[str, StudyResult]
) -> list[str]:
    notes = []
    if charge is None:
        reasons = (result.no_crossings for result in results.values())
        reason = next(filter(None, reasons), None)
        notes.append(
            "no ranking: no O kept its lattice both bare and coated"
            if reason is None
            else f"no ranking: gains are not stated ({reason})"
        )
    else:
        counts = [gain.n_oxygens for one in coatings if (gain := one.gain_at(charge))]
        notes.append(
            f"ranked by the mean gain at {charge:.3f} holes per metal, of {min(counts)} to "
            f"{max(counts)} O of each coating that kept their lattice; the spread is over these O "
            "only: orderings of Li and metals, registries other than the relaxed ones, the width "
            "of the cell and the engine's own error are not included"
        )
        if unranked := [one.name for one in coatings if one.rank is None]:
            notes.append(f"without a gain at that charge, so unranked: {'; '.join(unranked)}")
    n_rebuilt = sum(gain.n_rebuilt for one in coatings for gain in one.gains)
    n_pairs = sum(len(one.pairs) for one in coatings)
    if n_rebuilt:
        notes.append(
            f"the lattice was rebuilt in {n_rebuilt} of {n_pairs} pairs: no gain is stated there"
        )
    named: dict[str, list[str]] = {}
    for name, result in results.items():
        for note in result.notes:
            named.setdefault(note, []).append(name)
    notes += [f"{', '.join(names)}: {note}" for note, names in named.items()]
    return notes
