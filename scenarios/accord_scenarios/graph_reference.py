"""A plain computation over all parties' edges, to compare with: the runner may, seeing all files; no agent does."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from accord_protocols.graph.edges import Edges
from accord_scenarios.jobs.base import Folder, Tables
from accord_schemas.graph import COMPARES

Vector = NDArray[np.float64]


class Terms(Protocol):
    """What is computed; None for a default of the agreement's."""

    @property
    def task(self) -> str: ...  # noqa: D102
    @property
    def result_to(self) -> Sequence[str]: ...  # noqa: D102
    def terms(self, vertices: str, size: int) -> Any: ...  # noqa: D102


def held_against(terms: Terms, parties: Sequence[str], result: dict[str, Any], tables: Tables, folder: Folder) -> None:
    """Put into a result how it compares with plaintext.

    ``max_score_error`` of scores; ``wrong`` of answers: how many differ. Of ``similar`` how many ``pairs`` have a
    Jaccard index above the threshold, and how many of them were ``found``.
    """
    receiver = min(terms.result_to)
    if terms.task in COMPARES:
        result["reference"] = compared(terms, receiver, parties, tables, folder)
        return
    ids = tables(receiver).ids
    agreed = terms.terms("0" * 64, len(ids))
    graphs = [edges for party in parties if (edges := tables(party).edges) is not None]
    with (folder(receiver) / "graph.csv").open(encoding="utf-8", newline="") as file:
        found = {row["id"]: row["score" if terms.task == "risk" else "reached"] for row in csv.DictReader(file)}
    plain = propagated(graphs, len(ids), agreed)
    if terms.task == "risk":
        got = np.array([float(found[vertex]) for vertex in ids])
        result["reference"] = {"max_score_error": float(np.abs(got - plain).max())}
        return
    places = {vertex: place for place, vertex in enumerate(ids)}
    wrong = sum((said == "true") != bool(plain[places[v]] > 0) for v, said in found.items())  # bool: for JSON
    result["reference"] = {"wrong": wrong}


def compared(terms: Terms, receiver: str, parties: Sequence[str], tables: Tables, folder: Folder) -> dict[str, int]:
    """Neighbourhoods against those that were found."""
    own = tables(receiver)
    assert own.edges is not None
    ids, agreed = own.ids, terms.terms("0" * 64, len(own.ids))
    near, asked = neighbours(own.edges), own.edges.asked.tolist()
    with (folder(receiver) / "graph.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    others = {p: neighbours(edges) for p in parties if p != receiver and (edges := tables(p).edges) is not None}
    if terms.task == "common_neighbours":
        got = {(row["id"], row["party"]): int(row["common"]) for row in rows}
        want = {
            (ids[x], p): len(near.get(x, set()) & there.get(x, set())) for x in asked for p, there in others.items()
        }
        return {"wrong": sum(got.get(pair) != count for pair, count in want.items())}
    said = {(row["id"], row["party"], row["match"]) for row in rows}
    pairs = [
        (ids[x], p, ids[y])
        for x in asked
        for p, there in others.items()
        for y, far in there.items()
        if (both := near.get(x, set()) & far) and len(both) >= agreed.threshold * len(near[x] | far)
    ]
    return {"pairs": len(pairs), "found": sum(pair in said for pair in pairs)}


def neighbours(edges: Edges) -> dict[int, set[int]]:
    """Of each vertex that has any."""
    found: dict[int, set[int]] = {}
    for a, b in zip(edges.sources.tolist(), edges.targets.tolist(), strict=True):
        found.setdefault(a, set()).add(b)
        found.setdefault(b, set()).add(a)
    return found


def propagated(graphs: Sequence[Edges], vertices: int, terms: Any) -> Vector:
    """Scores, or numbers of walks that end at a flagged vertex: ``(vertices,)``."""
    flags = np.zeros(vertices)
    for edges in graphs:
        flags[edges.flagged] = 1.0
    risk, r = terms.task == "risk", flags
    factor = terms.damping / terms.max_strength if risk else 1.0
    for _ in range(terms.rounds if risk else terms.hops):
        total = np.zeros(vertices)
        for edges in graphs:
            weights = edges.weights if risk else np.ones(len(edges.sources))
            total += np.bincount(edges.sources, weights * r[edges.targets], vertices)
            total += np.bincount(edges.targets, weights * r[edges.sources], vertices)
        r = factor * total + flags
    return r
