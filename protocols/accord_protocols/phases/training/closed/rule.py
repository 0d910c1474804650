"""The label holder's verdicts at `closed`, and what everybody derives from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from accord_protocols.closed.shape import W_BITS, Shape
from accord_schemas.events import Verdict
from accord_schemas.parts import Train

MOST_NEWTON = 12
"""Rounds of Newton's method at most."""
MOST_HALVINGS = 10
NOISE = 1e-6
"""Of the loss, relative: what series and fixed point may raise it by."""
_RANGE = "range: scores left the range of the link's series, which is the longest there is; agree on "
STOPS = ("tolerance", "rounds", "stalled")
FAST, SHORT = 0.1, 1e-4
"""A step in the Hessian, squared, that is so much shorter than the last one, and short: the Hessian is nearly the last
one's, and its inverse does for one more."""
_UNIT = 2.0 ** (2 * W_BITS)


class OutOfRangeError(Exception):
    """The loss shows that scores left the range of the link's series."""


@dataclass(frozen=True, slots=True, repr=False)
class Rule:
    """What the label holder remembers.

    Args:
        shape: Sizes.
        momentum: Whether the optimiser restarts, instead of halving its step.
        tolerance: Of a step's length in the Hessian.
        squares: The sum of the squared labels.
        number: Of the round.
        losses: Of the rounds that open one, up to what the labels alone give; also of those that were taken back.
        best: The least of those that stand.
        halvings: In a row.
        length: Of the last step in the Hessian, squared.
    """

    shape: Shape
    momentum: bool
    tolerance: float
    squares: float
    number: int = 0
    losses: tuple[float, ...] = ()
    best: float = math.inf
    halvings: int = 0
    length: float = math.inf


def out_of_range(train: Train) -> str:
    """Why a training ends whose scores no series is long enough for: one fixed text for all."""
    return f"{_RANGE}a greater train.l2" + (", or on protection: shared or score" if train.model == "poisson" else "")


def lightens(shape: Shape) -> bool:
    """Whether a round may keep an earlier inverse: where the Hessian is one of a sample of the rows anyway."""
    return not shape.settled and shape.head < shape.rows


def decided(rule: Rule, figures: Sequence[int], *, light: bool = False) -> tuple[Rule, Verdict]:
    """The verdict on a round, from what was opened of it.

    Args:
        rule: So far.
        figures: See `accord_protocols.tasks.closed.steps.close`; what is not opened is 0.
        light: Whether the round opened no loss.

    Raises:
        OutOfRangeError: The loss is none that scores within their range have.
    """
    shape, last = rule.shape, rule.number + 1 >= rule.shape.rounds
    rule = replace(rule, number=rule.number + 1)
    if not light:
        rule = _weighed(rule, figures[0])
        if rule.halvings:
            stalled = rule.halvings > MOST_HALVINGS or last
            return rule, Verdict(action="stalled" if stalled else "halve")
    length = figures[2] / _UNIT * 2.0**shape.mean_bits / shape.rows
    known = not rule.momentum and 0 < rule.length < math.inf
    ratio = min(1.0, length / rule.length) if known else 1.0
    rule = replace(rule, length=length)
    done = length * ratio <= rule.tolerance**2  # after Newton's step, what is left is so much shorter again
    if done or last:
        return rule, Verdict(action="tolerance" if done else "rounds", variance=_spread(rule, figures[1]))
    if rule.momentum:
        return rule, Verdict(action="restart" if figures[3] > 0 else "step")
    return rule, Verdict(action="keep" if lightens(shape) and length < SHORT and ratio < FAST else "step")


def _weighed(rule: Rule, twice: int) -> Rule:
    """With the round's loss; a halving more where it rose."""
    shape, n = rule.shape, rule.shape.rows
    constant = rule.squares if shape.family == "linear" else 2 * math.log(2) * n if shape.family == "tangent" else 0.0
    loss = (twice / _UNIT + constant) / (2 * n)
    if shape.family == "logistic" and not -NOISE <= loss <= 2 * math.log(2):
        raise OutOfRangeError
    rule = replace(rule, losses=(*rule.losses, loss))
    if not rule.momentum and not loss <= rule.best + NOISE * max(1.0, abs(rule.best)):
        return replace(rule, halvings=rule.halvings + 1)
    return replace(rule, best=min(loss, rule.best), halvings=0)


def _spread(rule: Rule, bare: int) -> float:
    """The variance of a linear model's residuals."""
    freedom = rule.shape.rows - rule.shape.m
    if rule.shape.family != "linear" or freedom < 1:
        return 0.0
    return max(0.0, (bare / _UNIT + rule.squares) / freedom)
