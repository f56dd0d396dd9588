"""The flows of the references of energies, and of the crystal at several lithium contents."""

from dataclasses import dataclass

from jobflow import Flow, OutputReference

from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.labels import BULK, LITHIUM, OXYGEN
from llo_dft.documents.plan import StudyPlan
from llo_dft.engines.base import CalculationMaker
from llo_dft.flows.calculations_flow import Calculations, CalculationsMaker
from llo_dft.jobs.structures import oxygen_molecule, without_sites


@dataclass
class ReferencesMaker(CalculationsMaker):
    """Relax O2 in a box, and the crystals with their cells."""

    bulk_maker: CalculationMaker
    molecule_maker: CalculationMaker
    """bulk_maker, molecule_maker: an engine's makers with the cell free, and for O2."""
    cathode_maker: CalculationMaker | None = None
    """Another one for the cathode's crystal, if its energy is not used; None: ``bulk_maker``."""
    name: str = "references"

    def make(self, plan: StudyPlan) -> Flow:
        """Return the flow of a plan; its output is the calculations by label."""
        made = Calculations(self.folder)
        made.add(OXYGEN, oxygen_molecule(), self.molecule_maker)
        made.add(LITHIUM, plan.lithium_metal, self.bulk_maker)
        made.add(BULK, plan.bulk, self.cathode_maker or self.bulk_maker)
        if plan.coating_crystal is not None:
            made.add(plan.coating_label, plan.coating_crystal, self.bulk_maker)
        return made.flow(self.name)


@dataclass
class BulkHostsMaker(CalculationsMaker):
    """Remove the planned Li from the relaxed crystal, and relax it with its cell.

    ``bulk_maker`` is an engine's maker with the cell free.
    """

    bulk_maker: CalculationMaker
    name: str = "bulk hosts"

    def make(self, plan: StudyPlan, bulk: CalculationDocument | OutputReference) -> Flow:
        """Return the flow; ``bulk`` is the relaxed crystal, whose output is not in it."""
        made = Calculations(self.folder)
        for one in plan.bulk_hosts:
            made.add(one.label, without_sites(bulk, one.removed), self.bulk_maker)
        return made.flow(self.name)
