"""The flows of a study's parts of one step: references, crystals, interfaces, electrons."""

from dataclasses import dataclass

from jobflow import Flow, OutputReference

from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.labels import BULK, LITHIUM, OXYGEN
from llo_dft.documents.plan import StudyPlan
from llo_dft.engines.base import CalculationMaker
from llo_dft.flows.calculations_flow import Calculations, CalculationsMaker
from llo_dft.flows.relax_vacancies import Hosts
from llo_dft.jobs.orderings import RankingMaker, nth_ordering
from llo_dft.jobs.structures import lay_coating, oxygen_molecule, part_of, without


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
    """Remove Li from the relaxed crystal, and relax it with its cell.

    ``bulk_maker`` is an engine's maker with the cell free, ``ranker`` one that ranks orderings of
    Li; None: Ewald energies rank them.
    """

    bulk_maker: CalculationMaker
    ranker: RankingMaker | None = None
    name: str = "bulk hosts"

    def make(self, plan: StudyPlan, bulk: CalculationDocument | OutputReference) -> Flow:
        """Return the flow; ``bulk`` is the relaxed crystal, whose output is not in it."""
        made = Calculations(self.folder)
        for one in plan.bulk_hosts:
            if plan.ranked and one.ranking not in made.outputs:
                made.add_ranking(one.ranking, plan.bulk_search(one), self.ranker, bulk)
            start = (
                nth_ordering(bulk, made.outputs[one.ranking], one.order)
                if plan.ranked
                else without(bulk, one.removed, one.moved_angstrom)
            )
            made.add(one.label, start, self.bulk_maker)
        return made.flow(self.name)


@dataclass
class InterfacesMaker(CalculationsMaker):
    """Relax the candidates of each termination, and the parts of the best one alone.

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
            for label, (face, part) in plan.parts.items():
                if face == termination:
                    made.add(label, part_of(best, part), self.slab_maker, best)
        return made.flow(self.name)


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
