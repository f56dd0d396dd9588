"""The flow of static calculations at relaxed geometries, for what the electrons do there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from llo_dft.flows.calculations_flow import Calculations, CalculationsMaker
from llo_dft.jobs.structures import without_sites

if TYPE_CHECKING:
    from jobflow import Flow

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.engines.base import CalculationMaker
    from llo_dft.flows.relax_vacancies import Hosts
    from llo_dft.typing import Part


@dataclass
class ElectronsMaker(CalculationsMaker):
    """Compute hosts as they relaxed, and both parts of an interface held where they are in it.

    Attributes
    ----------
    static_maker
        An engine's maker of one point with densities of states and of charge.
    """

    static_maker: CalculationMaker
    name: str = "electrons"

    def make(self, plan: StudyPlan, hosts: Hosts) -> Flow:
        """Return the flow of the hosts given; its output is the calculations by their labels."""
        made = Calculations(self.folder)
        terminations = {host.label: host.termination for host in plan.hosts}
        for static in plan.statics:
            if static.host not in hosts:
                continue
            removed: list[int] = []
            if static.part is not None:
                other: Part = "coating" if static.part == "oxide" else "oxide"
                removed = plan.part_sites(cast("str", terminations[static.host]), other)
            host = hosts[static.host]
            made.add(static.label, without_sites(host, removed), self.static_maker, host)
        return made.flow(self.name)
