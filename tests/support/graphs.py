"""Graphs for tests: edges at several parties, agreements over them, and what a plain computation finds."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.support.world import NAMES, Rows

from accord_protocols.graph.edges import Edges, listed
from accord_protocols.jobs.registry import JOBS
from accord_schemas.agreement import Agreement, Member
from accord_schemas.graph import Graph

VERTICES = 30
IDS = tuple(f"v{k}" for k in range(VERTICES))


def graphs(parties: int, edges: int = 25, flagged: int = 3, seed: int = 1, asked: int = 6) -> dict[str, Rows]:
    """Some edges, partly the same, some flags, at everybody; the first asks."""
    rng, made = np.random.default_rng(seed), {}
    for number, name in enumerate(NAMES[:parties]):
        ends = rng.integers(0, VERTICES, (edges, 2))
        ends = ends[ends[:, 0] != ends[:, 1]].astype(np.uint32)
        chosen = [np.sort(rng.choice(VERTICES, k, replace=False)).astype(np.uint32) for k in (flagged, asked)]
        weights = rng.integers(1, 9, len(ends)).astype(np.float64)
        own = Edges(ends[:, 0], ends[:, 1], weights, chosen[0], chosen[1] if number == 0 else chosen[1][:0])
        made[name] = Rows(IDS, (), np.zeros((VERTICES, 0)), None, edges=own)
    return made


def over(parties: int, task: str = "risk", bits: int = 512, **more: Any) -> Agreement:
    """An agreement over these vertices."""
    usual: dict[str, dict[str, Any]] = {
        "risk": {"max_strength": 60.0, "rounds": 3},
        "reach": {"queries": 10},
        "common_neighbours": {"queries": 8, "degree": 9, "max_edges": 30},
        "similar": {"queries": 8, "threshold": 0.4, "recall": 0.9},
    }
    names = NAMES[:parties]
    graph = Graph.model_validate(
        {"task": task, "vertices": listed(IDS), "size": VERTICES, "result_to": (names[0],), **usual[task], **more}
    )
    roles = {n: Member(role="receiver" if n in graph.result_to else "member", identity=n) for n in names}
    job = JOBS["graph"]
    agreed = Agreement(
        name="test", job=job.name, parties=roles, leads=min(graph.result_to), graph=graph, versions=job.versions
    )
    return job.told(agreed.model_copy(update={"key_bits": bits}))


def matrix(rows: Rows, *, weighted: bool = True) -> np.ndarray:
    """A party's adjacency."""
    assert rows.edges is not None
    found = np.zeros((VERTICES, VERTICES))
    for a, b, w in zip(rows.edges.sources, rows.edges.targets, rows.edges.weights, strict=True):
        found[a, b] += w if weighted else 1
        found[b, a] += w if weighted else 1
    return found


def near(rows: Rows) -> dict[int, set[int]]:
    """The neighbours of each vertex."""
    ways = matrix(rows, weighted=False) > 0
    return {place: set(np.flatnonzero(row).tolist()) for place, row in enumerate(ways)}


def plain(data: dict[str, Rows], terms: Graph) -> np.ndarray:
    """Scores of all vertices, or which of those asked for are reached."""
    flags = np.zeros(VERTICES)
    for rows in data.values():
        assert rows.edges is not None
        flags[rows.edges.flagged] = 1
    total = np.sum([matrix(rows, weighted=terms.task == "risk") for rows in data.values()], axis=0)
    r = flags.copy()
    if terms.task == "risk":
        for _ in range(terms.rounds):
            r = terms.damping * (total / terms.max_strength) @ r + flags
        return r
    for _ in range(terms.hops):
        r = total @ r + flags
    first = data[min(terms.result_to)].edges
    assert first is not None
    return (r[first.asked] > 0).astype(float)
