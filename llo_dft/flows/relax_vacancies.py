"""The flow of the oxygen vacancies of hosts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from jobflow import Flow, Job, OutputReference

from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.plan import PlannedHost, PlannedVacancy, StudyPlan
from llo_dft.engines.base import CalculationMaker
from llo_dft.errors import InputError
from llo_dft.flows.calculations_flow import Calculations, CalculationsMaker
from llo_dft.jobs.structures import without, without_bonded_oxygen

Hosts: TypeAlias = Mapping[str, CalculationDocument | OutputReference]


@dataclass
class VacanciesMaker(CalculationsMaker):
    """Remove the planned O from relaxed hosts, one at a time, and relax.

    ``slab_maker`` is an engine's maker with the cell fixed.
    """

    slab_maker: CalculationMaker
    name: str = "vacancies"

    def make(self, plan: StudyPlan, hosts: Hosts) -> Flow:
        """Return the flow of the given hosts; its output is the calculations by label.

        The relaxed hosts are by label. A vacancy at an O that the coating bonds to also needs the
        pristine interface, where those bonds are found.

        Raises ``InputError`` if that interface is not given.
        """
        made = Calculations(self.folder)
        for host in plan.hosts:
            if host.label in hosts:
                for vacancy in host.vacancies:
                    start = without_oxygen(plan, hosts, host, vacancy)
                    made.add(host.vacancy_label(vacancy), start, self.slab_maker, hosts[host.label])
        return made.flow(self.name)


def without_oxygen(
    plan: StudyPlan, hosts: Hosts, host: PlannedHost, vacancy: PlannedVacancy
) -> Job:
    """Return the job that removes one planned O from a host; parameters and errors as ``make``."""
    parent = hosts[host.label]
    if vacancy.bonded is None:
        return without(parent, vacancy.removed)
    interface = plan.pristine_label(vacancy.bonded.termination)
    if interface not in hosts:
        raise InputError(
            f"{interface} is not among the hosts; {host.vacancy_label(vacancy)} needs it to find "
            "the coating's bonds"
        )
    if vacancy.other_face:
        return without_bonded_oxygen(parent, hosts[interface], vacancy.bonded, plan.turn_over)
    return without_bonded_oxygen(parent, hosts[interface], vacancy.bonded)
