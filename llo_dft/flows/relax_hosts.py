"""The flows of hosts: pristine and charged ones, and those with Li as a vacancy arranged it."""

from collections.abc import Mapping
from dataclasses import dataclass

from jobflow import Flow, OnMissing, OutputReference

from llo_dft.analysis.vacancy.structure_check import REVISIT_GAIN_EV
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.labels import ranking_label, revisited_label
from llo_dft.documents.plan import StudyPlan
from llo_dft.engines.base import CalculationMaker
from llo_dft.flows.calculations_flow import Calculations, CalculationsMaker
from llo_dft.flows.relax_vacancies import Hosts
from llo_dft.jobs.orderings import (
    RankingMaker,
    nth_ordering,
    put_back,
    without_again,
)
from llo_dft.jobs.structures import cut_relaxed_slab, without


@dataclass
class HostsMaker(CalculationsMaker):
    """Relax the hosts of one system, each starting from the relaxed pristine one.

    ``slab_maker`` is an engine's maker with the cell fixed, ``ranker`` one that ranks orderings of
    Li; None: Ewald energies rank them.
    """

    slab_maker: CalculationMaker
    ranker: RankingMaker | None = None
    name: str = "hosts"

    def make(
        self,
        plan: StudyPlan,
        start: CalculationDocument | OutputReference,
        termination: str | None = None,
        bare: Mapping[int, CalculationDocument | OutputReference] | None = None,
    ) -> Flow:
        """Return the flow of one system; its output is the calculations by label.

        The lowest of several relaxed orderings is also given under the label of the host.

        ``termination`` is the face of the coating; None: the bare slab. ``start`` is the relaxed
        bulk, from which the pristine bare slab is cut; for a coated system the relaxed pristine
        interface, which is its first host. Then ``bare`` are the bare hosts by holes, whose
        orderings are tried too.
        """
        made = Calculations(self.folder)
        pristine, *others = (host for host in plan.hosts if host.termination == termination)
        if termination is None:
            start = made.add(pristine.label, cut_relaxed_slab(plan, start), self.slab_maker)
        for host in others:
            labels = plan.relaxed_orderings(host)
            if not labels:
                begun = without(start, host.removed, host.moved_angstrom)
                made.add(host.label, begun, self.slab_maker, start)
                continue
            ranking = None
            if plan.ranked:
                ranking = made.add_ranking(
                    ranking_label(host.label),
                    plan.ordering_search(host),
                    self.ranker,
                    start,
                    (bare or {}).get(host.n_holes),
                )
            starts = [
                without(start, host.orderings[order])
                if ranking is None
                else nth_ordering(start, ranking, order)
                for order in range(len(labels))
            ]
            made.choose(
                host.label,
                [
                    made.add(label, begun, self.slab_maker, start)
                    for label, begun in zip(labels, starts, strict=True)
                ],
            )
        return made.flow(f"{self.name}: {termination or 'bare'}")


@dataclass
class RevisitsMaker(CalculationsMaker):
    """Relax each host from the Li arrangement of its lowest vacancy, with the O put back.

    Where that is the lower host, its other vacancies are made in it again.

    ``slab_maker`` is an engine's maker with the cell fixed.
    """

    slab_maker: CalculationMaker
    name: str = "revisited hosts"

    def make(self, plan: StudyPlan, hosts: Hosts, vacancies: Mapping[str, object]) -> Flow:
        """Return the flow of the given hosts.

        Its output is the calculations by label, and under the label of each host the lower of the
        two.

        ``hosts`` and ``vacancies`` are relaxed ones by label.
        """
        made = Calculations(self.folder)
        for host in plan.hosts:
            if host.label not in hosts:
                continue
            theirs = [host.vacancy_label(vacancy) for vacancy in host.vacancies]
            before = hosts[host.label]
            start = put_back(before, [vacancies[label] for label in theirs])
            start.config.on_missing_references = OnMissing.NONE
            now = made.add(revisited_label(host.label), start, self.slab_maker, before)
            made.choose(host.label, [before, now], f"relaxation of {host.label}", REVISIT_GAIN_EV)
            for label, again in zip(theirs, plan.vacancies_again(host), strict=False):
                without = without_again(before, now, vacancies[label])
                without.config.on_missing_references = OnMissing.NONE
                made.add(again, without, self.slab_maker, now)
        return made.flow(self.name)
