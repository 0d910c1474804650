"""What a party remembers between the steps of a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from accord_protocols.phases.keys import Keyed
from accord_protocols.phases.training.optimisers.optimiser import Moves
from accord_protocols.phases.training.optimisers.rule import Rule, Seen
from accord_protocols.phases.training.sizes import Announced, Sizes
from accord_protocols.primitives.vectors import Vector
from accord_protocols.tasks.results.training import Block


@dataclass(frozen=True, slots=True, repr=False)
class Given:
    """What a training begins with.

    Args:
        keyed: Everybody's keys.
        block: The own rows.
        announced: What everybody said of its own.
    """

    keyed: Keyed
    block: Block
    announced: Announced


@dataclass(frozen=True, slots=True, repr=False)
class Trained:
    """What a party has learned.

    Args:
        w: Weights of its prepared columns, in the label's scaled unit.
        rounds: The last round's number.
        stop: Why it was the last.
        loss: The objective per round, at the label holder, where it is known.
        told: What it was told in all, see `masking.heard`.
    """

    w: Vector
    rounds: int
    stop: str
    loss: list[float] | None
    told: bytes

    @property
    def converged(self) -> bool:
        """Whether the gradient was small enough."""
        return self.stop == "tolerance"


@dataclass(frozen=True, slots=True, repr=False)
class Round:
    """Where a party stands.

    Args:
        given: What it began with.
        sizes: Of this training.
        ridge: The penalty's matrix in the whitened basis, ``(m, m)``.
        number: Of the round, from 0.
        told: What it was told so far.
        w: The point, in the whitened basis.
        g: The gradient there.
        trial: The direction in which it looks.
        pairs: Earlier directions and what each changed of the gradient, the newest last.
        moves: What everybody knows of the moves so far.
        reach: How far the own scores go at the trial point, see `ranges.Range.reach`.
        first: The gradient of the starting point.
        rule: What the label holder remembers of its decisions.
        seen: What it saw of this round.
        stock: What prepares this round's products, by owner.
    """

    given: Given
    sizes: Sizes
    ridge: NDArray[np.float64]
    number: int
    told: bytes
    w: Vector
    g: Vector
    trial: Vector
    pairs: tuple[tuple[Vector, Vector], ...] = ()
    moves: Moves = field(default_factory=Moves)
    reach: int = 0
    first: Vector = field(default_factory=lambda: np.zeros(0))
    rule: Rule | None = None
    seen: Seen = field(default_factory=Seen)
    stock: Mapping[str, object] = field(default_factory=dict)

    @property
    def block(self) -> Block:
        """The own rows."""
        return self.given.block


@dataclass(frozen=True, slots=True, repr=False)
class Looked:
    """A computing party's own scores at the trial point, ``(n,)``."""

    at: Round
    z: Vector


@dataclass(frozen=True, slots=True, repr=False)
class Summed:
    """The label holder's own inner products."""

    at: Round
    sums: list[float]
