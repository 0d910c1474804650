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

from accord_protocols.evaluation.deciles import deciles
from accord_protocols.evaluation.metrics import metrics
from accord_protocols.evaluation.stability import stability
from accord_protocols.kernel.effects import Compute, Done, Effect, Note, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.links.link import Link
from accord_protocols.links.registry import link_of
from accord_protocols.model.part import LINKS as LINKED
from accord_protocols.model.part import ModelPart
from accord_protocols.phases.training import few_rows
from accord_protocols.phases.training.masking import masked
from accord_protocols.phases.training.sizes import SCORE_BITS, X_BITS
from accord_protocols.phases.training.states import Given, Trained
from accord_protocols.preparation.fitted import Fitted
from accord_protocols.preparation.whiten import Whitening
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.vectors import Vector, large, scores
from accord_protocols.tasks.results.training import Block, Scored
from accord_schemas.blob import loaded
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Scores

SCORES = Ring(64)
WIDE = 600.0
"""Where a link grows with e^u, a score beyond this counts as this: what it gives is a float in any unit of labels."""
_STEP, _TEST, _TRAIN = "scores", "scored", "fitted"
_TANGENT = (
    "link: linear trains on the logistic function's tangent: predictions rank rows much as logistic regression's do, "
    "but coefficients differ, by 0.2 to 1.6 on common data, and probabilities with them."
)


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
        if self._link.name == "tangent":
            warnings.append(_TANGENT)
        told_all = [*(warnings if self.setup.leads else ()), *self._few(block, trained.rounds)]
        note = Note({"model": model, "loss": trained.loss, **facts, "warnings": told_all})
        if not len(block.test_rows):
            return Fired((note, Done(Evaluated(told.digest))))
        note = Note({**note.fields, "tested": loaded(block.test_rows)})
        whitened = Whitening(block.factor).forth(trained.w) if block.columns else trained.w
        parts: dict[str, tuple[Any, Vector, int]] = {
            _TEST: (block.test, trained.w, 0),
            _TRAIN: (block.x, whitened, X_BITS),
        }
        if not any(large(x) for x, _, _ in parts.values()):
            return self._scored(told, {k: scores(loaded(x), w, bits) for k, (x, w, bits) in parts.items()}, note)
        fields = {k: {"x": x, "weights": w, "fraction_bits": bits} for k, (x, w, bits) in parts.items()}
        jobs = (Compute(k, "train.scores", inputs) for k, inputs in fields.items())
        return Fired((note, *jobs), self.scored.keeping(told))

    @transition(Told, lambda self, _: [self.job(_TEST), self.job(_TRAIN)])
    def scored(self, state: Told, inputs: Inputs, draw: Draw) -> Fired:
        """The same, from workers."""
        return self._scored(state, {k: inputs.result(Scored, self.job(k)).scores for k in (_TEST, _TRAIN)})

    def _few(self, block: Block, rounds: int) -> list[str]:
        """Few for what the rounds opened, where they were not few for the columns alone."""
        train = self.agreement.train
        enough = few_rows.wanted(train, rounds) * block.columns if train else 0
        if not few_rows.PER_COLUMN * block.columns <= block.n < enough:
            return []
        many = f"{block.columns} columns in {rounds} rounds"
        return [f"{self.me}: {block.n} TRAIN rows are few for {many}: gradients tell more about each row."]

    def _scored(self, told: Told, found: Mapping[str, Vector], *effects: Effect) -> Fired:
        """Send the own scores of the TEST rows, masked; or wait for the others'."""
        z, done = found[_TEST], Done(Evaluated(told.digest))
        effects = (*effects, Note({"stability": stability(found[_TRAIN], z)}))
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
        y, link = loaded(block.test_labels), self._link
        u: Vector = np.ldexp(total[:, 0].view(np.int64).astype(np.float64), -SCORE_BITS)
        if len(block.test_offset):
            u = u + loaded(block.test_offset)
        bounded: Vector = u if math.isinf(link.range) else np.clip(u, -WIDE, WIDE)
        predictions = link.predictions(bounded, block.center, block.shift)
        assert self.agreement.train is not None
        model = self.agreement.train.model
        found = {"metrics": metrics(model, y, u, predictions), "deciles": deciles(y, predictions)}
        rows = loaded(block.test_rows)
        note = Note({"predictions": predictions, "predicted_rows": rows, **found})
        return Fired((note, Done(Evaluated(state.told.digest))))

    def _model(self, start: Predicting, salt: bytes) -> Mapping[str, Any]:
        """The party's part of the model, in the labels' unit: nothing in it differs where a run is repeated.

        The salt, without which everybody could try models against the digest that travels in clear, and see which runs
        had the same, follows from the root seed.
        """
        block, announced, link = start.given.block, start.given.announced, self._link
        weights = link.weights(start.trained.w, announced.shift).tolist()
        names = [column["name"] for column in block.fitted["kept"]]
        train = self.agreement.train
        assert train is not None
        part = ModelPart(
            salt=salt.hex(),
            party=self.me,
            model=train.model,
            link=LINKED[train.model],
            protection=train.protection,
            shift=announced.shift if link.quadratic else 0,  # elsewhere a score has no unit
            coefficients=dict(zip(names, weights, strict=False)),
            intercept=self._intercept(start) if self.setup.labelled else None,
            exposure=train.exposure if self.setup.labelled else None,
            preparation=Fitted.from_json(block.fitted),
        )
        return part.to_json()

    def _intercept(self, start: Predicting) -> float:
        block = start.given.block
        return self._link.intercept(float(start.trained.w[-1]), block.center, block.shift)

    @property
    def _link(self) -> Link:
        assert self.agreement.train is not None
        return link_of(self.agreement.train)
