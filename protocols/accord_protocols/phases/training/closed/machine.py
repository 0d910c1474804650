"""Training on shares: two computing parties hold the weights, and the label holder ends each round.

A computing party goes through the stages of `accord_protocols.closed.script`: it waits for what the other says, runs a
task, and says what that gives. What it holds stays in a bag that this machine never looks into, but for the shares of
weights. The label holder ends each round with a verdict that everybody hears.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.closed import script
from accord_protocols.closed.shape import WEIGHT_BITS
from accord_protocols.kernel.effects import Compute, Done, Effect, Note, Reach, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.links.registry import link_of
from accord_protocols.phases.training.closed import plan
from accord_protocols.phases.training.closed.columns import Columns, Laid, Received
from accord_protocols.phases.training.closed.rule import STOPS, OutOfRangeError, Rule, decided, out_of_range
from accord_protocols.phases.training.closed.states import Beyond, Ending, Following, Holder, Owning
from accord_protocols.phases.training.closed.weights import Weights
from accord_protocols.phases.training.masking import heard
from accord_protocols.phases.training.states import Given
from accord_protocols.primitives.sharing import RING
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks.results.training import Block, Dealt, Staged
from accord_schemas.address import Address
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Ciphertexts, ColumnShares, Event, LatticeKey, Shares, Verdict

FIGURES = 4
HEAVY = f"a row has {1 << WEIGHT_BITS} times the average weight or more"
WIDER = (
    "Scores left the range of the period {}: what was trained with it was dropped, and training began anew with {}. "
    "Agree on train.period to spare the time."
)


class Closed(Machine):
    """One instance, at everybody."""

    kind = "closed"
    by_reference = True
    tasks: ClassVar[str] = "closed"
    """What the names of the stages' tasks begin with."""
    says: ClassVar[dict[str, type[Event]]] = {
        "columns": ColumnShares,
        "turn": Ciphertexts,
        "figures": Shares,
        "verdict": Verdict,
    }
    goes: ClassVar[dict[str, Goes]] = {
        "columns": Goes.STEP,
        "turn": Goes.STEP,
        "figures": Goes.LABEL,
        "verdict": Goes.ALL,
    }

    def __init__(self, setup: Setup, instance: str) -> None:
        super().__init__(setup, instance)
        train = self.agreement.train
        assert train is not None
        self.train = train

    @property
    def holders(self) -> tuple[str, ...]:
        """The two computing parties."""
        return self.agreement.keyholders

    @property
    def other(self) -> str:
        """The other computing party."""
        return next(q for q in self.holders if q != self.me)

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """At this level alone."""
        return not qualifier and setup.agreement.train is not None and setup.agreement.train.protection == "closed"

    # ---- before the first round

    @transition(Given, nothing, starts=True)
    def start(self, state: Given, inputs: Inputs, draw: Draw) -> Fired:
        """Who does not compute deals shares of its columns."""
        at = Following(state, 0, self.agreement.digest(), self.train.period)
        if self.me in self.holders:
            return Fired(then=self.assemble.keeping(at))
        compute = Compute("dealt", "closed.deal", self._own(at), key=draw.key("deal"))
        return Fired((compute,), self.deal.keeping(at))

    def _own(self, at: Following) -> dict[str, Any]:
        """The own columns, with the penalty on the model of scaled labels."""
        block, unit = at.given.block, link_of(self.train).penalty(at.given.announced.shift)
        return {"x": block.x, "factor": block.factor, "penalty": loaded(block.penalty) * unit}

    @transition(Following, lambda self, _: [self.job("dealt")])
    def deal(self, state: Following, inputs: Inputs, draw: Draw) -> Fired:
        """A share to each computing party."""
        dealt = inputs.result(Dealt, self.job("dealt"))
        parts = ((dealt.first, dealt.first_basis), (dealt.second, dealt.second_basis))
        sends = (
            Send(f"columns.{q}", [q], ColumnShares(values=values, basis=basis))
            for q, (values, basis) in zip(self.holders, parts, strict=True)
        )
        return Fired(tuple(sends), self.follow.keeping(state))

    @transition(Following, lambda self, _: [self.at(f"columns.{self.me}", p) for p in plan.dealers(self.agreement)])
    def assemble(self, state: Following, inputs: Inputs, draw: Draw) -> Fired:
        """Computing party: its own columns and its shares of others'."""
        shape = plan.shape_of(self.setup, state.given, state.period)
        if not all(shape.width(own=own) for own in (True, False)):
            raise ProtocolError("a computing party has no columns", whose=" or ".join(self.holders))
        columns, dealt = state.given.announced.columns, dict[str, Any]()
        for party, event in inputs.events(ColumnShares).items():
            k = columns[party]
            if event.values.shape != (shape.rows + k, k, 2) or event.basis.shape != (k, k, 2):
                raise ProtocolError("shares of columns are not as agreed", whose=party)
            dealt |= {f"columns.{party}": event.values, f"basis.{party}": event.basis}
        weights = self._weighing(state.given.block)
        labels = {"label": self._label(state), "weights": weights, "shape": shape.fields()}
        compute = Compute("assembled", "closed.assemble", self._own(state) | labels | dealt)
        return Fired((compute,), self.begin.keeping(Holder(state, shape)))

    def _label(self, at: Following) -> NDArray[np.float64]:
        return at.given.block.y if self.setup.labelled else np.zeros(0)

    @transition(Holder, lambda self, _: [self.job("assembled")])
    def begin(self, state: Holder, inputs: Inputs, draw: Draw) -> Fired:
        """Have the own columns encrypted, once for all rounds, and set out at w = 0."""
        shape, block = state.shape, state.at.given.block
        bag = dict(inputs.result(Staged, self.job("assembled")).kept)
        offset = block.offset if self.setup.labelled else np.zeros(0)
        bag |= {"label": self._label(state.at), "offset": offset, "weights": self._weighing(block)}
        spawns: list[Effect] = []
        for kind, name in plan.encrypted(shape).items():
            layout = {q: getattr(shape, kind)(own=q == self.me) for q in self.holders}
            spawns += (
                Spawn(f"{Columns.kind}.{kind}.{q}", Laid(layout[q], bag[name] if q == self.me else None))
                for q in self.holders
            )
        return self._set_out(replace(state, bag=bag), *spawns)

    def _weighing(self, block: Block) -> NDArray[np.float64]:
        """The weights of the rows, where this party has any."""
        weights: NDArray[np.float64] = loaded(block.weights)
        if weights.max(initial=0.0) >= 1 << WEIGHT_BITS:
            raise ProtocolError(HEAVY, whose=self.me)
        return weights

    def _set_out(self, state: Holder, *effects: Effect) -> Fired:
        """The first round, from w = 0."""
        shape, rule = state.shape, None
        bag = {**state.bag, "first_inverse": np.zeros((0, 0, 2), np.uint64)}
        if self.setup.labelled:
            momentum, squares = self.train.optimiser != "newton", float(bag["squares"])
            rule = Rule(shape, momentum, self.train.tolerance, squares)
        first = plan.first_round(shape, self.train.optimiser, offset=bool(self.train.exposure))
        return self._staged(Holder(state.at, shape, bag, first, rule=rule), *effects)

    # ---- the stages of a round

    def _staged(self, state: Holder, *effects: Effect) -> Fired:
        """Wait for what the next stage hears; after the last one the round is the label holder's."""
        if state.place < len(state.script):
            return Fired(effects, self.hear.keeping(state))
        if state.at.stop:
            return self._ended(state, *effects)
        if self.setup.labelled:
            return Fired(effects, self.decide.keeping(state))
        shown = plan.shown(state.shape, self.train.optimiser, light=state.light)
        figures = Shares(values=np.ascontiguousarray(state.bag["figures"][list(shown)]))
        leader = self.setup.leader
        return Fired((*effects, Send(f"figures.{state.at.number}", [leader], figures)), self.go.keeping(state))

    def _heard(self, state: Holder) -> dict[str, Address]:
        """Where the other says what the stage hears."""
        places = {name: f"turn.{state.at.name}.{said}.{self.me}" for name, said in state.stage.hears.items()}
        return {name: self.at(step, self.other) for name, step in places.items()}

    def _columns(self, state: Holder) -> dict[str, str]:
        """Instances that end with the other's encrypted columns which the stage is the first to need."""
        kinds = (kind for kind in state.stage.columns if f"columns.{kind}" not in state.bag)
        return {kind: f"{Columns.kind}.{kind}.{self.other}" for kind in kinds}

    @transition(
        Holder,
        lambda self, state: [*self._heard(state).values(), *map(self.done, self._columns(state).values())],
    )
    def hear(self, state: Holder, inputs: Inputs, draw: Draw) -> Fired:
        """Run the stage's task."""
        stage, bag = state.stage, dict(state.bag)
        bag |= {f"columns.{k}": inputs.ended(Received, name).numbers for k, name in self._columns(state).items()}
        said = {name: inputs.event(Ciphertexts, at).numbers for name, at in self._heard(state).items()}
        if any(said[name].shape[0] != rows for name, rows in stage.rows.items()):
            raise ProtocolError("ciphertexts are not as agreed", whose=self.other)
        bag |= {kept: said[name] for name, kept in stage.keeps.items()}
        fields = {name: bag[name] for name in (*stage.takes, *(f"columns.{kind}" for kind in stage.columns))}
        fields |= {f"heard.{name}": numbers for name, numbers in said.items()}
        fields |= self._common(state) | dict(stage.also)
        if isinstance(blocks := stage.also.get("blocks"), int):
            fields["blocks"] = np.arange(blocks)
        state = replace(state, bag=bag)
        compute = Compute(
            self._step(state), f"{self.tasks}.{stage.task}", fields, key=draw.key("stage"), secrets=("lattice",)
        )
        return Fired((compute,), self.computed.keeping(state))

    def _step(self, state: Holder) -> str:
        return f"{state.name}.{state.at.name}"

    def _common(self, state: Holder) -> dict[str, Any]:
        """What every stage needs."""
        given = state.at.given
        key = given.keyed.of(LatticeKey)[self.other]
        zero = Xof(given.keyed.kappas[self.other], "closed", self._step(state), state.at.told).bytes(32)
        parties = len(self.agreement.parties)
        owner = {"sid": self.setup.sid, "owner": self.other, "large": key.large, "small": key.small}
        return owner | {
            "peer": self.other,
            "shape": state.shape.fields(),
            "zero": zero,
            "alpha": script.alpha(state.shape, parties),
            "length": script.length(state.shape, parties),
        }

    @transition(Holder, lambda self, state: [self.job(self._step(state))])
    def computed(self, state: Holder, inputs: Inputs, draw: Draw) -> Fired:
        """Say what the task gave for the other, and go on."""
        result = inputs.result(Staged, self.job(self._step(state)))
        sends = (
            Send(f"turn.{state.at.name}.{name}.{self.other}", [self.other], Ciphertexts(numbers=result.said[said]))
            for said, name in state.stage.says.items()
        )
        bag = {**state.bag, **result.kept}
        return self._staged(replace(state, bag=bag, place=state.place + 1), *sends)

    # ---- verdicts

    @transition(Holder, lambda self, state: [self.at(f"figures.{state.at.number}", self.other)])
    def decide(self, state: Holder, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: open the round's figures, decide, and tell everybody."""
        shown = list(plan.shown(state.shape, self.train.optimiser, light=state.light))
        values = inputs.event(Shares, self.at(f"figures.{state.at.number}", self.other)).values
        if values.shape != (len(shown), 2):
            raise ProtocolError("figures are not as agreed", whose=self.other)
        figures = [0] * FIGURES
        opened = RING.to_ints(RING.add(state.bag["figures"][shown], values))
        for place, value in zip(shown, opened, strict=True):
            figures[place] = value
        assert state.rule is not None, "the label holder decides"
        try:
            rule, verdict = decided(state.rule, figures, light=state.light)
        except OutOfRangeError:
            if not plan.longer(self.train, state.at.period):
                raise ProtocolError(out_of_range(self.train)) from None
            rule, verdict = state.rule, Verdict(action="range")
        send = Send(f"verdict.{state.at.number}", self.agreement.order, verdict)
        return Fired((send,), self.go.keeping(replace(state, rule=rule)))

    def _verdict(self, at: Following, inputs: Inputs) -> tuple[Verdict, Following]:
        event = inputs.event(Verdict, self.at(f"verdict.{at.number}", self.setup.leader))
        if not plan.possible(event, at, self.train):
            raise ProtocolError("a verdict is not of the agreed form", whose=self.setup.leader)
        stop = event.action if event.action in STOPS else ""
        number = at.number if stop else at.number + 1
        return event, replace(at, number=number, told=heard(at.told, event), variance=event.variance, stop=stop)

    @transition(Following, lambda self, at: [self.at(f"verdict.{at.number}", self.setup.leader)])
    def follow(self, state: Following, inputs: Inputs, draw: Draw) -> Fired:
        """Who does not compute: until the last round."""
        verdict, at = self._verdict(state, inputs)
        reached = Reach("round", state.number)
        if verdict.action == "range":
            return self._anew(at, reached)
        return self._done(at, Owning(at), reached) if at.stop else Fired((reached,), self.follow.keeping(at))

    @transition(Holder, lambda self, state: [self.at(f"verdict.{state.at.number}", self.setup.leader)])
    def go(self, state: Holder, inputs: Inputs, draw: Draw) -> Fired:
        """Computing party: move, then the next round, or the end."""
        verdict, at = self._verdict(state.at, inputs)
        loss = state.rule.losses[-1] if state.rule else None
        reached = Reach("round", state.at.number, loss)
        if verdict.action == "range":
            return self._anew(replace(state, at=at), reached)
        zero = Xof(at.given.keyed.kappas[self.other], "closed move", state.at.number, state.at.told)
        moved = plan.moved(replace(state, at=at), verdict.action, self.train.optimiser, zero)
        light = verdict.action == "keep"
        later = plan.later_round(state.shape, self.train.optimiser, light=light)
        stages = plan.last(self.train) if at.stop else later
        return self._staged(replace(moved, script=stages, place=0, light=light), reached)

    def _ended(self, state: Holder, *effects: Effect) -> Fired:
        """A share of its weights, and of their variances, for every owner."""
        known = [state.bag[name] for name in ("x", "variances") if name in state.bag]
        parts = {
            party: np.concatenate([values[place] for values in known])
            for party, place in plan.places(self.setup, state.at.given).items()
        }
        return self._done(state, Owning(state.at, parts, state.rule.losses if state.rule else None), *effects)

    def _done(self, state: Holder | Following, owning: Owning, *effects: Effect) -> Fired:
        return Fired((*effects, Spawn(self._weights(owning.at), owning)), self.end.keeping(Ending(state)))

    @staticmethod
    def _weights(at: Following) -> str:
        return f"{Weights.kind}{at.again}"

    @transition(Ending, lambda self, state: [self.done(self._weights(state.at))])
    def end(self, state: Ending, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody has its own weights; where scores left the range of the series, they are dropped."""
        found = inputs.ended(object, self._weights(state.at))
        if not isinstance(found, Beyond):
            return Fired((Done(found),))
        at = replace(state.at, number=state.at.number + 1)
        return self._anew(at if isinstance(state.state, Following) else replace(state.state, at=at))

    def _anew(self, state: Holder | Following, *effects: Effect) -> Fired:
        """From w = 0 with twice the period, and the columns that are encrypted already."""
        at = state.at if isinstance(state, Holder) else state
        period = plan.longer(self.train, at.period)[0]
        note = Note({"warnings": [WIDER.format(at.period, period)]})
        at = replace(at, period=period, since=at.number, stop="", variance=0.0)
        if isinstance(state, Following):
            return Fired((*effects, note), self.follow.keeping(at))
        shape = replace(state.shape, period=period, anew=state.shape.anew + 1)
        return self._set_out(replace(state, at=at, shape=shape), *effects, note)
