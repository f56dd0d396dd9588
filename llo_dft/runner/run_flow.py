"""Runs a flow: takes ready jobs from the graph, hands them to executors, stores the results.

Overhead, measured on 2 cores with 1,000 jobs that add two numbers: 1.8 ms for each job in threads,
3.4 ms in processes (which take about 3 s to start, mostly jobflow's imports), the same for the
hundredth job as for the thousandth. The store's time is extra: maggma's MemoryStore compares each
document with all stored ones, 14 ms at a thousand.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from jobflow import SETTINGS, Flow, Job, JobStore, Response
from jobflow.core.flow import get_flow

from llo_dft.documents.decoding.named_objects import names_in
from llo_dft.runner.graph import FlowGraph, Node
from llo_dft.runner.lanes import Lanes, WorkerProcess
from llo_dft.runner.messages import (
    JobOutcome,
    Outputs,
    RaisedError,
    Task,
    decode_response,
    encode_job,
)
from llo_dft.runner.worker import raised_error


def run_flow(
    flow: Flow | Job | list[Job | Flow],
    *,
    executor: Callable[[], Executor] | None = None,
    max_workers: int | None = None,
    store: JobStore | None = None,
    on_event: Callable[[JobEvent], None] | None = None,
    worker_environment: Mapping[str, str] | None = None,
) -> FlowResult:
    """Run a flow, several jobs at a time, and return what jobflow's run_locally returns.

    A job that fails does not end the flow: it is named in the result, with those that could not
    run without it. The same flow gives the same result regardless of timing, except if a job stops
    the flow: then running jobs are finished, and which these are depends on timing.

    Raises ``ValueError`` if the flow refers to jobs that are not in it, or in a circle; if
    `max_workers` is not positive; or if both `executor` and `worker_environment` are given;
    ``KeyboardInterrupt`` on Ctrl-C, after the workers were stopped.

    Parameters
    ----------
    flow
        A flow, a job, or a list of these. It is not changed.
    executor
        Makes the executor to run jobs on, anything whose ``submit`` returns a
        `concurrent.futures.Future`; called again when it broke. By default each job runs in one
        of several processes, in a temporary folder. They are spawned, and end with this one: call
        this from below ``if __name__ == "__main__":`` in a script. jobflow's ``CURRENT_JOB``
        belongs to a process, so jobs that use it cannot share one, as in a thread executor.
    max_workers
        How many jobs may run at the same time. By default, as many as this process may use
        processors; or with `executor`, all that are ready, which it may then queue. Give the
        number of its workers to limit what is sent again when a worker dies.
    store
        Where outputs go; by default the JOB_STORE of jobflow's settings. Only this process uses
        it. A job with ``expose_store`` sees only the documents that it refers to.
    on_event
        Called in this thread for every event of a job. An exception in it ends the run.
    worker_environment
        Environment variables of the worker processes, set before they import anything, such as
        ``{"OMP_NUM_THREADS": "1"}``.
    """
    if max_workers is not None and max_workers < 1:
        raise ValueError(f"max_workers must be at least 1, not {max_workers}.")
    if executor is not None and worker_environment is not None:
        raise ValueError(
            "worker_environment is for the processes that run_flow starts itself; set the "
            "environment of your executor's workers where you make it."
        )
    lanes: Lanes[Node]
    if executor is not None:
        lanes = Lanes(executor, [max_workers])
    else:
        environment = dict(worker_environment or {})
        lanes = Lanes(lambda: WorkerProcess(environment), [1] * (max_workers or processors()))
    graph = FlowGraph(get_flow(flow))
    store = SETTINGS.JOB_STORE if store is None else store
    store.connect()
    run = _Run(graph, lanes, Outputs(store), on_event)
    try:
        run.go()
    except BaseException:
        lanes.abort()
        raise
    lanes.close()
    return run.result()


@dataclass
class _Run:
    """One run: the graph, the executors and the store together."""

    graph: FlowGraph
    lanes: Lanes[Node]
    outputs: Outputs
    on_event: Callable[[JobEvent], None] | None
    results: dict[Node, Response | JobFailure | JobNotRun] = field(default_factory=dict)

    def go(self) -> None:
        """Run until nothing is left to run."""
        for node in self.graph.in_order():
            self._tell("added", node)
        while True:
            self._submit_ready()
            if not self.lanes.idle:
                self._take(*self.lanes.wait())
            elif not self.graph.unblock():
                return

    def result(self) -> FlowResult:
        """Collect the outcome of each job, in the order of run_locally."""
        result = FlowResult()
        for node in self.graph.in_order():
            job, found = node.job, self.results[node]
            key: JobKey = (job.uuid, job.index)
            if isinstance(found, JobFailure):
                result.failures[key] = found
            elif isinstance(found, JobNotRun):
                result.not_run[key] = found
            else:
                result.responses.setdefault(job.uuid, {})[job.index] = found
        return result

    def _submit_ready(self) -> None:
        while self.lanes.has_room:
            ready = self.graph.next_ready()
            if ready is None:
                return
            node, reason = ready
            job = node.job
            if reason is not None:
                self.results[node] = JobNotRun(job.name, job.uuid, job.index, reason)
                self._tell("skipped", node, reason)
                continue
            try:
                text = encode_job(job)
                self.outputs.trusted |= names_in(job)
                needed = self.outputs.needed_by(job, text)
                task = Task(text, needed, self.outputs.trusted)
            # The job's arguments are any objects, each with its own way to fail to be written.
            except Exception as error:  # noqa: BLE001
                self._fail(node, raised_error(error))
                continue
            self._tell("started", node)
            self.lanes.submit(node, task)

    def _take(self, node: Node, outcome: JobOutcome | RaisedError) -> None:
        if isinstance(outcome, RaisedError):
            self._fail(node, outcome)
            return
        try:
            self.outputs.trusted |= outcome.names
            output = self.outputs.write(node.job, outcome.documents)
            response = decode_response(outcome.response, output, self.outputs.trusted)
            added = self.graph.finished(node, response)
        # As in run_locally, an error in storing this job's output, or in the flow that it adds, is
        # a failure of this job; the rest continues.
        except Exception as error:  # noqa: BLE001
            self._fail(node, raised_error(error))
            return
        self.results[node] = response
        self._tell("finished", node)
        for new in added:
            self._tell("added", new)

    def _fail(self, node: Node, error: RaisedError) -> None:
        job = node.job
        failure = JobFailure(
            job.name, job.uuid, job.index, error.error_type, error.message, error.traceback
        )
        self.results[node] = failure
        self.graph.failed(node)
        self._tell("failed", node, str(failure))

    def _tell(self, kind: EventKind, node: Node, detail: str = "") -> None:
        if self.on_event is not None:
            job = node.job
            self.on_event(JobEvent(kind, job.name, job.uuid, job.index, detail))


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


#: A job's uuid and its index (1, plus one for each replacement).
JobKey: TypeAlias = tuple[str, int]

#: What happened to a job: "added" when the runner first hears of it (at the start, or from another
#: job's response), "started" when it is handed to the executor, then exactly one of the others.
EventKind: TypeAlias = Literal["added", "started", "finished", "failed", "skipped"]


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to one job; enough to draw a progress bar.

    ``detail`` is the error of a failed job, the reason of a skipped one, else empty.
    """

    kind: EventKind
    name: str
    uuid: str
    index: int
    detail: str = ""


@dataclass(frozen=True)
class JobFailure:
    """A job that was started but gave no response.

    ``error_type`` is the class name of the exception, ``message`` its text; the
    ``traceback`` is the worker's, empty where the worker died.
    """

    name: str
    uuid: str
    index: int
    error_type: str
    message: str
    traceback: str = ""

    def __str__(self) -> str:
        """Return the failure on one line."""
        return f"{self.name}: {self.error_type}: {self.message}"


@dataclass(frozen=True)
class JobNotRun:
    """A job that was never started, and why."""

    name: str
    uuid: str
    index: int
    reason: str


@dataclass(frozen=True)
class FlowResult:
    """Every job of a flow, in exactly one of three groups, each in the order of run_locally.

    ``responses`` are ``{uuid: {index: Response}}`` of the jobs that ran, as from run_locally;
    ``not_run`` are jobs whose parents failed, or that were stopped by a response.
    """

    responses: dict[str, dict[int, Response]] = field(default_factory=dict)
    failures: dict[JobKey, JobFailure] = field(default_factory=dict)
    not_run: dict[JobKey, JobNotRun] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every job ran and gave a response."""
        return not self.failures and not self.not_run
