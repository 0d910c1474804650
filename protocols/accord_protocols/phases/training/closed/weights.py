"""The end of a training on shares: every party gets its own weights, and says whether its scores were in range."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.closed.shape import W_BITS, X_BITS
from accord_protocols.kernel.effects import Abort, Compute, Done, Note, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.links.registry import link_of
from accord_protocols.phases.training.closed import plan
from accord_protocols.phases.training.closed.rule import out_of_range
from accord_protocols.phases.training.closed.states import Beyond, Owning, Weighed
from accord_protocols.phases.training.states import Trained
from accord_protocols.preparation.whiten import Whitening
from accord_protocols.primitives.sharing import RING
from accord_protocols.tasks.results.training import Scored
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Ranged, Shares
from accord_schemas.parts import Train

PARTS = 16
"""Of the range in which all scores together are what the link's series is for."""


class Weights(Machine):
    """One instance, at everybody."""

    kind = "weights"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"weights": Shares, "ranged": Ranged}
    goes: ClassVar[dict[str, Goes]] = {"weights": Goes.STEP, "ranged": Goes.ALL}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """Where weights are shared until the end; with a longer period once more."""
        train = setup.agreement.train
        if train is None or train.protection not in ("closed", "express"):
            return False
        return not qualifier or qualifier in map(str, plan.longer(train, train.period))

    @property
    def holders(self) -> tuple[str, ...]:
        """Whose shares of its own weights this party gets."""
        return tuple(q for q in self.agreement.keyholders if q != self.me)

    @transition(Owning, nothing, starts=True)
    def start(self, state: Owning, inputs: Inputs, draw: Draw) -> Fired:
        """Computing party: its shares, to each owner."""
        others = ((party, part) for party, part in state.parts.items() if party != self.me)
        sends = (Send(f"weights.{party}", [party], Shares(values=part)) for party, part in others)
        return Fired(tuple(sends), self.own.keeping(state))

    @transition(Owning, lambda self, _: [self.at(f"weights.{self.me}", q) for q in self.holders])
    def own(self, state: Owning, inputs: Inputs, draw: Draw) -> Fired:
        """Add the shares up, and score the own columns."""
        given, events = state.at.given, inputs.events(Shares)
        k = given.block.columns
        parts = [*([state.parts[self.me]] if self.me in state.parts else []), *(e.values for e in events.values())]
        varied = plan.varied(self._train)
        for sender, event in events.items():
            if event.values.shape != (k * (1 + varied), 2):
                raise ProtocolError("shares of weights are not as agreed", whose=sender)
        values = np.array([math.ldexp(v, -W_BITS) for v in RING.to_ints(RING.add(*parts))])
        weighed = Weighed(state, values[:k], values[k:])
        if not k:
            return self._ranged(weighed, np.zeros(1))
        fields = {"x": given.block.x, "weights": values[:k], "fraction_bits": X_BITS}
        return Fired((Compute("scored", "train.scores", fields),), self.scored.keeping(weighed))

    @transition(Weighed, lambda self, _: [self.job("scored")])
    def scored(self, state: Weighed, inputs: Inputs, draw: Draw) -> Fired:
        """The own scores."""
        return self._ranged(state, loaded(inputs.result(Scored, self.job("scored")).scores))

    def _ranged(self, state: Weighed, z: NDArray[np.float64]) -> Fired:
        """Say how much of the range they take."""
        low, high = plan.score_range(self._train, state.owning.at.period)
        event = Ranged(above=_parts(z.max(), high), below=_parts(-z.min(), -low))
        return Fired((Send("ranged", self.agreement.order, event),), self.end.keeping(state))

    @transition(Weighed, lambda self, _: [self.at("ranged", p) for p in self.agreement.order])
    def end(self, state: Weighed, inputs: Inputs, draw: Draw) -> Fired:
        """Where all together took more than there is, nobody can tell what the weights are."""
        events = inputs.events(Ranged).values()
        if max(sum(event.above for event in events), sum(event.below for event in events)) > PARTS:
            more = plan.longer(self._train, state.owning.at.period)
            return Fired((Done(Beyond()) if more else Abort("failed", out_of_range(self._train)),))
        at, block = state.owning.at, state.owning.at.given.block
        w = Whitening(loaded(block.factor)).back(state.whitened) if block.columns else state.whitened
        loss = None if state.owning.loss is None else list(state.owning.loss)
        trained = Trained(w, at.number, at.stop, loss, at.told)
        return Fired((*self._notes(state), Done(trained)))

    def _notes(self, state: Weighed) -> tuple[Note, ...]:
        """Standard errors of the own coefficients, in the labels' unit."""
        at, block = state.owning.at, state.owning.at.given.block
        if not len(state.variances):
            return ()
        linear = self._train.model == "linear"
        if linear and not at.variance:
            return ()
        link, shift = link_of(self._train), at.given.announced.shift
        spread = at.variance if linear else 1 / link.unit(shift)  # the Hessian is that of scaled labels
        scale = 2.0 ** -(max(block.n - 1, 0)).bit_length()
        errors = np.sqrt(np.maximum(state.variances, 0.0) * scale * spread)
        errors = link.weights(errors, shift)
        freedom = block.n - sum(at.given.announced.columns.values())
        names = [column["name"] for column in block.fitted["kept"]]
        found = dict(zip(names, errors.tolist(), strict=False))
        intercept = {"intercept_error": errors.tolist()[-1]} if self.setup.labelled else {}
        return (Note({"standard_errors": found, "freedom": freedom if linear else None, **intercept}),)

    @property
    def _train(self) -> Train:
        assert self.agreement.train is not None
        return self.agreement.train


def _parts(largest: float, bound: float) -> int:
    return min(max(0, math.ceil(PARTS * largest / bound)), 255)
