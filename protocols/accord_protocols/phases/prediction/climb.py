"""Prediction by boosted trees at `shared`: nobody sees on which side of a split a row falls.

From the deepest splits up, what a node comes to is R + bit · (L − R), in a share at every party: the owner of a split
multiplies each other party's share of L − R by the side of each row under oblivious transfers, of all trees at once,
and its own share by itself. All parties but one together see nothing but random numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from accord_protocols.kernel.effects import Compute, Done, Effect, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.model.trees import TreesPart
from accord_protocols.phases.boosting.transfers import checking, taking
from accord_protocols.phases.prediction.ascent import RIGHT, Ascent, Climbed, Climbing
from accord_protocols.phases.prediction.branch import LARGE, MOST, UNFIT, leaves, levels, root_of
from accord_protocols.tasks.results.boosting import Sided
from accord_protocols.tasks.results.common import Words
from accord_protocols.tasks.results.hidden import BitsAccepted, BitsChosen, Faced, Given, Lifted, Multiplied
from accord_schemas.address import Address
from accord_schemas.agreement import ONLINE
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import BitChoices, BitProducts, Event


class Climb(Machine):
    """``climb``, or ``climb.N`` for each request, at everybody: the leader has the leaves, each its own splits."""

    kind = "climb"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"bits": BitChoices, "products": BitProducts}
    goes: ClassVar[dict[str, Goes]] = dict.fromkeys(says, Goes.STEP)

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One; of an online prediction one for each request."""
        return qualifier.isdecimal() if setup.agreement.job == ONLINE else not qualifier

    # ---- whose splits

    def _number(self, party: str) -> int:
        return self.agreement.order.index(party) + 1

    def _whose(self, state: Ascent, party: str) -> list[int]:
        """Places on the level of a party's splits."""
        own = self._number(party)
        return [k for k, split in enumerate(state.splits[state.level]) if split.owner == own]

    def _askers(self, state: Ascent) -> list[str]:
        """Peers with splits on the level."""
        return [peer for peer in self.setup.peers if self._whose(state, peer)]

    def _step(self, state: Ascent, name: str, peer: str) -> str:
        return f"{name}.{state.level}.{peer}"

    def _jobs(self, state: Ascent, name: str, peers: Sequence[str]) -> list[Address]:
        return [self.job(self._step(state, name, peer)) for peer in peers]

    # ---- the rows

    @transition(Climbing, nothing, starts=True)
    def start(self, state: Climbing, inputs: Inputs, draw: Draw) -> Fired:
        """Look at the own rows."""
        fields = {"rows": state.rows[state.rows >= 0], "model": state.model}
        return Fired((Compute("sided", "predict.sided", fields, data=True),), self.sided.keeping(state))

    @transition(Climbing, lambda self, _: [self.job("sided")])
    def sided(self, state: Climbing, inputs: Inputs, draw: Draw) -> Fired:
        """Begin with the deepest splits."""
        part, at = TreesPart.read(state.model), state.branched
        sides = np.full((len(state.rows), len(part.splits)), RIGHT, np.uint8)
        sides[state.rows >= 0] = loaded(inputs.result(Sided, self.job("sided")).bits)
        splits = levels(at.trees, at.table)
        if 8 * max((len(level) for level in splits), default=0) * len(sides) > MOST:
            raise ProtocolError(LARGE, whose=self.me)
        ascent = Ascent(at.ends, sides, splits, leaves(part), root_of(at.trees), len(splits) - 1)
        return self._climb(replace(ascent, values=np.zeros((len(sides), 0), np.uint64)))

    def _climb(self, state: Ascent, *effects: Effect) -> Fired:
        """What do the splits of a level come to? Above the roots, what do the rows?"""
        if state.level < 0:
            return Fired((*effects, self._summed(state)))
        fields = {
            "rows": len(state.sides),
            "nodes": np.array([split.node for split in state.splits[state.level]], np.int64),
            "leaves": np.array([leaf for leaf, _ in state.leaves], np.int64),
            "weights": np.array([weight for _, weight in state.leaves], np.int64),
            "below": np.array(state.below, np.int64),
            "values": state.values,
        }
        return Fired((*effects, Compute(f"faced.{state.level}", "hidden.faced", fields)), self.faced.keeping(state))

    def _summed(self, state: Ascent) -> Done:
        """All trees together, and the trees of a leaf alone."""
        shares = loaded(state.values).sum(axis=1, dtype=np.uint64)
        alone = sum(weight for node, weight in state.leaves if node < 2 * state.tree)
        return Done(Climbed(shares + np.array(alone, np.int64).astype(np.uint64), state.ends))

    # ---- a level: the own bits

    @transition(Ascent, lambda self, state: [self.job(f"faced.{state.level}")])
    def faced(self, state: Ascent, inputs: Inputs, draw: Draw) -> Fired:
        """Both sides of every split of the level: choose by the own bits, for everybody."""
        found = inputs.result(Faced, self.job(f"faced.{state.level}"))
        state = replace(state, right=found.right, apart=found.apart)
        splits = [state.splits[state.level][k].number for k in self._whose(state, self.me)]
        if not splits:
            return self._take(state, ())
        places = np.array([(number, 1, 0) for number in splits], np.int64)
        jobs = []
        for peer in self.setup.peers:
            into = state.ends[peer].into
            fields = {
                "sid": into.sid,
                "exchange": into.exchange,
                "seeds": into.seeds,
                "number": state.ends[peer].bits.number,
                "bins": state.sides,
                "splits": places,
            }
            jobs.append(Compute(self._step(state, "chosen", peer), "hidden.chosen", fields, key=draw.key("bits", peer)))
        return Fired(tuple(jobs), self.say.keeping(state))

    @transition(Ascent, lambda self, state: self._jobs(state, "chosen", self.setup.peers))
    def say(self, state: Ascent, inputs: Inputs, draw: Draw) -> Fired:
        """Tell them, under transfers."""
        sends, made = [], dict[str, BitsChosen]()
        for peer in self.setup.peers:
            chosen = inputs.result(BitsChosen, self.job(self._step(state, "chosen", peer)))
            event = BitChoices(nonce=chosen.nonce, check=chosen.check, choices=chosen.choices)
            sends.append(Send(self._step(state, "bits", peer), [peer], event))
            state, made[peer] = state.with_ends(peer, state.ends[peer].said(chosen.nonce)), chosen
        return self._take(replace(state, chosen=made), sends)

    # ---- the others' bits

    def _take(self, state: Ascent, effects: Sequence[Effect]) -> Fired:
        """Wait for the others' bits, if there are any."""
        if self._askers(state):
            return Fired(tuple(effects), self.accept.keeping(state))
        return self._join(state, effects)

    @transition(Ascent, lambda self, s: [self.at(self._step(s, "bits", self.me), p) for p in self._askers(s)])
    def accept(self, state: Ascent, inputs: Inputs, draw: Draw) -> Fired:
        """Check them."""
        jobs, nonces = [], {}
        for peer, said in inputs.events(BitChoices).items():
            count = len(state.sides) * len(self._whose(state, peer))
            ends, nonces[peer] = state.ends[peer], said.nonce
            taken, fields = checking(ends.out, ends.taken, said, count, peer, UNFIT)
            state = state.with_ends(peer, replace(ends, taken=taken))
            jobs.append(Compute(self._step(state, "accepted", peer), "hidden.accepted", fields))
        return Fired(tuple(jobs), self.give.keeping(replace(state, said=nonces)))

    @transition(Ascent, lambda self, state: self._jobs(state, "accepted", self._askers(state)))
    def give(self, state: Ascent, inputs: Inputs, draw: Draw) -> Fired:
        """Put the own shares under their pads."""
        jobs = []
        for peer in self._askers(state):
            out = state.ends[peer].out
            fields = {
                "sid": out.sid,
                "delta": out.delta,
                "number": state.ends[peer].taken.number - 1,
                "said": state.said[peer],
                "q": inputs.result(BitsAccepted, self.job(self._step(state, "accepted", peer))).q,
                "x": self._columns(state, peer),
            }
            job = Compute(self._step(state, "given", peer), "hidden.given", fields, key=draw.key("products", peer))
            jobs.append(job)
        return Fired(tuple(jobs), self.answer.keeping(state))

    def _columns(self, state: Ascent, party: str) -> Words:
        return np.ascontiguousarray(loaded(state.apart)[:, self._whose(state, party)])

    @transition(Ascent, lambda self, state: self._jobs(state, "given", self._askers(state)))
    def answer(self, state: Ascent, inputs: Inputs, draw: Draw) -> Fired:
        """Tell them."""
        sends, theirs = [], {}
        for peer in self._askers(state):
            given = inputs.result(Given, self.job(self._step(state, "given", peer)))
            event = BitProducts(nonce=given.nonce, words=given.told)
            sends.append(Send(self._step(state, "products", peer), [peer], event))
            theirs[peer] = given.share
        return self._join(replace(state, theirs=theirs), sends)

    # ---- the products

    def _join(self, state: Ascent, effects: Sequence[Effect]) -> Fired:
        """Wait for the products with the own bits, if there are any."""
        if self._whose(state, self.me):
            return Fired(tuple(effects), self.multiply.keeping(state))
        return self._lift(state, np.zeros((len(state.sides), 0), np.uint64), effects)

    @transition(Ascent, lambda self, s: [self.at(self._step(s, "products", self.me), p) for p in self.setup.peers])
    def multiply(self, state: Ascent, inputs: Inputs, draw: Draw) -> Fired:
        """Take the own share of them; what is multiplied without transfers, the own share, goes with the first."""
        own, jobs = self._columns(state, self.me), []
        for peer, told in inputs.events(BitProducts).items():
            ends = state.ends[peer]
            fields = taking(ends.into, ends.bits, told, state.chosen[peer], peer, UNFIT)
            fields["x"] = own if peer == self.setup.peers[0] else np.zeros_like(own)
            jobs.append(Compute(self._step(state, "multiplied", peer), "hidden.multiplied", fields))
        return Fired(tuple(jobs), self.joined.keeping(state))

    @transition(Ascent, lambda self, state: self._jobs(state, "multiplied", self.setup.peers))
    def joined(self, state: Ascent, inputs: Inputs, draw: Draw) -> Fired:
        """All products are there."""
        jobs = self._jobs(state, "multiplied", self.setup.peers)
        mine, *others = (inputs.result(Multiplied, job).share for job in jobs)
        for share in others:
            mine = loaded(mine) + loaded(share)
        return self._lift(state, mine, ())

    def _lift(self, state: Ascent, mine: Words, effects: Sequence[Effect]) -> Fired:
        """Put the products to the right sides."""
        askers = self._askers(state)
        theirs = [state.theirs[peer] for peer in askers] or [np.zeros((len(state.sides), 0), np.uint64)]
        fields = {
            "right": state.right,
            "mine": np.array(self._whose(state, self.me), np.int64),
            "theirs": np.array([k for peer in askers for k in self._whose(state, peer)], np.int64),
            "left.mine": mine,
            "left.theirs": theirs[0] if len(theirs) == 1 else np.concatenate([*map(loaded, theirs)], axis=1),
        }
        compute = Compute(f"lifted.{state.level}", "hidden.lifted", fields)
        return Fired((*effects, compute), self.lifted.keeping(state))

    @transition(Ascent, lambda self, state: [self.job(f"lifted.{state.level}")])
    def lifted(self, state: Ascent, inputs: Inputs, draw: Draw) -> Fired:
        """One level up."""
        values = inputs.result(Lifted, self.job(f"lifted.{state.level}")).values
        below = tuple(split.node for split in state.splits[state.level])
        return self._climb(
            replace(state, below=below, values=values, level=state.level - 1, chosen={}, said={}, theirs={})
        )
