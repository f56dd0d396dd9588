"""The calculations of a study, looked up by their role in its plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from llo_dft.analysis.interface.adhesion import bonded_oxygens, interface_bonds, lowest_energy
from llo_dft.analysis.interface.interface_result import InterfaceCalculations
from llo_dft.analysis.oxygen.reservoir import OxygenReservoir
from llo_dft.analysis.vacancy.host_result import MadeVacancy, host_result
from llo_dft.analysis.vacancy.revisited_host import host_to_revisit
from llo_dft.analysis.vacancy.structure_check import REVISIT_GAIN_EV, framework_moved
from llo_dft.documents.atom_identity import places
from llo_dft.documents.calculation import CalculationDocument, Fingerprint, not_computed
from llo_dft.documents.labels import (
    LITHIUM,
    part_label,
    ranking_label,
    relaxed_file,
    revisited_label,
)
from llo_dft.documents.plan import PlannedHost, PlannedVacancy, StudyPlan
from llo_dft.documents.sites import OxygenEnvironment, RemovedOxygen
from llo_dft.documents.state_of_charge import OrderingResult, RevisitResult
from llo_dft.documents.study_result import HostResult

if TYPE_CHECKING:
    Surroundings = Callable[[PlannedHost, Sequence[int]], Mapping[int, OxygenEnvironment]]


class StudyCalculations:
    """A plan and its calculations.

    Parameters
    ----------
    plan
        What was to be computed.
    documents
        By the plan's labels, one for each; those without a result carry the reason.
    surroundings
        Returns the surroundings of each O of a host that lost some Li, by index in the pristine
        bare slab; None: those that the plan gives for the ordering tried first.
    by_potential
        By ``StudyPlan.potential_labels``: the ranking of vacancies in a study with a budget.
    """

    def __init__(
        self,
        plan: StudyPlan,
        documents: Mapping[str, CalculationDocument],
        surroundings: Surroundings | None = None,
        by_potential: Mapping[str, CalculationDocument] | None = None,
    ) -> None:
        self._surroundings = surroundings
        self.by_potential = by_potential or {}
        self.plan = plan
        self.documents = documents
        self._best = {
            face: _lowest(
                f"interface_{face}", [documents[one.label] for one in plan.candidates(face)]
            )
            for face in plan.terminations
        }
        self._bonds = {
            face: None if best.structure is None else interface_bonds(best.structure)
            for face, best in self._best.items()
        }

    def host(self, planned: PlannedHost) -> CalculationDocument:
        """Return the calculation of a host: the lowest of its orderings, interfaces and revisit."""
        return self._lower(self.first_host(planned), planned.label, REVISIT_GAIN_EV)

    def vacancy(self, planned: PlannedHost, vacancy: PlannedVacancy) -> CalculationDocument:
        """Return the calculation of a vacancy: the lower where its host's revisit had it twice."""
        label = planned.vacancy_label(vacancy)
        return self._lower(self.documents[label], label)

    def _lower(
        self, first: CalculationDocument, label: str, margin_ev: float = 0.0
    ) -> CalculationDocument:
        again = self.documents.get(revisited_label(label))
        return again if again and lowest_energy([first, again], margin_ev) else first

    def environments(self, planned: PlannedHost) -> Mapping[int, OxygenEnvironment]:
        """Return the surroundings of each O of a host with its actual Li, by bare slab's index."""
        structure = self.host(planned).structure
        if structure is None or self._surroundings is None:
            return planned.environments
        there, here = places(self.plan.pristine_structure(planned)), places(structure)
        gone = sorted(there.keys() - here.keys())
        if gone == sorted(planned.removed):
            return planned.environments
        return self._surroundings(planned, gone)

    def first_host(self, planned: PlannedHost) -> CalculationDocument:
        """Return the calculation that a host's vacancies start from, before it is revisited."""
        if planned.termination is not None and not planned.removed:
            return self._best[planned.termination]
        labels = self.plan.relaxed_orderings(planned)
        if not labels:
            return self.documents[planned.label]
        return _lowest(planned.label, [self.documents[label] for label in labels])

    def bonds_to_former(self, planned: PlannedHost) -> dict[int, int]:
        """Return how many formers of the coating are bonded to each O of a relaxed host."""
        structure = self.host(planned).structure
        if planned.termination is None or structure is None:
            return {}
        return dict(Counter(bond.oxygen for bond in interface_bonds(structure)))

    def result_of(self, planned: PlannedHost, reservoir: OxygenReservoir) -> HostResult:
        """Return the result of a host, with those of its vacancies that have a site.

        A vacancy planned at an O bonded to the coating's former is left out where the relaxed
        interface has no such bond; where that is not known it is kept, without a site.
        """
        n_bonds = self.bonds_to_former(planned)
        made = self._of_its_atoms(planned, self.host(planned))
        found = (self._made_vacancy(planned, vacancy, n_bonds) for vacancy in planned.vacancies)
        relaxed = made.structure
        return host_result(
            made,
            [vacancy for vacancy in found if vacancy is not None],
            reservoir,
            framework_flags=[] if relaxed is None else framework_moved(self.plan.slab, relaxed),
            system=planned.system,
            termination=planned.termination,
            n_holes=planned.n_holes,
            **self.plan.charge_of(planned).model_dump(),
            n_li=planned.n_li_layer + planned.n_tm_layer,
            requested_lithium_fraction=planned.requested_lithium_fraction,
            structure=None if relaxed is None else relaxed_file(planned.label),
            bonded_to_former=sorted(n_bonds),
            ordering=self._ordering(planned),
            revisit=self._revisit(planned),
        )

    def _ordering(self, planned: PlannedHost) -> OrderingResult | None:
        labels = self.plan.relaxed_orderings(planned)
        made = [self.documents[label] for label in labels]
        best = lowest_energy(made)
        if best is None:
            return None
        completed = [one.energy_ev for one in made if one.energy_ev is not None]
        ranking = self.documents[ranking_label(planned.label)] if self.plan.ranked else None
        gain, by, n_beside = None, "ewald", 0
        if ranking is not None and ranking.fingerprint is not None:
            on_sites = (one for one in ranking.ranking if not one.moved_angstrom)
            single = {tuple(one.removed): one.energy_ev for one in on_sites}
            first, taken = single.get(tuple(planned.removed)), ranking.ranking[best]
            gain = None if first is None else first - taken.energy_ev
            n_beside = len(taken.moved_angstrom)
            by = f"{ranking.fingerprint.engine} {ranking.fingerprint.model}".strip()
        return OrderingResult(
            n_ranked=0 if ranking is None else len(ranking.ranking),
            n_relaxed=len(completed),
            chosen=best,
            n_beside=n_beside,
            ranked_by=by,
            single_point_gain_ev=gain,
            relaxed_gain_ev=completed[0] - min(completed),
        )

    def _revisit(self, planned: PlannedHost) -> RevisitResult | None:
        again = self.documents.get(revisited_label(planned.label))
        host = self.first_host(planned)
        if again is None or host.energy_ev is None:
            return None
        vacancies = {v.pair: self.documents[planned.vacancy_label(v)] for v in planned.vacancies}
        found = host_to_revisit(host, list(vacancies.values()))
        if isinstance(found, str):
            return None
        followed, _ = found
        return RevisitResult(
            vacancy=next(pair for pair, one in vacancies.items() if one is followed),
            gain_ev=None if again.energy_ev is None else host.energy_ev - again.energy_ev,
            reason=again.reason,
        )

    def _made_vacancy(
        self, planned: PlannedHost, vacancy: PlannedVacancy, n_bonds: Mapping[int, int]
    ) -> MadeVacancy | None:
        site = vacancy.site
        if vacancy.bonded is not None:
            bonds = self._bonds[vacancy.bonded.termination]
            bonded = None if bonds is None else bonded_oxygens(bonds)
            if bonded is not None and vacancy.bonded.order >= len(bonded):
                return None
            site = None if bonded is None else bonded[vacancy.bonded.order]
            if site is not None and vacancy.other_face:
                site = self.plan.turn_over[site]
        removed = []
        if site is not None:
            around = self.environments(planned)[site].model_copy(
                update={"n_former": n_bonds.get(site, 0)}
            )
            removed = [
                RemovedOxygen(site=site, site_class=planned.classes[site], environment=around)
            ]
        calculation = self.vacancy(planned, vacancy)
        gone = vacancy.removed or [one.site for one in removed]
        return MadeVacancy(
            self._of_its_atoms(planned, calculation, gone) if gone else calculation,
            removed,
            max(1, len(vacancy.removed)),
            vacancy.site_class,
            vacancy.pair,
        )

    def _of_its_atoms(
        self, planned: PlannedHost, made: CalculationDocument, gone: Sequence[int] = ()
    ) -> CalculationDocument:
        """Return a calculation if it is of a host, or of that without these O, otherwise why not.

        A journal or a plan that was changed by hand may name the calculation of another.
        """
        host, structure = self.host(planned).structure, made.structure
        if host is None or structure is None:
            return made
        there, here = places(host).keys(), places(structure).keys()
        n_planned = len(places(self.plan.host_structure(planned)))
        if here == there - set(gone) and len(there) == n_planned:
            return made
        what = "the host without this O" if gone else "this host"
        reason = f"calculation {made.key} does not have the atoms of {what}; run the study again"
        return not_computed(made.label, "missing", reason)

    @property
    def fingerprint(self) -> Fingerprint | None:
        """The fingerprint of a host, if any, since it has the U that O2 and Li don't need.

        Completed calculations come first: only they know the engine's version.
        """
        others = [d for d in self.documents.values() if d.kind != "ranking"]
        made = [*map(self.host, self.plan.hosts), *others]
        ordered = sorted(made, key=lambda document: document.status != "completed")
        return next((d.fingerprint for d in ordered if d.fingerprint is not None), None)

    def interface(self, termination: str) -> InterfaceCalculations:
        """Return the calculations of one termination."""
        planned = self.plan.candidates(termination)
        return InterfaceCalculations(
            planned=planned,
            candidates=[self.documents[one.label] for one in planned],
            best=self._best[termination],
            bonds=self._bonds[termination] or [],
            bare=self.documents[self.plan.hosts[0].label],
            oxide=self.documents.get(part_label(termination, "oxide")),
            coating=self.documents.get(part_label(termination, "coating")),
            crystal=self.documents.get(self.plan.coating_label),
            lithium=self.documents[LITHIUM],
        )


def _lowest(label: str, candidates: list[CalculationDocument]) -> CalculationDocument:
    """Return the candidate of lowest energy, or its substitute if none completed."""
    best = lowest_energy(candidates)
    if best is not None:
        return candidates[best]
    tried = next((document for document in candidates if document.status != "missing"), None)
    if tried is not None:
        return tried
    reasons = "; ".join(f"{one.label}: {one.reason}" for one in candidates)
    return not_computed(label, "missing", reasons)
