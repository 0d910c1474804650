"""What trees at `shared` begin with: the cells of both parties, and how fine groups of bins may be."""

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
from accord_protocols.phases.boosting.hidden import Hidden
from accord_protocols.phases.boosting.multiply import UNFIT, Multiplying
from accord_protocols.phases.boosting.prepare import Ready
from accord_protocols.primitives.onehot.halftree import depth_of
from accord_protocols.tasks.results.hidden import Begun, Ended
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Ranges
from accord_schemas.parts import Trees

WIDEST = 30
"""Bits of the sum of all derivatives."""


class Exchanging(Multiplying):
    """`hide.Hide` without its levels: `root` is where it goes on from the start."""

    kind = "exchanging"
    says: ClassVar[dict[str, type[Event]]] = {**Multiplying.says, "ranges": Ranges}
    goes: ClassVar[dict[str, Goes]] = dict.fromkeys(says, Goes.ALL)

    @property
    def terms(self) -> Trees:
        """On the trees."""
        assert self.agreement.trees is not None
        return self.agreement.trees

    @property
    def depth(self) -> int:
        """Levels of a cell's half-tree."""
        return depth_of(self.terms.bins)

    # ---- before the first tree

    @transition(Ready, nothing, starts=True)
    def start(self, state: Ready, inputs: Inputs, draw: Draw) -> Fired:
        """Prepare the cells of both parties."""
        rows = state.block.n
        if not rows:
            raise ProtocolError("there are no TRAIN rows", whose=self.me)
        holders = {Edge.kind: self.agreement.others[0], Back.kind: self.setup.leader}
        spawns = []
        for kind, holder in holders.items():
            bins = state.block.train if holder == self.me else None
            spawns.append(Spawn(f"{kind}.{holder}", Opening(rows, state.columns[holder], self.depth, bins)))
        fields = {"train": state.block.train, "width": self.terms.bins}
        return Fired((*spawns, Compute("ranged", "hidden.ranged", fields)), self.linked.keeping(state))

    def _edges(self) -> tuple[str, str]:
        """That over the own bins, and that over the other's."""
        edge, back = f"{Edge.kind}.{self.agreement.others[0]}", f"{Back.kind}.{self.setup.leader}"
        return (back, edge) if self.setup.labelled else (edge, back)

    @transition(Ready, lambda self, _: [self.job("ranged"), *map(self.done, self._edges())])
    def linked(self, state: Ready, inputs: Inputs, draw: Draw) -> Fired:
        """Tell where the own groups of each fineness end."""
        into, out = (inputs.ended(Linked, edge) for edge in self._edges())
        own = inputs.result(Ended, self.job("ranged")).ends
        send = Send("ranges", [self.peer], Ranges(ends=own))
        hidden = Hidden(state, into, out, ranges=own)
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

    @transition(Hidden, lambda self, _: [self.at("ranges", self.peer)])
    def meet(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """The other's groups: all is there for the first tree."""
        bins, finest = self.terms.bins, self.depth + 1
        packed = {self.me: loaded(state.ranges)}
        packed[self.peer] = loaded(inputs.event(Ranges, self.at("ranges", self.peer)).ends)
        columns = state.ready.columns
        if packed[self.peer].shape != (columns[self.peer] * finest, max(bins // 8, 1)):
            raise ProtocolError(UNFIT, whose=self.peer)
        parts = []
        for party in self.agreement.order:
            bits = np.unpackbits(packed[party], axis=1, bitorder="little")[:, :bins]
            parts.append(bits.reshape(columns[party], finest, bins))
        ranges = np.concatenate(parts)
        if not nested(ranges.astype(bool)):
            raise ProtocolError(UNFIT, whose=self.peer)
        scores = state.scores if self.setup.labelled else np.zeros(len(state.ready.block.bins), np.uint64)
        return self.root(replace(state, ranges=ranges, scores=scores))

    @abstractmethod
    def root(self, state: Hidden, *effects: Effect) -> Fired:
        """Begin a tree."""
