"""What parties agree on who compute over a graph of which each has some edges: a section of the agreement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

from accord_schemas.header import MAX_PARTIES, PARTY

GRAPH = "graph"
"""The job: vertices are agreed, and nothing is aligned."""
STRENGTH_BITS = 28
"""A weight is counted in a unit of which `max_strength` has 2^27 to 2^28."""
MAX_VERTICES = 1_000_000
MAX_STRENGTH = float(1 << STRENGTH_BITS)
_Name = Annotated[str, Field(pattern=f"^{PARTY}$")]
Kind = Literal["risk", "reach", "common_neighbours", "similar"]
"""What may be computed."""
COMPARES = frozenset({"common_neighbours", "similar"})
"""Tasks that compare neighbourhoods of two parties' graphs, in which nobody computes on shares."""
ASKS = COMPARES | {"reach"}
"""Tasks in which one party asks for vertices of its choice."""
ONLY = {
    "damping": ("risk",),
    "max_strength": ("risk",),
    "rounds": ("risk",),
    "hops": ("reach",),
    "queries": ("reach", "common_neighbours", "similar"),
    "degree": ("common_neighbours",),
    "max_edges": ("common_neighbours",),
    "threshold": ("similar",),
    "recall": ("similar",),
}
"""Fields that are some tasks' alone."""
MAX_EDGES = 10_000_000


def misplaced(task: str, said: Iterable[str]) -> str:
    """Which of the fields that were given is another task's; or nothing."""
    wrong = next((name for name in said if name in ONLY and task not in ONLY[name]), "")
    return f"{wrong} is for task: {' or '.join(ONLY[wrong])}, not for {task}" if wrong else ""


class Graph(BaseModel):
    """A computation over the union of the parties' graphs; the vertices are agreed and public, edges stay at home.

    An edge joins two vertices, in no direction; one that joins a vertex with itself counts nowhere. A flagged vertex is
    within any number of hops of a flagged one: itself.

    Args:
        task: ``risk``: r_0 = s, r_{k+1} = damping · A·r_k + s, `rounds` times; s is 1 where any party flags a vertex, A
            the sum of the parties' weighted adjacency over `max_strength`. ``reach``: whether a vertex that one party
            asks for is within `hops` of a flagged one in all graphs together. ``common_neighbours``: how many
            neighbours a vertex has both in the asker's graph and in each other party's. ``similar``: which vertices of
            each other party have nearly the neighbours that a vertex has in the asker's graph. A vertex is no neighbour
            of itself.
        vertices: What the list of vertices commits to, see `accord_protocols.graph.edges.listed`.
        size: How many vertices there are.
        result_to: Who learns the scores; of all other tasks, the party that asks.
        damping: Of ``risk``.
        max_strength: Of ``risk``: what the weights of one party's edges at one vertex add up to, at most.
        rounds: Of ``risk``.
        hops: Of ``reach``.
        queries: How many vertices may be asked for; as many questions are sent, however many are meant.
        degree: Of ``common_neighbours``: how many neighbours a vertex that is asked for may have; each question has as
            many, however many are meant.
        max_edges: Of ``common_neighbours``: how many edges a party may have; its table is of as many.
        threshold: Of ``similar``: the Jaccard index of two neighbourhoods from which on they shall be found.
        recall: Of ``similar``: of pairs just at the threshold this share is found, at least; of others more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    task: Kind
    vertices: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=2, le=MAX_VERTICES)]
    result_to: Annotated[tuple[_Name, ...], Strict(False), Field(min_length=1, max_length=MAX_PARTIES)]
    damping: Annotated[float, Field(gt=0, le=1)] = 0.5
    max_strength: Annotated[float, Field(ge=0, le=MAX_STRENGTH)] = 0.0
    rounds: Annotated[int, Field(ge=1, le=100)] = 8
    hops: Annotated[int, Field(ge=1, le=10)] = 2
    queries: Annotated[int, Field(ge=1, le=100_000)] = 256
    degree: Annotated[int, Field(ge=1, le=100_000)] = 64
    max_edges: Annotated[int, Field(ge=0, le=MAX_EDGES)] = 0
    threshold: Annotated[float, Field(ge=0.05, le=1)] = 0.5
    recall: Annotated[float, Field(ge=0.5, lt=1)] = 0.95

    @model_validator(mode="after")
    def _goes_together(self) -> Graph:
        if wrong := misplaced(self.task, self.model_dump(exclude_defaults=True)):
            raise ValueError(wrong)
        needed = {"risk": "max_strength", "common_neighbours": "max_edges"}.get(self.task)
        if needed and not getattr(self, needed):
            raise ValueError(f"task: {self.task} needs {needed}, above 0")
        if len(set(self.result_to)) != len(self.result_to):
            raise ValueError("result_to names a party twice")
        return self
