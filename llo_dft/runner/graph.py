"""Which job waits for which: the jobs of a flow, and those that its jobs add while it runs.

The rules are those of jobflow's ``run_locally``, without its single file:

* a job runs when its parents, the jobs of its own flow that it refers to (or that come before
  it in a linear flow), have *settled*;
* * a job settles when it has run, then the flow that replaces it, then its detour; or when it
  failed or was skipped. An addition starts then too, and no job waits for it;
* a job in a replacement may refer to jobs of other flows; it waits for these as well, except for
  the jobs that wait for it (it may read the earlier output of the job that it replaces);
* * a job whose parent gave no result is skipped unless it accepts missing references; so are all
  jobs below one that stops its children, and all after one that stops the flow.

As in run_locally, failing and stopping belong to a uuid, not to a (uuid, index): a replacement
that fails is a failure of what it replaces.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import networkx as nx  # type: ignore[import-untyped]  # ships no types
from jobflow import Flow, Job, OnMissing, Response


@dataclass(eq=False, slots=True)
class Node:
    """A job, the flow that it belongs to, and what it waits for.

    It refers to the uuids of ``parents``, jobs of its flow, and of others ``outside``. It can run
    when those that it ``waits`` for have settled; its ``dependents`` wait for it. It added the
    ``diversions`` (replace, detour, addition) and settles when those of them in ``steps`` have run.
    """

    job: Job
    group: Group
    parents: tuple[str, ...]
    outside: tuple[str, ...]
    waits: set[Node] = field(default_factory=set)
    dependents: list[Node] = field(default_factory=list)
    diversions: list[Group] = field(default_factory=list)
    steps: deque[Group] = field(default_factory=deque)
    settled: bool = False
    looked_outside: bool = False


@dataclass(eq=False, slots=True)
class Group:
    """The jobs of one flow, in an order in which they could run one by one.

    ``owner`` is the job that added the flow, None for the initial flow; it settles only
    after a flow that is ``waited_for``. ``unsettled`` jobs have yet to settle.
    """

    owner: Node | None
    waited_for: bool
    nodes: list[Node] = field(default_factory=list)
    unsettled: int = 0


class FlowGraph:
    """The state of a running flow, as ``get_flow`` returns it; knows no executors or stores.

    Raises ``ValueError`` if the jobs wait for one another in a circle; by `finished`, if those
    added by a response do, and then nothing has changed.
    """

    def __init__(self, flow: Flow) -> None:
        self._ready: deque[Node] = deque()
        self._blocked: dict[Node, None] = {}
        self._by_uuid: dict[str, Node] = {}
        self._no_result: dict[str, str] = {}
        self._stopped: set[str] = set()
        self._flow_stopped = False
        self._root = _group_of(flow, owner=None, waited_for=True)
        self._register(self._root)
        self._start(self._root)

    def next_ready(self) -> tuple[Node, str | None] | None:
        """Take a job that no longer waits, and why it is skipped; None: it runs."""
        if not self._ready:
            return None
        node = self._ready.popleft()
        reason = self._why_not(node)
        if reason is not None:
            self._settle(node)
        return node, reason

    def finished(self, node: Node, response: Response) -> list[Node]:
        """Continue after a job that gave a response; return the jobs that it added."""
        made = ((response.replace, True), (response.detour, True), (response.addition, False))
        groups = [
            _group_of(flow, owner=node, waited_for=waited_for)
            for flow, waited_for in made
            if flow is not None
        ]
        if response.stop_children:
            self._stopped.add(node.job.uuid)
        self._flow_stopped = self._flow_stopped or bool(response.stop_jobflow)
        node.diversions = groups
        node.steps = deque(group for group in groups if group.waited_for)
        for group in groups:
            self._register(group)
        self._settle(node)
        return [new for group in groups for new in group.nodes]

    def failed(self, node: Node) -> None:
        """Continue after a job that gave no response."""
        self._no_result[node.job.uuid] = "failed"
        self._settle(node)

    def unblock(self) -> bool:
        """When nothing runs and nothing is ready: run a job that waits in a circle.

        Only jobs of different flows can wait for one another like this. The first in order runs,
        as in run_locally, and follows its ``on_missing_references``. Returns whether there was
        one.
        """
        if not self._blocked:
            return False
        node = next(node for node in self.in_order() if node in self._blocked)
        node.waits.clear()
        self._release(node)
        return True

    def in_order(self) -> Iterator[Node]:
        """Go through all jobs in the order in which run_locally would run them."""
        stack = self._root.nodes[::-1]
        while stack:
            node = stack.pop()
            yield node
            for group in reversed(node.diversions):
                stack.extend(reversed(group.nodes))

    def _register(self, group: Group) -> None:
        # The first job of a uuid represents it: it settles after what replaces it.
        for node in group.nodes:
            self._by_uuid.setdefault(node.job.uuid, node)

    def _start(self, group: Group) -> None:
        for node in group.nodes:
            if not node.waits:
                self._release(node)

    def _release(self, node: Node) -> None:
        """Make a job ready whose parents have settled, unless it waits for other flows."""
        self._blocked.pop(node, None)
        if not node.looked_outside:
            node.looked_outside = True
            found = {self._by_uuid.get(uuid) for uuid in node.outside} - _owners(node)
            node.waits = {other for other in found if other is not None and not other.settled}
            if node.waits:
                for other in node.waits:
                    other.dependents.append(node)
                self._blocked[node] = None
                return
        self._ready.append(node)

    def _why_not(self, node: Node) -> str | None:
        uuid = node.job.uuid
        if self._flow_stopped:
            return "a job stopped the flow"
        for parent in node.parents:
            if parent in self._stopped:
                self._stopped.add(uuid)
                return f"{self._by_uuid[parent].job.name!r} stopped its children, or was stopped"
        if node.job.config.on_missing_references == OnMissing.ERROR:
            for parent in node.parents:
                if parent in self._no_result:
                    self._no_result[uuid] = "did not run"
                    name = self._by_uuid[parent].job.name
                    return f"needs {name!r}, which {self._no_result[parent]}"
        return None

    def _settle(self, node: Node) -> None:
        """Take the next step of a job that ran, or settle it and release those that wait for it."""
        worklist = [node]
        while worklist:
            done = worklist.pop()
            if done.steps:
                group = done.steps.popleft()
                self._start(group)
                if not group.unsettled:
                    worklist.append(done)
                continue
            done.settled = True
            for group in done.diversions:
                if not group.waited_for:
                    self._start(group)
            for dependent in done.dependents:
                if done in dependent.waits:
                    dependent.waits.remove(done)
                    if not dependent.waits:
                        self._release(dependent)
            group = done.group
            group.unsettled -= 1
            if group.owner is not None and group.waited_for and not group.unsettled:
                worklist.append(group.owner)


def _group_of(flow: Flow, owner: Node | None, *, waited_for: bool) -> Group:
    """Put the jobs of a flow in order, and find what each of them waits for."""
    group = Group(owner, waited_for)
    if not flow.jobs:
        return group
    graph = flow.graph
    if not nx.is_directed_acyclic_graph(graph):
        raise ValueError(
            f"The jobs of flow {flow.name!r} refer to one another in a circle, so there is no "
            "order to run them in."
        )
    place = {uuid: number for number, uuid in enumerate(flow.job_uuids)}
    inside: dict[str, Node] = {}
    # Not jobflow's iterflow: its order depends on the hashes of the uuids.
    for uuid in nx.lexicographical_topological_sort(graph, key=lambda u: place.get(u, -1)):
        if "job" not in graph.nodes[uuid]:
            continue
        needs = sorted(graph.predecessors(uuid), key=lambda u: (place.get(u, -1), u))
        node = Node(
            graph.nodes[uuid]["job"],
            group,
            parents=tuple(need for need in needs if need in inside),
            outside=tuple(need for need in needs if need not in inside),
        )
        node.waits = {inside[parent] for parent in node.parents}
        for parent in node.parents:
            inside[parent].dependents.append(node)
        inside[uuid] = node
    group.nodes = list(inside.values())
    group.unsettled = len(group.nodes)
    return group


def _owners(node: Node) -> set[Node | None]:
    """Return the jobs that settle only after this one, because of the flow that it is in."""
    found: set[Node | None] = set()
    group = node.group
    while group.owner is not None and group.waited_for:
        found.add(group.owner)
        group = group.owner.group
    return found
