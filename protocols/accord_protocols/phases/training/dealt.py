"""A link at `shared` with a dealer: a third participant deals masks and their waves, and two parties open one number.

``dealt.ROUND``, at the dealer, CP0 and CP1. For a mask ρ = ρ0 + ρ1 of each row, of which the dealer shares the waves
cos kρ and sin kρ, CP0 and CP1 open δ = u − ρ modulo the period, which is uniform, and have shares of every wave of u =
δ + ρ: sums of public numbers times shares. The dealer hears nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from accord_protocols.kernel.effects import Compute, Done, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.links.series import low, masks
from accord_protocols.phases.training.products import Words, expected_shape, numbered
from accord_protocols.phases.training.shared import DEALT, Residuals, Shared, Sharing
from accord_protocols.tasks.results.training import Folded, Waves
from accord_schemas.blob import loaded
from accord_schemas.events import Dealt, Event, Phases


@dataclass(frozen=True, slots=True, repr=False)
class Dealing:
    """The dealer's seeds for CP0 and CP1."""

    seeds: tuple[bytes, bytes]


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """A computing party's part of what is opened, and what it was dealt."""

    sharing: Sharing
    own: Words
    dealt: Dealt


class SharedDealt(Machine, Shared):
    """One instance a round."""

    kind = DEALT
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"dealt": Dealt, "phases": Phases}
    goes: ClassVar[dict[str, Goes]] = {"dealt": Goes.STEP, "phases": Goes.STEP}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One per round, where there is a dealer."""
        train = setup.agreement.train
        return train is not None and train.dealer is not None and numbered(qualifier, setup.agreement)

    @property
    def dealer(self) -> str:
        """Who deals."""
        assert self.terms.dealer is not None
        return self.terms.dealer

    @transition(Sharing, nothing, starts=True)
    def start(self, state: Sharing, inputs: Inputs, draw: Draw) -> Fired:
        """Dealer: draw. Computing party: wait."""
        if self.me != self.dealer:
            return Fired(then=self.hide.keeping(state))
        first, second = draw("first").bytes(32), draw("second").bytes(32)
        fields = {"rows": state.at.sizes.rows, "first": first, "second": second, **self.named(state)}
        return Fired((Compute("waves", "series.deal", fields),), self.deal.keeping(Dealing((first, second))))

    @transition(Dealing, lambda self, _: [self.job("waves")])
    def deal(self, state: Dealing, inputs: Inputs, draw: Draw) -> Fired:
        """Dealer: tell each its part."""
        waves = inputs.result(Waves, self.job("waves")).waves
        parts = (np.zeros((0, 2), np.uint64), waves)
        each = zip(self.agreement.keyholders, state.seeds, parts, strict=True)
        sends = tuple(Send(f"dealt.{q}", [q], Dealt(seed=seed, waves=part)) for q, seed, part in each)
        return Fired((*sends, Done(Residuals(None))))

    @transition(Sharing, lambda self, _: [self.at(f"dealt.{self.me}", self.dealer)])
    def hide(self, state: Sharing, inputs: Inputs, draw: Draw) -> Fired:
        """Computing party: its share of the scores under its mask, to the other."""
        dealt, series = inputs.event(Dealt, self.at(f"dealt.{self.me}", self.dealer)), self.series(state)
        assert state.share is not None, "a computing party has a share"
        rows = state.at.sizes.rows
        expected_shape(dealt.waves, (0 if self.holds_label else rows * 2 * series.terms, 2), self.dealer)
        own = (series.phases(state.share) - masks(dealt.seed, series, rows)) & low(series)
        send = Send(f"phases.{self.other}", [self.other], Phases(values=own[:, None]))
        return Fired((send,), self.fold.keeping(Opening(state, own, dealt)))

    @transition(Opening, lambda self, _: [self.at(f"phases.{self.me}", self.other)])
    def fold(self, state: Opening, inputs: Inputs, draw: Draw) -> Fired:
        """Computing party: the series, by what is open and what was dealt."""
        values = loaded(inputs.event(Phases, self.at(f"phases.{self.me}", self.other)).values)
        others = expected_shape(values, (len(state.own), 1), self.other)[:, 0]
        opened = (state.own + others) & low(self.series(state.sharing))
        dealt = {"seed": state.dealt.seed, "waves": state.dealt.waves}
        fields = {"opened": opened, **dealt, **self.named(state.sharing)}
        return Fired((Compute("folded", "series.fold", fields),), self.end.keeping(state.sharing))

    @transition(Sharing, lambda self, _: [self.job("folded")])
    def end(self, state: Sharing, inputs: Inputs, draw: Draw) -> Fired:
        """The share that it has."""
        return Fired((Done(self.ended(state, loaded(inputs.result(Folded, self.job("folded")).shares))),))
