"""The label holder's side of a training: from summed inner products to step, next direction and stop.

Where the gradient is affine (linear regression) an optimiser may take the best step along its direction; else every
step is whole or none: it is taken where the slope at its end is not steeper upwards than it was downwards at its
beginning, and otherwise the direction is halved. See ADR 3 and ADR 24.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.links.registry import link_of
from accord_protocols.phases.training.optimisers.gram import Gram
from accord_protocols.phases.training.optimisers.optimiser import MOST_HALVINGS, Coefficients, Moves, Optimiser
from accord_protocols.phases.training.optimisers.registry import OPTIMISERS
from accord_protocols.phases.training.ranges import can_widen
from accord_protocols.phases.training.sizes import Sizes
from accord_protocols.tasks.results.training import Block
from accord_schemas.agreement import Agreement
from accord_schemas.blob import loaded
from accord_schemas.events import Direction
from accord_schemas.parts import Train

T = TypeVar("T")
Stop = Literal["", "tolerance", "rounds", "stalled"]
PENALTY, LABELS = ("t", "Rt"), ("t", "g0")
"""Inner products that a loss takes: twice its penalty, and what labels add to it."""
DECREASE = 1e-4
"""Armijo's constant, in the form by slopes of Hager and Zhang, SIAM J. Optim. 2005, section 2: exact for a parabola."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What the label holder remembers between rounds.

    Args:
        train: Optimiser, tolerance and bound on rounds.
        scale: Of a whole step.
        unit: What turns a loss of the scaled labels into one of the labels.
        loss: The objective at the current point, scaled, where it is known.
        losses: The objective per round in the labels' unit, from the starting point on.
        round: Rounds decided.
        gram: Inner products of the basis.
        pairs: Pairs in it.
        moves: What everybody knows.
        first: ‖g‖ of the starting point, scaled.
        length: ‖g‖ of the last point.
    """

    train: Train
    scale: float
    unit: float
    loss: float | None
    losses: tuple[float, ...] = ()
    round: int = 0
    gram: Gram = field(default_factory=lambda: Gram({}))
    pairs: int = 0
    moves: Moves = field(default_factory=Moves)
    first: float = 0.0
    length: float = math.inf

    @property
    def optimiser(self) -> Optimiser:
        """The agreed one."""
        return OPTIMISERS[self.train.optimiser]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the label holder saw of a round besides the sums.

    Args:
        loss: The objective at the trial point but for inner products, where it is not to be had from slopes.
        breach: Whether a score left its range there.
        sums: The own share of what is opened of it where scores are shared.
    """

    loss: float | None = None
    breach: bool = False
    sums: NDArray[np.uint64] | None = None


def opening(block: Block, sizes: Sizes, agreement: Agreement) -> Rule:
    """The rule at the starting point; at w = 0 a quadratic objective is Σvy² / 2n."""
    train = _train(agreement)
    link, start = link_of(train), None
    if link.quadratic and OPTIMISERS[train.optimiser].searches:
        y = loaded(block.y)
        squares = y * y * loaded(block.weights) if len(block.weights) else y * y
        start = math.fsum(squares.tolist()) / (2 * max(sizes.rows, 1))
    return Rule(train, _scale(agreement), link.unit(block.shift), start)


def optimiser_of(agreement: Agreement) -> Optimiser:
    """The agreed one."""
    return OPTIMISERS[_train(agreement).optimiser]


def layout(agreement: Agreement, pairs: int, fresh: bool) -> list[tuple[str, str]]:
    """Which inner products a party sums for the label holder, in order.

    Where the label holder knows the loss but for the penalty it gets that, too, t·Rt at the trial point; and where
    scores are shared what labels add to it, t·g₀ with the first gradient.
    """
    train = _train(agreement)
    return [*OPTIMISERS[train.optimiser].layout(pairs, fresh), *_objective(train)]


def retained_pairs(agreement: Agreement, pairs: tuple[T, ...], said: Direction) -> tuple[T, ...]:
    """The pairs that make room for a new one: without the newest where that step was not taken."""
    if refused(agreement, len(pairs), said):
        return pairs[:-1]
    limit = optimiser_of(agreement).memory
    return pairs[len(pairs) - limit + 1 :] if len(pairs) >= limit else pairs


def decide(rule: Rule, sums: list[float], seen: Seen) -> tuple[Rule, Direction]:
    """Take the sums of a round, in the order of `layout`."""
    fresh, pairs, link, optimiser = rule.round > 0, rule.pairs, link_of(rule.train), rule.optimiser
    wanted = optimiser.layout(pairs, fresh)
    further = dict(zip(_objective(rule.train), sums[len(wanted) :], strict=True))
    gram = rule.gram.extended(wanted, sums[: len(wanted)])
    loss = None if seen.loss is None else seen.loss + further.get(PENALTY, 0.0) / 2 + further.get(LABELS, 0.0)
    if fresh and (seen.breach or _overshot(rule, gram)):
        return _shorter(rule, seen.breach)
    step, stalled = _step(rule, gram) if fresh else (0.0, False)
    if link.quadratic and fresh and rule.loss is not None:
        slope, curvature = gram("g", f"p{pairs - 1}"), gram(f"p{pairs - 1}", f"q{pairs - 1}")
        loss = rule.loss + step * (slope + step * curvature / 2)
    elif link.quadratic:
        loss = rule.loss
    norm = math.sqrt(max(optimiser.square(gram, step, fresh), 0.0))
    first = rule.first if fresh else norm
    stop = _stop(rule, norm, first, stalled)
    gram = gram.moved(pairs, step) if fresh else gram
    slower = norm > rule.length
    coefficients = () if stop else optimiser.next(gram, pairs, rule.moves, rule.scale, slower=slower)
    said = Direction(stop=stop, step=step, coefficients=np.array(coefficients, np.float64))
    full = pairs == optimiser.memory
    rule = replace(
        rule,
        loss=loss,
        losses=rule.losses if loss is None else (*rule.losses, loss * rule.unit),
        round=rule.round + 1,
        gram=gram.shifted(pairs) if full else gram,
        pairs=pairs if full else pairs + 1,
        moves=_moved(rule.moves, coefficients),
        first=first,
        length=norm,
    )
    return rule, said


def refused(agreement: Agreement, pairs: int, said: Direction) -> bool:
    """Whether a decision is not to take the step, but another one along the same direction."""
    return bool(pairs) and not said.stop and said.step == 0 and not link_of(_train(agreement)).quadratic


def after(agreement: Agreement, moves: Moves, pairs: int, said: Direction) -> Moves:
    """What everybody knows of the moves after a decision that is `agreed`."""
    if not refused(agreement, pairs, said):
        return _moved(moves, tuple(said.coefficients.tolist()))
    if said.widened:
        return replace(moves, widenings=moves.widenings + 1)
    return replace(moves, halvings=moves.halvings + 1)


def agreed(agreement: Agreement, number: int, pairs: int, moves: Moves, said: Direction) -> bool:
    """Whether a decision is one that the agreement allows: its rounds, and where they are fixed its numbers.

    Args:
        agreement: Names optimiser and rounds.
        number: Of the round that it decides, from 0.
        pairs: Pairs that a party remembers.
        moves: So far.
        said: The decision.
    """
    train = _train(agreement)
    link, optimiser, coefficients = link_of(train), OPTIMISERS[train.optimiser], tuple(said.coefficients.tolist())
    if said.step and not pairs:
        return False
    if said.stop:
        return not coefficients and not said.widened
    if number >= train.max_rounds or len(coefficients) != 2 * pairs + 1:
        return False
    if refused(agreement, pairs, said):
        limits = can_widen(train, moves.widenings) if said.widened else moves.halvings < MOST_HALVINGS
        return limits and coefficients == _along(pairs, 1.0 if said.widened else 0.5)
    if said.widened or (pairs and said.step != 1.0 and not (optimiser.exact and link.quadratic)):
        return False
    return optimiser.allowed(coefficients, pairs, moves, _scale(agreement))


def _train(agreement: Agreement) -> Train:
    assert agreement.train is not None
    return agreement.train


def _scale(agreement: Agreement) -> float:
    """What a whole step has: the Hessian of the whitened basis is at most curvature · parties, of a block curvature."""
    train = _train(agreement)
    blocks = 1 if OPTIMISERS[train.optimiser].exact else len(agreement.parties)
    return 1.0 / (link_of(train).curvature * blocks)


def sums_loss(train: Train) -> bool:
    """Whether what a loss takes besides inner products is opened where scores are shared.

    Labels are known by the gradient of the first point alone, where rows count alike: of a Poisson model it has more.
    """
    uneven = train.model == "poisson" and (train.weights is not None or train.exposure is not None)
    return train.protection == "shared" and _bent(train) and not uneven


def _bent(train: Train) -> bool:
    """Whether a loss that is no parabola is to be known."""
    return not link_of(train).quadratic and OPTIMISERS[train.optimiser].searches


def _objective(train: Train) -> list[tuple[str, str]]:
    known = sums_loss(train) or (train.protection == "score" and _bent(train))
    return [*([PENALTY] if known and train.l2 > 0 else []), *([LABELS] if sums_loss(train) else [])]


def _overshot(rule: Rule, gram: Gram) -> bool:
    """Whether the step along the newest direction is too long."""
    if link_of(rule.train).quadratic or not rule.optimiser.searches:
        return False
    slope, change = gram("g", f"p{rule.pairs - 1}"), gram(f"p{rule.pairs - 1}", f"q{rule.pairs - 1}")
    return slope < 0 and slope + change > (2 * DECREASE - 1) * slope


def _shorter(rule: Rule, breach: bool) -> tuple[Rule, Direction]:
    """Stay, and look at a point half as far; or at the same one, with twice the range."""
    moves, pairs = rule.moves, rule.pairs
    widened = breach and can_widen(rule.train, moves.widenings)
    stop: Stop = "rounds" if rule.round >= rule.train.max_rounds else ""
    if not widened and moves.halvings >= MOST_HALVINGS:
        stop = stop or "stalled"
    coefficients = () if stop else _along(pairs, 1.0 if widened else 0.5)
    moves = replace(moves, widenings=moves.widenings + widened, halvings=moves.halvings + (not widened))
    losses = rule.losses if rule.loss is None else (*rule.losses, rule.losses[-1])
    rule = replace(rule, round=rule.round + 1, moves=moves, losses=losses)
    widening = bool(widened and not stop)
    return rule, Direction(stop=stop, step=0.0, coefficients=np.array(coefficients, np.float64), widened=widening)


def _along(pairs: int, part: float) -> Coefficients:
    """A part of the newest direction."""
    return tuple(part if i == pairs - 1 else 0.0 for i in range(2 * pairs + 1))


def _moved(moves: Moves, coefficients: Coefficients) -> Moves:
    """After a step that was taken."""
    return replace(moves, halvings=0, momentum=moves.momentum + 1 if coefficients and coefficients[0] else 0)


def _step(rule: Rule, gram: Gram) -> tuple[float, bool]:
    """(step, whether nothing is left to gain)."""
    if not rule.optimiser.searches:
        return 1.0, False
    slope, curvature = gram("g", f"p{rule.pairs - 1}"), gram(f"p{rule.pairs - 1}", f"q{rule.pairs - 1}")
    if rule.optimiser.exact and (slope >= 0 or curvature <= 0):
        return 0.0, True
    return (-slope / curvature if rule.optimiser.exact and link_of(rule.train).quadratic else 1.0), False


def _stop(rule: Rule, norm: float, first: float, stalled: bool) -> Stop:
    if norm <= rule.train.tolerance * max(1.0, first):
        return "tolerance"
    if stalled:
        return "stalled"
    return "rounds" if rule.round >= rule.train.max_rounds else ""
