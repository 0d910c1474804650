"""Before the first round: what each party deals, and what a holder has of all."""

from __future__ import annotations

import math

import numpy as np

from accord_protocols.closed import sums
from accord_protocols.closed.shape import W_BITS, X_BITS, Shape
from accord_protocols.preparation.whiten import Whitening
from accord_protocols.primitives import sharing
from accord_protocols.primitives.sharing import RING, Factor, Words
from accord_protocols.tasks.closed.stage import result
from accord_protocols.tasks.registry import Context, Result


def _penalty(context: Context) -> np.ndarray:
    """n · L^-1 Λ L^-T with 16 fraction bits, ``(k, k) int64``."""
    factor, penalty, rows = context.inputs["factor"], context.inputs["penalty"], len(context.inputs["x"])
    ridge = Whitening(factor).ridge_matrix(penalty) if len(factor) else np.zeros((0, 0))
    words = RING.from_fixed(ridge * rows, X_BITS)
    return np.ascontiguousarray(words[..., 0]).view(np.int64)


def _basis(context: Context) -> Words:
    """L^-1 with 32 fraction bits: where weights are L^-T w', the variance of w is its transpose times w''s times it."""
    factor = context.inputs["factor"]
    rows = [Whitening(factor).back(unit) for unit in np.eye(len(factor))]
    return RING.from_fixed(np.array(rows).reshape(factor.shape), W_BITS)


def deal(context: Context) -> Result:
    """A party that holds no shares: two shares of its columns, its penalty below them, and of its basis.

    Inputs: x, factor, penalty. Fields: first and second ``(n + k, k, 2)``, first_basis and second_basis ``(k, k, 2)``.
    """
    rows = np.concatenate([context.inputs["x"], _penalty(context)])
    first, second = sharing.share(sharing.elements(rows), context.xof.fork("columns"))
    one, two = sharing.share(_basis(context), context.xof.fork("basis"))
    return Result({"first": first, "second": second, "first_basis": one, "second_basis": two})


def assemble(context: Context) -> Result:
    """A holder: its own columns and its shares of others', and what is encrypted of them.

    Inputs: shape, x, factor, penalty, label, weights; columns.P and basis.P of every party P that holds no shares.
    Kept: rows ``(n + k, k)``, block ``(n, k)``, penalty ``(k, k)``, and where the Hessian is that of the scores head
    ``(head, k)`` and pairs ``(head, k(k+1)/2)``: int64, or ring elements where some are shares; basis ``(m, m, 2)``;
    squares, the sum of the labels' squares, with the rows' weights if there are any.
    """
    shape = Shape.of(context.inputs["shape"])
    own, dealt = context.inputs["x"], [v for n, v in sorted(context.inputs.items()) if n.startswith("columns.")]
    block, below = _joined(shape, own, [d[: shape.rows] for d in dealt]), _penalty(context)
    penalty = _diagonal(shape, below, [d[shape.rows :] for d in dealt])
    kept = {"rows": np.concatenate([block, penalty]), "block": block, "penalty": penalty}
    if shape.weighted:
        head = np.ascontiguousarray(block[: shape.head])
        kept |= {"head": head, "pairs": sums.column_pairs(head)}
    basis = sums.empty(shape.m, shape.m)
    shares = [value for name, value in sorted(context.inputs.items()) if name.startswith("basis.")]
    basis[shape.mine, shape.mine] = sharing.elements(_diagonal(shape, _basis(context), shares))
    label, weights = context.inputs["label"], context.inputs["weights"]
    squares = label * label * weights if len(weights) else label * label
    return result(kept | {"basis": basis, "squares": math.fsum(squares.tolist())})


def _joined(shape: Shape, own: np.ndarray, dealt: list[Words]) -> Factor:
    if not dealt:
        return own
    parts = [sharing.elements(own), *dealt] if shape.first else [*dealt, sharing.elements(own)]
    return np.concatenate(parts, axis=1)


def _diagonal(shape: Shape, own: Factor, dealt: list[Words]) -> Factor:
    """Blocks along the diagonal, in the order of the columns."""
    if not dealt:
        return own
    blocks = [sharing.elements(own), *dealt] if shape.first else [*dealt, sharing.elements(own)]
    size = sum(map(len, blocks))
    out, at = sums.empty(size, size), 0
    for part in blocks:
        out[at : at + len(part), at : at + len(part)] = part
        at += len(part)
    return out
