"""A small part of what a party may see of a graph, for its report: its own edges among the vertices that matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.graph.edges import Edges

MOST = 40
"""Vertices that are drawn."""


def drawing(ids: Sequence[str], edges: Edges, places: Sequence[int], values: NDArray[np.float64]) -> dict[str, Any]:
    """Vertices with their values, and which of them the party's own edges join.

    Args:
        ids: All vertices.
        edges: The party's.
        places: Which ones, `MOST` at most count.
        values: Of each of these, between 0 and whatever is largest.
    """
    numbers = {place: number for number, place in enumerate(places[:MOST])}
    ends = zip(edges.sources.tolist(), edges.targets.tolist(), strict=True)
    joined = {tuple(sorted((numbers[a], numbers[b]))) for a, b in ends if a in numbers and b in numbers}
    flagged = set(edges.flagged.tolist())
    return {
        "vertices": [ids[place] for place in numbers],
        "values": [round(float(value), 6) for value in values[: len(numbers)]],
        "flagged": [place in flagged for place in numbers],
        "edges": [list(pair) for pair in sorted(joined)],
    }
