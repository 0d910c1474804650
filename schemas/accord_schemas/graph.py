"""What parties agree on who compute over a graph of which each has some edges: a section of the agreement."""

from __future__ import annotations

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
ONLY = {"damping": "risk", "max_strength": "risk", "rounds": "risk", "hops": "reach", "queries": "reach"}
"""Fields that are one task's alone."""


class Graph(BaseModel):
    """A computation over the union of the parties' graphs; the vertices are agreed and public, edges stay at home.

    An edge joins two vertices, in no direction; one that joins a vertex with itself counts nowhere. A flagged vertex is
    within any number of hops of a flagged one: itself.

    Args:
        task: ``risk``: r_0 = s, r_{k+1} = damping · A·r_k + s, `rounds` times; s is 1 where any party flags a vertex, A
            the sum of the parties' weighted adjacency over `max_strength`. ``reach``: whether a vertex that one party
            asks for is within `hops` of a flagged one in all graphs together.
        vertices: What the list of vertices commits to, see `accord_protocols.graph.vertices.digest_of`.
        size: How many vertices there are.
        result_to: Who learns the scores; of ``reach``, the party that asks.
        damping: Of ``risk``.
        max_strength: Of ``risk``: what the weights of one party's edges at one vertex add up to, at most.
        rounds: Of ``risk``.
        hops: Of ``reach``.
        queries: Of ``reach``: how many vertices may be asked for; as many questions are sent, however many are meant.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    task: Literal["risk", "reach"]
    vertices: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=2, le=MAX_VERTICES)]
    result_to: Annotated[tuple[_Name, ...], Strict(False), Field(min_length=1, max_length=MAX_PARTIES)]
    damping: Annotated[float, Field(gt=0, le=1)] = 0.5
    max_strength: Annotated[float, Field(ge=0, le=MAX_STRENGTH)] = 0.0
    rounds: Annotated[int, Field(ge=1, le=100)] = 8
    hops: Annotated[int, Field(ge=1, le=10)] = 2
    queries: Annotated[int, Field(ge=1, le=100_000)] = 256

    @model_validator(mode="after")
    def _goes_together(self) -> Graph:
        said = self.model_dump(exclude_defaults=True)
        if wrong := [name for name, task in ONLY.items() if name in said and self.task != task]:
            raise ValueError(f"{wrong[0]} is for task: {ONLY[wrong[0]]}, not for {self.task}")
        if self.task == "risk" and not self.max_strength:
            raise ValueError("task: risk needs max_strength, above 0")
        if len(set(self.result_to)) != len(self.result_to):
            raise ValueError("result_to names a party twice")
        return self
