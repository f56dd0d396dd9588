"""What each job of a study asks a project's workers for: by its type, and the size of its cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from llo_dft.jobs.calculate import CALCULATION
from llo_dft.study.planning.estimate import calculation_work
from llo_dft.study.planning.planned_calculations import planned_calculations
from llo_dft.study.remote.submission_record import SubmittedJob

if TYPE_CHECKING:
    from jobflow import Flow, Job

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.engines.base import Engine
    from llo_dft.submit.remote.job_types import JobSize, JobType, JobTypeName
    from llo_dft.submit.remote.project import RemoteProject
    from llo_dft.typing import CalculationKind

_TYPES: Final[dict[CalculationKind, JobTypeName]] = {
    "bulk_relax": "cell_relaxation",
    "slab_relax": "slab_relaxation",
    "molecule_relax": "slab_relaxation",
    "static": "static",
}


@dataclass(frozen=True)
class RequestedJob:
    """What a job asks for.

    Attributes
    ----------
    job
        The job.
    kind
        Its type in the project.
    worker
        Who takes it.
    size
        What it asks for; None: its worker has no queue.
    """

    job: SubmittedJob
    kind: JobType
    worker: str
    size: JobSize | None


def submitted_jobs(flow: Flow, plan: StudyPlan, engine: Engine) -> list[SubmittedJob]:
    """Return the jobs of a study's flow, in the order in which they can run."""
    atoms = _atoms(plan)
    found = []
    for job, _ in flow.iterflow():
        label = _label(job)
        found.append(
            SubmittedJob(
                id=job.uuid,
                name=job.name,
                label=label,
                type="light" if label is None else _type(job, engine),
                atoms=0 if label is None else atoms[label],
            )
        )
    return found


def requests(
    jobs: list[SubmittedJob], project: RemoteProject, worker: str | None
) -> list[RequestedJob]:
    """Return what jobs ask for.

    Parameters
    ----------
    jobs
        The jobs of a study.
    project
        Where they go.
    worker
        Takes the calculations in place of their types' own workers.

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

    Where the project says how long an atom and a step take, that counts; otherwise the engine is
    timed once on this machine, if it can be.

    Parameters
    ----------
    wanted
        What the jobs ask for.
    plan
        The study.
    engine
        What to time; None: nothing is.
    """
    work = calculation_work(plan)
    calculations = [request for request in wanted if request.job.label is not None]
    known = all(request.kind.core_seconds_per_atom_step is not None for request in calculations)
    measured = None if known or engine is None else engine.seconds_per_atom(plan.bulk)
    found = {}
    for request in calculations:
        rate = request.kind.core_seconds_per_atom_step or measured
        if rate is not None and request.job.label is not None:
            found[request.job.label] = work[request.job.label] * rate / 3600
    return found


def _label(job: Job) -> str | None:
    """Return the calculation that a job does."""
    if not job.name.startswith(CALCULATION):
        return None
    return str(job.function_args[2])


def _type(job: Job, engine: Engine) -> JobTypeName:
    kind: CalculationKind = job.function_args[1].kind
    return "potential" if engine.program is None else _TYPES[kind]


def _atoms(plan: StudyPlan) -> dict[str, int]:
    """Return the number of atoms of every calculation."""
    hosts = {host.vacancy_label(vacancy): host for host in plan.hosts for vacancy in host.vacancies}
    found = {}
    for one in planned_calculations(plan):
        # a vacancy at an O that the relaxed interface will name: as large as its host
        structure = one.structure or plan.host_structure(hosts[one.label])
        found[one.label] = len(structure)
    return found
