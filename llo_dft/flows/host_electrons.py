"""The flow of static calculations at relaxed geometries, for the electronic structure."""

from dataclasses import dataclass

from jobflow import Flow

from llo_dft.documents.plan import StudyPlan
from llo_dft.engines.base import CalculationMaker
from llo_dft.flows.calculations_flow import Calculations, CalculationsMaker
from llo_dft.flows.relax_vacancies import Hosts
from llo_dft.jobs.structures import part_of, without


@dataclass
class ElectronsMaker(CalculationsMaker):
    """Compute relaxed hosts, and both parts of an interface with fixed atoms.

    ``static_maker`` is an engine's maker of single points with densities of states and of charge.
    """

    static_maker: CalculationMaker
    name: str = "electrons"

    def make(self, plan: StudyPlan, hosts: Hosts) -> Flow:
        """Return the flow of the given hosts; its output is the calculations by label."""
        made = Calculations(self.folder)
        for static in plan.statics:
            if static.host not in hosts:
                continue
            host = hosts[static.host]
            start = without(host, []) if static.part is None else part_of(host, static.part)
            made.add(static.label, start, self.static_maker, host)
        return made.flow(self.name)
