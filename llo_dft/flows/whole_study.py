"""The flow of a study, composed of the flows of its parts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from jobflow import Flow, Maker

from llo_dft.documents.labels import BULK
from llo_dft.documents.plan import StudyPlan
from llo_dft.engines.base import CalculationMaker
from llo_dft.flows.budgeted_vacancies import BudgetedVacanciesMaker
from llo_dft.flows.relax_hosts import HostsMaker, RevisitsMaker
from llo_dft.flows.relax_vacancies import VacanciesMaker
from llo_dft.flows.study_parts import (
    BulkHostsMaker,
    ElectronsMaker,
    InterfacesMaker,
    ReferencesMaker,
)
from llo_dft.jobs.orderings import RankingMaker
from llo_dft.typing import CalculationKind


@dataclass
class StudyMaker(Maker):
    """Oxygen vacancies of a bare and a coated slab along its delithiation.

    The makers of the parts may be of different engines only if energies are comparable; without
    ``electrons`` there are no static calculations.
    """

    references: ReferencesMaker
    bulk_hosts: BulkHostsMaker
    hosts: HostsMaker
    interfaces: InterfacesMaker
    vacancies: VacanciesMaker | BudgetedVacanciesMaker
    revisits: RevisitsMaker
    electrons: ElectronsMaker | None = None
    name: str = "oxygen vacancy curve"

    @classmethod
    def of_engine(
        cls,
        maker: Callable[[CalculationKind], CalculationMaker],
        folder: str,
        *,
        electrons: bool,
        ranker: RankingMaker | None = None,
        cathode: CalculationMaker | None = None,
        potential: CalculationMaker | None = None,
    ) -> Self:
        """Return the maker of a study computed by one engine.

        ``maker`` returns the engine's maker for a kind of calculation (``engine.maker``),
        ``folder`` is that of the calculation cache, ``electrons`` whether to make static
        calculations. ``ranker`` ranks orderings of Li; None: Ewald energies rank them. ``cathode``
        relaxes the cathode's crystal; None: ``maker("bulk_relax")``. ``potential`` relaxes every
        vacancy of a plan with a budget; the engine computes some of them.
        """
        slab, crystal = maker("slab_relax"), maker("bulk_relax")
        return cls(
            ReferencesMaker(folder, crystal, maker("molecule_relax"), cathode),
            BulkHostsMaker(folder, crystal, ranker),
            HostsMaker(folder, slab, ranker),
            InterfacesMaker(folder, slab),
            VacanciesMaker(folder, slab)
            if potential is None
            else BudgetedVacanciesMaker(folder, slab, potential),
            RevisitsMaker(folder, slab),
            ElectronsMaker(folder, maker("static")) if electrons else None,
        )

    def make(self, plan: StudyPlan) -> Flow:
        """Return the flow of a plan; its output is all its calculations by their labels."""
        references = self.references.make(plan)
        bare = self.hosts.make(plan, references.output[BULK])
        charged_bulk = self.bulk_hosts.make(plan, references.output[BULK])
        flows, hosts = [references, bare, charged_bulk], dict(bare.output)
        if plan.terminations:
            interfaces = self.interfaces.make(plan, hosts[plan.pristine_label(None)])
            flows.append(interfaces)
        bare_by_holes = {
            host.n_holes: hosts[host.label] for host in plan.hosts if host.termination is None
        }
        for termination in plan.terminations:
            pristine = plan.pristine_label(termination)
            hosts[pristine] = interfaces.output[pristine]
            charged = self.hosts.make(plan, hosts[pristine], termination, bare_by_holes)
            hosts |= charged.output
            flows.append(charged)
        vacancies = self.vacancies.make(plan, hosts)
        flows.append(vacancies)
        if plan.revisits:
            revisited = self.revisits.make(plan, hosts, vacancies.output)
            hosts |= revisited.output
            flows.append(revisited)
        if self.electrons is not None:
            flows.append(self.electrons.make(plan, hosts))
        found = {label: made for flow in flows for label, made in flow.output.items()}
        return Flow(
            [flow for flow in flows if flow.jobs],
            output={label: found[label] for label in plan.labels},
            name=f"{self.name}: {plan.study}",
        )
