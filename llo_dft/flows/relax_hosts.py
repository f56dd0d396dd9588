"""The flow of one system's hosts: the pristine slab, and what is left of it on charging."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llo_dft.flows.calculations_flow import Calculations, CalculationsMaker
from llo_dft.jobs.structures import cut_relaxed_slab, without

if TYPE_CHECKING:
    from jobflow import Flow, OutputReference

    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.documents.plan import StudyPlan
    from llo_dft.engines.base import CalculationMaker


@dataclass
class HostsMaker(CalculationsMaker):
    """Relax the hosts of one system, each from the pristine one as that relaxed.

    Attributes
    ----------
    slab_maker
        An engine's maker with the cell fixed.
    """

    slab_maker: CalculationMaker
    name: str = "hosts"

    def make(
        self,
        plan: StudyPlan,
        start: CalculationDocument | OutputReference,
        termination: str | None = None,
    ) -> Flow:
        """Return the flow of one system; its output is the calculations by their labels.

        Parameters
        ----------
        plan
            The study.
        start
            The relaxed bulk, from which the pristine bare slab is cut; of a coated system the
            relaxed pristine interface, which is its first host.
        termination
            Face of the coating; None: the bare slab.
        """
        made = Calculations(self.folder)
        pristine, *others = (host for host in plan.hosts if host.termination == termination)
        if termination is None:
            start = made.add(pristine.label, cut_relaxed_slab(plan, start), self.slab_maker)
        for host in others:
            made.add(host.label, without(start, host.removed), self.slab_maker, start)
        return made.flow(f"{self.name}: {termination or 'bare'}")
