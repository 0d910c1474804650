"""Columns of categories as columns of 0 and 1, one for each level but the most frequent.

A level is a category with at least 10 TRAIN rows. The others together are the level `other`, if they have so many, and
a category that is called so is one of them; a null is the category `null`. The most frequent level, of several the
first by name, has no column: the others' coefficients are differences from it, and no column is a combination of the
others and the intercept. What is of no level, at prediction a category that TRAIN rows did not have, is `other` where
there is such a level, and else all zeros, like the most frequent one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

LEAST = 10
"""TRAIN rows of a level: a category of one member would hand its owner that row's label."""
OTHER, NULL = "other", "null"
"""No category is called null: that cell is one."""
Matrix = NDArray[np.float64]


class CategoryFit(BaseModel):
    """One column of categories.

    Attributes:
        name: The column.
        levels: That have a column of their own, ascending.
        reference: The one that has none, all zeros; empty where there is no level.
        merged: How many categories of TRAIN rows were no levels themselves.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    levels: tuple[str, ...]
    reference: str
    merged: Annotated[int, Field(ge=0)]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns that come out."""
        return tuple(f"{self.name}={level}" for level in self.levels)

    def columns(self, codes: NDArray[np.float64], texts: Sequence[str]) -> Matrix:
        """``(n, levels)`` of 0 and 1.

        Args:
            codes: ``(n,)`` numbers in `texts`, NaN for nulls.
            texts: The categories.
        """
        known = {*self.levels, self.reference}
        levels = [level if level in known else OTHER for level in (*texts, NULL)]
        found = _numbers(codes, texts)
        places = [np.array([level == own for level in levels], np.float64) for own in self.levels]
        return np.stack([place[found] for place in places], axis=1) if places else np.empty((len(codes), 0))


def fit_categories(name: str, codes: NDArray[np.float64], texts: Sequence[str]) -> CategoryFit:
    """The levels of a column's TRAIN rows; see `CategoryFit.columns`."""
    counts = np.bincount(_numbers(codes, texts), minlength=len(texts) + 1).tolist()
    rows = {text: count for text, count in zip((*texts, NULL), counts, strict=True) if count}
    levels = {text: count for text, count in rows.items() if count >= LEAST and text != OTHER}
    rest = {text: count for text, count in rows.items() if text not in levels}
    if (others := sum(rest.values())) >= LEAST:
        levels[OTHER] = others
    reference = min(levels, key=lambda level: (-levels[level], level), default="")
    return CategoryFit(
        name=name,
        levels=tuple(sorted(level for level in levels if level != reference)),
        reference=reference,
        merged=len(rest),
    )


def expanded(
    values: Matrix, columns: Sequence[str], fits: Sequence[CategoryFit], categories: Mapping[str, Sequence[str]]
) -> Matrix:
    """``(n, m)`` of a party's columns with those of categories replaced by what comes out of them.

    Args:
        values: ``(n, columns)``.
        columns: Their names.
        fits: Of those that hold categories.
        categories: What the numbers in these stand for.
    """
    if not fits:
        return values
    known, blocks = {fit.name: fit for fit in fits}, []
    for place, name in enumerate(columns):
        own = values[:, place]
        blocks.append(known[name].columns(own, categories.get(name, ())) if name in known else own[:, None])
    return np.hstack(blocks)


def _numbers(codes: NDArray[np.float64], texts: Sequence[str]) -> NDArray[np.int64]:
    """``(n,)``: the number of each row's category, that of a null behind all others."""
    return np.where(np.isnan(codes), float(len(texts)), codes).astype(np.int64)
