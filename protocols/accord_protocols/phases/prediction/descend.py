"""Prediction by boosted trees at `paths`: from the roots down, owners tell on which side of their splits rows fall.

Whoever follows a row learns of a split that it passes on which side; of splits that it does not pass nothing. Sides of
splits above leaves are told to the leader alone, who has the leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Compute, Done, Effect, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.model.trees import TreesPart
from accord_protocols.phases.prediction.branch import (
    BITS,
    LARGE,
    MOST,
    Branched,
    Split,
    apart,
    leaves,
    levels,
    root_of,
)
from accord_protocols.tasks.results.boosting import Sided
from accord_protocols.tasks.results.common import Bytes
from accord_protocols.tasks.results.paths import Fallen, Gone, Places, Told
from accord_schemas.address import Address
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Sides


@dataclass(frozen=True, slots=True, repr=False)
class Descending:
    """What it begins with: own rows ``(k,)`` in the common order, the own part of the model, and where splits are."""

    rows: NDArray[np.int64]
    model: bytes
    branched: Branched


@dataclass(frozen=True, slots=True, repr=False)
class Descended:
    """What all trees come to, ``(k,)`` in the labels' unit, at the leader; empty elsewhere."""

    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class Descent:
    """On the way down.

    Args:
        model: The own part.
        sides: Of the own splits, ``(k, splits)``.
        splits: By depth.
        inner: Nodes above splits: their sides are told to everybody.
        root: Of the first tree.
        places: ``(k, trees)``, at which node every row is.
        level: From 0.
        told: The own sides of the level.
    """

    model: bytes
    sides: Bytes
    splits: tuple[tuple[Split, ...], ...]
    inner: frozenset[int]
    root: int
    places: Places
    level: int = 0
    told: Told = field(default_factory=Told)


class Descend(Machine):
    """One instance, at everybody."""

    kind = "descend"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"sides": Sides, "last": Sides}
    goes: ClassVar[dict[str, Goes]] = {"sides": Goes.ALL, "last": Goes.LEADER}

    @transition(Descending, nothing, starts=True)
    def start(self, state: Descending, inputs: Inputs, draw: Draw) -> Fired:
        """Look at the own rows."""
        fields = {"rows": state.rows, "model": state.model}
        return Fired((Compute("sided", "predict.sided", fields, data=True),), self.sided.keeping(state))

    @transition(Descending, lambda self, _: [self.job("sided")])
    def sided(self, state: Descending, inputs: Inputs, draw: Draw) -> Fired:
        """All rows are at the roots."""
        at, rows = state.branched, len(state.rows)
        if at.trees * rows > MOST:
            raise ProtocolError(LARGE, whose=self.me)
        places = np.ones((rows, at.trees), np.uint8)
        inner = frozenset(node // 2 for node in at.table[:, 0].tolist())
        sides = inputs.result(Sided, self.job("sided")).bits
        return self._level(Descent(state.model, sides, levels(at.trees, at.table), inner, root_of(at.trees), places))

    # ---- a level

    def _owners(self, state: Descent, *, inner: bool) -> list[str]:
        """Who owns splits of the level that stand above splits, or above leaves."""
        owners = {split.owner for split in state.splits[state.level] if (split.node in state.inner) == inner}
        return [party for k, party in enumerate(self.agreement.order, 1) if k in owners]

    def _level(self, state: Descent, *effects: Effect) -> Fired:
        """Which sides are rows on that are at the own splits of the level?"""
        if state.level == len(state.splits):
            return self._end(state, *effects)
        own = self.agreement.order.index(self.me) + 1
        mine = [
            (*apart(state.root, split.node), split.number, split.node in state.inner)
            for split in state.splits[state.level]
            if split.owner == own
        ]
        if not mine:
            return self._wait(replace(state, told=Told()), *effects)
        fields = {"places": state.places, "nodes": np.array(mine, np.int64), "sides": state.sides}
        compute = Compute(f"told.{state.level}", "paths.told", fields)
        return Fired((*effects, compute), self.tell.keeping(state))

    @transition(Descent, lambda self, state: [self.job(f"told.{state.level}")])
    def tell(self, state: Descent, inputs: Inputs, draw: Draw) -> Fired:
        """Tell them: above splits to everybody, above leaves to the leader."""
        told, leader, sends = inputs.result(Told, self.job(f"told.{state.level}")), self.setup.leader, []
        if self.me in self._owners(state, inner=True):
            sends.append(Send(f"sides.{state.level}", self.setup.peers, Sides(bits=told.inner)))
        if self.me != leader and self.me in self._owners(state, inner=False):
            sends.append(Send(f"last.{state.level}", [leader], Sides(bits=told.last)))
        return self._wait(replace(state, told=told), *sends)

    def _wait(self, state: Descent, *effects: Effect) -> Fired:
        if self._said(state):
            return Fired(effects, self.heard.keeping(state))
        return self._go(state, Inputs({}), *effects)

    def _said(self, state: Descent) -> list[Address]:
        """Where others tell the sides of their splits to this party."""
        said = [("sides", party) for party in self._owners(state, inner=True)]
        said += [("last", party) for party in self._owners(state, inner=False)] if self.setup.leads else []
        return [self.at(f"{step}.{state.level}", party) for step, party in said if party != self.me]

    @transition(Descent, lambda self, state: self._said(state))
    def heard(self, state: Descent, inputs: Inputs, draw: Draw) -> Fired:
        """The others' are there."""
        return self._go(state, inputs)

    def _go(self, state: Descent, inputs: Inputs, *effects: Effect) -> Fired:
        """One level down, as far as this party follows."""
        level = [
            (*apart(state.root, split.node), split.owner, split.node in state.inner)
            for split in state.splits[state.level]
        ]
        fields: dict[str, Any] = {
            "places": state.places,
            "nodes": np.array(level, np.int64),
            "order": list(self.agreement.order),
            f"inner.{self.me}": state.told.inner,
            f"last.{self.me}": state.told.last,
        }
        for address in self._said(state):
            name = "inner" if address.step.startswith("sides") else "last"
            fields[f"{name}.{address.sender}"] = inputs.event(Sides, address).bits
        compute = Compute(f"gone.{state.level}", "paths.gone", fields)
        return Fired((*effects, compute), self.gone.keeping(state))

    @transition(Descent, lambda self, state: [self.job(f"gone.{state.level}")])
    def gone(self, state: Descent, inputs: Inputs, draw: Draw) -> Fired:
        """Rows are one level further."""
        places = inputs.result(Gone, self.job(f"gone.{state.level}")).places
        return self._level(replace(state, places=places, level=state.level + 1))

    def _end(self, state: Descent, *effects: Effect) -> Fired:
        """Leader: add up the leaves that rows are in."""
        if not self.setup.leads:
            return Fired((*effects, Done(Descended(np.zeros(0)))))
        own = [(*apart(state.root, leaf), weight) for leaf, weight in leaves(TreesPart.read(state.model))]
        fields = {"places": state.places, "leaves": np.array(own, np.int64)}
        return Fired((*effects, Compute("fallen", "paths.fallen", fields)), self.fallen.keeping(state))

    @transition(Descent, lambda self, _: [self.job("fallen")])
    def fallen(self, state: Descent, inputs: Inputs, draw: Draw) -> Fired:
        """They are there."""
        scores = loaded(inputs.result(Fallen, self.job("fallen")).scores)
        return Fired((Done(Descended(np.ldexp(scores.astype(np.float64), -BITS))),))
