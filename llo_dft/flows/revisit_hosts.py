"""The flow that revisits hosts: a vacancy may have found a better arrangement of their Li."""

from collections.abc import Mapping
from dataclasses import dataclass

from jobflow import Flow, OnMissing

from llo_dft.documents.labels import revisited_label
from llo_dft.documents.plan import StudyPlan
from llo_dft.engines.base import CalculationMaker
from llo_dft.flows.calculations_flow import Calculations, CalculationsMaker
from llo_dft.flows.relax_vacancies import Hosts
from llo_dft.jobs.orderings import put_back, without_again


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
            made.choose(host.label, [before, now], f"relaxation of {host.label}")
            for label, again in zip(theirs, plan.vacancies_again(host), strict=False):
                without = without_again(before, now, vacancies[label])
                without.config.on_missing_references = OnMissing.NONE
                made.add(again, without, self.slab_maker, now)
        return made.flow(self.name)
