"""Rerun the failed jobs of a submitted study, and all that depend on them."""

from dataclasses import dataclass, field

import networkx as nx  # type: ignore[import-untyped]  # ships no types

from llo_dft.study.folder import StudyFolder
from llo_dft.study.remote.job_requests import requests
from llo_dft.study.remote.submission_record import SubmittedJob, require_submission
from llo_dft.study.study_status import study_status
from llo_dft.submit.remote.project import load_project
from llo_dft.submit.remote.queue import RemoteJob, open_queue


@dataclass(frozen=True)
class Retried:
    """Failed jobs: those that run again, and those that don't yet (and why).

    ``freed`` are those that a killed runner had locked.
    """

    rerun: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    freed: list[str] = field(default_factory=list)


def retry_study(folder: StudyFolder, stale_after_s: float) -> Retried:
    """Rerun the failed jobs and the failed calculations.

    Their requests are read from the project again, so that a longer walltime counts. Finished
    calculations are not repeated: a job that runs again finds them in the study's folder. A runner
    that has locked a job for longer than ``stale_after_s``, s, counts as killed.

    Raises ``InputError`` if the study was not submitted, or the database can't be reached.
    """
    record = require_submission(folder.path)
    project = load_project(record.project)
    calculations = study_status(folder).calculations
    without_result = {one.label for one in calculations if one.status == "failed"}
    done = Retried()
    with open_queue(project) as queue:
        jobs = queue.jobs(record.flow)
        by_id = record.jobs_in(jobs)
        recorded = {job.id for job in record.jobs}
        held = [job for job in jobs.values() if (job.lock_age_s or 0.0) > stale_after_s]
        queue.unlock(record.flow, held, stale_after_s)
        done.freed.extend(by_id[job.id].title for job in held)
        order = nx.DiGraph((parent, job.id) for job in jobs.values() for parent in job.parents)
        order.add_nodes_from(jobs)
        failed = [job for job in jobs if _failed(by_id[job], jobs[job], without_result)]
        after: dict[str, set[str]] = {job: nx.descendants(order, job) for job in failed}
        # jobflow-remote runs nothing again from which a job follows that replaced itself
        chosen = {
            job
            for job in failed
            if job not in recorded or any(jobs[one].index > 1 for one in {job, *after[job]})
        }
        for job in failed:
            title = by_id[job].title
            if job in chosen:
                done.left[title] = (
                    "the budget has chosen with or after it; 'llo-dft cancel' and submit the study "
                    "again, which keeps what is computed"
                )
                continue
            if any(job in after[other] for other in set(failed) - chosen):
                continue  # it runs again after the other one
            at_work = [by_id[one].title for one in after[job] if jobs[one].is_at_work]
            if at_work:
                names = ", ".join(sorted(at_work))
                done.left[title] = f"jobs that depend on it are running ({names}); retry after that"
                continue
            again = [one for one in record.jobs if one.id in {job, *after[job]}]
            for request in requests(again, project, record.worker):
                asked = project.request(request.worker, request.kind, request.size)
                queue.ask_for(request.job.id, request.worker, *asked)
            queue.rerun(job)
            done.rerun.append(title)
    return done


def _failed(submitted: SubmittedJob, job: RemoteJob, without_result: set[str]) -> bool:
    """Return whether a job failed, was stopped, or ended well with a failed calculation."""
    if job.status == "completed":
        return submitted.label in without_result
    return job.status in {"failed", "missing"}
