"""What is compared of neighbourhoods, as texts that are equal where something is common: questions, and a table.

``common_neighbours``: "x v" for every neighbour v of x. ``similar``: the token of each band of x. A vertex is no
neighbour of itself; who has no neighbours is similar to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accord_protocols.graph.adjacency import Adjacency
from accord_protocols.graph.bands import MOST_BANDS, Bands, tokens
from accord_protocols.graph.edges import Edges
from accord_protocols.primitives.xof import Xof
from accord_schemas.graph import Graph

TAG, PLACE = 16, 4
"""Bytes of a tag, and of the vertex hidden beside it."""


def unable(terms: Graph) -> str:
    """Why terms on neighbourhoods cannot be met; or nothing."""
    if terms.task == "similar" and Bands.of(terms.threshold, terms.recall) is None:
        return (
            f"{MOST_BANDS} bands do not find {terms.recall:.4g} of the pairs at {terms.threshold:g}: "
            "agree on a higher threshold, or on less recall"
        )
    return ""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes by the agreement alone.

    Args:
        terms: Its section.
    """

    terms: Graph

    @property
    def bands(self) -> Bands:
        """Of ``similar``."""
        found = Bands.of(self.terms.threshold, self.terms.recall)
        assert found is not None, "terms that the job refuses"
        return found

    @property
    def names(self) -> bool:
        """Whether the table names vertices."""
        return self.terms.task == "similar"

    @property
    def each(self) -> int:
        """Texts of a question."""
        return self.bands.bands if self.names else self.terms.degree

    @property
    def texts(self) -> int:
        """Of all questions."""
        return self.terms.queries * self.each

    @property
    def table(self) -> tuple[int, int]:
        """Entries and their bytes."""
        if self.names:
            return self.terms.size * self.bands.bands, TAG + PLACE
        return 2 * self.terms.max_edges, TAG


def questions(terms: Graph, edges: Edges, session: bytes, xof: Xof) -> list[list[bytes]]:
    """The texts of each question; what nobody else can have fills them up."""
    shape, matrix = Shape(terms), Adjacency.of(edges, terms.size, None)
    places, degrees = edges.asked.astype(np.int64), np.diff(matrix.starts)
    found: list[list[bytes]] = [[] for _ in range(terms.queries)]
    if shape.names:
        asking = np.flatnonzero(degrees[places])
        for texts in tokens(matrix, places[asking], session, shape.bands):
            for question, text in zip(asking.tolist(), texts, strict=True):
                found[question].append(text)
    else:
        for question, place in enumerate(places.tolist()):
            found[question] = _pairs(matrix, place)
    return [own + [b"nobody " + xof.bytes(32) for _ in range(shape.each - len(own))] for own in found]


def held(terms: Graph, edges: Edges, session: bytes) -> tuple[list[bytes], NDArray[np.int64], NDArray[np.int64]]:
    """What a party answers from.

    Returns:
        Its texts, each once; which of them each entry is of; and of which vertex.
    """
    shape, matrix = Shape(terms), Adjacency.of(edges, terms.size, None)
    numbers, which, whose = dict[bytes, int](), list[int](), list[int]()
    places = np.flatnonzero(np.diff(matrix.starts))
    if shape.names:
        for texts in tokens(matrix, places, session, shape.bands):
            which += [numbers.setdefault(text, len(numbers)) for text in texts]
            whose += places.tolist()
    else:
        for place in places.tolist():
            texts = _pairs(matrix, place)
            which += [numbers.setdefault(text, len(numbers)) for text in texts]
            whose += [place] * len(texts)
    return list(numbers), np.array(which, np.int64), np.array(whose, np.int64)


def _pairs(matrix: Adjacency, place: int) -> list[bytes]:
    near = matrix.columns[matrix.starts[place] : matrix.starts[place + 1]]
    return [f"{place} {other}".encode() for other in near.tolist()]
