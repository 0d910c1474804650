"""Scores of all vertices tell edges, whatever computed them: what the threat model says of `job: graph`, measured."""

from __future__ import annotations

import numpy as np

from accord_protocols.graph.edges import Edges
from accord_protocols.graph.scale import FRACTION_BITS
from accord_scenarios.graph_reference import propagated
from accord_schemas.graph import Graph

VERTICES, STRENGTH, DAMPING = 300, 60.0, 0.5
NONE = np.zeros(0, np.uint32)


def edges(rng: np.random.Generator, pairs: np.ndarray, flagged: np.ndarray = NONE) -> Edges:
    ends = pairs[pairs[:, 0] != pairs[:, 1]].astype(np.uint32)
    return Edges(ends[:, 0], ends[:, 1], rng.integers(1, 9, len(ends)).astype(np.float64), flagged, NONE)


def test_the_single_edges_of_the_other_of_two_parties_follow_from_scores() -> None:
    """The receiver tries every neighbour and weight: where one alone fits, that is the edge."""
    rng = np.random.default_rng(1)
    single = np.arange(60)  # the other party knows one edge of each of these
    apart = np.stack([single, rng.choice(np.arange(60, VERTICES), 60)], axis=1)
    rest = rng.integers(60, VERTICES, (400, 2))
    own = edges(rng, rng.integers(0, VERTICES, (900, 2)), rng.choice(VERTICES, 30, replace=False).astype(np.uint32))
    other = edges(rng, np.concatenate([apart, rest]))
    terms = Graph(
        task="risk",
        vertices="0" * 64,
        size=VERTICES,
        result_to=("a",),
        max_strength=STRENGTH,
        damping=DAMPING,
        rounds=40,
    )
    unit = 2.0**FRACTION_BITS
    scores = np.rint(propagated([own, other], VERTICES, terms) * unit) / unit

    flags = np.zeros(VERTICES)
    flags[own.flagged] = 1
    left = (scores - flags) * STRENGTH / DAMPING  # after so many rounds r = damping · A·r + s, nearly
    left -= np.bincount(own.sources, own.weights * scores[own.targets], VERTICES)
    left -= np.bincount(own.targets, own.weights * scores[own.sources], VERTICES)
    fits = np.arange(1, 9)[:, None] * scores[None]
    truth = {
        int(a): (int(b), int(w)) for a, b, w in zip(other.sources[:60], other.targets[:60], other.weights, strict=False)
    }
    found = 0
    for vertex in range(60):
        weight, neighbour = np.unravel_index(np.argmin(np.abs(fits - left[vertex])), fits.shape)
        found += truth[vertex] == (int(neighbour), int(weight) + 1)
    assert found >= 57, f"{found} of 60"
