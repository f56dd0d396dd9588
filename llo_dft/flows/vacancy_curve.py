"""The main flow: bulk, slab, delithiated slabs, vacancies, and what they mean together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobflow import Flow, Maker, OnMissing

from llo_dft.documents.plan import index_after_removal
from llo_dft.jobs.calculate import calculate
from llo_dft.jobs.collect import collect_study
from llo_dft.jobs.structures import cut_relaxed_slab, oxygen_molecule, without_sites

if TYPE_CHECKING:
    from jobflow import Job

    from llo_dft.documents.oxygen import OxygenSettings
    from llo_dft.documents.plan import StudyPlan


@dataclass
class VacancyCurveMaker(Maker):
    """Relax bulk, slab, delithiated slabs and their vacancies; collect the formation energies.

    Attributes
    ----------
    bulk_maker, slab_maker, molecule_maker
        An engine's calculation makers: with the cell free, with it fixed, and for O2.
    engine, protocol
        Their names, for the result.
    folder
        Absolute path of the study's calculation cache, seen from wherever the jobs run.
    """

    bulk_maker: Any
    slab_maker: Any
    molecule_maker: Any
    engine: str
    protocol: str
    folder: str
    name: str = "oxygen vacancy curve"

    def make(self, plan: StudyPlan, oxygen: OxygenSettings) -> Flow:
        """Return the flow of a plan; its output is a ``StudyResult``."""
        box = oxygen_molecule()
        molecule = self._calculate(box.output, self.molecule_maker, "O2")
        bulk = self._calculate(plan.bulk, self.bulk_maker, "bulk")
        cut = cut_relaxed_slab(plan, bulk.output)
        jobs: list[Job] = [box, molecule, bulk, cut]
        hosts: list[Job] = []
        vacancies: list[list[Job]] = []
        for planned in plan.hosts:
            # the pristine slab comes first; every other host starts from it as it relaxed
            source = cut if not hosts else without_sites(hosts[0].output, planned.removed)
            host = self._calculate(source.output, self.slab_maker, planned.label)
            made: list[Job] = []
            for vacancy in planned.vacancies:
                removed = [index_after_removal(i, planned.removed) for i in vacancy.removed]
                start = without_sites(host.output, removed)
                label = f"{planned.label}_vac_{vacancy.pair}"
                made.append(self._calculate(start.output, self.slab_maker, label))
                jobs += [start, made[-1]]
            jobs += [host] if not hosts else [source, host]
            hosts.append(host)
            vacancies.append(made)
        collect = collect_study(
            plan,
            oxygen,
            {
                "molecule": molecule.output,
                "bulk": bulk.output,
                "hosts": [host.output for host in hosts],
                "vacancies": [[vacancy.output for vacancy in made] for made in vacancies],
            },
            engine=self.engine,
            protocol=self.protocol,
        )
        # a job that broke down leaves None here, and is reported as missing
        collect.config.on_missing_references = OnMissing.NONE
        return Flow([*jobs, collect], output=collect.output, name=f"{self.name}: {plan.study}")

    def _calculate(self, structure: Any, maker: Any, label: str) -> Job:  # noqa: ANN401 (references)
        job = calculate(structure, maker, label, self.folder)
        job.name = f"calculate {label}"
        return job
