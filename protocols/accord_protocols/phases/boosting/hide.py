"""Trees at level `shared`: nobody sees which rows a node holds, scores and words stay in two shares.

From level to level both who hold these put their shares of the nodes' words under the pads of the others' cells, so
that all sums by bin are in shares, too. The label holder opens counts first, then sums over groups of enough rows in
both children, and chooses the splits; their owners multiply the words by the sides of all rows, which they tell nobody.
When the tree is grown, its values go up the same way, and are added to the scores (`rising`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from accord_protocols.boosting.caps import fineness
from accord_protocols.boosting.objective import HALF_WORD
from accord_protocols.kernel.effects import Compute, Effect, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes
from accord_protocols.kernel.transition import Draw, Fired, transition
from accord_protocols.phases.boosting.edge import Linked
from accord_protocols.phases.boosting.hidden import Exchange, Hidden
from accord_protocols.phases.boosting.parting import Level, fitting, parted
from accord_protocols.phases.boosting.rising import Rising
from accord_protocols.phases.boosting.transfers import UNFIT
from accord_protocols.primitives.onehot.blocks import ROWS
from accord_protocols.tasks.results.boosting import Shared
from accord_protocols.tasks.results.common import Bytes, Ints, Words
from accord_protocols.tasks.results.hidden import (
    Descended,
    Ended,
    Picked,
    Rooted,
    VectorsSent,
)
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Divided, Event, Partial, Ranges, Vectors


class Hide(Rising):
    """One instance, at everybody; what parties do that hold no share is in `beside.Besides`."""

    kind = "hide"
    says: ClassVar[dict[str, type[Event]]] = {
        **Rising.says,
        "vectors": Vectors,
        "groups": Ranges,
        "divided": Divided,
    }
    goes: ClassVar[dict[str, Goes]] = {
        **Rising.goes,
        "vectors": Goes.PAIR,
        "groups": Goes.SECOND,
        "divided": Goes.SECOND,
    }

    # ---- down

    def root(self, state: Hidden, *effects: Effect) -> Fired:
        """Begin a tree."""
        n = state.ready.block.n
        fields: dict[str, Any] = {"scores": state.scores, "n": n}
        fields |= {"labels": state.labels} if self.setup.labelled else {}
        compute = Compute(f"rooted.{state.tree}", "hidden.rooted", fields)
        cap = fineness(n, self.depth)
        state = replace(
            state,
            level=0,
            nodes=(1,),
            caps=(cap,),
            ends=state.ranges[None, :, cap],
            above=np.zeros((0, len(state.ranges), self.terms.bins + 1), np.uint64),
            splits=(),
            leaves=(),
        )
        return Fired((*effects, compute), self.rooted.keeping(state))

    @transition(Hidden, lambda self, state: [self.job(f"rooted.{state.tree}")])
    def rooted(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """A tree begins."""
        words = inputs.result(Rooted, self.job(f"rooted.{state.tree}")).words
        return self._spread(replace(state, words=words, left=words), draw)

    def _spread(self, state: Hidden, draw: Draw) -> Fired:
        """Put the own shares of the level's words under the pads of everybody else's cells."""
        jobs = []
        for step, edge, number, label in self._sending(state):
            fields = {
                "sid": edge.sid,
                "depth": self.depth,
                "delta": edge.delta,
                "q": edge.cells,
                "words": state.left,
                "number": number,
            }
            jobs.append(Compute(step, "hidden.sent", fields, key=draw.key(*label)))
        return Fired(tuple(jobs), self.tell.keeping(state))

    def _sending(self, state: Hidden) -> Iterator[tuple[str, Linked, int, tuple[str, ...]]]:
        """By edge the step of its job, the number of its first vector, and what its key is drawn for."""
        yield f"sent.{state.step}", state.out, state.told.number, ("vectors",)
        for party, own in state.further.items():
            yield f"sent.{state.step}.{party}", own.out, own.told.number, ("vectors", party)

    @transition(Hidden, lambda self, state: [self.job(step) for step, *_ in self._sending(state)])
    def tell(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Tell them."""
        made = inputs.result(VectorsSent, self.job(f"sent.{state.step}"))
        told = state.told.used(state.told.number, _rows(made.nonces))
        sends = [Send(f"vectors.{state.step}", [self.peer], Vectors(nonces=made.nonces, words=made.told))]
        sent, further = loaded(made.shares).sum(axis=0, dtype=np.uint64), dict(state.further)
        for party, own in state.further.items():
            made = inputs.result(VectorsSent, self.job(f"sent.{state.step}.{party}"))
            event = Vectors(nonces=made.nonces, words=made.told)
            sends.append(Send(f"lent.{state.step}.{party}", [party], event))
            used = own.told.used(own.told.number, _rows(made.nonces))
            further[party] = replace(own, told=used, sent=loaded(made.shares).sum(axis=0, dtype=np.uint64))
        return Fired(tuple(sends), self.hear.keeping(replace(state, told=told, sent=sent, further=further)))

    @transition(Hidden, lambda self, state: [self.at(f"vectors.{state.step}", self.peer)])
    def hear(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """The other's: take the own shares of the sums in the own columns."""
        said = inputs.event(Vectors, self.at(f"vectors.{state.step}", self.peer))
        n, vectors = state.left.shape
        blocks, columns = -(-n // ROWS), state.ready.columns[self.me]
        if said.words.shape != (n, vectors * columns) or len(said.nonces) != blocks * vectors:
            raise ProtocolError(UNFIT, whose=self.peer)
        try:
            heard = state.heard.used(state.heard.number, _rows(said.nonces))
        except ProtocolError as error:
            error.whose = self.peer
            raise
        fields = {
            "sid": state.into.sid,
            "depth": self.depth,
            "kept": state.into.cells,
            "bins": state.ready.block.train,
            "told": said.words,
            "words": state.left,
            "nonces": said.nonces,
        }
        compute = Compute(f"received.{state.step}", "hidden.received", fields)
        return Fired((compute,), self.share.keeping(replace(state, heard=heard)))

    @transition(Hidden, lambda self, state: [self.job(f"received.{state.step}")])
    def share(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """All sums are in shares; who does not have the label tells what counts need."""
        own = loaded(inputs.result(Shared, self.job(f"received.{state.step}")).shares).sum(axis=0, dtype=np.uint64)
        parts = {self.me: own, self.peer: state.sent} | {party: one.sent for party, one in state.further.items()}
        state = replace(state, shares=np.concatenate([parts[party] for party in self.agreement.order], axis=1))
        if self.setup.labelled:
            return Fired((), self.tally.keeping(state))
        low = self._upto(state)[state.ends > 0] & np.uint64(2**HALF_WORD - 1)
        send = Send(f"counts.{state.step}", [self.peer], Partial(shares=low[:, None]))
        return Fired((send,), self.open.keeping(state))

    @staticmethod
    def _upto(state: Hidden) -> Words:
        found: Words = np.cumsum(state.shares, axis=2, dtype=np.uint64)
        return found

    def _places(self, state: Hidden) -> dict[str, slice]:
        """Which columns of all are whose."""
        counts = [state.ready.columns[party] for party in self.agreement.order]
        ends = np.cumsum(counts).tolist()
        return {p: slice(end - own, end) for p, own, end in zip(self.agreement.order, counts, ends, strict=True)}

    def _tellers(self) -> list[str]:
        """Who tells the label holder shares: the second of all columns, the others of their own."""
        return [self.peer, *self.besides]

    def _told(self, state: Hidden, inputs: Inputs, step: str) -> Words:
        """All others' shares together, at each end of the level's groups."""
        found, places = np.zeros(state.ends.shape, np.uint64), self._places(state)
        for party in self._tellers():
            shares = loaded(inputs.event(Partial, self.at(f"{step}.{state.step}", party)).shares)
            here = slice(None) if party == self.peer else places[party]
            ends = state.ends[:, here] > 0
            if shares.shape != (int(ends.sum()), 1):
                raise ProtocolError(UNFIT, whose=party)
            found[:, here][ends] += shares[:, 0]
        return found[state.ends > 0][:, None]

    def _level(self, state: Hidden) -> dict[str, Any]:
        """Of tasks that open something."""
        fields = {
            "shares": state.shares,
            "ends": state.ends,
            "above": state.above,
            "least": self.terms.min_rows,
            "total": state.ready.block.n,
            "peer": self.peer,
        }
        if self.besides:  # of their columns two told shares, and nobody knows whose is false
            order, columns = self.agreement.order, state.ready.columns
            fields["me"] = self.me
            fields["tellers"] = [p if p in self.besides else "" for p in order for _ in range(columns[p])]
        return fields

    @transition(Hidden, lambda self, state: [self.at(f"counts.{state.step}", p) for p in self._tellers()])
    def tally(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: open counts, and group bins by them."""
        fields = self._level(state) | {"counts": self._told(state, inputs, "counts")}
        return Fired((Compute(f"tallied.{state.step}", "hidden.tallied", fields),), self.group.keeping(state))

    @transition(Hidden, lambda self, state: [self.job(f"tallied.{state.step}")])
    def group(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: tell where groups of enough rows end."""
        ends = loaded(inputs.result(Ended, self.job(f"tallied.{state.step}")).ends)
        places = self._places(state)
        sends = [Send(f"groups.{state.step}", [self.peer], Ranges(ends=self._packed(ends)))]
        for party in self.besides:
            event = Ranges(ends=self._packed(ends[:, places[party]]))
            sends.append(Send(f"parts.{state.step}.{party}", [party], event))
        return Fired(tuple(sends), self.pick.keeping(replace(state, ends=ends)))

    def _packed(self, ends: Bytes) -> Bytes:
        return np.packbits(ends.reshape(-1, self.terms.bins), axis=1, bitorder="little")

    @transition(Hidden, lambda self, state: [self.at(f"groups.{state.step}", self.peer)])
    def open(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """The second: open sums there, if these are unions of what may be opened."""
        ends = self.unions(state.ends, inputs.event(Ranges, self.at(f"groups.{state.step}", self.peer)).ends)
        send = Send(f"sums.{state.step}", [self.peer], Partial(shares=self._upto(state)[ends > 0][:, None]))
        return Fired((send,), self.follow.keeping(replace(state, ends=ends)))

    @transition(Hidden, lambda self, state: [self.at(f"sums.{state.step}", p) for p in self._tellers()])
    def pick(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: open sums, and choose the splits."""
        columns = [state.ready.columns[party] for party in self.agreement.order]
        fields = self._level(state) | {
            "told": self._told(state, inputs, "sums"),
            "nodes": np.array(state.nodes, np.int64),
            "caps": np.array(state.caps, np.int64),
            "owners": np.repeat(np.arange(1, len(columns) + 1, dtype=np.uint8), columns),
            "numbers": np.concatenate([np.arange(count) for count in columns]),
            "settings": self.terms.model_dump(mode="json"),
            "bits": self.bits_of(state.ready),
            "span": state.span,
            "deepest": state.level + 1 == self.terms.depth,
        }
        return Fired((Compute(f"picked.{state.step}", "hidden.picked", fields),), self.divide.keeping(state))

    @transition(Hidden, lambda self, state: [self.job(f"picked.{state.step}")])
    def divide(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: tell who splits what, and the others their own splits."""
        picked = inputs.result(Picked, self.job(f"picked.{state.step}"))
        owners, splits = loaded(picked.owners), loaded(picked.splits)
        events = {
            party: Divided(owners=owners, own=splits[owners == self.number(party)].astype(np.uint64), caps=picked.caps)
            for party in self._tellers()
        }
        leaves = zip(loaded(picked.leaves).tolist(), loaded(picked.weights).tolist(), strict=True)
        owned = [
            (owner, split[0], gain)
            for owner, split, gain in zip(owners.tolist(), splits.tolist(), loaded(picked.gains).tolist(), strict=True)
            if owner
        ]
        parties = (*state.forest.gains, *((self.agreement.order[o - 1], c, gain) for o, c, gain in owned))
        state = replace(
            state,
            leaves=(*state.leaves, *leaves),
            forest=replace(state.forest, gains=parties),
            above=loaded(picked.above),
        )
        sends = [Send(f"divided.{state.step}", [self.peer], events.pop(self.peer))]
        sends += [Send(f"dealt.{state.step}.{party}", [party], event) for party, event in events.items()]
        said = (owners, splits[owners == self.own], loaded(picked.caps))
        return self._divided(state, self._here(state), said, draw, *sends)

    def _here(self, state: Hidden) -> Level:
        """The level, and the own groups of bins."""
        own, deepest = self._places(state)[self.me], state.level + 1 == self.terms.depth
        return Level(state.nodes, state.caps, state.ends[:, own], deepest=deepest)

    @transition(Hidden, lambda self, state: [self.at(f"divided.{state.step}", self.peer)])
    def follow(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """The second: the own splits, which have to be at ends of opened groups, and no finer sums than before."""
        event, level = inputs.event(Divided, self.at(f"divided.{state.step}", self.peer)), self._here(state)
        said = fitting(event, level, self.own, len(self.agreement.order), self.peer)
        return self._divided(state, level, said, draw)

    def _divided(
        self, state: Hidden, level: Level, said: tuple[Bytes, Ints, Bytes], draw: Draw, *effects: Effect
    ) -> Fired:
        """One level further, or the tree is grown."""
        found = parted(level, said, self.own, state.counted(self.agreement.order))
        state = replace(state, splits=(*state.splits, found.splits) if found.splits else state.splits)
        if not found.live:
            return self.rise(state, draw, effects)
        ends = np.stack([state.ends[p] & state.ranges[:, c] for p, c in zip(found.pairs, found.caps, strict=True)])
        x = np.ascontiguousarray(loaded(state.words)[:, found.places])
        at = Exchange(state.step, found.live, x, rising=False)
        state = replace(state, ends=ends, caps=found.caps, live=found.places)
        return self.begin(state, at, draw, *effects)

    def gone(self, state: Hidden, effects: Sequence[Effect]) -> Fired:
        """On the way down: the children's words. On the way up: the splits' values."""
        mine = state.now.mine
        assert mine is not None, "an exchange is over"
        if state.now.rising:
            return Fired((*effects, self.lifting(state, mine, state.step)), self.lifted.keeping(state))
        fields = self.products(state, mine)
        fields |= {"words": state.words, "split": np.array(state.live, np.int64)}
        compute = Compute(f"descended.{state.step}", "hidden.descended", fields)
        return Fired((*effects, compute), self.descended.keeping(state))

    @transition(Hidden, lambda self, state: [self.job(f"descended.{state.step}")])
    def descended(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """One level down."""
        found = inputs.result(Descended, self.job(f"descended.{state.step}"))
        nodes = tuple(2 * split.node + side for split in state.now.splits for side in (0, 1))
        state = replace(state, level=state.level + 1, nodes=nodes, words=found.words, left=found.left, at=None)
        return self._spread(state, draw)


def _rows(nonces: Bytes) -> list[bytes]:
    return [row.tobytes() for row in loaded(nonces)]
