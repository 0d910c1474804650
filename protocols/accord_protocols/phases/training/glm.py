"""Training of linear regression: shares of scores, residual under one-time pads, own gradients, the leader's decision.

Every party trains on its whitened block X' = X L^-T. In round t it evaluates the gradient at w + p, where p is the
direction of the last decision; the label holder sees masked sums of inner products and answers with step and next
direction. At `shared` CP0 and CP1 hold the residual in two shares, at `score` the label holder opens the scores and
knows it.

What passes over all rows and columns is a task where the block is large; see `vectors.large`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Compute, Done, Reach, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.training.engines import engine_of, sizes_of
from accord_protocols.phases.training.masking import fixed, heard, masked, masked_sums
from accord_protocols.phases.training.optimisers import rule as rules
from accord_protocols.phases.training.optimisers.lbfgs import layout
from accord_protocols.phases.training.products import Batch, Offsets, OwnPads
from accord_protocols.phases.training.sizes import D_BITS, RANGE_BITS, SUM_BITS, X_BITS, Sizes
from accord_protocols.phases.training.states import Adding, Given, Holding, Looked, Round, Summed, Trained
from accord_protocols.preparation.whiten import Whitening
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.vectors import Vector, combination, dot, large, product, scores
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks.results import Multiplied, Scored
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Direction, Event, Residual, Scores, Sums

SUMS = Ring(128)
RANGE = "a score left the agreed range"
WIDE = 2.0**200
"""Weights beyond this are no numbers to go on with; squares of smaller ones are finite."""
Words = NDArray[np.uint64]


class Train(Machine):
    """One instance, at everybody."""

    kind = "train"
    version = 3
    says: ClassVar[dict[str, type[Event]]] = {
        "scores": Scores,
        "residual": Residual,
        "sums": Sums,
        "direction": Direction,
    }
    goes: ClassVar[dict[str, Goes]] = {
        "scores": Goes.STEP,
        "residual": Goes.STEP,
        "sums": Goes.LEADER,
        "direction": Goes.ALL,
    }

    # ---- who does what

    @property
    def owners(self) -> tuple[str, ...]:
        """The computing parties: they hold pads and shares of the residual."""
        return self.agreement.keyholders

    @property
    def holds(self) -> bool:
        """Whether this party is one of them."""
        return self.me in self.owners

    def contributors(self) -> tuple[str, ...]:
        """Who sends scores to the computing parties: those who are none."""
        return tuple(p for p in self.agreement.order if p not in self.owners)

    def answering(self) -> tuple[str, ...]:
        """From whom this party gets a residual under pads."""
        return tuple(q for q in self.owners if q != self.me)

    def pads(self, owner: str, batch: int) -> str:
        """The instance of a batch of pads."""
        return f"{engine_of(self.agreement).machine.kind}.{owner}.{batch}"

    # ---- transitions

    @transition(Given, nothing, starts=True)
    def start(self, state: Given, inputs: Inputs, draw: Draw) -> Fired:
        """Set out at w = 0."""
        block = state.block
        sizes = sizes_of(self.agreement, block.n, state.announced)
        zero = np.zeros(block.columns)
        ridge = Whitening(block.factor).ridge_matrix(block.penalty) if block.columns else np.zeros((0, 0))
        rule = rules.opening(block, sizes, self.agreement) if self.setup.leads else None
        at = Round(state, sizes, ridge, 0, self.agreement.digest(), zero, zero, zero, rule=rule)
        return self._prepared(at)

    def _prepared(self, at: Round, *effects: Reach) -> Fired:
        """Have a batch of pads made."""
        given, number = at.given, at.batch[0]
        keys = given.keyed.of(engine_of(self.agreement).key)
        batch = Batch(at.sizes, given.block.x, keys, given.announced.columns)
        spawns = (Spawn(self.pads(q, number), batch) for q in self.owners)
        return Fired((*effects, *spawns), self.padded.keeping(replace(at, own=None, offsets={})))

    @transition(Round, lambda self, at: [self.done(self.pads(q, at.batch[0])) for q in self.owners])
    def padded(self, state: Round, inputs: Inputs, draw: Draw) -> Fired:
        """A batch of pads is ready."""
        batch = state.batch[0]
        own = inputs.ended(OwnPads, self.pads(self.me, batch)) if self.holds else None
        offsets = {q: inputs.ended(Offsets, self.pads(q, batch)).offsets for q in self.answering()}
        return self._look(replace(state, own=own, offsets=offsets), draw)

    def _look(self, at: Round, draw: Draw, *effects: Reach) -> Fired:
        """Scores at the trial point."""
        x, point = at.block.x, at.w + at.trial
        if not large(x):
            return self._share(at, scores(loaded(x), point, X_BITS), draw, *effects)
        fields = {"x": x, "weights": point, "fraction_bits": X_BITS}
        return Fired((*effects, Compute(f"scored.{at.number}", "train.scores", fields)), self.scored.keeping(at))

    @transition(Round, lambda self, at: [self.job(f"scored.{at.number}")])
    def scored(self, state: Round, inputs: Inputs, draw: Draw) -> Fired:
        """The same, from a worker."""
        return self._share(state, inputs.result(Scored, self.job(f"scored.{state.number}")).scores, draw)

    def _share(self, at: Round, z: Vector, draw: Draw, *effects: Reach) -> Fired:
        """Scores, shared among the computing parties, or masked for the label holder.

        Whose direction it is answers for where it leads.
        """
        if not np.abs(z).max(initial=0.0) < 2.0**RANGE_BITS:  # also what is no number
            raise ProtocolError(RANGE, whose=self.setup.leader)
        if self.holds:
            return Fired(effects, self.residual.keeping(Looked(at, z)))
        ring, step = at.sizes.ring, f"scores.{at.number}"
        share = ring.from_fixed(z, D_BITS)
        if len(self.owners) == 1:
            owner = self.owners[0]
            hidden = masked(ring, share, self.me, at.given.keyed.kappas, owner, step, at.told)
            sends = [Send(f"{step}.{owner}", self.owners, Scores(shares=hidden))]
        else:
            first = ring.random(draw("share", at.number), at.sizes.rows)
            parts = zip(self.owners, (first, ring.sub(share, first)), strict=True)
            sends = [Send(f"{step}.{q}", [q], Scores(shares=part)) for q, part in parts]
        return Fired((*effects, *sends), self.gradient.keeping(Holding(at)))

    @transition(
        Looked, lambda self, state: [self.at(f"scores.{state.at.number}.{self.me}", p) for p in self.contributors()]
    )
    def residual(self, state: Looked, inputs: Inputs, draw: Draw) -> Fired:
        """Computing party: its share of the residual, under a pad, to every peer."""
        at, column = state.at, state.at.batch[1]
        sizes, ring = at.sizes, at.sizes.ring
        share = ring.from_fixed(state.z, D_BITS)
        for sender, event in inputs.events(Scores).items():
            share = ring.add(share, _expected(event.shares, (sizes.rows, ring.words), sender))
        if self.setup.labelled:
            share = ring.sub(share, ring.from_fixed(loaded(at.block.y), D_BITS))
        if len(self.owners) == 1:
            self._check_range(ring, share, sizes)
        else:
            share = self._refreshed(ring, share, at)
        assert at.own is not None, "a computing party has pads"
        padded = ring.sub(share, at.own.masks[:, column])
        sends = tuple(
            Send(
                f"residual.{at.number}.{p}",
                [p],
                Residual(masked=padded, products=np.ascontiguousarray(at.own.products[p][:, column])),
            )
            for p in self.setup.peers
        )
        return Fired(sends, self.gradient.keeping(Holding(at, share)))

    def _refreshed(self, ring: Ring, share: Words, at: Round) -> Words:
        """Share the residual anew between CP0 and CP1.

        A single other party knows what it added to either share; without this it would learn the products of its
        columns with each computing party's own scores, instead of its gradient alone.
        """
        first, second = self.owners
        kappa = at.given.keyed.kappas[second if self.me == first else first]
        zero = ring.random(Xof(kappa, "refresh", at.number, at.told), len(share))
        return ring.add(share, zero) if self.me == first else ring.sub(share, zero)

    def _check_range(self, ring: Ring, residual: Words, sizes: Sizes) -> None:
        signed = residual[:, -1].view(np.int64) if ring.words == 1 else None
        if signed is not None and np.abs(signed).max(initial=0) >= 1 << (D_BITS + sizes.range_bits):
            raise ProtocolError(RANGE, whose=self.me)

    @transition(
        Holding, lambda self, state: [self.at(f"residual.{state.at.number}.{self.me}", q) for q in self.answering()]
    )
    def gradient(self, state: Holding, inputs: Inputs, draw: Draw) -> Fired:
        """The own gradient: one product of the own columns with everything that is known of the residual.

        X'ᵀ is linear in the ring, so the own share and the others' shares under pads are added first.
        """
        at, column = state.at, state.at.batch[1]
        ring, columns = at.sizes.ring, at.block.columns
        rest = ring.from_int64(np.zeros(columns, np.int64))
        vector = ring.from_int64(np.zeros(at.sizes.rows, np.int64)) if state.share is None else state.share
        for sender, event in inputs.events(Residual).items():
            vector = ring.add(vector, _expected(event.masked, (at.sizes.rows, ring.words), sender))
            products = _expected(event.products, (columns, ring.words), sender)
            rest = ring.add(rest, ring.sub(products, at.offsets[sender][:, column]))
        if not large(at.block.x):
            return self._sums(at, ring.add(ring.matvec(loaded(at.block.x), vector), rest))
        fields = {"x": at.block.x, "vector": vector, "ring_bits": ring.bits}
        compute = Compute(f"multiplied.{at.number}", "train.gradient", fields)
        return Fired((compute,), self.multiplied.keeping(Adding(at, rest)))

    @transition(Adding, lambda self, state: [self.job(f"multiplied.{state.at.number}")])
    def multiplied(self, state: Adding, inputs: Inputs, draw: Draw) -> Fired:
        """The same, from a worker, by spans of rows."""
        ring, total = state.at.sizes.ring, state.rest
        for products in inputs.result(Multiplied, self.job(f"multiplied.{state.at.number}")).products:
            total = ring.add(total, products)
        return self._sums(state.at, total)

    def _sums(self, at: Round, total: Words) -> Fired:
        """The own gradient's inner products, masked, to the label holder."""
        sizes = at.sizes
        unit, values = max(sizes.rows, 1) << (X_BITS + D_BITS), sizes.ring.to_ints(total)
        if max(map(abs, values), default=0) > sizes.rows << (sizes.x_bits + D_BITS + sizes.range_bits):
            # no residual within its range gives this: one of these lied, or was told another direction
            raise ProtocolError("a gradient left the agreed range", whose=" or ".join(self.answering()))
        slope = np.array([value / unit for value in values]) + product(at.ridge, at.w + at.trial)
        at = self._taken(at, slope)
        vectors = self._named(at)
        sums = [dot(vectors[a], vectors[b]) for a, b in layout(len(at.pairs), fresh=at.number > 0)]
        if self.setup.leads:
            return Fired(then=self.decide.keeping(Summed(at, sums)))
        step = f"sums.{at.number}"
        try:
            hidden = masked_sums(SUMS, sums, self.me, at.given.keyed.kappas, self.setup.leader, step, at.told)
        except ProtocolError as error:
            error.whose = self.setup.leader  # its directions lead there
            raise
        return Fired((Send(step, [self.setup.leader], Sums(values=hidden)),), self.follow.keeping(at))

    def _taken(self, at: Round, slope: Vector) -> Round:
        """In the first round the gradient itself; later the image of the direction under the Hessian."""
        if at.number == 0:
            return replace(at, g=slope)
        return replace(at, pairs=(*at.pairs, (at.trial, slope - at.g)))

    def _named(self, at: Round) -> Mapping[str, Vector]:
        factor = at.block.factor
        original = Whitening(factor).gradient if len(factor) else np.copy
        named = {"g": at.g, "Lg": original(at.g)}
        for i, (p, q) in enumerate(at.pairs):
            named |= {f"p{i}": p, f"q{i}": q}
        if at.pairs:
            named["Lq"] = original(at.pairs[-1][1])
        return named

    @transition(Summed, lambda self, state: [self.at(f"sums.{state.at.number}", p) for p in self.agreement.others])
    def decide(self, state: Summed, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: add up, decide, and tell everybody."""
        at, own = state.at, state.sums
        total = SUMS.from_ints(fixed(value) for value in own)
        for sender, event in inputs.events(Sums).items():
            total = SUMS.add(total, _expected(event.values, (len(own), SUMS.words), sender))
        values = [value / (1 << SUM_BITS) for value in SUMS.to_ints(total)]
        assert at.rule is not None, "the label holder decides"
        rule, direction = rules.decide(at.rule, values)
        send = Send(f"direction.{at.number}", self.agreement.order, direction)
        return Fired((send,), self.follow.keeping(replace(at, rule=rule)))

    @transition(Round, lambda self, at: [self.at(f"direction.{at.number}", self.setup.leader)])
    def follow(self, state: Round, inputs: Inputs, draw: Draw) -> Fired:
        """Step along the last direction, then set out in the next, or end."""
        event = inputs.event(Direction, self.at(f"direction.{state.number}", self.setup.leader))
        pairs, w, g, leader = state.pairs, state.w, state.g, self.setup.leader
        if not rules.agreed(self.agreement, state.number, len(pairs), event):
            raise ProtocolError("a direction is not of the agreed form", whose=leader)
        with np.errstate(over="ignore", invalid="ignore"):
            if pairs:
                w, g = w + pairs[-1][0] * event.step, g + pairs[-1][1] * event.step
            basis = [p for p, _ in pairs] + [q for _, q in pairs] + [g]
            trial = np.zeros_like(g) if event.stop else combination(event.coefficients.tolist(), basis)
        if not all(np.abs(vector).max(initial=0.0) < WIDE for vector in (w, g, trial)):
            raise ProtocolError(RANGE, whose=leader)
        at = replace(state, told=heard(state.told, event), w=w)
        reached = Reach("round", at.number, at.rule.losses[-1] if at.rule else None)
        if event.stop:
            return Fired((reached, Done(self._trained(at, event.stop))))
        kept = rules.retained_pairs(self.agreement, pairs)
        at = replace(at, g=g, trial=trial, pairs=kept, number=at.number + 1)
        return self._prepared(at, reached) if at.batch[1] == 0 else self._look(at, draw, reached)

    def _trained(self, at: Round, stop: str) -> Trained:
        factor = at.block.factor
        w = Whitening(factor).back(at.w) if len(factor) else at.w
        return Trained(w, at.number, stop, list(at.rule.losses) if at.rule else None, at.told)


def _expected(array: NDArray[Any], shape: tuple[int, ...], sender: str) -> NDArray[Any]:
    if array.shape != shape:
        raise ProtocolError("an array is not of the agreed shape", whose=sender)
    return array
