"""Which boosted trees this program can grow, of those that an agreement can name."""

from __future__ import annotations

from accord_schemas.parts import Trees

MOST = 100_000_000
"""Bytes of a tree at `shared` beyond which it is refused."""


def unable(trees: Trees) -> str:
    """What of them this program cannot do, and what it can instead; or nothing."""
    if trees.protection != "shared":
        return ""
    if trees.objective != "squared":
        return (
            f"train.protection: shared has no objective {trees.objective}: scores stay shared, and derivatives are no "
            "sums of them; say objective: squared, for labels 0 and 1 too, or protection: paths"
        )
    if trees.subsample < 1 or trees.column_sample < 1:
        return (
            "train.protection: shared takes all rows and columns for each tree; leave out subsample and column_sample"
        )
    return ""


def traffic(trees: Trees, rows: int, columns: int, besides: int = 0) -> int:
    """Bytes that a tree at `shared` takes, all vectors of its levels together.

    Args:
        trees: The terms.
        rows: TRAIN rows.
        columns: Of all parties.
        besides: Of these, columns of parties that hold no share of the rows: two vectors are told for each.
    """
    return 4 * rows * (columns + besides) << trees.depth
