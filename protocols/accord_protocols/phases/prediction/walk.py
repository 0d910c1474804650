"""Prediction by boosted trees of two parties: nobody sees on which side of a split a row falls.

From the deepest splits up, what a node comes to is R + bit · (L − R), in two shares: the owner of a split multiplies by
the side of each row under oblivious transfers, of all trees at once. The other's shares of the scores are opened
without their last bits. All trees are one: tree t has the root T + t, T a power of two, and the children of node i are
2i and 2i + 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Compute, Done, Effect, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.model.trees import TreesPart
from accord_protocols.phases.boosting.edge import Back, Edge, Linked, Opening
from accord_protocols.phases.boosting.hidden import LABEL, OTHER, Exchange, Hidden, Split
from accord_protocols.phases.boosting.multiply import UNFIT, Multiplying
from accord_protocols.phases.boosting.prepare import Ready
from accord_protocols.tasks.results.boosting import Binned, Sided
from accord_protocols.tasks.results.common import Words
from accord_protocols.tasks.results.hidden import Faced, Lifted
from accord_schemas.address import Address
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Branches, Event, Partial

BITS = 30
"""Fraction bits of a score."""
OPENED = 6
"""Of these, how many are opened: more would tell the other's row."""
DEEPEST = 7
"""Splits between a root and a leaf, at most."""
MOST = (1 << 32) // 8 - 4096
"""Numbers of all rows and the splits of a level, as many as a content of 4 GiB has."""
Table = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, repr=False)
class Walking:
    """What it begins with: own rows ``(k,)`` in the common order, and the own part of the model as in its file."""

    rows: NDArray[np.int64]
    model: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Walked:
    """What the leaves come to, ``(k,)`` in the labels' unit, at the party that has the trees; empty elsewhere."""

    scores: NDArray[np.float64]


class Walk(Multiplying):
    """One instance, at both: the leader has the trees and their leaves, each party its own splits."""

    kind = "walk"
    says: ClassVar[dict[str, type[Event]]] = {**Multiplying.says, "branches": Branches, "scores": Partial}
    goes: ClassVar[dict[str, Goes]] = dict.fromkeys(says, Goes.ALL)

    @transition(Walking, nothing, starts=True)
    def start(self, state: Walking, inputs: Inputs, draw: Draw) -> Fired:
        """Prepare transfers in both directions, by edges of a single cell; look at the own rows. Leader: say whose
        splits are where, as the other knows from the training.
        """
        part = TreesPart.read(state.model)
        compute = Compute("sided", "predict.sided", {"rows": state.rows, "model": state.model}, data=True)
        cell = np.zeros((1, 1), np.uint8)
        spawns = [
            Spawn(edge, Opening(1, 1, 2, cell if edge.endswith(f".{self.me}") else None)) for edge in self._edges()
        ]
        sends: list[Effect] = []
        if self.setup.leads:
            trees, table = branches(part)
            sends.append(Send("branches", self.setup.peers, Branches(trees=trees, nodes=table)))
        return Fired((*sends, compute, *spawns), self.linked.keeping(state))

    def _edges(self) -> tuple[str, str]:
        """That over the own bits, and that over the other's."""
        edge, back = f"{Edge.kind}.{self.agreement.others[0]}", f"{Back.kind}.{self.setup.leader}"
        return (back, edge) if self.setup.leads else (edge, back)

    def _needed(self, _state: Walking) -> list[Address]:
        said = [] if self.setup.leads else [self.at("branches", self.setup.leader)]
        return [self.job("sided"), *map(self.done, self._edges()), *said]

    @transition(Walking, _needed)
    def linked(self, state: Walking, inputs: Inputs, draw: Draw) -> Fired:
        """All is there: begin with the deepest splits."""
        part = TreesPart.read(state.model)
        if self.setup.leads:
            trees, table = branches(part)
        else:
            said = inputs.event(Branches, self.at("branches", self.setup.leader))
            trees, table = said.trees, loaded(said.nodes)
            if not fits(trees, table, len(part.splits)):
                raise ProtocolError(UNFIT, whose=self.setup.leader)
        into, out = (inputs.ended(Linked, edge) for edge in self._edges())
        sides = loaded(inputs.result(Sided, self.job("sided")).bits)
        levels = self._levels(trees, table)
        if max((len(level) for level in levels), default=0) * len(sides) > MOST:
            raise ProtocolError("there are more rows than one content carries: predict fewer at a time", whose=self.me)
        hidden = Hidden(_ready(sides), into, out, splits=levels, leaves=_leaves(part), tree=root_of(trees))
        return self._climb(replace(hidden, level=len(hidden.splits) - 1, values=_none(len(sides))), draw)

    def _levels(self, trees: int, table: Table) -> tuple[tuple[Split, ...], ...]:
        """Splits by depth; of the own ones the column of sides."""
        first, found = root_of(trees).bit_length(), dict[int, list[Split]]()
        for node, owner, number in sorted(table.tolist()):
            at = (number, 1, 0) if owner == self.own else (0, 0, 0)
            found.setdefault(node.bit_length() - first, []).append(Split(node, owner, number, at))
        return tuple(tuple(found[depth]) for depth in sorted(found))

    def _climb(self, state: Hidden, draw: Draw) -> Fired:
        """What do the splits of a level come to? Above the roots, what do the rows?"""
        if state.level < 0:
            return self._end(state)
        return Fired((self.facing(state, str(state.level)),), self.faced.keeping(state))

    @transition(Hidden, lambda self, state: [self.job(f"faced.{state.level}")])
    def faced(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Both sides of every split of a level: multiply how far they differ by the sides of all rows."""
        found = inputs.result(Faced, self.job(f"faced.{state.level}"))
        at = Exchange(str(state.level), state.splits[state.level], found.apart, rising=True)
        return self.begin(replace(state, right=found.right), at, draw)

    def exchanged(self, state: Hidden, mine: Words, effects: Sequence[Effect]) -> Fired:
        """Put the products to the right sides."""
        return Fired((*effects, self.lifting(state, mine, str(state.level))), self.lifted.keeping(state))

    @transition(Hidden, lambda self, state: [self.job(f"lifted.{state.level}")])
    def lifted(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """One level up."""
        values = inputs.result(Lifted, self.job(f"lifted.{state.level}")).values
        below = tuple(split.node for split in state.splits[state.level])
        return self._climb(replace(state, below=below, values=values, level=state.level - 1, at=None), draw)

    def _end(self, state: Hidden) -> Fired:
        """All trees together, and the trees of a leaf alone. The other tells its share, without its last bits."""
        scores = loaded(state.values).sum(axis=1, dtype=np.uint64)
        alone = sum(weight for node, weight in state.leaves if node < 2 * state.tree)
        scores = scores + np.array(alone, np.int64).astype(np.uint64)
        if self.setup.leads:
            return Fired((), self.learn.keeping(replace(state, scores=scores)))
        drop = np.uint64(BITS - OPENED)
        send = Send("scores", [self.peer], Partial(shares=((scores >> drop) << drop)[:, None]))
        return Fired((send, Done(Walked(np.zeros(0)))))

    @transition(Hidden, lambda self, _: [self.at("scores", self.peer)])
    def learn(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: scores, rounded."""
        told = loaded(inputs.event(Partial, self.at("scores", self.peer)).shares)
        if told.shape != (len(state.scores), 1):
            raise ProtocolError(UNFIT, whose=self.peer)
        half = np.uint64(1 << (BITS - OPENED - 1))  # on average what was left out
        return Fired((Done(Walked((loaded(state.scores) + told[:, 0] + half).view(np.int64) * 2.0**-BITS)),))


def root_of(trees: int) -> int:
    """The root of the first of so many trees."""
    return 1 << (trees - 1).bit_length()


def branches(part: TreesPart) -> tuple[int, Table]:
    """Of the party that has the trees: how many there are; and of every split node, owner, and its number there.

    Raises:
        ProtocolError: The part has no trees.
    """
    if not part.trees:
        raise ProtocolError("the trees are another party's, who alone can ask for predictions", whose=part.party)
    root, rows = root_of(len(part.trees)), []
    for number, tree in enumerate(part.trees):
        for one in tree.nodes:
            owner = LABEL if one.party == part.party else OTHER
            rows.append((_node(root + number, one.node), owner, one.split))
    return len(part.trees), np.array(rows, np.uint64).reshape(-1, 3)


def fits(trees: int, table: Table, own: int) -> bool:
    """Whether splits hang together, and each of the `own` ones is asked for once."""
    rows, root = table.tolist(), root_of(trees)
    known = {node for node, _, _ in rows}
    inner = all(root <= node < root + trees or (node >= 2 * root and node // 2 in known) for node in known)
    shallow = all(node.bit_length() - root.bit_length() < DEEPEST for node in known)
    mine = sorted(number for _, owner, number in rows if owner == OTHER)
    owners = all(owner in (LABEL, OTHER) for _, owner, _ in rows)
    return len(known) == len(rows) and inner and shallow and owners and mine == list(range(own))


def _node(root: int, node: int) -> int:
    """A node of the tree with this root."""
    depth = node.bit_length() - 1
    return (root << depth) + node - (1 << depth)


def _leaves(part: TreesPart) -> tuple[tuple[int, int], ...]:
    """Of all trees, with the weights as integers of `BITS` fraction bits of the labels' unit."""
    if part.trees is None:
        return ()
    root, unit = root_of(len(part.trees)), part.unit or 0
    return tuple(
        (_node(root + number, leaf.node), round(np.ldexp(leaf.weight, BITS - unit)))
        for number, tree in enumerate(part.trees)
        for leaf in tree.leaves
    )


def _ready(sides: NDArray[np.uint8]) -> Ready:
    """Rows with a column for each own split: bin 1 is left, 2 right."""
    none = np.zeros(0, np.int64)
    return Ready(Binned(len(sides), sides, sides, (), (), (), (), none, b"", b""), {})


def _none(rows: int) -> Words:
    return np.zeros((rows, 0), np.uint64)
