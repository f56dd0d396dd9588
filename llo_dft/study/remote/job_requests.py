"""The resources that each job of a study requests, by its type and the size of its cell."""

from dataclasses import dataclass
from typing import Any, Final

from jobflow import Flow

from llo_dft.documents.labels import potential_label
from llo_dft.documents.plan import StudyPlan
from llo_dft.engines.base import Engine
from llo_dft.flows.budgeted_vacancies import compute_next
from llo_dft.jobs.calculate import CALCULATION
from llo_dft.study.planning.estimate import calculation_work
from llo_dft.study.planning.planned_calculations import hosts_by_label, planned_calculations
from llo_dft.study.remote.submission_record import SubmittedJob
from llo_dft.submit.remote.project import JobSize, JobType, JobTypeName, RemoteProject
from llo_dft.typing import CalculationKind

_TYPES: Final[dict[CalculationKind, JobTypeName]] = {
    "bulk_relax": "cell_relaxation",
    "slab_relax": "slab_relaxation",
    "molecule_relax": "slab_relaxation",
    "static": "static",
}


@dataclass(frozen=True)
class RequestedJob:
    """A job, its type in the project, its worker, and what it requests.

    ``size`` is None where its worker has no queue.
    """

    job: SubmittedJob
    kind: JobType
    worker: str
    size: JobSize | None


def submitted_jobs(flow: Flow, plan: StudyPlan, engine: Engine) -> list[SubmittedJob]:
    """Return the jobs of a study's flow, in the order in which they can run."""
    atoms = _atoms(plan)
    atoms |= {potential_label(label): number for label, number in atoms.items()}
    found = []
    for job, _ in flow.iterflow():
        label: str | None = None
        kind: JobTypeName = "light"
        if job.name.startswith(CALCULATION):
            _, maker, label = job.function_args[:3]
            cheap = maker.kind == "ranking" or label in plan.potential_labels
            is_potential = engine.program is None or cheap
            kind = "potential" if is_potential else _TYPES[maker.kind]
        size = 0 if label is None else atoms[label]
        found.append(SubmittedJob(id=job.uuid, name=job.name, label=label, type=kind, atoms=size))
    return found


def jobs_of_budget(plan: StudyPlan, engine: Engine) -> list[SubmittedJob]:
    """Return the calculations of which a budget chooses some; their ids are not known before."""
    if plan.budget is None:
        return []
    kind: JobTypeName = "potential" if engine.program is None else _TYPES["slab_relax"]
    atoms = _atoms(plan)
    labels = [host.vacancy_label(one) for host in plan.hosts for one in host.vacancies]
    return [
        SubmittedJob(id="", name=label, label=label, type=kind, atoms=atoms[label])
        for label in labels
    ]


def _atoms(plan: StudyPlan) -> dict[str, int]:
    """Return the number of atoms of each calculation; unknown sites leave those of the host."""
    hosts = hosts_by_label(plan)
    return {
        one.label: len(one.structure or plan.host_structure(hosts[one.label]))
        for one in planned_calculations(plan)
    }


def requests(
    jobs: list[SubmittedJob], project: RemoteProject, worker: str | None
) -> list[RequestedJob]:
    """Return what jobs request from a project.

    A ``worker`` takes the calculations instead of their types' own workers.

    Raises ``InputError`` if the project has no such worker, or no such type.
    """
    found = []
    for job in jobs:
        kind = project.job_type(job.type)
        name = kind.worker if worker is None or job.type == "light" else worker
        has_queue = project.worker(name).scheduler_type != "shell"
        found.append(RequestedJob(job, kind, name, kind.size_for(job.atoms) if has_queue else None))
    return found


def ask(
    flow: Flow, wanted: list[RequestedJob], later: list[RequestedJob], project: RemoteProject
) -> None:
    """Write into the jobs of a flow what they ask for, and what those ask for that they make."""
    by_id = {request.job.id: request for request in wanted}
    for job, _ in flow.iterflow():
        request = by_id[job.uuid]
        if job.name == compute_next.__name__:
            # a label may be the beginning of another one, which then has the last word
            for made in sorted(later, key=lambda one: len(one.job.title)):
                job.update_config(
                    {"manager_config": _manager_config(made, project)},
                    name_filter=f"{CALCULATION} {made.job.title}",
                    attributes=["manager_config"],
                    dynamic=True,
                )
        # jobflow-remote writes the name into a line of a script
        job.name = project.job_name(request.worker, request.job.title)
        job.config.manager_config = _manager_config(request, project)


def _manager_config(request: RequestedJob, project: RemoteProject) -> dict[str, Any]:
    resources, program = project.request(request.worker, request.kind, request.size)
    return {
        "worker": request.worker,
        "resources": resources,
        "exec_config": program.model_dump(),
    }


def core_hours(
    wanted: list[RequestedJob], plan: StudyPlan, engine: Engine | None
) -> dict[str, float]:
    """Estimate the core-hours of calculations, by their labels.

    If the project states the time per atom and step, that is used; otherwise the engine, if one is
    given, is timed once on this machine, if possible.
    """
    work = calculation_work(plan)
    rates = {
        request.job.label: request.kind.core_seconds_per_atom_step
        for request in wanted
        if request.job.label is not None
    }
    timed = engine is not None and None in rates.values()
    measured = engine.seconds_per_atom(plan.bulk) if engine is not None and timed else None
    return {
        label: work[label] * found / 3600
        for label, rate in rates.items()
        if label in work and (found := rate or measured) is not None
    }
