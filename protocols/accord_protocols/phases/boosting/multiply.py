"""Bits of one party times numbers in two shares, in both directions at once: see `primitives.onehot.products`.

Each party says the own bits as choices of further transfers, then answers the other's once their check has passed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from accord_protocols.kernel.effects import Compute, Effect, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, transition
from accord_protocols.phases.boosting.hidden import LABEL, OTHER, Exchange, Hidden
from accord_protocols.phases.boosting.transfers import checking, taking
from accord_protocols.tasks.results.common import Words
from accord_protocols.tasks.results.hidden import BitsAccepted, BitsChosen, Given, Multiplied
from accord_schemas.blob import loaded
from accord_schemas.events import BitChoices, BitProducts, Event


class Multiplying(Machine, ABC):
    """Of two parties: a machine begins an exchange by `begin`, and goes on from it in `exchanged`."""

    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"bits": BitChoices, "products": BitProducts}
    goes: ClassVar[dict[str, Goes]] = dict.fromkeys(says, Goes.ALL)

    @property
    def peer(self) -> str:
        """The other one."""
        (other,) = self.setup.peers
        return other

    @property
    def own(self) -> int:
        """What stands for this party where owners are told."""
        return LABEL if self.setup.leads else OTHER

    def whose(self, at: Exchange, *, mine: bool) -> list[int]:
        """Numbers of the own splits of an exchange, or of the other's."""
        return [k for k, split in enumerate(at.splits) if (split.owner == self.own) == mine]

    def begin(self, state: Hidden, at: Exchange, draw: Draw, *effects: Effect) -> Fired:
        """Say the own bits, if there are any."""
        state = replace(state, at=at)
        mine = self.whose(at, mine=True)
        if not mine:
            return self._take(state, effects)
        block = state.ready.block
        fields = {
            "sid": state.into.sid,
            "exchange": state.into.exchange,
            "seeds": state.into.seeds,
            "number": state.bits.number,
            "bins": block.bins if at.rising else block.train,
            "splits": np.array([at.splits[k].at for k in mine], np.int64).reshape(-1, 3),
        }
        compute = Compute(f"chosen.{at.step}", "hidden.chosen", fields, key=draw.key("bits"))
        return Fired((*effects, compute), self.say.keeping(state))

    @transition(Hidden, lambda self, state: [self.job(f"chosen.{state.now.step}")])
    def say(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Tell them, under transfers."""
        at = state.now
        chosen = inputs.result(BitsChosen, self.job(f"chosen.{at.step}"))
        event = BitChoices(nonce=chosen.nonce, check=chosen.check, choices=chosen.choices)
        bits = state.bits.used(state.bits.number, [chosen.nonce])
        state = replace(state, bits=bits, at=replace(at, chosen=chosen))
        return self._take(state, (Send(f"bits.{at.step}", [self.peer], event),))

    def _take(self, state: Hidden, effects: Sequence[Effect]) -> Fired:
        """Wait for the other's bits, if there are any."""
        if self.whose(state.now, mine=False):
            return Fired(tuple(effects), self.accept.keeping(state))
        return self._join(state, effects)

    @transition(Hidden, lambda self, state: [self.at(f"bits.{state.now.step}", self.peer)])
    def accept(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Check them."""
        at = state.now
        said = inputs.event(BitChoices, self.at(f"bits.{at.step}", self.peer))
        count = len(at.x) * len(self.whose(at, mine=False))
        taken, fields = checking(state.out, state.taken, said, count, self.peer)
        state = replace(state, taken=taken, at=replace(at, said=said.nonce))
        return Fired((Compute(f"accepted.{at.step}", "hidden.accepted", fields),), self.give.keeping(state))

    @transition(Hidden, lambda self, state: [self.job(f"accepted.{state.now.step}")])
    def give(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Put the own numbers under their pads."""
        at = state.now
        fields = {
            "sid": state.out.sid,
            "delta": state.out.delta,
            "number": state.taken.number - 1,
            "said": at.said,
            "q": inputs.result(BitsAccepted, self.job(f"accepted.{at.step}")).q,
            "x": self._columns(at, mine=False),
        }
        compute = Compute(f"given.{at.step}", "hidden.given", fields, key=draw.key("products"))
        return Fired((compute,), self.answer.keeping(state))

    def _columns(self, at: Exchange, *, mine: bool) -> Words:
        return np.ascontiguousarray(loaded(at.x)[:, self.whose(at, mine=mine)])

    @transition(Hidden, lambda self, state: [self.job(f"given.{state.now.step}")])
    def answer(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Tell them."""
        at = state.now
        given = inputs.result(Given, self.job(f"given.{at.step}"))
        send = Send(f"products.{at.step}", [self.peer], BitProducts(nonce=given.nonce, words=given.told))
        return self._join(replace(state, at=replace(at, theirs=given.share)), (send,))

    def _join(self, state: Hidden, effects: Sequence[Effect]) -> Fired:
        """Wait for the products with the own bits, if there are any."""
        if self.whose(state.now, mine=True):
            return Fired(tuple(effects), self.multiply.keeping(state))
        return self.exchanged(state, np.zeros((len(state.now.x), 0), np.uint64), effects)

    @transition(Hidden, lambda self, state: [self.at(f"products.{state.now.step}", self.peer)])
    def multiply(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Take the own share of them."""
        at = state.now
        told = inputs.event(BitProducts, self.at(f"products.{at.step}", self.peer))
        assert at.chosen is not None
        fields = taking(state.into, state.bits, told, at.chosen, self.peer) | {"x": self._columns(at, mine=True)}
        return Fired((Compute(f"multiplied.{at.step}", "hidden.multiplied", fields),), self.joined.keeping(state))

    @transition(Hidden, lambda self, state: [self.job(f"multiplied.{state.now.step}")])
    def joined(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """All products are there."""
        mine = inputs.result(Multiplied, self.job(f"multiplied.{state.now.step}")).share
        return self.exchanged(state, mine, ())

    def products(self, state: Hidden, mine: Words) -> dict[str, Any]:
        """Of a task that puts both kinds of products in their order."""
        at = state.now
        theirs = at.theirs if at.theirs is not None else np.zeros((len(at.x), 0), np.uint64)
        return {
            "mine": np.array(self.whose(at, mine=True), np.int64),
            "theirs": np.array(self.whose(at, mine=False), np.int64),
            "left.mine": mine,
            "left.theirs": theirs,
        }

    @staticmethod
    def facing(state: Hidden, step: str) -> Compute:
        """Of a level's splits, both sides: what are they, and how far do they differ?"""
        fields = {
            "rows": len(state.ready.block.bins),
            "nodes": np.array([split.node for split in state.splits[state.level]], np.int64),
            "leaves": np.array([leaf for leaf, _ in state.leaves], np.int64),
            "weights": np.array([weight for _, weight in state.leaves], np.int64),
            "below": np.array(state.below, np.int64),
            "values": state.values,
        }
        return Compute(f"faced.{step}", "hidden.faced", fields)

    def lifting(self, state: Hidden, mine: Words, step: str) -> Compute:
        """One level up: the right sides with the products."""
        return Compute(f"lifted.{step}", "hidden.lifted", self.products(state, mine) | {"right": state.right})

    @abstractmethod
    def exchanged(self, state: Hidden, mine: Words, effects: Sequence[Effect]) -> Fired:
        """Go on with the own shares of the products, those with the own bits being `mine`."""
