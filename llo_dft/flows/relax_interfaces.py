"""The flow of the pristine interfaces: candidates, the best of each termination, and its parts."""

from dataclasses import dataclass
from typing import get_args

from jobflow import Flow, OutputReference

from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.labels import part_label
from llo_dft.documents.plan import StudyPlan
from llo_dft.engines.base import CalculationMaker
from llo_dft.flows.calculations_flow import Calculations, CalculationsMaker
from llo_dft.jobs.structures import lay_coating, part_of
from llo_dft.typing import Part


@dataclass
class InterfacesMaker(CalculationsMaker):
    """Relax the candidates of each termination, and each part of the best one alone.

    ``slab_maker`` is an engine's maker with the cell fixed.
    """

    slab_maker: CalculationMaker
    name: str = "interfaces"

    def make(self, plan: StudyPlan, slab: CalculationDocument | OutputReference) -> Flow:
        """Return the flow of all terminations; ``slab`` is the relaxed pristine bare slab.

        Its output is the calculations by label, with the lowest candidate of each termination also
        under the label of its pristine host.
        """
        made = Calculations(self.folder)
        for termination in plan.terminations:
            candidates = [
                made.add(one.label, lay_coating(one, slab), self.slab_maker, slab)
                for one in plan.candidates(termination)
            ]
            best = made.choose(
                plan.pristine_label(termination),
                candidates,
                f"interface of termination {termination}",
            )
            for part in get_args(Part):
                alone = part_of(best, part)
                made.add(part_label(termination, part), alone, self.slab_maker, best)
        return made.flow(self.name)
