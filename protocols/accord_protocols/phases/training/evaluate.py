"""Joint prediction of the TEST rows, and each party's model.

The others send their scores under masks that cancel in the label holder's sum; with two parties there is nobody to mask
against.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any, ClassVar

import numpy as np

from accord_protocols.kernel.machine import (
    Done,
    Draw,
    Fired,
    Goes,
    Inputs,
    Machine,
    Memory,
    Note,
    Send,
    nothing,
    transition,
)
from accord_protocols.phases.training.masking import masked
from accord_protocols.phases.training.sizes import SCORE_BITS
from accord_protocols.phases.training.vectors import product
from accord_protocols.preparation.moments import magnitude, moments
from accord_protocols.primitives.ring import Ring
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Scores

SCORES = Ring(64)
_STEP = "scores"


class Evaluate(Machine):
    """One instance, at everybody."""

    kind = "evaluate"
    version = 2
    says: ClassVar[dict[str, type[Event]]] = {"scores": Scores}
    goes: ClassVar[dict[str, Goes]] = {"scores": Goes.LABEL}

    @transition(nothing)
    def start(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Score the own columns of the TEST rows; say what the own model is."""
        block, opener = memory["block"], self.agreement.label_holder
        model = self._model(memory)
        digest = hashlib.sha256(canonical_json(model)).hexdigest()
        facts = {name: memory[name] for name in ("rounds", "converged")}
        warnings = [] if memory["converged"] else [f"Training ended without convergence: {memory['stop']}."]
        note = Note({"model": model, "loss": memory["loss"], **facts, "warnings": warnings if self.setup.leads else []})
        z = product(block["test"], memory["w"])
        kept = {"digest": digest, "z": z, "block": block}
        if not len(z):
            return Fired({}, (note, Done({"digest": digest})))
        if self.setup.labelled:
            return Fired(kept, (note,), "open")
        if not np.abs(z).max(initial=0.0) < 2.0**32 / len(self.agreement.parties):
            raise ProtocolError("a prediction is out of range", whose=self.me)
        kappas, told = memory["kappas"], memory["told"]
        shares = masked(SCORES, SCORES.from_fixed(z, SCORE_BITS), self.me, kappas, opener, "evaluate", told)
        return Fired({}, (note, Send(_STEP, [opener], Scores(shares=shares)), Done({"digest": digest})))

    @transition(
        lambda self, memory: [self.at(_STEP, p) for p in self.agreement.order if p != self.agreement.label_holder]
    )
    def open(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: add up, and measure."""
        block = memory["block"]
        total = SCORES.from_fixed(memory["z"], SCORE_BITS)
        for address, event in sorted(inputs.items()):
            if event.shares.shape != total.shape:
                raise ProtocolError("scores are not of the agreed shape", whose=address.sender)
            total = SCORES.add(total, event.shares)
        scaled = total[:, 0].view(np.int64) * 2.0**-SCORE_BITS
        predictions = np.ldexp(scaled, block["shift"]) + block["center"]
        metrics = regression(block["test_labels"], predictions)
        note = Note({"predictions": predictions, "predicted_rows": block["test_rows"], "metrics": metrics})
        return Fired({}, (note, Done({"digest": memory["digest"]})))

    def _model(self, memory: Memory) -> dict[str, Any]:
        """The party's part of the model, in the labels' unit: nothing in it differs between equal runs."""
        block = memory["block"]
        weights = np.ldexp(memory["w"], memory["announced"]["shift"]).tolist()
        names = [column["name"] for column in block["fitted"]["kept"]]
        train = self.agreement.train
        assert train is not None
        return {
            "format": 1,
            "party": self.me,
            "model": train.model,
            "protection": train.protection,
            "coefficients": dict(zip(names, weights, strict=False)),
            "preparation": block["fitted"],
            "intercept": weights[-1] + block["center"] if self.setup.labelled else None,
        }


def regression(y: np.ndarray, predictions: np.ndarray) -> dict[str, float | None]:
    """rmse, mae and r2 from correctly rounded sums: they are decided on, so they have the same bits everywhere.

    Taken in a unit of a power of two, so that no square overflows or vanishes.
    """
    unit = magnitude(y)
    y, predictions = np.ldexp(y, -unit), np.ldexp(predictions, -unit)
    errors, spread = predictions - y, y - math.fsum(y.tolist()) / len(y)
    square, total = math.fsum((errors * errors).tolist()), math.fsum((spread * spread).tolist())
    return {
        "rmse": math.ldexp(math.sqrt(square / len(y)), unit),
        "mae": math.ldexp(math.fsum(np.abs(errors).tolist()) / len(y), unit),
        "r2": None if moments(y).rounding else 1 - square / total,
    }
