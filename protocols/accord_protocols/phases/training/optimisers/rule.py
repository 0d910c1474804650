"""The label holder's side of the optimisers: from summed inner products to step, next direction and stop."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import numpy as np

from accord_protocols.phases.training.optimisers.lbfgs import MEMORY, Gram, direction, layout
from accord_protocols.phases.training.sizes import Sizes
from accord_protocols.tasks.results import Block
from accord_schemas.agreement import Agreement, Train
from accord_schemas.blob import loaded
from accord_schemas.events import Direction

T = TypeVar("T")
Stop = Literal["", "tolerance", "rounds", "stalled"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What the label holder remembers between rounds.

    Args:
        train: Optimiser, tolerance and bound on rounds.
        parties: Blocks of the whitened basis; its Hessian is at most that many times the identity.
        unit: What turns a gradient of the scaled labels into one of the labels.
        loss: The objective at the current point, scaled.
        losses: The objective per round in the labels' unit squared, from the starting point on.
        round: Rounds decided.
        gram: Inner products of the basis.
        pairs: Pairs in it.
        first: ‖g‖ of the starting point, scaled.
    """

    train: Train
    parties: int
    unit: float
    loss: float
    losses: tuple[float, ...] = ()
    round: int = 0
    gram: Gram = field(default_factory=lambda: Gram({}))
    pairs: int = 0
    first: float = 0.0


def opening(block: Block, sizes: Sizes, agreement: Agreement) -> Rule:
    """The rule at w = 0: f(0) = Σy² / 2n."""
    assert agreement.train is not None
    y = loaded(block.y)
    start = math.fsum((y * y).tolist()) / (2 * max(sizes.rows, 1))
    return Rule(agreement.train, len(agreement.parties), math.ldexp(1.0, block.shift), start)


def remembered(train: Train) -> int:
    """Pairs that an optimiser remembers."""
    return MEMORY if train.optimiser == "lbfgs" else 1


def retained_pairs(agreement: Agreement, pairs: tuple[T, ...]) -> tuple[T, ...]:
    """The pairs that make room for a new one."""
    assert agreement.train is not None
    limit = remembered(agreement.train)
    return pairs[len(pairs) - limit + 1 :] if len(pairs) >= limit else pairs


def decide(rule: Rule, sums: list[float]) -> tuple[Rule, Direction]:
    """Take the sums of a round, in the order of `layout`."""
    fresh, pairs = rule.round > 0, rule.pairs
    gram = rule.gram.extended(layout(pairs, fresh), sums)
    step, loss, stalled = 0.0, rule.loss, False
    square = gram("Lg", "Lg")
    if fresh:
        step, stalled = _step(rule.train, gram, pairs)
        slope, curvature = gram("g", f"p{pairs - 1}"), gram(f"p{pairs - 1}", f"q{pairs - 1}")
        loss += step * (slope + step * curvature / 2)
        square += step * (2 * gram("Lg", "Lq") + step * gram("Lq", "Lq"))
        gram = gram.moved(pairs, step)
    norm = math.sqrt(max(square, 0.0))
    first = rule.first if fresh else norm
    stop = _stop(rule, norm, first, stalled)
    coefficients = () if stop else _direction(rule, gram, pairs)
    full = pairs == remembered(rule.train)
    rule = replace(
        rule,
        loss=loss,
        losses=(*rule.losses, loss * rule.unit * rule.unit),
        round=rule.round + 1,
        gram=gram.shifted(pairs) if full else gram,
        pairs=pairs if full else pairs + 1,
        first=first,
    )
    return rule, Direction(stop=stop, step=step, coefficients=np.array(coefficients, np.float64))


def agreed(agreement: Agreement, number: int, pairs: int, said: Direction) -> bool:
    """Whether a decision is one that the agreement allows: its rounds, and where they are fixed its numbers.

    Args:
        agreement: Names optimiser and rounds.
        number: Of the round that it decides, from 0.
        pairs: Pairs that a party remembers.
        said: The decision.
    """
    train = agreement.train
    assert train is not None
    coefficients = said.coefficients.tolist()
    if (said.step and not pairs) or (train.optimiser == "gd" and said.step != bool(pairs)):
        return False
    if said.stop:
        return not coefficients
    if number >= train.max_rounds or len(coefficients) != 2 * pairs + 1:
        return False
    fixed = _descent(pairs, len(agreement.parties)) if train.optimiser == "gd" else direction(Gram({}), 0)
    return bool(pairs and train.optimiser == "lbfgs") or tuple(coefficients) == fixed


def _step(train: Train, gram: Gram, pairs: int) -> tuple[float, bool]:
    """(step, whether nothing is left to gain): exact along the direction, or gradient descent's whole step."""
    if train.optimiser == "gd":
        return 1.0, False
    slope, curvature = gram("g", f"p{pairs - 1}"), gram(f"p{pairs - 1}", f"q{pairs - 1}")
    if slope >= 0 or curvature <= 0:
        return 0.0, True
    return -slope / curvature, False


def _stop(rule: Rule, norm: float, first: float, stalled: bool) -> Stop:
    if norm <= rule.train.tolerance * max(1.0, first):
        return "tolerance"
    if stalled:
        return "stalled"
    return "rounds" if rule.round >= rule.train.max_rounds else ""


def _direction(rule: Rule, gram: Gram, pairs: int) -> tuple[float, ...]:
    if rule.train.optimiser == "gd":
        return _descent(pairs, rule.parties)
    return direction(gram, pairs)


def _descent(pairs: int, parties: int) -> tuple[float, ...]:
    """Gradient descent's whole step, by the bound on the Hessian."""
    return (*[0.0] * (2 * pairs), -1.0 / parties)
