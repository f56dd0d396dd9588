"""The flow of the oxide's crystal at several lithium contents."""

from dataclasses import dataclass

from jobflow import Flow, OutputReference

from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.plan import StudyPlan
from llo_dft.engines.base import CalculationMaker
from llo_dft.flows.calculations_flow import Calculations, CalculationsMaker
from llo_dft.jobs.structures import without_sites


@dataclass
class BulkHostsMaker(CalculationsMaker):
    """Remove the planned Li from the relaxed crystal, and relax it with its cell.

    Attributes
    ----------
    bulk_maker
        An engine's maker with the cell free.
    """

    bulk_maker: CalculationMaker
    name: str = "bulk hosts"

    def make(self, plan: StudyPlan, bulk: CalculationDocument | OutputReference) -> Flow:
        """Return the flow; ``bulk`` is the relaxed crystal, whose output is not in it."""
        made = Calculations(self.folder)
        for one in plan.bulk_hosts:
            made.add(one.label, without_sites(bulk, one.removed), self.bulk_maker)
        return made.flow(self.name)
