"""What trees come to: every party's part of the model, and at the label holder the figures of the TEST rows."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from accord_protocols.boosting.objective import SCORE_BITS, expected
from accord_protocols.evaluation.deciles import deciles
from accord_protocols.evaluation.metrics import Vector, classification, metrics
from accord_protocols.evaluation.stability import stability
from accord_protocols.kernel.effects import Done, Note
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.model.trees import OBJECTIVES, Leaf, Node, OwnSplit, Tree, TreesPart
from accord_protocols.phases.boosting.states import Boosted
from accord_schemas.blob import loaded
from accord_schemas.canonical import canonical_json
from accord_schemas.parts import Trees

DRAWN = 3
"""Trees that are drawn for people."""


@dataclass(frozen=True, slots=True, repr=False)
class Measured:
    """What everybody ends with.

    Args:
        digest: SHA-256 of the own model, its salt included, in hex.
    """

    digest: str


class Measure(Machine):
    """One instance, at everybody; nothing is said."""

    kind = "measure_trees"

    @transition(Boosted, nothing, starts=True)
    def start(self, state: Boosted, inputs: Inputs, draw: Draw) -> Fired:
        """Put the own model together, and measure."""
        model = self._model(state, draw.key("salt"))
        digest = hashlib.sha256(canonical_json(model)).hexdigest()
        note = {"model": model, "converged": True, "rounds": state.trees, "importance": self._importance(state)}
        if self.setup.labelled:
            note |= self._figures(state)
        return Fired((Note(note), Done(Measured(digest))))

    def _terms(self) -> Trees:
        assert self.agreement.trees is not None
        return self.agreement.trees

    def _model(self, state: Boosted, salt: bytes) -> Mapping[str, Any]:
        block, forest, terms = state.ready.block, state.forest, self._terms()
        splits = [
            OwnSplit(
                column=block.names[column],
                below=float(block.cuts[column][last - 1]) if last else None,
                missing=bool(missing),
            )
            for column, last, missing in forest.table
        ]
        part = TreesPart(
            salt=salt.hex(), party=self.me, objective=terms.objective, protection=terms.protection, splits=splits
        )
        if self.setup.labelled:
            trees = [
                Tree(
                    nodes=[Node(node=n, party=p, split=k) for n, p, k in nodes],
                    leaves=[Leaf(node=n, weight=self._size(w, state)) for n, w in leaves],
                )
                for nodes, leaves in zip(forest.nodes, forest.leaves, strict=True)
            ]
            start = (
                state.scale.offset + self._size(state.scale.base, state)
                if state.scale
                else self._size(block.start, state)
            )
            part = part.model_copy(update={"start": start, "unit": block.unit, "trees": trees})
        return part.to_json()

    def _drawn(self, state: Boosted) -> list[list[dict[str, Any]]]:
        """The first trees for people, node by node from the root down."""
        block, forest = state.ready.block, state.forest
        splits, drawn = iter(forest.gains), []
        for nodes, leaves in list(zip(forest.nodes, forest.leaves, strict=True))[:DRAWN]:
            says = {leaf: f"{self._size(weight, state):+.4g}" for leaf, weight in leaves}
            for node, owner, number in nodes:
                _, column, _ = next(splits)
                says[node] = f"{owner}, column {column + 1}"
                if owner == self.me:
                    own, last, missing = forest.table[number]
                    below = f" < {block.cuts[own][last - 1]:g}" if last else " is missing"
                    says[node] = f"{block.names[own]}{below}{', or missing' if last and missing else ''}"
            drawn.append([_line(node, says[node]) for node in sorted(says, key=_preorder)])
        return drawn

    @staticmethod
    def _size(score: int, state: Boosted) -> float:
        """Of what is added to a score, in the labels' unit where the loss is squared."""
        if state.scale is not None:
            return state.scale.factor * math.ldexp(score, -state.scale.bits)
        return math.ldexp(score, state.ready.block.unit - SCORE_BITS)

    def _importance(self, state: Boosted) -> Mapping[str, Any]:
        """How often each own column was split on; at the label holder also the gain of each party's splits."""
        names, forest = state.ready.block.names, state.forest
        splits = dict.fromkeys(names, 0)
        for column, _, _ in forest.table:
            splits[names[column]] += 1
        found: dict[str, Any] = {"splits": splits}
        if self.setup.labelled:
            gains = {party: [g for p, _, g in forest.gains if p == party] for party in self.agreement.order}
            found["parties"] = {p: {"splits": len(g), "gain": math.fsum(g)} for p, g in gains.items()}
        return found

    def _figures(self, state: Boosted) -> Mapping[str, Any]:
        block, terms = state.ready.block, self._terms()
        scores, losses = loaded(state.scores), state.forest.losses
        found: dict[str, Any] = {"drawn": self._drawn(state)}
        found |= {"loss": list(losses) if len(block.test_rows) and losses else None}
        if not len(block.test_rows):
            return found
        if state.scale is not None:
            u = state.scale.offset + state.scale.factor * np.ldexp(scores.astype(np.float64), -state.scale.bits)
            predictions, shift = u, None
        else:
            test = scores[block.n :]
            u = np.ldexp(test.astype(np.float64), -SCORE_BITS)
            predictions = np.ldexp(expected(terms.objective, test), block.unit)
            shift = stability(np.ldexp(scores[: block.n].astype(np.float64), -SCORE_BITS), u)
        y, rows = loaded(block.labels), loaded(block.test_rows)
        return found | {
            "predictions": predictions,
            "predicted_rows": rows,
            "metrics": _metrics(terms.objective, y, u, predictions),
            "deciles": deciles(y, predictions),
            "stability": shift,
        }


def _metrics(objective: str, y: Vector, scores: Vector, predictions: Vector) -> dict[str, float | None]:
    """Of the family's; of labels 0 and 1 in their order as well, whatever the loss is."""
    found = metrics(OBJECTIVES[objective], y, scores, predictions)
    if objective == "squared" and bool(np.isin(y, (0.0, 1.0)).all()):
        found |= {name: value for name, value in classification(y, predictions).items() if name != "log_loss"}
    return found


def _preorder(node: int) -> str:
    """Sorts nodes as they are read: a node before those below it, left before right."""
    return f"{node:b}"


def _line(node: int, says: str) -> dict[str, Any]:
    side = "root" if node == 1 else "left" if node % 2 == 0 else "right"
    return {"depth": node.bit_length() - 1, "side": side, "says": says}
