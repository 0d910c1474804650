"""What trees at `shared` begin with: the cells of all parties, and how fine groups of bins may be."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar

import numpy as np

from accord_protocols.boosting.caps import nested
from accord_protocols.kernel.effects import Compute, Effect, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.boosting.edge import Back, Edge, Linked, Opening
from accord_protocols.phases.boosting.hidden import Beside, Exchange, Further, Hidden
from accord_protocols.phases.boosting.multiply import Multiplying
from accord_protocols.phases.boosting.prepare import Ready
from accord_protocols.phases.boosting.transfers import UNFIT
from accord_protocols.primitives.onehot.halftree import depth_of
from accord_protocols.tasks.results.common import Bytes
from accord_protocols.tasks.results.hidden import Begun, Ended
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Ranges
from accord_schemas.parts import Trees

WIDEST = 30
"""Bits of the sum of all derivatives."""


class Exchanging(Multiplying):
    """`hide.Hide` without its levels: `root` and `plant` are where it goes on from the start.

    Two parties hold the shares of rows, the label holder and the second; whoever there is besides has columns alone.
    """

    kind = "exchanging"
    says: ClassVar[dict[str, type[Event]]] = {**Multiplying.says, "ranges": Ranges}
    goes: ClassVar[dict[str, Goes]] = dict.fromkeys(says, Goes.PAIR)

    @property
    def terms(self) -> Trees:
        """On the trees."""
        assert self.agreement.trees is not None
        return self.agreement.trees

    @property
    def depth(self) -> int:
        """Levels of a cell's half-tree."""
        return depth_of(self.terms.bins)

    # ---- who does what

    @property
    def pair(self) -> tuple[str, str]:
        """Who holds the shares: the label holder, and the second."""
        return (self.setup.leader, self.agreement.second)

    @property
    def besides(self) -> tuple[str, ...]:
        """Who holds columns alone."""
        return tuple(party for party in self.agreement.order if party not in self.pair)

    @property
    def peer(self) -> str:
        """The other one of the two."""
        first, second = self.pair
        return second if self.me == first else first

    @property
    def own(self) -> int:
        """What stands for this party where owners are told."""
        return self.number(self.me)

    def number(self, party: str) -> int:
        """What stands for a party where owners are told."""
        return self.agreement.order.index(party) + 1

    def whose(self, at: Exchange, *, mine: bool) -> list[int]:
        """Numbers of the own splits of an exchange, or of the other one's of the two."""
        return self.owned(at, self.me if mine else self.peer)

    def owned(self, at: Exchange, party: str) -> list[int]:
        """Numbers of a party's splits of an exchange."""
        return [k for k, split in enumerate(at.splits) if split.owner == self.number(party)]

    # ---- before the first tree

    @transition(Ready, nothing, starts=True)
    def start(self, state: Ready, inputs: Inputs, draw: Draw) -> Fired:
        """Prepare the cells of all parties."""
        rows = state.block.n
        if not rows:
            raise ProtocolError("there are no TRAIN rows", whose=self.me)
        spawns = []
        for edge in sorted(self._edges(), key=lambda edge: not edge.startswith(Edge.kind)):
            holder = edge.partition(".")[2]
            bins = state.block.train if holder == self.me else None
            spawns.append(Spawn(edge, Opening(rows, state.columns[holder], self.depth, bins)))
        fields = {"train": state.block.train, "width": self.terms.bins}
        return Fired((*spawns, Compute("ranged", "hidden.ranged", fields)), self.linked.keeping(state))

    def _edges(self) -> tuple[str, ...]:
        """The own ones: of who holds a share those over the own bins, over the other one's, and over everybody's
        besides; of the others both over the own bins.
        """
        (first, second), kinds = self.pair, {self.setup.leader: Edge.kind, self.agreement.second: Back.kind}
        if self.me not in kinds:
            return tuple(f"{kind}.{self.me}" for kind in kinds.values())
        edge, back = f"{Edge.kind}.{second}", f"{Back.kind}.{first}"
        between = (back, edge) if self.setup.labelled else (edge, back)
        return (*between, *(f"{kinds[self.me]}.{party}" for party in self.besides))

    @transition(Ready, lambda self, _: [self.job("ranged"), *map(self.done, self._edges())])
    def linked(self, state: Ready, inputs: Inputs, draw: Draw) -> Fired:
        """Tell where the own groups of each fineness end."""
        edges = [inputs.ended(Linked, edge) for edge in self._edges()]
        own = inputs.result(Ended, self.job("ranged")).ends
        send = Send("ranges", [party for party in self.pair if party != self.me], Ranges(ends=own))
        if self.me not in self.pair:
            ranges = self.unpacked(own, state.columns[self.me])
            return self.plant(Beside(state, dict(zip(self.pair, edges, strict=True)), ranges), send)
        into, out, *further = edges
        hidden = Hidden(state, into, out, ranges=own)
        hidden = replace(hidden, further=dict(zip(self.besides, map(Further, further), strict=True)))
        if not self.setup.labelled:
            return Fired((send,), self.meet.keeping(hidden))
        fields = {"y": state.block.y, "n": state.block.n, "bits": self.bits_of(state)}
        return Fired((send, Compute("begun", "hidden.begun", fields)), self.labelled.keeping(hidden))

    @staticmethod
    def bits_of(ready: Ready) -> int:
        """Fraction bits of scores."""
        return WIDEST - ready.block.n.bit_length()

    @transition(Hidden, lambda self, _: [self.job("begun")])
    def labelled(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: labels and first scores are there."""
        begun = inputs.result(Begun, self.job("begun"))
        base = int(loaded(begun.scores)[0])
        return Fired(
            (),
            self.meet.keeping(
                replace(state, labels=begun.labels, scores=begun.scores, low=begun.low, span=begun.span, base=base)
            ),
        )

    @transition(Hidden, lambda self, _: [self.at("ranges", p) for p in self.agreement.order if p != self.me])
    def meet(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """The others' groups: all is there for the first tree."""
        finest, columns, parts = self.depth + 1, state.ready.columns, []
        for party in self.agreement.order:
            told = state.ranges if party == self.me else inputs.event(Ranges, self.at("ranges", party)).ends
            packed = loaded(told)
            if packed.shape != (columns[party] * finest, max(self.terms.bins // 8, 1)):
                raise ProtocolError(UNFIT, whose=party)
            ranges = self.unpacked(packed, columns[party])
            if not nested(ranges.astype(bool)):
                raise ProtocolError(UNFIT, whose=party)
            parts.append(ranges)
        scores = state.scores if self.setup.labelled else np.zeros(len(state.ready.block.bins), np.uint64)
        return self.root(replace(state, ranges=np.concatenate(parts), scores=scores))

    def unpacked(self, packed: Bytes, rows: int) -> Bytes:
        """Ends of groups as bits, ``(rows, k, W)``, of what is told of them."""
        bins = self.terms.bins
        bits = np.unpackbits(loaded(packed), axis=1, bitorder="little")[:, :bins]
        return bits.reshape(rows, -1, bins)

    @abstractmethod
    def root(self, state: Hidden, *effects: Effect) -> Fired:
        """Begin a tree."""

    @abstractmethod
    def plant(self, state: Beside, *effects: Effect) -> Fired:
        """Likewise, of a party that holds no share."""
