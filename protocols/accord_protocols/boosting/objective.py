"""Losses: derivatives of scores as integers, where training starts, and what is expected of a score.

A score has `SCORE_BITS` fraction bits. Derivatives are rounded at random, upwards as often as their fraction says: what
is rarely 1 would otherwise round to nothing, and millions of rows to a biased model.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from accord_protocols.evaluation.metrics import deviance, mean
from accord_protocols.primitives.elementary import exp, log, logistic
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError, UsageError

SCORE_BITS = 24
HALF_WORD = 32
WIDEST = 31
"""Bits of the sum of all derivatives."""
_FARTHEST = 600.0  # a score beyond this counts as this
Scores = NDArray[np.int64]
Words = NDArray[np.uint64]
Vector = NDArray[np.float64]


def expected(objective: str, scores: Scores) -> Vector:
    """What is expected of the labels, in their scaled unit."""
    u = np.ldexp(scores.astype(np.float64), -SCORE_BITS)
    if objective == "squared":
        return u
    u = np.clip(u, -_FARTHEST, _FARTHEST)
    return logistic(u) if objective == "logistic" else exp(u)


def start(objective: str, y: Vector) -> int:
    """The score that every row begins with.

    Raises:
        UsageError: There is none: no TRAIN row, labels that are all alike, or no count above 0.
    """
    if not len(y):
        raise UsageError("there is no common TRAIN row.")
    if objective == "squared":
        return round(math.ldexp(mean(y), SCORE_BITS))
    if objective == "poisson":
        if not y.any():
            raise UsageError("every count among the common TRAIN rows is 0.")
        return round(math.ldexp(float(log(np.array([mean(y)]))[0]), SCORE_BITS))
    ones = int((y > 0.5).sum())
    if not 0 < ones < len(y):
        raise UsageError("the labels of the common TRAIN rows are all the same.")
    with localcontext() as context:
        context.prec = 40
        odds = (Decimal(ones) / (len(y) - ones)).ln()
        return int((odds * 2**SCORE_BITS).to_integral_value())


def unit(objective: str, y: Vector) -> int:
    """The power of two by which labels are divided: of a squared loss, so that none is beyond 1."""
    if objective != "squared" or not len(y):
        return 0
    return math.frexp(float(np.abs(y - mean(y)).max(initial=0.0)))[1]


def words(objective: str, scores: Scores, y: Vector, used: NDArray[np.bool_], xof: Xof) -> tuple[Words, int]:
    """First and second derivatives of each row as one word, g · 2^32 + h modulo 2^64, 0 for unused rows.

    Args:
        objective: Which loss.
        scores: ``(n,)`` of TRAIN rows.
        y: ``(n,)`` labels, in their scaled unit.
        used: ``(n,)``: whether a tree is grown on a row.
        xof: Draws how they are rounded.

    Returns:
        Words, and their fraction bits: so many that no sum over rows leaves its half of the word.
    """
    p, n = expected(objective, scores), len(y)
    first = p - y
    second = {"logistic": p * (1.0 - p), "squared": np.ones(n), "poisson": p}[objective]
    dither = np.ldexp(xof.words(2, n).astype(np.uint64) >> np.uint64(11), -53)
    for bits in range(WIDEST - n.bit_length(), -64, -1):
        g, h = (np.floor(np.ldexp(d, bits) + u) for d, u in zip((first, second), dither, strict=True))
        g, h = np.where(used, g, 0.0), np.where(used, h, 0.0)
        if math.fsum(np.abs(g).tolist()) < 2**WIDEST and math.fsum(h.tolist()) < 2**HALF_WORD:
            return packed(g.astype(np.int64), h.astype(np.int64)), bits
    raise ProtocolError("derivatives are out of range")


def packed(g: Scores, h: Scores) -> Words:
    """g · 2^32 + h modulo 2^64."""
    return (g.astype(np.uint64) << np.uint64(HALF_WORD)) + h.astype(np.uint64)


def unpacked(words: Words) -> tuple[Scores, Scores]:
    """g and h of a sum of words."""
    h = words & np.uint64(2**HALF_WORD - 1)
    g = (words >> np.uint64(HALF_WORD)).astype(np.int64)
    return np.where(g >= 2 ** (HALF_WORD - 1), g - 2**HALF_WORD, g), h.astype(np.int64)


def loss(objective: str, scores: Scores, y: Vector) -> float:
    """Mean loss of TEST rows, by which it is decided when to stop: Brier's score, squared error, or the deviance."""
    p = expected(objective, scores)
    if objective == "poisson":
        return deviance(y, p)
    return mean((p - y) * (p - y))
