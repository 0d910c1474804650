"""What a party remembers between the stages of a training at `closed`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.closed.script import Stage
from accord_protocols.closed.shape import Shape
from accord_protocols.phases.training.closed.rule import Rule
from accord_protocols.phases.training.states import Given

Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, repr=False)
class Following:
    """Where every party stands.

    Args:
        given: What it began with.
        number: Of the round, from 0.
        told: What it was told so far.
        period: Of a logistic function's series: the agreed one, doubled whenever scores left its range.
        since: In which round training with this period began.
        variance: Of the residuals, where the last verdict says it.
        stop: Why the last round was the last; empty before.
    """

    given: Given
    number: int
    told: bytes
    period: int
    since: int = 0
    variance: float = 0.0
    stop: str = ""

    @property
    def name(self) -> str:
        """Of the round, in what is said of it."""
        if not self.stop:
            return str(self.number)
        return f"end{self.since}" if self.since else "end"

    @property
    def again(self) -> str:
        """What instances of a training that began anew are qualified with."""
        return f".{self.period}" if self.since else ""


@dataclass(frozen=True, slots=True, repr=False)
class Holder:
    """Where a computing party stands.

    Args:
        at: As every party.
        shape: Sizes.
        bag: What it has, by the names of `accord_protocols.closed.script`; large things by reference.
        script: The stages of this round.
        place: In it.
        light: Whether this round keeps the inverse of an earlier one, and opens no loss.
        momentum: t of Nesterov's method.
        rule: What the label holder remembers of its verdicts.
    """

    at: Following
    shape: Shape
    bag: Mapping[str, Any] = field(default_factory=dict)
    script: tuple[Stage, ...] = ()
    place: int = 0
    light: bool = False
    momentum: float = 1.0
    rule: Rule | None = None

    @property
    def stage(self) -> Stage:
        """The next one, or the one that is under way."""
        return self.script[self.place]

    @property
    def name(self) -> str:
        """Of the stage in this round, the same at both holders."""
        before = [stage.task for stage in self.script[: self.place]]
        return f"{self.stage.task}{before.count(self.stage.task)}"


@dataclass(frozen=True, slots=True, repr=False)
class Owning:
    """What every party has at the end.

    Args:
        at: Where it stands.
        parts: A computing party's shares of every party's weights, and of their variances below, ``(k or 2k, 2)``.
        loss: The objective per round, at the label holder.
    """

    at: Following
    parts: Mapping[str, Words] = field(default_factory=dict)
    loss: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Ending:
    """Until everybody has its own weights: where this party stands, as one that computes or as one that does not."""

    state: Holder | Following

    @property
    def at(self) -> Following:
        """As every party."""
        return self.state.at if isinstance(self.state, Holder) else self.state


@dataclass(frozen=True, slots=True, repr=False)
class Beyond:
    """Instead of weights: scores left the range of the series, and nobody can tell what the weights are."""


@dataclass(frozen=True, slots=True, repr=False)
class Weighed:
    """And its weights of the whitened columns ``(k,)``, and the variances of its weights, if they are known."""

    owning: Owning
    whitened: NDArray[np.float64]
    variances: NDArray[np.float64]
