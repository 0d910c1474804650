"""Scoring new rows by a party's own part of a model."""

from __future__ import annotations

import numpy as np

from accord_protocols.model.part import ModelPart
from accord_protocols.model.trees import TreesPart, sides
from accord_protocols.primitives.elementary import log
from accord_protocols.primitives.vectors import product
from accord_protocols.tasks.registry import Context, Result


def scores_task(context: Context) -> Result:
    """The own scores of this part's rows, ``(k,)`` in the labels' unit.

    Inputs: rows ``(k,)`` of the party's table, whose columns are those that the preparation expects; model, the part.

    Raises:
        UsageError: A column holds something else than it did in training.
    """
    part, table, rows = ModelPart.read(context.inputs["model"]), context.rows, context.inputs["rows"]
    scores = np.zeros(len(rows))
    if part.preparation.columns:
        blank = [name for name, own in zip(table.columns, table.values.T, strict=True) if np.isnan(own).all()]
        part.preparation.fits(table.columns, table.forms, table.categories, blank)
        scores = product(part.preparation.apply(table.values[rows], table.categories), part.weights)
    if part.intercept is not None:
        scores = scores + part.intercept
    if part.exposure is not None:
        assert table.exposure is not None, "the table has the exposures that the model names"
        scores = scores + log(np.asarray(table.exposure[rows]))
    return Result({"scores": scores})


def sided_task(context: Context) -> Result:
    """On which side of each split of this part's rows fall, ``(k, splits)``: 1 is left, 2 right.

    Inputs: rows ``(k,)`` of the party's table; model, the part, of boosted trees. Fields: bits.
    """
    part, table, rows = TreesPart.read(context.inputs["model"]), context.rows, context.inputs["rows"]
    left = sides(part, table.columns, table.values[rows])
    return Result({"bits": np.ascontiguousarray(np.where(left, 1, 2).astype(np.uint8).T)})


def find_task(context: Context) -> Result:
    """The own rows of ids. Inputs: ids, a list of texts."""
    rows = (context.rows.find(identifier) for identifier in context.inputs["ids"])
    return Result({"rows": np.array([-1 if row is None else row for row in rows], np.int64)})
