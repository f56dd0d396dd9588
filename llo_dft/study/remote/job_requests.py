"""What each job of a study asks a project's workers for: by its type, and the size of its cell."""

from dataclasses import dataclass
from typing import Final

from jobflow import Flow

from llo_dft.documents.plan import StudyPlan
from llo_dft.engines.base import Engine
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
    """A job, its type in the project, who takes it, and what it asks for.

    ``size`` is None where its worker has no queue.
    """

    job: SubmittedJob
    kind: JobType
    worker: str
    size: JobSize | None


def submitted_jobs(flow: Flow, plan: StudyPlan, engine: Engine) -> list[SubmittedJob]:
    """Return the jobs of a study's flow, in the order in which they can run."""
    hosts = hosts_by_label(plan)
    atoms = {
        # what only relaxed structures will name is as large as its host
        one.label: len(one.structure or plan.host_structure(hosts[one.label]))
        for one in planned_calculations(plan)
    }
    found = []
    for job, _ in flow.iterflow():
        label: str | None = None
        kind: JobTypeName = "light"
        if job.name.startswith(CALCULATION):
            _, maker, label = job.function_args[:3]
            is_potential = engine.program is None or maker.kind == "ranking"
            kind = "potential" if is_potential else _TYPES[maker.kind]
        size = 0 if label is None else atoms[label]
        found.append(SubmittedJob(id=job.uuid, name=job.name, label=label, type=kind, atoms=size))
    return found


def requests(
    jobs: list[SubmittedJob], project: RemoteProject, worker: str | None
) -> list[RequestedJob]:
    """Return what jobs ask a project for.

    A ``worker`` takes the calculations in place of their types' own workers.

    Raises
    ------
    InputError
        If the project has no such worker, or no such type.
    """
    found = []
    for job in jobs:
        kind = project.job_type(job.type)
        name = kind.worker if worker is None or job.type == "light" else worker
        has_queue = project.worker(name).scheduler_type != "shell"
        found.append(RequestedJob(job, kind, name, kind.size_for(job.atoms) if has_queue else None))
    return found


def ask(flow: Flow, wanted: list[RequestedJob], project: RemoteProject) -> None:
    """Write into the jobs of a flow what they ask for."""
    by_id = {request.job.id: request for request in wanted}
    for job, _ in flow.iterflow():
        request = by_id[job.uuid]
        # jobflow-remote writes the name into a line of a script
        job.name = project.job_name(request.worker, request.job.title)
        resources, program = project.request(request.worker, request.kind, request.size)
        job.config.manager_config = {
            "worker": request.worker,
            "resources": resources,
            "exec_config": program.model_dump(),
        }


def core_hours(
    wanted: list[RequestedJob], plan: StudyPlan, engine: Engine | None
) -> dict[str, float]:
    """Estimate the core-hours of calculations, by their labels.

    Where the project says how long an atom and a step take, that counts; otherwise the engine, if
    one is given, is timed once on this machine, if it can be.
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
        if (found := rate or measured) is not None
    }
