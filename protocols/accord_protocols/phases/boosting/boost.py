"""Trees at `paths`: what the label holder does besides what every party does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from accord_protocols.boosting.misses import worn
from accord_protocols.kernel.effects import Compute, Effect, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.transition import Draw, Fired, transition
from accord_protocols.phases.boosting.following import UNFIT, Following, lively
from accord_protocols.phases.boosting.states import Standing, Tree
from accord_protocols.primitives.onehot.ledger import nonce
from accord_protocols.tasks.results.boosting import Derived, Level, Shared, SplitsChosen, TreeFinished, VectorSent
from accord_protocols.tasks.results.common import Bytes
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Grown, NodeSums, Splits, Vector


class Boost(Following):
    """One instance, at everybody."""

    kind = "boost"

    def begun(self, standing: Standing, draw: Draw, *effects: Effect) -> Fired:
        """Set out on a tree: derivatives first, where the labels are."""
        if not self.setup.labelled:
            return super().begun(standing, draw, *effects)
        tree = self.fresh(standing)
        block = standing.ready.block
        fields = {
            "objective": self.terms.objective,
            "scores": standing.scores,
            "y": block.y,
            "sampled": tree.sampled,
        }
        compute = Compute(f"derived.{tree.number}", "trees.derived", fields, key=draw.key("dither"))
        return Fired((*effects, compute), self.derive.keeping(tree))

    @transition(Tree, lambda self, tree: [self.job(f"derived.{tree.number}")])
    def derive(self, state: Tree, inputs: Inputs, draw: Draw) -> Fired:
        """Put the derivatives under the pads of every edge."""
        derived, number = inputs.result(Derived, self.job(f"derived.{state.number}")), state.number
        tree = replace(state, derived=derived)
        return Fired((self.level_job(tree),), self.send.keeping(self._once(tree, derived, number, draw)))

    def _once(self, tree: Tree, derived: Derived, number: int, draw: Draw) -> Tree:
        """With a nonce for every edge, and the vector booked there."""
        standing, nonces = tree.standing, {}
        for holder in self.holders:
            label = ("vector", standing.edges[holder].sid, number)
            nonces[holder] = nonce(draw.key("nonce", holder), label, derived.digest)
            standing = self.spent(standing, holder, nonces[holder], whose=self.me)
        return replace(tree, standing=standing, nonces=nonces)

    @transition(Tree, lambda self, tree: [self.job(f"level.{tree.number}.0")])
    def send(self, state: Tree, inputs: Inputs, draw: Draw) -> Fired:
        """Have the vectors made, and the root's sums with them."""
        tree = replace(state, at=inputs.result(Level, self.job(f"level.{state.number}.0")))
        assert tree.derived is not None
        words = {"words": tree.derived.words}
        jobs = (Compute(f"sent.{tree.number}.{p}", "onehot.sent", self._sending(tree, p) | words) for p in self.holders)
        return Fired(tuple(jobs), self.sent.keeping(tree))

    def _sending(self, tree: Tree, end: str) -> dict[str, Any]:
        edge = tree.standing.edges[end]
        fields = self.edge_fields(tree, end) | {"q": edge.cells, "delta": edge.delta, "sampled": tree.sampled}
        return fields if tree.level else fields | {"slots": tree.sampled, "totals": 1}

    @transition(Tree, lambda self, tree: [self.job(f"sent.{tree.number}.{p}") for p in self.holders])
    def sent(self, state: Tree, inputs: Inputs, draw: Draw) -> Fired:
        """Tell them."""
        made = {p: inputs.result(VectorSent, self.job(f"sent.{state.number}.{p}")) for p in self.holders}
        sends = (
            Send(f"vector.{state.number}.{p}", [p], Vector(nonce=state.nonces[p], words=made[p].words))
            for p in self.holders
        )
        tree = replace(state, shares={p: made[p].shares for p in self.holders})
        return Fired(tuple(sends), self.choose.keeping(tree))

    def summing(self, tree: Tree) -> Fired:
        """Have the own shares of a level's sums taken, on every edge."""
        if not self.setup.labelled:
            return super().summing(tree)
        step = f"{tree.number}.{tree.level}"
        jobs = (Compute(f"summed.{step}.{p}", "onehot.summed", self._sending(tree, p)) for p in self.holders)
        return Fired(tuple(jobs), self.summed.keeping(tree))

    @transition(Tree, lambda self, t: [self.job(f"summed.{t.number}.{t.level}.{p}") for p in self.holders])
    def summed(self, state: Tree, inputs: Inputs, draw: Draw) -> Fired:
        """They are there."""
        step = f"{state.number}.{state.level}"
        shares = {p: inputs.result(Shared, self.job(f"summed.{step}.{p}")).shares for p in self.holders}
        return Fired((), self.choose.keeping(replace(state, shares=shares)))

    @transition(Tree, lambda self, t: [self.at(f"nodes.{t.number}.{t.level}", p) for p in self.holders])
    def choose(self, state: Tree, inputs: Inputs, draw: Draw) -> Fired:
        """Choose the best splits of what everybody told."""
        at, columns, width = state.here, state.columns, self.terms.bins
        assert state.derived is not None
        fields: dict[str, Any] = {
            "me": self.me,
            "order": list(self.agreement.order),
            "least": self.terms.min_rows,
            "settings": self.terms.model_dump(mode="json"),
            "bits": state.derived.bits,
            "unit": state.standing.ready.block.unit,
            **{name: getattr(at, name) for name in ("counts", "ends", "own", "totals", "reach")},
            **{f"columns.{p}": columns[p] for p in self.agreement.order},
            **{f"shares.{p}": shares for p, shares in state.shares.items()},
        }
        pairs = len(at.ends)
        for party in self.agreement.order:
            none = np.zeros((0, len(columns[party]), width))
            fields[f"above.{party}"] = state.above.get(party, none.astype(np.uint64))
            fields[f"finer.{party}"] = state.finer.get(party, none.astype(np.uint8))
        for party, event in inputs.events(NodeSums).items():
            packed = loaded(event.ends)
            if packed.shape != (pairs * len(columns[party]), max(width // 8, 1)) or event.shares.shape[1] != 1:
                raise ProtocolError(UNFIT, whose=party)
            bits = np.unpackbits(packed, axis=1, bitorder="little")
            if bits[:, width:].any() or not bits[:, width - 1].all():
                raise ProtocolError(UNFIT, whose=party)
            fields[f"ends.{party}"] = bits[:, :width].reshape(pairs, -1, width)
            fields[f"told.{party}"] = event.shares
        compute = Compute(f"chosen.{state.number}.{state.level}", "trees.chosen", fields)
        return Fired((compute,), self.tell.keeping(state))

    @transition(Tree, lambda self, tree: [self.job(f"chosen.{tree.number}.{tree.level}")])
    def tell(self, state: Tree, inputs: Inputs, draw: Draw) -> Fired:
        """Tell everybody who splits what, and each owner where."""
        step, order = f"{state.number}.{state.level}", self.agreement.order
        chosen = inputs.result(SplitsChosen, self.job(f"chosen.{step}"))
        owners, splits = chosen.owners, chosen.splits
        sends = [
            Send(
                f"splits.{step}.{p}",
                [p],
                Splits(owners=owners, own=splits[owners == order.index(p) + 1].astype(np.uint64)),
            )
            for p in self.holders
        ]
        tree = self.divided(state, owners, splits[owners == order.index(self.me) + 1])
        closed = [node for node, owner in zip(state.nodes, owners.tolist(), strict=True) if not owner]
        numbered, grown = dict(tree.numbered), list(tree.grown)
        for node, owner in zip(tree.split, tree.owners, strict=True):
            grown.append((node, owner, numbered[owner]))
            numbered[owner] += 1
        gains = zip(tree.owners, splits[owners > 0, 0].tolist(), chosen.gains[owners > 0].tolist(), strict=True)
        tree = replace(
            tree,
            closed=(*tree.closed, *closed),
            numbered=numbered,
            grown=tuple(grown),
            gains=(*tree.gains, *gains),
            above=chosen.above,
            finer=chosen.finer,
        )
        return self.siding(tree, *sends)

    def finish(self, tree: Tree, told: Mapping[str, Bytes], effects: Sequence[Effect]) -> Fired:
        """The label holder adds the leaves to the scores."""
        if not self.setup.labelled:
            return super().finish(tree, told, effects)
        assert tree.derived is not None
        dead = tree.nodes if self._unlively(tree) else ()
        fields = {
            "settings": self.terms.model_dump(mode="json"),
            "bits": tree.derived.bits,
            "places": tree.here.places,
            "sampled": tree.sampled,
            "nodes": np.array(tree.split, np.int64),
            "owners": list(tree.owners),
            **{f"bits.{party}": bits for party, bits in told.items()},
            "leaves": np.array([*tree.closed, *dead], np.int64),
            "words": tree.derived.words,
            "scores": tree.standing.scores,
            "y": tree.standing.ready.block.y,
            "n": len(tree.sampled),
        }
        compute = Compute(f"finished.{tree.number}", "trees.finished", fields)
        return Fired((*effects, compute), self.publish.keeping(tree))

    def _unlively(self, tree: Tree) -> bool:
        """Whether none of the level's nodes could be split, so that no word was said of them."""
        return not any(lively(tree.here.counts, len(tree.here.ends), self.terms.min_rows)) and tree.level > 0

    @transition(Tree, lambda self, tree: [self.job(f"finished.{tree.number}")])
    def publish(self, state: Tree, inputs: Inputs, draw: Draw) -> Fired:
        """Say whether this was the last tree."""
        finished = inputs.result(TreeFinished, self.job(f"finished.{state.number}"))
        standing, forest = state.standing, state.standing.forest
        leaves = tuple(zip(finished.leaves.tolist(), finished.weights.tolist(), strict=True))
        forest = replace(
            forest,
            nodes=(*forest.nodes, state.grown),
            leaves=(*forest.leaves, leaves),
            gains=(*forest.gains, *state.gains),
            losses=(*forest.losses, finished.loss),
        )
        patience, losses = self.terms.stop_after, forest.losses
        tests = len(standing.ready.block.test_rows)
        last = len(losses) == self.terms.trees or (patience is not None and tests > 0 and worn(losses, patience))
        send = Send(f"grown.{state.number}", self.agreement.order, Grown(last=last))
        return Fired((send,), self.grown.keeping(replace(standing, forest=forest, scores=finished.scores)))
