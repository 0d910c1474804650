"""A party's part of boosted trees: ``model.json``, with a format number of its own (docs/trees.md).

The label holder has the trees, with whose split each node is and its number there, and the leaves; every party has its
own splits, with its own columns' names and values. Nobody's part says a name or a value of another's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from accord_protocols.model.document import FORMAT, Document
from accord_schemas.events.base import Hex32
from accord_schemas.parts import Party

FAMILY = "boosted_trees"
"""Of models, where they are told apart."""


OBJECTIVES = {"logistic": "logistic", "squared": "linear", "poisson": "poisson"}
"""By loss, the family of models whose scores and figures are told."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class OwnSplit(_Part):
    """Values below `below` go left, and missing ones if `missing` says so; without `below`, missing ones alone."""

    column: str
    below: float | None
    missing: bool


class Node(_Part):
    """A node that is split: whose split it is, and its number among that party's."""

    node: Annotated[int, Field(ge=1, le=127)]
    party: Party
    split: Annotated[int, Field(ge=0)]


class Leaf(_Part):
    """What the rows of a leaf add to their score."""

    node: Annotated[int, Field(ge=1, le=255)]
    weight: float


class Tree(_Part):
    """Node 1 is the root; the children of node i are 2i, on the left, and 2i + 1."""

    nodes: list[Node]
    leaves: list[Leaf]


class TreesPart(Document):
    """One party's part.

    Args:
        format: Of this document.
        salt: Hides what the digest of the document is of.
        party: Whose part it is.
        model: The family.
        objective: Its loss.
        protection: The level at which it was trained.
        splits: The party's own.
        start: The score that every row begins with; the label holder's.
        unit: Scores are of the size of 2^unit, where the loss is squared; the label holder's.
        trees: The label holder's.
    """

    format: Literal[1] = FORMAT
    salt: Hex32 = Field(repr=False)
    party: Party
    model: Literal["boosted_trees"] = "boosted_trees"
    objective: Literal["logistic", "squared", "poisson"]
    protection: str
    splits: list[OwnSplit] = Field(repr=False)
    start: float | None = None
    unit: int | None = None
    trees: list[Tree] | None = Field(default=None, repr=False)

    @property
    def columns(self) -> list[str]:
        """That its splits look at, in the order in which they come."""
        return list(dict.fromkeys(split.column for split in self.splits))


def sides(part: TreesPart, columns: Sequence[str], values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """On which side of each of its splits a party's rows fall, ``(splits, n)``: True is left.

    Args:
        part: The party's.
        columns: Names of the columns, ``(m,)``.
        values: ``(n, m)``, NaN where they are missing.
    """
    found = np.zeros((len(part.splits), len(values)), bool)
    for number, split in enumerate(part.splits):
        own = values[:, columns.index(split.column)]
        gone = np.isnan(own)
        found[number] = np.where(gone, split.missing, False if split.below is None else own < split.below)
    return found


def scores(part: TreesPart, told: Mapping[str, NDArray[np.bool_]], rows: int) -> NDArray[np.float64]:
    """Scores of rows, ``(n,)``, by the label holder's part and the `sides` of every party's splits."""
    assert part.trees is not None and part.start is not None
    total = np.full(rows, part.start)
    for tree in part.trees:
        places = np.ones(rows, np.int64)
        for node in tree.nodes:  # parents come before their children
            here = np.flatnonzero(places == node.node)
            places[here] = 2 * node.node + 1 - told[node.party][node.split][here]
        weights = np.zeros(256)
        weights[[leaf.node for leaf in tree.leaves]] = [leaf.weight for leaf in tree.leaves]
        total = total + weights[places]
    return total
