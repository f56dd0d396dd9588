"""The jobs of a flow as nodes that know what they wait for."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import networkx as nx  # type: ignore[import-untyped]  # ships no types

if TYPE_CHECKING:
    from jobflow import Flow, Job


@dataclass(eq=False, slots=True)
class Node:
    """A job and what it waits for.

    Attributes
    ----------
    job
        The job.
    group
        The flow that it belongs to.
    parents
        uuids of the jobs of its flow that it needs.
    outside
        uuids that it refers to and that are not in its flow.
    waits
        The jobs that have yet to settle before this one can run.
    dependents
        The jobs that wait for this one.
    diversions
        The flows that it brought up: replace, detour, addition.
    steps
        Those of them that have yet to run before this job settles.
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

    Attributes
    ----------
    owner
        The job that brought the flow up; None for the flow at the start.
    waited_for
        Whether the owner settles only after this flow.
    nodes
        The jobs.
    unsettled
        How many of them have yet to settle.
    """

    owner: Node | None
    waited_for: bool
    nodes: list[Node] = field(default_factory=list)
    unsettled: int = 0


def group_of(flow: Flow, owner: Node | None, *, waited_for: bool) -> Group:
    """Put the jobs of a flow in order, and find what each of them waits for.

    Parameters
    ----------
    flow
        The flow, with any flows nested in it.
    owner, waited_for
        As in `Group`.

    Raises
    ------
    ValueError
        If the jobs refer to one another in a circle.
    """
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


def owners(node: Node) -> set[Node | None]:
    """Find the jobs that settle only after this one, because of the flow that it is in."""
    found: set[Node | None] = set()
    group = node.group
    while group.owner is not None and group.waited_for:
        found.add(group.owner)
        group = group.owner.group
    return found
