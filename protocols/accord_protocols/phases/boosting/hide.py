"""Trees at level `shared`, of two parties: nobody sees which rows a node holds, scores and words stay in two shares.

From level to level both put their shares of the nodes' words under the pads of the other's cells, so that all sums by
bin are in two shares, too. The label holder opens counts first, then sums over groups of enough rows in both children,
and chooses the splits; their owners multiply the words by the sides of all rows, which they tell nobody. When the tree
is grown, its values go up the same way, and are added to the scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from accord_protocols.boosting.caps import DEAD, fineness
from accord_protocols.boosting.groups import unions
from accord_protocols.boosting.objective import HALF_WORD
from accord_protocols.kernel.effects import Compute, Done, Effect, Note, Reach, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes
from accord_protocols.kernel.transition import Draw, Fired, transition
from accord_protocols.phases.boosting.exchange import Exchanging
from accord_protocols.phases.boosting.hidden import LABEL, OTHER, Exchange, Hidden, Split
from accord_protocols.phases.boosting.multiply import UNFIT
from accord_protocols.phases.boosting.states import Boosted, Scale
from accord_protocols.primitives.onehot.blocks import ROWS
from accord_protocols.tasks.results.boosting import Shared
from accord_protocols.tasks.results.common import Bytes, Ints, Words
from accord_protocols.tasks.results.hidden import (
    Descended,
    Ended,
    Faced,
    Lifted,
    Picked,
    Raised,
    Rooted,
    VectorsSent,
)
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Divided, Event, Partial, Ranges, Vectors

OPENED = 6
"""Fraction bits of a TEST score that the label holder learns: more would tell the other's row."""


class Hide(Exchanging):
    """One instance, at both."""

    kind = "hide"
    says: ClassVar[dict[str, type[Event]]] = {
        **Exchanging.says,
        "vectors": Vectors,
        "counts": Partial,
        "groups": Ranges,
        "sums": Partial,
        "divided": Divided,
        "scores": Partial,
    }
    goes: ClassVar[dict[str, Goes]] = dict.fromkeys(says, Goes.ALL)

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
        """Put the own shares of the level's words under the pads of the other's cells."""
        fields = {
            "sid": state.out.sid,
            "depth": self.depth,
            "delta": state.out.delta,
            "q": state.out.cells,
            "words": state.left,
            "number": state.told.number,
        }
        compute = Compute(f"sent.{state.step}", "hidden.sent", fields, key=draw.key("vectors"))
        return Fired((compute,), self.tell.keeping(state))

    @transition(Hidden, lambda self, state: [self.job(f"sent.{state.step}")])
    def tell(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Tell them."""
        made = inputs.result(VectorsSent, self.job(f"sent.{state.step}"))
        told = state.told.used(state.told.number, _rows(made.nonces))
        send = Send(f"vectors.{state.step}", [self.peer], Vectors(nonces=made.nonces, words=made.told))
        sent = loaded(made.shares).sum(axis=0, dtype=np.uint64)
        return Fired((send,), self.hear.keeping(replace(state, told=told, sent=sent)))

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
        """All sums are in two shares; who does not have the label tells what counts need."""
        own = loaded(inputs.result(Shared, self.job(f"received.{state.step}")).shares).sum(axis=0, dtype=np.uint64)
        parts = (own, state.sent) if self.setup.labelled else (state.sent, own)
        state = replace(state, shares=np.concatenate(parts, axis=1))
        if self.setup.labelled:
            return Fired((), self.tally.keeping(state))
        low = self._upto(state)[state.ends > 0] & np.uint64(2**HALF_WORD - 1)
        send = Send(f"counts.{state.step}", [self.peer], Partial(shares=low[:, None]))
        return Fired((send,), self.open.keeping(state))

    @staticmethod
    def _upto(state: Hidden) -> Words:
        found: Words = np.cumsum(state.shares, axis=2, dtype=np.uint64)
        return found

    def _told(self, state: Hidden, inputs: Inputs, step: str) -> Words:
        """The other's shares at each end of the level's groups."""
        shares = loaded(inputs.event(Partial, self.at(f"{step}.{state.step}", self.peer)).shares)
        if shares.shape != (int((state.ends > 0).sum()), 1):
            raise ProtocolError(UNFIT, whose=self.peer)
        told: Words = shares
        return told

    def _level(self, state: Hidden) -> dict[str, Any]:
        """Of tasks that open something."""
        return {
            "shares": state.shares,
            "ends": state.ends,
            "above": state.above,
            "least": self.terms.min_rows,
            "total": state.ready.block.n,
            "peer": self.peer,
        }

    @transition(Hidden, lambda self, state: [self.at(f"counts.{state.step}", self.peer)])
    def tally(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: open counts, and group bins by them."""
        fields = self._level(state) | {"counts": self._told(state, inputs, "counts")}
        return Fired((Compute(f"tallied.{state.step}", "hidden.tallied", fields),), self.group.keeping(state))

    @transition(Hidden, lambda self, state: [self.job(f"tallied.{state.step}")])
    def group(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: tell where groups of enough rows end."""
        ends = loaded(inputs.result(Ended, self.job(f"tallied.{state.step}")).ends)
        packed = np.packbits(ends.reshape(-1, self.terms.bins), axis=1, bitorder="little")
        send = Send(f"groups.{state.step}", [self.peer], Ranges(ends=packed))
        return Fired((send,), self.pick.keeping(replace(state, ends=ends)))

    @transition(Hidden, lambda self, state: [self.at(f"groups.{state.step}", self.peer)])
    def open(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """The other: open sums there, if these are unions of what may be opened."""
        packed = loaded(inputs.event(Ranges, self.at(f"groups.{state.step}", self.peer)).ends)
        pairs, columns, width = state.ends.shape
        if packed.shape != (pairs * columns, max(width // 8, 1)):
            raise ProtocolError(UNFIT, whose=self.peer)
        ends = np.unpackbits(packed, axis=1, bitorder="little")[:, :width].reshape(state.ends.shape)
        if not all(unions(old > 0, new > 0) for old, new in zip(state.ends, ends, strict=True)):
            raise ProtocolError(UNFIT, whose=self.peer)
        send = Send(f"sums.{state.step}", [self.peer], Partial(shares=self._upto(state)[ends > 0][:, None]))
        return Fired((send,), self.follow.keeping(replace(state, ends=ends)))

    @transition(Hidden, lambda self, state: [self.at(f"sums.{state.step}", self.peer)])
    def pick(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: open sums, and choose the splits."""
        columns = [state.ready.columns[party] for party in self.agreement.order]
        fields = self._level(state) | {
            "told": self._told(state, inputs, "sums"),
            "nodes": np.array(state.nodes, np.int64),
            "caps": np.array(state.caps, np.int64),
            "owners": np.repeat(np.array([LABEL, OTHER], np.uint8), columns),
            "numbers": np.concatenate([np.arange(count) for count in columns]),
            "settings": self.terms.model_dump(mode="json"),
            "bits": self.bits_of(state.ready),
            "span": state.span,
            "deepest": state.level + 1 == self.terms.depth,
        }
        return Fired((Compute(f"picked.{state.step}", "hidden.picked", fields),), self.divide.keeping(state))

    @transition(Hidden, lambda self, state: [self.job(f"picked.{state.step}")])
    def divide(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: tell who splits what, and the other its own splits."""
        picked = inputs.result(Picked, self.job(f"picked.{state.step}"))
        owners, splits = loaded(picked.owners), loaded(picked.splits)
        event = Divided(owners=owners, own=splits[owners == OTHER].astype(np.uint64), caps=picked.caps)
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
        send = Send(f"divided.{state.step}", [self.peer], event)
        return self._divided(state, owners, splits[owners == LABEL], loaded(picked.caps), draw, send)

    @transition(Hidden, lambda self, state: [self.at(f"divided.{state.step}", self.peer)])
    def follow(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """The other: the own splits, which have to be at ends of opened groups, and no finer sums than before."""
        said = inputs.event(Divided, self.at(f"divided.{state.step}", self.peer))
        owners, own, caps = loaded(said.owners), loaded(said.own).astype(np.int64), loaded(said.caps)
        count, mine = int((owners > 0).sum()), int((owners == OTHER).sum())
        if len(owners) != len(state.nodes) or owners.max(initial=0) > OTHER or len(caps) != count:
            raise ProtocolError(UNFIT, whose=self.peer)
        if own.shape != (mine, 3):
            raise ProtocolError(UNFIT, whose=self.peer)
        each = len(state.nodes) // len(state.caps)
        pairs = [k // each for k, owner in enumerate(owners.tolist()) if owner]
        fine = all(cap == DEAD or cap <= state.caps[pair] for cap, pair in zip(caps.tolist(), pairs, strict=True))
        if not fine or (state.level + 1 == self.terms.depth and (caps != DEAD).any()):
            raise ProtocolError(UNFIT, whose=self.peer)
        first = state.ready.columns[self.setup.leader]
        at = [k // each for k, owner in enumerate(owners.tolist()) if owner == OTHER]
        for pair, (column, last, missing) in zip(at, own.tolist(), strict=True):
            known = column < state.ready.columns[self.me] and last < self.terms.bins - 1 and missing in (0, 1)
            if not known or not state.ends[pair, first + column, last]:
                raise ProtocolError(UNFIT, whose=self.peer)
        return self._divided(state, owners, own, caps, draw)

    def _divided(self, state: Hidden, owners: Bytes, own: Ints, caps: Bytes, draw: Draw, *effects: Effect) -> Fired:
        """One level further, or the tree is grown."""
        numbers, mine, splits = state.counted(self.agreement.order), iter(own.tolist()), []
        for node, owner in zip(state.nodes, owners.tolist(), strict=True):
            if owner:
                where = next(mine) if owner == self.own else (0, 0, 0)
                splits.append(Split(node, owner, numbers[owner], (where[0], where[1], where[2])))
                numbers[owner] += 1
        live = tuple(k for k, cap in enumerate(caps.tolist()) if cap != DEAD)
        each, places = len(state.nodes) // len(state.caps), {node: k for k, node in enumerate(state.nodes)}
        pairs = [places[splits[k].node] // each for k in live]
        caps_ = tuple(int(caps[k]) for k in live)
        finer = state.ends
        state = replace(state, splits=(*state.splits, tuple(splits)) if splits else state.splits)
        if not live:
            return self._rise(state, draw, effects)
        ends = np.stack([finer[p] & state.ranges[:, cap] for p, cap in zip(pairs, caps_, strict=True)])
        split = [places[splits[k].node] for k in live]
        at = Exchange(
            f"{state.tree}.{state.level}",
            tuple(splits[k] for k in live),
            np.ascontiguousarray(loaded(state.words)[:, split]),
            rising=False,
        )
        state = replace(state, ends=ends, caps=caps_, live=tuple(split))
        return self.begin(state, at, draw, *effects)

    # ---- up

    def _rise(self, state: Hidden, draw: Draw, effects: Sequence[Effect]) -> Fired:
        """From the last splits on: what do they come to?"""
        rows = len(state.ready.block.bins)
        state = replace(state, level=len(state.splits) - 1, below=(), values=np.zeros((rows, 0), np.uint64))
        return self._face(state, draw, effects)

    def _face(self, state: Hidden, draw: Draw, effects: Sequence[Effect]) -> Fired:
        if state.level < 0:
            weight = dict(state.leaves).get(1, 0)
            fields = {"scores": state.scores, "values": state.values, "weight": weight}
            return Fired(
                (*effects, Compute(f"raised.{state.tree}", "hidden.raised", fields)), self.raised.keeping(state)
            )
        return Fired((*effects, self.facing(state, state.step)), self.faced.keeping(state))

    @transition(Hidden, lambda self, state: [self.job(f"faced.{state.step}")])
    def faced(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Both sides of every split of a level: multiply how far they differ by the sides of all rows."""
        found = inputs.result(Faced, self.job(f"faced.{state.step}"))
        at = Exchange(f"{state.tree}.{state.level}.up", state.splits[state.level], found.apart, rising=True)
        return self.begin(replace(state, right=found.right), at, draw)

    def exchanged(self, state: Hidden, mine: Words, effects: Sequence[Effect]) -> Fired:
        """On the way down: the children's words. On the way up: the splits' values."""
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

    @transition(Hidden, lambda self, state: [self.job(f"lifted.{state.step}")])
    def lifted(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """One level up."""
        values = inputs.result(Lifted, self.job(f"lifted.{state.step}")).values
        below = tuple(split.node for split in state.splits[state.level])
        state = replace(state, below=below, values=values, level=state.level - 1, at=None)
        return self._face(state, draw, ())

    @transition(Hidden, lambda self, state: [self.job(f"raised.{state.tree}")])
    def raised(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """The tree is grown."""
        scores = inputs.result(Raised, self.job(f"raised.{state.tree}")).scores
        forest, order = state.forest, self.agreement.order
        splits = [split for level in state.splits for split in level]
        own = tuple(split.at for split in splits if split.owner == self.own)
        forest = replace(
            forest,
            nodes=(*forest.nodes, tuple((s.node, order[s.owner - 1], s.number) for s in splits)),
            leaves=(*forest.leaves, tuple(sorted(state.leaves))),
            table=(*forest.table, *own),
        )
        state = replace(state, scores=scores, forest=forest, tree=state.tree + 1)
        reached = Reach("round", state.tree)
        if state.tree < self.terms.trees:
            return self.root(state, reached)
        note = Note({"trees": state.tree})
        if self.setup.labelled:
            return Fired((reached, note), self.learn.keeping(state))
        drop = np.uint64(max(0, self.bits_of(state.ready) - OPENED))
        shares = (loaded(scores)[state.ready.block.n :] >> drop) << drop
        send = Send("scores", [self.peer], Partial(shares=shares[:, None]))
        return Fired((reached, note, send, Done(self._boosted(state, scores))))

    @transition(Hidden, lambda self, _: [self.at("scores", self.peer)])
    def learn(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: scores of TEST rows, rounded."""
        told, n = loaded(inputs.event(Partial, self.at("scores", self.peer)).shares), state.ready.block.n
        scores = loaded(state.scores)
        if told.shape != (len(scores) - n, 1):
            raise ProtocolError(UNFIT, whose=self.peer)
        return Fired((Done(self._boosted(state, scores[n:] + told[:, 0])),))

    def _boosted(self, state: Hidden, scores: Words) -> Boosted:
        unit = 2.0**state.ready.block.unit
        scale = Scale(self.bits_of(state.ready), state.span * unit, state.low * unit, state.base)
        return Boosted(state.ready, state.forest, loaded(scores).view(np.int64), state.tree, stopped=False, scale=scale)


def _rows(nonces: Bytes) -> list[bytes]:
    return [row.tobytes() for row in loaded(nonces)]
