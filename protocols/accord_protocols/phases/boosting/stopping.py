"""Whether a tree at `shared` was the last one: the label holder learns how far TEST rows' scores are off, all together.

The sum of (u + v - y)², u and v being the shares of a score, is a sum of squares that each of the two knows, and of
2·(u - y)·v: the second's bits of v times the label holder's numbers, by transfers (Gilboa, CRYPTO '99). Its share of
the sum is told without the last bits.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import replace
from typing import Any, ClassVar

from accord_protocols.boosting.misses import bits_for, opened, worn
from accord_protocols.kernel.effects import Compute, Effect, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes
from accord_protocols.kernel.transition import Draw, Fired, transition
from accord_protocols.phases.boosting.beside import Besides
from accord_protocols.phases.boosting.hidden import Beside, Exchange, Hidden, none
from accord_protocols.phases.boosting.prepare import Ready
from accord_protocols.phases.boosting.transfers import UNFIT, checking, taking
from accord_protocols.tasks.results.hidden import BitsAccepted, BitsChosen, Given, Missed, Multiplied, Squared
from accord_schemas.errors import ProtocolError
from accord_schemas.events import BitChoices, BitProducts, Event, Grown, Partial


class Stopping(Besides):
    """Goes on in `onward`, or at a party that holds no share in `onward_beside`, once it is known."""

    kind = "stopping"
    says: ClassVar[dict[str, type[Event]]] = {
        **Besides.says,
        "tested": BitChoices,
        "missed": BitProducts,
        "loss": Partial,
        "grown": Grown,
    }
    goes: ClassVar[dict[str, Goes]] = {
        **Besides.goes,
        "tested": Goes.LABEL,
        "missed": Goes.SECOND,
        "loss": Goes.LABEL,
        "grown": Goes.ALL,
    }

    def stops(self, ready: Ready) -> bool:
        """Whether the loss of TEST rows is looked at: a sum over fewer than `min_rows` rows is never opened."""
        return self.terms.stop_after is not None and tests_of(ready) >= self.terms.min_rows

    def ended(self, state: Hidden | Beside, *effects: Effect, draw: Draw) -> Fired:
        """A tree is grown: was it the last one?"""
        if not self.stops(state.ready):
            last = state.tree == self.terms.trees
            if isinstance(state, Beside):
                return self.onward_beside(state, *effects, last=last)
            return self.onward(state, *effects, last=last)
        if isinstance(state, Beside):
            return Fired(effects, self.grown_beside.keeping(state))
        state = replace(state, at=Exchange(f"{state.tree - 1}", (), none(), rising=True))
        if self.setup.labelled:
            fields = self._test(state) | {"y": state.ready.block.y, "low": state.low, "span": state.span}
            compute = Compute(f"squared.{state.now.step}", "hidden.squared", fields)
            return Fired((*effects, compute), self.tested.keeping(state))
        edge = {"sid": state.into.sid, "exchange": state.into.exchange, "seeds": state.into.seeds}
        fields = self._test(state) | edge | {"number": state.bits.number}
        compute = Compute(f"tested.{state.now.step}", "hidden.tested", fields, key=draw.key("bits"))
        return Fired((*effects, compute), self.say_tested.keeping(state))

    def _test(self, state: Hidden) -> dict[str, Any]:
        return {"scores": state.scores, "n": state.ready.block.n, "bits": self.bits_of(state.ready)}

    # ---- the label holder

    @transition(
        Hidden,
        lambda self, state: [self.job(f"squared.{state.now.step}"), self.at(f"tested.{state.now.step}", self.peer)],
    )
    def tested(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """The bits of the second's shares: check them."""
        at = state.now
        said = inputs.event(BitChoices, self.at(f"tested.{at.step}", self.peer))
        count = tests_of(state.ready) * bits_for(self.bits_of(state.ready), tests_of(state.ready))
        taken, fields = checking(state.out, state.taken, said, count, self.peer)
        squared = inputs.result(Squared, self.job(f"squared.{at.step}"))
        at = replace(at, said=said.nonce, x=squared.x)
        state = replace(state, taken=taken, at=at, missed=squared.own)
        return Fired((Compute(f"accepted.{at.step}.loss", "hidden.accepted", fields),), self.miss.keeping(state))

    @transition(Hidden, lambda self, state: [self.job(f"accepted.{state.now.step}.loss")])
    def miss(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """The check has passed: put the own numbers under the bits' pads."""
        at = state.now
        fields = {
            "sid": state.out.sid,
            "delta": state.out.delta,
            "number": state.taken.number - 1,
            "said": at.said,
            "q": inputs.result(BitsAccepted, self.job(f"accepted.{at.step}.loss")).q,
            "x": at.x,
        }
        compute = Compute(f"given.{at.step}.loss", "hidden.given", fields, key=draw.key("products"))
        return Fired((compute,), self.say_missed.keeping(state))

    @transition(Hidden, lambda self, state: [self.job(f"given.{state.now.step}.loss")])
    def say_missed(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Tell them."""
        at = state.now
        given = inputs.result(Given, self.job(f"given.{at.step}.loss"))
        send = Send(f"missed.{at.step}", [self.peer], BitProducts(nonce=given.nonce, words=given.told))
        compute = Compute(f"summed.{at.step}", "hidden.missed", {"share": given.share, "own": state.missed})
        return Fired((send, compute), self.judge.keeping(replace(state, at=replace(at, x=none()))))

    @transition(
        Hidden,
        lambda self, state: [self.job(f"summed.{state.now.step}"), self.at(f"loss.{state.now.step}", self.peer)],
    )
    def judge(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Open the sum, and say whether this was the last tree."""
        step, ready, terms = state.now.step, state.ready, self.terms
        told = inputs.event(Partial, self.at(f"loss.{step}", self.peer)).shares
        if told.shape != (1, 1):
            raise ProtocolError(UNFIT, whose=self.peer)
        own = inputs.result(Missed, self.job(f"summed.{step}")).total
        bits, tests = self.bits_of(ready), tests_of(ready)
        found = math.ldexp(opened(own, told, bits, tests), -2 * bits)
        losses = (*state.forest.losses, found * state.span * state.span / tests)
        state = replace(state, forest=replace(state.forest, losses=losses), at=None)
        assert terms.stop_after is not None
        last = state.tree == terms.trees or worn(losses, terms.stop_after)
        send = Send(f"grown.{step}", self.setup.peers, Grown(last=last))
        return self.onward(state, send, last=last)

    # ---- the second

    @transition(Hidden, lambda self, state: [self.job(f"tested.{state.now.step}")])
    def say_tested(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Tell the bits of the own shares, under transfers."""
        at = state.now
        chosen = inputs.result(BitsChosen, self.job(f"tested.{at.step}"))
        event = BitChoices(nonce=chosen.nonce, check=chosen.check, choices=chosen.choices)
        bits = state.bits.used(state.bits.number, [chosen.nonce])
        state = replace(state, bits=bits, at=replace(at, chosen=chosen))
        return Fired((Send(f"tested.{at.step}", [self.peer], event),), self.missed.keeping(state))

    @transition(Hidden, lambda self, state: [self.at(f"missed.{state.now.step}", self.peer)])
    def missed(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Take the own share of the products."""
        at = state.now
        told = inputs.event(BitProducts, self.at(f"missed.{at.step}", self.peer))
        assert at.chosen is not None
        rows = {"rows": tests_of(state.ready)}
        fields = taking(state.into, state.bits, told, at.chosen, self.peer) | rows
        compute = Compute(f"multiplied.{at.step}.loss", "hidden.multiplied", fields)
        return Fired((compute,), self.add_missed.keeping(replace(state, at=replace(at, chosen=None))))

    @transition(Hidden, lambda self, state: [self.job(f"multiplied.{state.now.step}.loss")])
    def add_missed(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Add them to the squares of the own shares, without the last bits."""
        step = state.now.step
        share = inputs.result(Multiplied, self.job(f"multiplied.{step}.loss")).share
        compute = Compute(f"summed.{step}", "hidden.missed", self._test(state) | {"share": share})
        return Fired((compute,), self.say_loss.keeping(state))

    @transition(Hidden, lambda self, state: [self.job(f"summed.{state.now.step}")])
    def say_loss(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Tell the own share of the sum."""
        step = state.now.step
        total = inputs.result(Missed, self.job(f"summed.{step}")).total
        return Fired((Send(f"loss.{step}", [self.peer], Partial(shares=total)),), self.grown.keeping(state))

    @transition(Hidden, lambda self, state: [self.at(f"grown.{state.now.step}", self.setup.leader)])
    def grown(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """The label holder's word."""
        return self.onward(replace(state, at=None), last=self._last(inputs, state.tree))

    @transition(Beside, lambda self, state: [self.at(f"grown.{state.tree - 1}", self.setup.leader)])
    def grown_beside(self, state: Beside, inputs: Inputs, draw: Draw) -> Fired:
        """Likewise, of a party that holds no share."""
        return self.onward_beside(state, last=self._last(inputs, state.tree))

    def _last(self, inputs: Inputs, trees: int) -> bool:
        last = inputs.event(Grown, self.at(f"grown.{trees - 1}", self.setup.leader)).last
        if not last and trees == self.terms.trees:
            raise ProtocolError("there are more trees than agreed", whose=self.setup.leader)
        return last

    @abstractmethod
    def onward(self, state: Hidden, *effects: Effect, last: bool) -> Fired:
        """The next tree, or the end."""

    @abstractmethod
    def onward_beside(self, state: Beside, *effects: Effect, last: bool) -> Fired:
        """Likewise, of a party that holds no share."""


def tests_of(ready: Ready) -> int:
    """How many TEST rows there are."""
    return len(ready.block.bins) - ready.block.n
