"""Runs a flow: asks the graph what can run, hands it to the executors, stores what comes back.

What running costs, measured on 2 cores with 1,000 jobs that add two numbers: 1.8 ms for each job
in threads, 3.4 ms in processes (which take some 3 s to start, most of it jobflow's imports), and
the same for the hundredth job as for the thousandth. What the store takes comes on top: maggma's
MemoryStore compares each document with all that it holds, 14 ms at a thousand.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from jobflow import SETTINGS
from jobflow.core.flow import get_flow

from llo_dft.runner.flow_result import FlowResult, JobEvent, JobFailure, JobKey, JobNotRun
from llo_dft.runner.graph import FlowGraph
from llo_dft.runner.lanes import Lanes
from llo_dft.runner.messages import (
    JobOutcome,
    RaisedError,
    Task,
    decode_response,
    encode_job,
)
from llo_dft.runner.outputs import Outputs
from llo_dft.runner.processes import WorkerProcess
from llo_dft.runner.worker import raised_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor

    from jobflow import Flow, Job, JobStore, Response

    from llo_dft.runner.flow_result import EventKind
    from llo_dft.runner.graph import Node


def run_flow(  # noqa: PLR0913  # all but the flow are options, by keyword
    flow: Flow | Job | list[Job | Flow],
    *,
    executor: Callable[[], Executor] | None = None,
    max_workers: int | None = None,
    store: JobStore | None = None,
    on_event: Callable[[JobEvent], None] | None = None,
    root_dir: str | Path | None = None,
    worker_environment: Mapping[str, str] | None = None,
    allow_external_references: bool = False,
) -> FlowResult:
    """Run a flow, several jobs at a time, and give what jobflow's run_locally gives.

    A job that fails does not end the flow: it is named in the result, with those that could not
    run without it. The same flow gives the same result whatever the timing, but for a job that
    stops the flow: then what was under way is finished, and that depends on the timing.

    Parameters
    ----------
    flow
        A flow, a job, or a list of these. It is not changed.
    executor
        Makes the executor to run jobs on, anything whose ``submit`` returns a
        `concurrent.futures.Future`; called again when it broke. By default each job runs in one
        of several processes, which end with this one. Processes are spawned: call this from
        below ``if __name__ == "__main__":`` in a script. jobflow's ``CURRENT_JOB`` belongs to a
        process, so jobs that use it cannot share one, as they would in a thread executor.
    max_workers
        How many jobs may run at the same time. By default, as many as this process may use
        processors; or with `executor`, all that are ready, which it may then queue. Give the
        number of its workers to keep down what is sent again when a worker dies.
    store
        Where outputs go; by default the JOB_STORE of jobflow's settings. Only this process uses
        it. A job with ``expose_store`` sees but the documents that it refers to.
    on_event
        Called in this thread for all that happens to a job. What it raises ends the run.
    root_dir
        Each job runs in a new folder here, kept. Without it in a temporary folder, which is
        removed. Jobs that run in threads share one working directory, and stay where it is.
    worker_environment
        Environment variables of the worker processes, set before they import anything, such as
        ``{"OMP_NUM_THREADS": "1"}``.
    allow_external_references
        Whether jobs may refer to outputs that are in the store and not of this flow.

    Returns
    -------
    FlowResult
        The responses, the failures, and the jobs not run.

    Raises
    ------
    ValueError
        If the flow refers to jobs that are not in it, or in a circle; if `max_workers` is not
        positive; or if both `executor` and `worker_environment` are given.
    KeyboardInterrupt
        On Ctrl-C, after the workers were told to end.
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
        lanes = Lanes(lambda: WorkerProcess(environment), [1] * (max_workers or _processors()))
    graph = FlowGraph(get_flow(flow, allow_external_references=allow_external_references))
    store = SETTINGS.JOB_STORE if store is None else store
    store.connect()
    run = _Run(graph, lanes, Outputs(store), on_event)
    try:
        run.go(None if root_dir is None else str(Path(root_dir).resolve()))
    except BaseException:
        lanes.abort()
        raise
    lanes.close()
    return run.result()


class _Run:
    """One run: the graph, the executors and the store put together."""

    def __init__(
        self,
        graph: FlowGraph,
        lanes: Lanes[Node],
        outputs: Outputs,
        on_event: Callable[[JobEvent], None] | None,
    ) -> None:
        self._graph = graph
        self._lanes = lanes
        self._outputs = outputs
        self._on_event = on_event
        self._results: dict[Node, Response | JobFailure | JobNotRun] = {}

    def go(self, root_dir: str | None) -> None:
        """Run until nothing is left to run."""
        for node in self._graph.in_order():
            self._tell("added", node)
        while True:
            self._submit_ready(root_dir)
            if not self._lanes.idle:
                self._take(*self._lanes.wait())
            elif not self._graph.unblock():
                return

    def result(self) -> FlowResult:
        """Put together the end of each job, in the order of run_locally."""
        result = FlowResult()
        for node in self._graph.in_order():
            job, found = node.job, self._results[node]
            key: JobKey = (job.uuid, job.index)
            if isinstance(found, JobFailure):
                result.failures[key] = found
            elif isinstance(found, JobNotRun):
                result.not_run[key] = found
            else:
                result.responses.setdefault(job.uuid, {})[job.index] = found
        return result

    def _submit_ready(self, root_dir: str | None) -> None:
        while self._lanes.has_room:
            ready = self._graph.next_ready()
            if ready is None:
                return
            node, reason = ready
            job = node.job
            if reason is not None:
                self._results[node] = JobNotRun(job.name, job.uuid, job.index, reason)
                self._tell("skipped", node, reason)
                continue
            try:
                text = encode_job(job)
                self._outputs.trust(job)
                needed = self._outputs.needed_by(job, text)
                task = Task(text, needed, root_dir, self._outputs.trusted)
            # The job's arguments are any objects, each with its own way to fail to be written.
            except Exception as error:  # noqa: BLE001
                self._fail(node, raised_error(error))
                continue
            self._tell("started", node)
            self._lanes.submit(node, task)

    def _take(self, node: Node, outcome: JobOutcome | RaisedError) -> None:
        if isinstance(outcome, RaisedError):
            self._fail(node, outcome)
            return
        try:
            self._outputs.trusted |= outcome.names
            output = self._outputs.write(node.job, outcome.documents)
            trusted = self._outputs.trusted
            response = decode_response(outcome.response, output, outcome.job_dir, trusted)
            added = self._graph.finished(node, response)
        # As in run_locally, what goes wrong in storing this job's output, or in the flow that it
        # brings up, is a failure of this job; the rest goes on.
        except Exception as error:  # noqa: BLE001
            self._fail(node, raised_error(error))
            return
        self._results[node] = response
        self._tell("finished", node)
        for new in added:
            self._tell("added", new)

    def _fail(self, node: Node, error: RaisedError) -> None:
        job = node.job
        failure = JobFailure(
            job.name, job.uuid, job.index, error.error_type, error.message, error.traceback
        )
        self._results[node] = failure
        self._graph.failed(node)
        self._tell("failed", node, str(failure))

    def _tell(self, kind: EventKind, node: Node, detail: str = "") -> None:
        if self._on_event is not None:
            job = node.job
            self._on_event(JobEvent(kind, job.name, job.uuid, job.index, detail))


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
