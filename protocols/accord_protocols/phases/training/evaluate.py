"""Joint prediction of the TEST rows, and each party's model.

The others send their scores under masks that cancel in the label holder's sum; with two parties there is nobody to mask
against.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from accord_protocols.kernel.effects import Compute, Done, Effect, Note, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.training.masking import masked
from accord_protocols.phases.training.sizes import SCORE_BITS
from accord_protocols.phases.training.states import Given, Trained
from accord_protocols.preparation.moments import magnitude, moments
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.vectors import Vector, large, scores
from accord_protocols.tasks.results import Scored
from accord_schemas.blob import loaded
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Scores

SCORES = Ring(64)
_STEP = "scores"


@dataclass(frozen=True, slots=True, repr=False)
class Predicting:
    """What prediction begins with: what training began with, and what it gave."""

    given: Given
    trained: Trained


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """And the digest of the own model."""

    start: Predicting
    digest: str


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """And the label holder's own scores of the TEST rows, ``(k,)``."""

    told: Told
    z: Vector


@dataclass(frozen=True, slots=True, repr=False)
class Evaluated:
    """What everybody ends with.

    Args:
        digest: SHA-256 of the own model, its salt included, in hex.
    """

    digest: str


class Evaluate(Machine):
    """One instance, at everybody."""

    kind = "evaluate"
    version = 4
    says: ClassVar[dict[str, type[Event]]] = {"scores": Scores}
    goes: ClassVar[dict[str, Goes]] = {"scores": Goes.LABEL}

    @transition(Predicting, nothing, starts=True)
    def start(self, state: Predicting, inputs: Inputs, draw: Draw) -> Fired:
        """Say what the own model is; score the own columns of the TEST rows."""
        block, trained = state.given.block, state.trained
        model = self._model(state, draw.key("salt"))
        told = Told(state, hashlib.sha256(canonical_json(model)).hexdigest())
        facts = {"rounds": trained.rounds, "converged": trained.converged}
        warnings = [] if trained.converged else [f"Training ended without convergence: {trained.stop}."]
        note = Note({"model": model, "loss": trained.loss, **facts, "warnings": warnings if self.setup.leads else []})
        if not large(block.test):
            return self._scored(told, scores(loaded(block.test), trained.w, 0), note)
        fields = {"x": block.test, "weights": trained.w, "fraction_bits": 0}
        return Fired((note, Compute("scored", "train.scores", fields)), self.scored.keeping(told))

    @transition(Told, lambda self, _: [self.job("scored")])
    def scored(self, state: Told, inputs: Inputs, draw: Draw) -> Fired:
        """The same, from a worker."""
        return self._scored(state, inputs.result(Scored, self.job("scored")).scores)

    def _scored(self, told: Told, z: Vector, *effects: Effect) -> Fired:
        """Send the own scores, masked; or wait for the others'."""
        done = Done(Evaluated(told.digest))
        if not len(z):
            return Fired((*effects, done))
        if self.setup.labelled:
            return Fired(effects, self.open.keeping(Opening(told, z)))
        if not np.abs(z).max(initial=0.0) < 2.0**32 / len(self.agreement.parties):
            raise ProtocolError("a prediction is out of range", whose=self.me)
        start, opener = told.start, self.agreement.label_holder
        values, kappas = SCORES.from_fixed(z, SCORE_BITS), start.given.keyed.kappas
        shares = masked(SCORES, values, self.me, kappas, opener, "evaluate", start.trained.told)
        return Fired((*effects, Send(_STEP, [opener], Scores(shares=shares)), done))

    @transition(
        Opening,
        lambda self, _: [self.at(_STEP, p) for p in self.agreement.order if p != self.agreement.label_holder],
    )
    def open(self, state: Opening, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: add up, and measure."""
        block = state.told.start.given.block
        total = SCORES.from_fixed(state.z, SCORE_BITS)
        for sender, event in inputs.events(Scores).items():
            if event.shares.shape != total.shape:
                raise ProtocolError("scores are not of the agreed shape", whose=sender)
            total = SCORES.add(total, event.shares)
        scaled = total[:, 0].view(np.int64) * 2.0**-SCORE_BITS
        predictions = np.ldexp(scaled, block.shift) + block.center
        metrics = regression(loaded(block.test_labels), predictions)
        rows = loaded(block.test_rows)
        note = Note({"predictions": predictions, "predicted_rows": rows, "metrics": metrics})
        return Fired((note, Done(Evaluated(state.told.digest))))

    def _model(self, start: Predicting, salt: bytes) -> Mapping[str, Any]:
        """The party's part of the model, in the labels' unit: nothing in it differs where a run is repeated.

        The salt, without which everybody could try models against the digest that travels in clear, and see which runs
        had the same, follows from the root seed.
        """
        block, announced = start.given.block, start.given.announced
        weights = np.ldexp(start.trained.w, announced.shift).tolist()
        names = [column["name"] for column in block.fitted["kept"]]
        train = self.agreement.train
        assert train is not None
        return {
            "format": 1,
            "salt": salt.hex(),
            "party": self.me,
            "model": train.model,
            "protection": train.protection,
            "coefficients": dict(zip(names, weights, strict=False)),
            "preparation": block.fitted,
            "intercept": weights[-1] + block.center if self.setup.labelled else None,
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
