"""How a tree at `shared` ends: what its splits come to, from the last ones up, is added to the scores of all rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from accord_protocols.kernel.effects import Compute, Done, Effect, Note, Reach, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes
from accord_protocols.kernel.transition import Draw, Fired, transition
from accord_protocols.phases.boosting.hidden import Beside, Exchange, Hidden
from accord_protocols.phases.boosting.states import Boosted, Scale
from accord_protocols.phases.boosting.stopping import Stopping
from accord_protocols.phases.boosting.transfers import UNFIT
from accord_protocols.tasks.results.common import Words
from accord_protocols.tasks.results.hidden import Faced, Lifted, Raised
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Partial

OPENED = 6
"""Fraction bits of a TEST score that the label holder learns: more would tell the other's row."""


class Rising(Stopping):
    """`hide.Hide` without its way down."""

    kind = "rising"
    says: ClassVar[dict[str, type[Event]]] = {**Stopping.says, "scores": Partial}
    goes: ClassVar[dict[str, Goes]] = {**Stopping.goes, "scores": Goes.LABEL}

    def rise(self, state: Hidden, draw: Draw, effects: Sequence[Effect]) -> Fired:
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
        return self.ended(state, Reach("round", state.tree), draw=draw)

    def onward(self, state: Hidden, *effects: Effect, last: bool) -> Fired:
        """The next tree, or the end: the second tells its shares of TEST rows' scores, without their last bits."""
        if not last:
            return self.root(state, *effects)
        note = Note({"trees": state.tree})
        if self.setup.labelled:
            return Fired((*effects, note), self.learn.keeping(state))
        scores, drop = loaded(state.scores), np.uint64(max(0, self.bits_of(state.ready) - OPENED))
        shares = (scores[state.ready.block.n :] >> drop) << drop
        send = Send("scores", [self.peer], Partial(shares=shares[:, None]))
        return Fired((*effects, note, send, Done(self._boosted(state, scores))))

    def finished(self, state: Beside, *effects: Effect, draw: Draw) -> Fired:
        """A tree is grown, at a party that holds no share."""
        return self.ended(state, *effects, Reach("round", state.tree), draw=draw)

    def onward_beside(self, state: Beside, *effects: Effect, last: bool) -> Fired:
        """The next tree, or the end."""
        if not last:
            return self.plant(state, *effects)
        stopped = state.tree < self.terms.trees
        boosted = Boosted(state.ready, state.forest, np.zeros(0, np.int64), state.tree, stopped=stopped)
        return Fired((*effects, Note({"trees": state.tree}), Done(boosted)))

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
        stopped = state.tree < self.terms.trees
        return Boosted(state.ready, state.forest, scores.view(np.int64), state.tree, stopped=stopped, scale=scale)
