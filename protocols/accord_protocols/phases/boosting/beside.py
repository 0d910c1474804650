"""What a party does that holds columns and no share of rows: at `shared`, of three parties and more.

Both shares of the words are summed by its bins, over an edge with each of the two who hold them. It adds up what it has
of both before it says anything: its part of one alone would be sums over its bins of numbers that the label holder
knows, or that the second knows.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from accord_protocols.boosting.caps import fineness
from accord_protocols.boosting.groups import unions
from accord_protocols.boosting.objective import HALF_WORD
from accord_protocols.kernel.effects import Compute, Effect, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes
from accord_protocols.kernel.transition import Draw, Fired, transition
from accord_protocols.phases.boosting.answering import Answering
from accord_protocols.phases.boosting.hidden import Beside, Exchange, counted, none
from accord_protocols.phases.boosting.parting import Level, fitting, parted
from accord_protocols.phases.boosting.transfers import UNFIT, taking
from accord_protocols.primitives.onehot.blocks import ROWS
from accord_protocols.primitives.onehot.ledger import Ledger
from accord_protocols.tasks.results.boosting import Shared
from accord_protocols.tasks.results.common import Bytes
from accord_protocols.tasks.results.hidden import BitsChosen, Multiplied
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import BitChoices, BitProducts, Divided, Event, Partial, Ranges, Vectors


class Besides(Answering):
    """Goes on in `finished` when a tree is grown."""

    kind = "besides"
    says: ClassVar[dict[str, type[Event]]] = {
        **Answering.says,
        "lent": Vectors,
        "counts": Partial,
        "parts": Ranges,
        "sums": Partial,
        "dealt": Divided,
    }
    goes: ClassVar[dict[str, Goes]] = {
        **Answering.goes,
        "lent": Goes.STEP,
        "counts": Goes.LABEL,
        "parts": Goes.STEP,
        "sums": Goes.LABEL,
        "dealt": Goes.STEP,
    }

    def plant(self, state: Beside, *effects: Effect) -> Fired:
        """Begin a tree."""
        cap = fineness(state.ready.block.n, self.depth)
        ends = state.ranges[None, :, cap]
        state = replace(state, level=0, nodes=(1,), caps=(cap,), ends=ends, splits=())
        return Fired(effects, self.lent.keeping(state))

    # ---- sums

    @transition(Beside, lambda self, state: [self.at(f"lent.{state.step}.{self.me}", p) for p in self.pair])
    def lent(self, state: Beside, inputs: Inputs, draw: Draw) -> Fired:
        """Both vectors: take the own shares of what they sum up to."""
        n, columns, vectors = state.ready.block.n, state.ready.columns[self.me], len(state.caps)
        heard, jobs = dict(state.heard), []
        for party in self.pair:
            said = inputs.event(Vectors, self.at(f"lent.{state.step}.{self.me}", party))
            if said.words.shape != (n, vectors * columns) or len(said.nonces) != -(-n // ROWS) * vectors:
                raise ProtocolError(UNFIT, whose=party)
            ledger = heard.get(party, Ledger())
            try:
                heard[party] = ledger.used(ledger.number, [row.tobytes() for row in loaded(said.nonces)])
            except ProtocolError as error:
                error.whose = party
                raise
            fields = {
                "sid": state.edges[party].sid,
                "depth": self.depth,
                "kept": state.edges[party].cells,
                "bins": state.ready.block.train,
                "told": said.words,
                "nonces": said.nonces,
            }
            jobs.append(Compute(f"lent.{state.step}.{party}", "hidden.besides", fields))
        return Fired(tuple(jobs), self.count.keeping(replace(state, heard=heard)))

    @transition(Beside, lambda self, state: [self.job(f"lent.{state.step}.{p}") for p in self.pair])
    def count(self, state: Beside, inputs: Inputs, draw: Draw) -> Fired:
        """Add them, and tell what counts need."""
        found = [inputs.result(Shared, self.job(f"lent.{state.step}.{p}")).shares for p in self.pair]
        shares = sum((loaded(own).sum(axis=0, dtype=np.uint64) for own in found), np.uint64(0))
        state = replace(state, shares=np.cumsum(shares, axis=2, dtype=np.uint64))
        low = state.shares[state.ends > 0] & np.uint64(2**HALF_WORD - 1)
        send = Send(f"counts.{state.step}", [self.setup.leader], Partial(shares=low[:, None]))
        return Fired((send,), self.part.keeping(state))

    @transition(Beside, lambda self, state: [self.at(f"parts.{state.step}.{self.me}", self.setup.leader)])
    def part(self, state: Beside, inputs: Inputs, draw: Draw) -> Fired:
        """Tell sums, where groups are unions of what may be opened."""
        leader = self.setup.leader
        ends = self.unions(state.ends, inputs.event(Ranges, self.at(f"parts.{state.step}.{self.me}", leader)).ends)
        send = Send(f"sums.{state.step}", [leader], Partial(shares=state.shares[ends > 0][:, None]))
        return Fired((send,), self.dealt.keeping(replace(state, ends=ends)))

    def unions(self, before: Bytes, told: Bytes) -> Bytes:
        """Ends of groups that the label holder told, ``(pairs, m, W)``.

        Raises:
            ProtocolError: They are of another form, or no unions of those before.
        """
        pairs, columns, bins = before.shape
        packed = loaded(told)
        if packed.shape != (pairs * columns, max(bins // 8, 1)):
            raise ProtocolError(UNFIT, whose=self.setup.leader)
        ends = self.unpacked(packed, pairs * columns).reshape(before.shape)
        if not all(unions(old > 0, new > 0) for old, new in zip(before, ends, strict=True)):
            raise ProtocolError(UNFIT, whose=self.setup.leader)
        return ends

    @transition(Beside, lambda self, state: [self.at(f"dealt.{state.step}.{self.me}", self.setup.leader)])
    def dealt(self, state: Beside, inputs: Inputs, draw: Draw) -> Fired:
        """The own splits: say the sides of those whose children are looked at, and go down."""
        leader, order = self.setup.leader, self.agreement.order
        event = inputs.event(Divided, self.at(f"dealt.{state.step}.{self.me}", leader))
        level = Level(state.nodes, state.caps, state.ends, deepest=state.level + 1 == self.terms.depth)
        said = fitting(event, level, self.own, len(order), leader)
        found = parted(level, said, self.own, counted(state.forest, state.splits, order))
        state = replace(state, splits=(*state.splits, found.splits) if found.splits else state.splits)
        if not found.live:
            return self._rise(replace(state, level=len(state.splits)), draw, ())
        ends = [state.ends[p] & state.ranges[:, cap] for p, cap in zip(found.pairs, found.caps, strict=True)]
        at = Exchange(state.step, found.live, none(), rising=False)
        nodes = tuple(2 * split.node + side for split in found.live for side in (0, 1))
        state = replace(state, level=state.level + 1, nodes=nodes, caps=found.caps, ends=np.stack(ends), at=at)
        return self._say(state, draw) if self.owned(at, self.me) else Fired((), self.lent.keeping(state))

    # ---- bits

    def _rise(self, state: Beside, draw: Draw, effects: Sequence[Effect]) -> Fired:
        """One level up: say the sides of its splits, if there are own ones."""
        if not state.level:
            return self._end(state, *effects, draw=draw)
        state = replace(state, level=state.level - 1)
        at = Exchange(f"{state.step}.up", state.splits[state.level], none(), rising=True)
        if not self.owned(at, self.me):
            return self._rise(state, draw, effects)
        return self._say(replace(state, at=at), draw, *effects)

    def _say(self, state: Beside, draw: Draw, *effects: Effect) -> Fired:
        """Choose the own sides, over both edges."""
        at, block, jobs = state.now, state.ready.block, []
        for party in self.pair:
            edge = state.edges[party]
            fields = {
                "sid": edge.sid,
                "exchange": edge.exchange,
                "seeds": edge.seeds,
                "number": state.bits.get(party, Ledger()).number,
                "bins": block.bins if at.rising else block.train,
                "splits": np.array([at.splits[k].at for k in self.owned(at, self.me)], np.int64).reshape(-1, 3),
            }
            key = draw.key("bits", party)
            jobs.append(Compute(f"chosen.{at.step}.{party}", "hidden.chosen", fields, key=key))
        return Fired((*effects, *jobs), self.ask.keeping(state))

    @transition(Beside, lambda self, state: [self.job(f"chosen.{state.now.step}.{p}") for p in self.pair])
    def ask(self, state: Beside, inputs: Inputs, draw: Draw) -> Fired:
        """Tell them, under transfers."""
        at, bits, sends = state.now, dict(state.bits), []
        found = {p: inputs.result(BitsChosen, self.job(f"chosen.{at.step}.{p}")) for p in self.pair}
        for party, own in found.items():
            ledger = bits.get(party, Ledger())
            bits[party] = ledger.used(ledger.number, [own.nonce])
            event = BitChoices(nonce=own.nonce, check=own.check, choices=own.choices)
            sends.append(Send(f"asked.{at.step}.{party}", [party], event))
        return Fired(tuple(sends), self.given.keeping(replace(state, bits=bits, chosen=found)))

    @transition(Beside, lambda self, state: [self.at(f"given.{state.now.step}.{self.me}", p) for p in self.pair])
    def given(self, state: Beside, inputs: Inputs, draw: Draw) -> Fired:
        """Take what it knows of both products."""
        at, jobs = state.now, []
        for party in self.pair:
            told, own = inputs.event(BitProducts, self.at(f"given.{at.step}.{self.me}", party)), state.chosen[party]
            rows = {"rows": len(own.bits) // len(self.owned(at, self.me))}
            fields = taking(state.edges[party], state.bits[party], told, own, party) | rows
            jobs.append(Compute(f"multiplied.{at.step}.{party}", "hidden.multiplied", fields))
        return Fired(tuple(jobs), self.add.keeping(replace(state, chosen={})))

    @transition(Beside, lambda self, state: [self.job(f"multiplied.{state.now.step}.{p}") for p in self.pair])
    def add(self, state: Beside, inputs: Inputs, draw: Draw) -> Fired:
        """Add them: each by itself would show the one who holds its pads the own sides."""
        step = state.now.step
        first, second = (inputs.result(Multiplied, self.job(f"multiplied.{step}.{p}")).share for p in self.pair)
        compute = Compute(f"joined.{step}", "hidden.joined", {"first": first, "second": second})
        return Fired((compute,), self.tell_second.keeping(state))

    @transition(Beside, lambda self, state: [self.job(f"joined.{state.now.step}")])
    def tell_second(self, state: Beside, inputs: Inputs, draw: Draw) -> Fired:
        """It becomes part of the second's share."""
        at = state.now
        share = inputs.result(Multiplied, self.job(f"joined.{at.step}")).share
        send = Send(f"joined.{at.step}", [self.agreement.second], Partial(shares=share))
        state = replace(state, at=None)
        return self._rise(state, draw, (send,)) if at.rising else Fired((send,), self.lent.keeping(state))

    def _end(self, state: Beside, *effects: Effect, draw: Draw) -> Fired:
        """The tree is grown."""
        order = self.agreement.order
        splits = [split for level in state.splits for split in level]
        own = tuple(split.at for split in splits if split.owner == self.own)
        nodes = tuple((split.node, order[split.owner - 1], split.number) for split in splits)
        forest = replace(state.forest, nodes=(*state.forest.nodes, nodes), table=(*state.forest.table, *own))
        return self.finished(replace(state, forest=forest, tree=state.tree + 1), *effects, draw=draw)

    @abstractmethod
    def finished(self, state: Beside, *effects: Effect, draw: Draw) -> Fired:
        """Go on after a tree."""
