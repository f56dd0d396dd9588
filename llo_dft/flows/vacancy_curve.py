"""The main flow: bulk, slab, coating, delithiation and vacancies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast, get_args

from jobflow import Flow, Maker, OnMissing

from llo_dft.documents.labels import part_label
from llo_dft.documents.plan import index_after_removal
from llo_dft.jobs.calculate import calculate
from llo_dft.jobs.structures import (
    best_interface,
    cut_relaxed_slab,
    lay_coating,
    oxygen_molecule,
    without_bonded_oxygen,
    without_sites,
)
from llo_dft.typing import Part

if TYPE_CHECKING:
    from jobflow import Job, OutputReference

    from llo_dft.documents.plan import PlannedHost, PlannedVacancy, StudyPlan


@dataclass
class VacancyCurveMaker(Maker):
    """Relax bulk, slabs, interfaces, delithiated hosts and their vacancies.

    Attributes
    ----------
    bulk_maker, slab_maker, molecule_maker
        An engine's calculation makers: with the cell free, with it fixed, and for O2.
    static_maker
        For the electrons at a relaxed geometry; None if the plan has nothing of the kind.
    folder
        Absolute path of the study's calculation cache, seen from wherever the jobs run.
    """

    bulk_maker: Any
    slab_maker: Any
    molecule_maker: Any
    folder: str
    static_maker: Any = None
    name: str = "oxygen vacancy curve"

    def make(self, plan: StudyPlan) -> Flow:
        """Return the flow of a plan; its output is all its calculations, by their labels."""
        made = _Study(self, plan)
        made.add_crystals()
        made.add_hosts()
        made.add_statics()
        return Flow(made.jobs, output=made.calculations, name=f"{self.name}: {plan.study}")


@dataclass
class _Study:
    """The jobs of a study while they are put together, and its calculations by label."""

    maker: VacancyCurveMaker
    plan: StudyPlan
    jobs: list[Job] = field(default_factory=list)
    calculations: dict[str, OutputReference] = field(default_factory=dict)
    hosts: dict[str, OutputReference] = field(default_factory=dict)
    pristine: dict[str | None, OutputReference] = field(default_factory=dict)

    def add_crystals(self) -> None:
        """Add O2, Li metal, the bulk and the coating's crystal."""
        box = self._add(oxygen_molecule())
        self._calculate("O2", box.output, self.maker.molecule_maker)
        self._calculate("Li", self.plan.lithium_metal, self.maker.bulk_maker)
        self._calculate("bulk", self.plan.bulk, self.maker.bulk_maker)
        if self.plan.coating_crystal is not None:
            self._calculate("Li3PO4", self.plan.coating_crystal, self.maker.bulk_maker)

    def add_hosts(self) -> None:
        """Add the hosts, each from the pristine one of its system as that relaxed."""
        for host in self.plan.hosts:
            if host.termination not in self.pristine:
                relaxed = self._pristine(host)
                self.pristine[host.termination] = relaxed
            else:
                sites = self.plan.removed_sites(host, host.removed)
                start = self._add(without_sites(self.pristine[host.termination], sites))
                relaxed = self._calculate(host.label, start.output, self.maker.slab_maker)
            self.hosts[host.label] = relaxed
        # last, since those at O bonded to the coating need the interfaces
        for host in self.plan.hosts:
            for vacancy in host.vacancies:
                self._vacancy(host, vacancy)

    def add_statics(self) -> None:
        """Add the electrons of hosts, and of both parts of an interface held as they are."""
        terminations = {host.label: host.termination for host in self.plan.hosts}
        for static in self.plan.statics:
            removed: list[int] = []
            if static.part is not None:
                other: Part = "coating" if static.part == "oxide" else "oxide"
                removed = self.plan.part_sites(cast("str", terminations[static.host]), other)
            start = self._add(without_sites(self.hosts[static.host], removed))
            self._calculate(static.label, start.output, self.maker.static_maker)

    def _pristine(self, host: PlannedHost) -> OutputReference:
        if host.termination is None:
            cut = self._add(cut_relaxed_slab(self.plan, self.calculations["bulk"]))
            return self._calculate(host.label, cut.output, self.maker.slab_maker)
        return self._interface(host.termination)

    def _interface(self, termination: str) -> OutputReference:
        """Relax the candidates of a termination, and both parts of the best one alone."""
        candidates: list[OutputReference] = []
        planned = self.plan.candidates(termination)
        for one in planned:
            laid = self._add(lay_coating(one, self.pristine[None]))
            candidates.append(self._calculate(one.label, laid.output, self.maker.slab_maker))
        best = self._add(best_interface(termination, candidates))
        best.config.on_missing_references = OnMissing.NONE
        for part in get_args(Part):
            other: Part = "coating" if part == "oxide" else "oxide"
            sites = self.plan.part_sites(termination, other)
            start = self._add(without_sites(best.output, sites))
            self._calculate(part_label(termination, part), start.output, self.maker.slab_maker)
        return best.output

    def _vacancy(self, host: PlannedHost, vacancy: PlannedVacancy) -> None:
        parent = self.hosts[host.label]
        gone = self.plan.removed_sites(host, host.removed)
        if vacancy.bonded is None:
            sites = self.plan.removed_sites(host, vacancy.removed)
            start = without_sites(parent, [index_after_removal(i, gone) for i in sites])
        else:
            planned = self.plan.candidates(vacancy.bonded.termination)[0]
            start = without_bonded_oxygen(
                parent,
                self.pristine[vacancy.bonded.termination],
                planned,
                vacancy.bonded.order,
                self.plan.positions(host),
            )
        self._calculate(host.vacancy_label(vacancy), self._add(start).output, self.maker.slab_maker)

    def _calculate(self, label: str, structure: Any, maker: Any) -> OutputReference:  # noqa: ANN401 (references)
        job = calculate(structure, maker, label, self.maker.folder)
        job.name = f"calculate {label}"
        self._add(job)
        self.calculations[label] = job.output
        return job.output

    def _add(self, job: Job) -> Job:
        self.jobs.append(job)
        return job
