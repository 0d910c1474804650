"""The label holder's verdicts at `closed`, and what everybody derives from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from accord_protocols.closed.shape import W_BITS, Shape
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Verdict

MOST_NEWTON = 12
"""Rounds of Newton's method at most."""
MOST_HALVINGS = 10
NOISE = 1e-6
"""Of the loss, relative: what series and fixed point may raise it by."""
RANGE = "range: scores left the range of the link's series; agree on a greater train.period, or on train.l2"
STOPS = ("tolerance", "rounds", "stalled")
_UNIT = 2.0 ** (2 * W_BITS)


@dataclass(frozen=True, slots=True, repr=False)
class Rule:
    """What the label holder remembers.

    Args:
        shape: Sizes.
        momentum: Whether the optimiser restarts, instead of halving its step.
        tolerance: Of gᵀYg, its square.
        squares: The sum of the squared labels.
        losses: Of each round, up to what the labels alone give; a round that was taken back has one too.
        best: The least of those that stand.
        halvings: In a row.
    """

    shape: Shape
    momentum: bool
    tolerance: float
    squares: float
    losses: tuple[float, ...] = ()
    best: float = math.inf
    halvings: int = 0


def decided(rule: Rule, figures: Sequence[int]) -> tuple[Rule, Verdict]:
    """The verdict on a round, from what was opened of it.

    Args:
        rule: So far.
        figures: See `accord_protocols.tasks.closed.steps.close`; what the optimiser does not need is 0.

    Raises:
        ProtocolError: The loss is none that scores within their range have.
    """
    shape, n, (twice, bare, decrement, turned) = rule.shape, rule.shape.rows, figures
    constant = rule.squares if shape.family == "linear" else 2 * math.log(2) * n if shape.family == "tangent" else 0.0
    loss = (twice / _UNIT + constant) / (2 * n)
    if shape.family == "logistic" and not -NOISE <= loss <= 2 * math.log(2):
        raise ProtocolError(RANGE)
    number = len(rule.losses)
    rule = replace(rule, losses=(*rule.losses, loss))
    if not rule.momentum and not loss <= rule.best + NOISE * max(1.0, abs(rule.best)):
        rule = replace(rule, halvings=rule.halvings + 1)
        stalled = rule.halvings > MOST_HALVINGS or number + 1 >= shape.rounds
        return rule, Verdict(action="stalled" if stalled else "halve")
    rule = replace(rule, best=min(loss, rule.best), halvings=0)
    variance = 0.0
    if shape.family == "linear" and n > shape.m:
        variance = max(0.0, (bare / _UNIT + rule.squares) / (n - shape.m))
    if decrement / _UNIT * 2.0**shape.mean_bits / n <= rule.tolerance**2:
        return rule, Verdict(action="tolerance", variance=variance)
    if number + 1 >= shape.rounds:
        return rule, Verdict(action="rounds", variance=variance)
    return rule, Verdict(action="restart" if rule.momentum and turned > 0 else "step")
