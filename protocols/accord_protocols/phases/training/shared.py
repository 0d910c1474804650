"""Residuals at `shared` that take products of what two parties know: what all ways to them have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from accord_protocols.kernel.machine import Setup
from accord_protocols.links.registry import link_of
from accord_protocols.links.series import LOST_BITS, loss_of, period_of, series_of, table_bits
from accord_protocols.phases.training.optimisers import rule as rules
from accord_protocols.phases.training.products import Words
from accord_protocols.phases.training.sizes import D_BITS
from accord_protocols.phases.training.states import Round
from accord_protocols.primitives.elementary import exp
from accord_protocols.primitives.fourier import Series
from accord_protocols.primitives.sharing import RING, summed, truncated
from accord_protocols.primitives.xof import Xof
from accord_schemas.blob import loaded
from accord_schemas.parts import Train


@dataclass(frozen=True, slots=True, repr=False)
class Sharing:
    """What an instance begins with.

    Args:
        at: Where the party stands.
        share: A computing party's share of the scores, ``(n, 2)``, 24 fraction bits; a dealer has none.
    """

    at: Round
    share: Words | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Residuals:
    """What it ends with.

    Args:
        share: Of the residual, ``(n, 2)``, 24 fraction bits; the dealer's is None.
        loss: Of what the label holder opens for the loss, where it does: of a logistic model its series' sum, 36
            fraction bits, of a Poisson model the sums of residuals and of scores, 24. ``(k, 2)``.
    """

    share: Words | None
    loss: Words | None = None


SERIES, DEALT, WEIGHED = "series", "dealt", "weighed"


def instance(train: Train, number: int) -> str:
    """The instance of a round in which the residual takes products; none where it is a sum of what each party knows."""
    if link_of(train).quadratic:
        return f"{WEIGHED}.{number}" if weighs(train) else ""
    return f"{DEALT if train.dealer else SERIES}.{number}"


def weighs(train: Train) -> bool:
    """Whether rows count differently."""
    return train.weights is not None or train.class_weights is not None


def loss(train: Train, at: Round, opened: Sequence[int]) -> float:
    """The mean loss at a trial point but for its penalty and t·g₀, with g₀ the first gradient, at the label holder.

    Of a logistic model Σ v·(log(1 + e^u) − u/2) is opened, and labels add (½ − y)·u, which is g₀'s. A Poisson model
    sets out from a score s that all rows have, so that its labels add e^s·u less what g₀ does.
    """
    block, n = at.block, max(at.sizes.rows, 1)
    y = loaded(block.y)
    if train.model == "poisson":
        residuals, scores = (math.ldexp(value, -D_BITS) for value in opened)
        start = link_of(train).start(y, loaded(block.weights), loaded(block.offset))
        rate = float(exp(np.array([start]))[0])
        return (residuals + math.fsum(y.tolist()) - rate * scores) / n
    series = loss_of(train.model, train.period << at.moves.widenings)
    assert series is not None, "a logistic loss has one"
    weight = math.fsum(loaded(block.weights).tolist()) if len(block.weights) else n
    return (math.ldexp(opened[0], -LOST_BITS - table_bits(train.model)) + series.constant * weight) / n


class Shared:
    """What machines do that end with `Residuals`."""

    setup: Setup
    me: str

    @property
    def terms(self) -> Train:
        """What was agreed on the training."""
        train = self.setup.agreement.train
        assert train is not None
        return train

    @property
    def holds_label(self) -> bool:
        """Whether this party is CP0."""
        return self.me == self.setup.agreement.keyholders[0]

    @property
    def other(self) -> str:
        """The other computing party."""
        return next(q for q in self.setup.agreement.keyholders if q != self.me)

    def named(self, state: Sharing) -> dict[str, Any]:
        """Fields of a task that name the series of a round."""
        period = self.terms.period << state.at.moves.widenings
        return {"model": self.terms.model, "period": period_of(self.terms.model, period), "loss": self.lossy}

    @property
    def lossy(self) -> bool:
        """Whether the loss has a series of its own, besides the expected label's."""
        return rules.sums_loss(self.terms) and self.terms.model == "logistic"

    def ended(self, state: Sharing, shares: Words) -> Residuals:
        """From shares of the series, ``(c, n, 2)``: residuals, and sums for the loss."""
        residual, lossy = self.residual(state, shares[0]), rules.sums_loss(self.terms)
        if not lossy:
            return Residuals(residual)
        if self.terms.model == "poisson":
            assert state.share is not None, "a computing party has a share"
            return Residuals(residual, np.stack([summed(residual), summed(state.share)]))
        return Residuals(residual, summed(shares[1])[None])

    def series(self, state: Sharing) -> Series:
        """The series of a round."""
        named = self.named(state)
        return series_of(named["model"], named["period"])

    def residual(self, state: Sharing, share: Words) -> Words:
        """The share of the residual, from one of the series' terms with the fraction bits of two tables.

        CP0 adds what it knows: the series' constant, less the label, times each row's weight.
        """
        at, block = state.at, state.at.block
        zero = Xof(at.given.keyed.kappas[self.other], "series", at.number, at.told)
        short = truncated(share, 2 * table_bits(self.terms.model) - D_BITS, zero, first=self.holds_label)
        if not self.holds_label:
            return short
        known = self.series(state).constant - loaded(block.y)
        if len(block.weights):
            known = known * loaded(block.weights)
        return RING.add(short, RING.from_fixed(np.asarray(known), D_BITS))
