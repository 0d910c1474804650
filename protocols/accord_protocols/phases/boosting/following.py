"""Trees at `paths`: what every party does, and what one does that holds columns alone.

The label holder sends its vector of derivatives once a tree. From level to level the others tell their shares of the
sums of the nodes' smaller children, over groups of enough rows; it chooses the splits, and each split's owner tells all
on which side rows fall.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from accord_protocols.boosting.walking import children, sampled
from accord_protocols.kernel.effects import Compute, Done, Effect, Note, Reach, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.boosting.edge import Edge, Linked, Opening
from accord_protocols.phases.boosting.hide import Hide
from accord_protocols.phases.boosting.prepare import Ready
from accord_protocols.phases.boosting.states import Boosted, Standing, Tree
from accord_protocols.primitives.onehot.blocks import ROWS
from accord_protocols.primitives.onehot.halftree import depth_of
from accord_protocols.primitives.onehot.ledger import Ledger
from accord_protocols.tasks.boosting.levels import worth
from accord_protocols.tasks.results.boosting import Level, Shared, Sided
from accord_protocols.tasks.results.common import Bytes, Ints
from accord_schemas.address import Address
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Grown, NodeSums, Sides, Splits, Vector
from accord_schemas.parts import Trees

UNFIT = "what was said of a tree is not of the agreed form"


class Following(Machine):
    """Of a party that holds columns alone; `boost.Boost` is that, and what the label holder does."""

    kind = "following"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {
        "vector": Vector,
        "nodes": NodeSums,
        "splits": Splits,
        "sides": Sides,
        "last": Sides,
        "grown": Grown,
    }
    goes: ClassVar[dict[str, Goes]] = {
        "vector": Goes.STEP,
        "nodes": Goes.LABEL,
        "splits": Goes.STEP,
        "sides": Goes.ALL,
        "last": Goes.LABEL,
        "grown": Goes.ALL,
    }

    # ---- what was agreed

    @property
    def terms(self) -> Trees:
        """On the trees."""
        assert self.agreement.trees is not None
        return self.agreement.trees

    @property
    def leaf_bits(self) -> int:
        """Levels of a cell's half-tree."""
        return depth_of(self.terms.bins)

    @property
    def holders(self) -> tuple[str, ...]:
        """Who has an edge with the label holder."""
        return self.agreement.others

    def is_last(self, tree: Tree) -> bool:
        """Whether what is split at this level are leaves' parents."""
        return tree.level + 1 == self.terms.depth

    # ---- before the first tree

    @transition(Ready, nothing, starts=True)
    def start(self, state: Ready, inputs: Inputs, draw: Draw) -> Fired:
        """Prepare all cells; at `shared` that and everything else is another machine's."""
        if self.terms.protection == "shared":
            return Fired((Spawn(Hide.kind, state),), self.hidden.keeping(state))
        rows, ends = state.block.n, self._ends()
        if not rows:
            raise ProtocolError("there are no TRAIN rows", whose=self.me)
        bins = None if self.setup.labelled else state.block.train
        spawns = (
            Spawn(f"{Edge.kind}.{holder}", Opening(rows, state.columns[holder], self.leaf_bits, bins))
            for holder in ends
        )
        return Fired(tuple(spawns), self.linked.keeping(state))

    @transition(Ready, lambda self, _: [self.done(Hide.kind)])
    def hidden(self, state: Ready, inputs: Inputs, draw: Draw) -> Fired:
        """Trees at `shared` are grown."""
        return Fired((Done(inputs.ended(Boosted, Hide.kind)),))

    def _ends(self) -> tuple[str, ...]:
        """The holders of the own edges."""
        return self.holders if self.setup.labelled else (self.me,)

    @transition(Ready, lambda self, _: [self.done(f"{Edge.kind}.{holder}") for holder in self._ends()])
    def linked(self, state: Ready, inputs: Inputs, draw: Draw) -> Fired:
        """All edges are there."""
        edges = {holder: inputs.ended(Linked, f"{Edge.kind}.{holder}") for holder in self._ends()}
        scores = np.full(len(state.block.bins), state.block.start, np.int64) if self.setup.labelled else None
        standing = Standing(state, edges, dict.fromkeys(edges, Ledger()))
        return self.begun(standing if scores is None else replace(standing, scores=scores), draw)

    # ---- a tree

    def begun(self, standing: Standing, draw: Draw, *effects: Effect) -> Fired:
        """Set out on a tree."""
        tree = self.fresh(standing)
        return Fired((*effects, self.level_job(tree)), self.heard.keeping(tree))

    def fresh(self, standing: Standing) -> Tree:
        """A tree of its root alone."""
        terms, sid = self.terms, self.setup.sid
        rows = sampled(sid, standing.tree, standing.ready.block.n, terms.subsample, "rows")
        columns = {
            party: np.flatnonzero(sampled(sid, standing.tree, count, terms.column_sample, f"columns {party}"))
            for party, count in standing.ready.columns.items()
        }
        numbered = dict.fromkeys(self.agreement.order, 0)
        for nodes in standing.forest.nodes:
            for _, owner, _ in nodes:
                numbered[owner] += 1
        return Tree(standing, rows, columns, numbered=numbered)

    def level_job(self, tree: Tree, told: Mapping[str, Bytes] | None = None) -> Compute:
        """Go down the splits of the level above."""
        block = tree.standing.ready.block
        places = tree.at.places if tree.at is not None else np.ones(len(block.bins), np.uint8)
        fields = {
            "bins": block.bins,
            "places": places,
            "sampled": tree.sampled,
            "columns": tree.columns[self.me],
            "least": self.terms.min_rows,
            "width": self.terms.bins,
            "nodes": np.array(tree.split, np.int64),
            "owners": list(tree.owners),
            "ends": self._ends_of(tree),
            "words": tree.derived.words if tree.derived else np.zeros(0, np.uint64),
            **{f"bits.{party}": bits for party, bits in (told or {}).items()},
        }
        return Compute(f"level.{tree.number}.{tree.level}", "trees.level", fields)

    def _ends_of(self, tree: Tree) -> Any:
        """The own groups of the nodes that were split."""
        if tree.at is None:
            return np.zeros((0, 0, 0), np.uint8)
        ends = loaded(tree.at.ends)
        return ends[[tree.nodes.index(node) // 2 for node in tree.split]]

    @transition(
        Tree,
        lambda self, tree: [
            self.job(f"level.{tree.number}.0"),
            self.at(f"vector.{tree.number}.{self.me}", self.setup.leader),
        ],
    )
    def heard(self, state: Tree, inputs: Inputs, draw: Draw) -> Fired:
        """The label holder's vector: take the own share of the root's sums."""
        leader, number = self.setup.leader, state.number
        vector = inputs.event(Vector, self.at(f"vector.{number}.{self.me}", leader))
        if vector.words.shape != (int(state.sampled.sum()), len(state.columns[self.me])):
            raise ProtocolError(UNFIT, whose=leader)
        standing = self.spent(state.standing, self.me, vector.nonce, whose=leader)
        at = inputs.result(Level, self.job(f"level.{number}.0"))
        tree = replace(state, standing=standing, at=at, nonces={self.me: vector.nonce}, told=vector.words)
        return self._summing(tree)

    def spent(self, standing: Standing, end: str, nonce: bytes, whose: str) -> Standing:
        """With the next vector of an edge used.

        Raises:
            ProtocolError: Its nonce came before.
        """
        try:
            ledger = standing.ledgers[end].used(standing.tree, [nonce])
        except ProtocolError as error:
            error.whose = whose
            raise
        return replace(standing, ledgers={**standing.ledgers, end: ledger})

    def edge_fields(self, tree: Tree, end: str) -> dict[str, Any]:
        """Of a task that sums over an edge."""
        slots = tree.here.slots
        return {
            "sid": tree.standing.edges[end].sid,
            "depth": self.leaf_bits,
            "nonce": tree.nonces[end],
            "slots": slots,
            "totals": len(tree.here.ends),
            "columns": tree.columns[end],
        }

    def _summing(self, tree: Tree) -> Fired:
        """Have the own shares of a level's sums taken."""
        counted = np.add.reduceat(tree.sampled, np.arange(0, len(tree.sampled), ROWS), dtype=np.int64)
        fields = self.edge_fields(tree, self.me) | {
            "kept": tree.standing.edges[self.me].cells,
            "bins": tree.standing.ready.block.train,
            "sampled": tree.sampled,
            "starts": np.cumsum(counted) - counted,
            "told": tree.told,
        }
        compute = Compute(f"received.{tree.number}.{tree.level}", "onehot.received", fields)
        return Fired((compute,), self.answer.keeping(tree))

    @transition(Tree, lambda self, tree: [self.job(f"received.{tree.number}.{tree.level}")])
    def answer(self, state: Tree, inputs: Inputs, draw: Draw) -> Fired:
        """Tell the own shares, where groups of bins end."""
        step = f"{state.number}.{state.level}"
        shares = loaded(inputs.result(Shared, self.job(f"received.{step}")).shares).sum(axis=0, dtype=np.uint64)
        ends = loaded(state.here.ends)
        live = np.array(lively(state.here.counts, len(ends), self.terms.min_rows), bool)
        told = np.cumsum(shares, axis=2, dtype=np.uint64)[(ends > 0) & live[:, None, None]]
        packed = np.packbits(ends.reshape(-1, self.terms.bins), axis=1, bitorder="little")
        event = NodeSums(ends=packed, shares=told[:, None])
        return Fired((Send(f"nodes.{step}", [self.setup.leader], event),), self.told.keeping(state))

    @transition(Tree, lambda self, t: [self.at(f"splits.{t.number}.{t.level}.{self.me}", self.setup.leader)])
    def told(self, state: Tree, inputs: Inputs, draw: Draw) -> Fired:
        """The label holder's splits; tell the own ones' sides."""
        leader = self.setup.leader
        splits = inputs.event(Splits, self.at(f"splits.{state.number}.{state.level}.{self.me}", leader))
        owners, own = loaded(splits.owners), loaded(splits.own)
        if len(owners) != len(state.nodes) or owners.max(initial=0) > len(self.agreement.order):
            raise ProtocolError(UNFIT, whose=leader)
        if own.shape != (int((owners == self.agreement.order.index(self.me) + 1).sum()), 3):
            raise ProtocolError(UNFIT, whose=leader)
        tree = self.divided(state, owners, own.astype(np.int64))
        self._see_offered(tree)
        return self.siding(tree)

    def divided(self, tree: Tree, owners: Bytes, own: Ints) -> Tree:
        """With the splits of the level."""
        order = self.agreement.order
        split = [(node, order[owner - 1]) for node, owner in zip(tree.nodes, owners.tolist(), strict=True) if owner]
        return replace(tree, split=tuple(n for n, _ in split), owners=tuple(o for _, o in split), own=own)

    def _see_offered(self, tree: Tree) -> None:
        """That the own splits are candidates which were offered: at the end of a group, in a node with rows enough."""
        leader, ends = self.setup.leader, loaded(tree.here.ends)
        counts = tree.here.counts.tolist()
        columns = tree.columns[self.me].tolist()
        if any(counts[tree.nodes.index(node)] < 2 * self.terms.min_rows for node in tree.split):
            raise ProtocolError(UNFIT, whose=leader)
        for node, (column, last, missing) in zip(self._mine(tree), tree.own.tolist(), strict=True):
            known = column in columns and last < self.terms.bins - 1 and missing in (0, 1)
            groups = ends[tree.nodes.index(node) // 2, columns.index(column)] if known else None
            if groups is None or not groups[last] or not (missing or (groups[0] and last)):
                raise ProtocolError(UNFIT, whose=leader)

    def _mine(self, tree: Tree) -> list[int]:
        return [node for node, owner in zip(tree.split, tree.owners, strict=True) if owner == self.me]

    def siding(self, tree: Tree, *effects: Effect) -> Fired:
        """Have the sides of the own splits told, if there are any."""
        mine = self._mine(tree)
        if not mine:
            return Fired(effects, self.went.keeping(tree)) if self._sides(tree) else self._below(tree, {}, effects)
        fields = {
            "bins": tree.standing.ready.block.bins,
            "places": tree.here.places,
            "nodes": np.array(mine, np.int64),
            "splits": tree.own,
        }
        compute = Compute(f"sided.{tree.number}.{tree.level}", "trees.sided", fields)
        return Fired((*effects, compute), self.say.keeping(tree))

    @transition(Tree, lambda self, tree: [self.job(f"sided.{tree.number}.{tree.level}")])
    def say(self, state: Tree, inputs: Inputs, draw: Draw) -> Fired:
        """Say on which side of the own splits rows fall: to all, at the last level to the label holder alone."""
        bits = loaded(inputs.result(Sided, self.job(f"sided.{state.number}.{state.level}")).bits)
        step, forest = self._sides_step(state), state.standing.forest
        table = (*forest.table, *((int(c), int(b), int(m)) for c, b, m in state.own))
        standing = replace(state.standing, forest=replace(forest, table=table))
        tree = replace(state, standing=standing, mine=bits)
        to = [p for p in self.setup.peers if not self.is_last(state) or p == self.setup.leader]
        sends = (Send(step, to, Sides(bits=bits)),) if to else ()
        return Fired(sends, self.went.keeping(tree)) if self._sides(tree) else self._below(tree, {}, sends)

    def _sides_step(self, tree: Tree) -> str:
        return f"{'last' if self.is_last(tree) else 'sides'}.{tree.number}.{tree.level}"

    def _sides(self, tree: Tree) -> list[Address]:
        """Where others say the sides of their splits to this party."""
        if self.is_last(tree) and not self.setup.labelled:
            return []
        others = dict.fromkeys(owner for owner in tree.owners if owner != self.me)
        return [self.at(self._sides_step(tree), owner) for owner in others]

    @transition(Tree, lambda self, tree: self._sides(tree))
    def went(self, state: Tree, inputs: Inputs, draw: Draw) -> Fired:
        """All sides of the level are known."""
        told = {party: loaded(event.bits) for party, event in inputs.events(Sides).items()}
        return self._below(state, told, ())

    def _below(self, tree: Tree, told: Mapping[str, Bytes], effects: Sequence[Effect]) -> Fired:
        """One level down, or the tree is grown."""
        if tree.mine is not None:
            told, tree = {**told, self.me: tree.mine}, replace(tree, mine=None)
        if not tree.split or self.is_last(tree):
            return self.finish(tree, told, effects)
        nodes = tuple(children(tree.split))
        job = self.level_job(replace(tree, level=tree.level + 1), told)
        tree = replace(tree, level=tree.level + 1, nodes=nodes)
        return Fired((*effects, job), self.descend.keeping(tree))

    @transition(Tree, lambda self, tree: [self.job(f"level.{tree.number}.{tree.level}")])
    def descend(self, state: Tree, inputs: Inputs, draw: Draw) -> Fired:
        """Take the sums of the level, if any of its nodes can be split."""
        tree = replace(state, at=inputs.result(Level, self.job(f"level.{state.number}.{state.level}")))
        if not any(lively(tree.here.counts, len(tree.here.ends), self.terms.min_rows)):
            return self.finish(replace(tree, split=(), owners=()), {}, ())
        return self.summing(tree)

    def summing(self, tree: Tree) -> Fired:
        """Have the own shares of a level's sums taken."""
        return self._summing(tree)

    def finish(self, tree: Tree, told: Mapping[str, Bytes], effects: Sequence[Effect]) -> Fired:
        """Wait for the label holder's word on whether this was the last tree."""
        return Fired(tuple(effects), self.grown.keeping(tree.standing))

    @transition(Standing, lambda self, standing: [self.at(f"grown.{standing.tree}", self.setup.leader)])
    def grown(self, state: Standing, inputs: Inputs, draw: Draw) -> Fired:
        """The tree is grown: the next one, or the end."""
        last = inputs.event(Grown, self.at(f"grown.{state.tree}", self.setup.leader)).last
        reached = Reach("round", state.tree + 1)
        standing = replace(state, tree=state.tree + 1)
        full = standing.tree == self.terms.trees
        if last:
            ready, forest = standing.ready, standing.forest
            done = Boosted(ready, forest, standing.scores, standing.tree, stopped=not full)
            return Fired((reached, Note({"trees": standing.tree}), Done(done)))
        if full:
            raise ProtocolError("there are more trees than agreed", whose=self.setup.leader)
        return self.begun(standing, draw, reached)


def lively(counts: Ints, pairs: int, least: int) -> list[bool]:
    """Of every pair of siblings, whether sums of it are told: one of them can be split."""
    each = len(counts) // pairs
    return [worth(counts[each * pair : each * (pair + 1)], least) for pair in range(pairs)]
