"""A plain computation over all parties' edges, to compare with: the runner may, seeing all files; no agent does."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from accord_protocols.graph.edges import Edges
from accord_scenarios.jobs.base import Folder, Tables

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

    ``max_score_error`` of scores; ``wrong`` of answers: how many differ.
    """
    receiver = min(terms.result_to)
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
    result["reference"] = {"wrong": sum((said == "true") != (plain[places[v]] > 0) for v, said in found.items())}


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
