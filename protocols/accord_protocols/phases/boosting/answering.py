"""What the two who hold the shares do with further parties' bits, see `beside.Beside`: each answers them by itself.

Of bit · x, x in two shares, the party so knows both products under the pads of both. It tells the second their sum,
which is bit · x under the label holder's pads: each product by itself would show the second its bits.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from accord_protocols.kernel.effects import Compute, Effect, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes
from accord_protocols.kernel.transition import Draw, Fired, transition
from accord_protocols.phases.boosting.exchange import Exchanging
from accord_protocols.phases.boosting.hidden import Exchange, Hidden
from accord_protocols.phases.boosting.transfers import UNFIT, checking
from accord_protocols.tasks.results.common import Words
from accord_protocols.tasks.results.hidden import BitsAccepted, Given
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import BitChoices, BitProducts, Event, Partial


class Answering(Exchanging):
    """Goes on in `gone` once all products of an exchange are there."""

    kind = "answering"
    says: ClassVar[dict[str, type[Event]]] = {
        **Exchanging.says,
        "asked": BitChoices,
        "given": BitProducts,
        "joined": Partial,
    }
    goes: ClassVar[dict[str, Goes]] = {
        **Exchanging.goes,
        "asked": Goes.STEP,
        "given": Goes.STEP,
        "joined": Goes.SECOND,
    }

    def asking(self, at: Exchange) -> tuple[str, ...]:
        """Further parties with splits of an exchange."""
        return tuple(party for party in self.besides if self.owned(at, party))

    def exchanged(self, state: Hidden, mine: Words, effects: Sequence[Effect]) -> Fired:
        """What the two have between them is there: answer the others."""
        state = replace(state, at=replace(state.now, mine=mine))
        if not self.asking(state.now):
            return self.gone(state, effects)
        return Fired(tuple(effects), self.asked.keeping(state))

    @transition(
        Hidden,
        lambda self, state: [self.at(f"asked.{state.now.step}.{self.me}", p) for p in self.asking(state.now)],
    )
    def asked(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Check their bits."""
        at, jobs, further = state.now, [], dict(state.further)
        for party in self.asking(at):
            own = further[party]
            said = inputs.event(BitChoices, self.at(f"asked.{at.step}.{self.me}", party))
            count = len(at.x) * len(self.owned(at, party))
            taken, fields = checking(own.out, own.taken, said, count, party)
            jobs.append(Compute(f"accepted.{at.step}.{party}", "hidden.accepted", fields))
            further[party] = replace(own, taken=taken, said=said.nonce)
        return Fired(tuple(jobs), self.allow.keeping(replace(state, further=further)))

    def _each(self, state: Hidden, what: str) -> list[Any]:
        return [self.job(f"{what}.{state.now.step}.{party}") for party in self.asking(state.now)]

    @transition(Hidden, lambda self, state: self._each(state, "accepted"))
    def allow(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """All checks have passed: put the own numbers under their pads."""
        at, jobs = state.now, []
        for party in self.asking(at):
            own = state.further[party]
            fields = {
                "sid": own.out.sid,
                "delta": own.out.delta,
                "number": own.taken.number - 1,
                "said": own.said,
                "q": inputs.result(BitsAccepted, self.job(f"accepted.{at.step}.{party}")).q,
                "x": np.ascontiguousarray(loaded(at.x)[:, self.owned(at, party)]),
            }
            key = draw.key("products", party)
            jobs.append(Compute(f"given.{at.step}.{party}", "hidden.given", fields, key=key))
        return Fired(tuple(jobs), self.give_all.keeping(state))

    @transition(Hidden, lambda self, state: self._each(state, "given"))
    def give_all(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Tell them."""
        at, sends, further = state.now, [], dict(state.further)
        for party in self.asking(at):
            given = inputs.result(Given, self.job(f"given.{at.step}.{party}"))
            event = BitProducts(nonce=given.nonce, words=given.told)
            sends.append(Send(f"given.{at.step}.{party}", [party], event))
            further[party] = replace(further[party], share=given.share)
        state = replace(state, further=further)
        if self.setup.labelled:
            return self.gone(state, sends)
        return Fired(tuple(sends), self.join.keeping(state))

    @transition(Hidden, lambda self, state: [self.at(f"joined.{state.now.step}", p) for p in self.asking(state.now)])
    def join(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """The second: what these parties know of both products together becomes its share."""
        at, further = state.now, dict(state.further)
        for party in self.asking(at):
            told = inputs.event(Partial, self.at(f"joined.{at.step}", party)).shares
            if told.shape != (len(at.x), len(self.owned(at, party))):
                raise ProtocolError(UNFIT, whose=party)
            further[party] = replace(further[party], joined=told)
        return self.gone(replace(state, further=further), ())

    def products(self, state: Hidden, mine: Words) -> dict[str, Any]:
        """With those of further parties' bits."""
        fields = super().products(state, mine)
        for party in self.asking(state.now):
            own = state.further[party]
            fields |= {f"of.{party}": np.array(self.owned(state.now, party), np.int64), f"left.of.{party}": own.share}
            fields |= {f"left.and.{party}": own.joined} if own.joined is not None else {}
        return fields

    @abstractmethod
    def gone(self, state: Hidden, effects: Sequence[Effect]) -> Fired:
        """Go on: the own shares of the two's products are `state.now.mine` and `theirs`, the others in `further`."""
