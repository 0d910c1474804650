"""Training of generalised linear models: shares of scores, residual, own gradients, the leader's decision.

Every party trains on its whitened block X' = X L^-T. In round t it evaluates the gradient at w + p, where p is the
direction of the last decision; the label holder sees masked sums of inner products and answers with step and next
direction. At `score` the label holder opens the scores and knows the residual; at `shared` CP0 and CP1 hold it in two
shares, which a link that is not linear makes in an instance of its own (`series`, `dealt`). Products with columns are
the engine's.

What passes over all rows and columns is a task where the block is large; see `vectors.large`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np

from accord_protocols.kernel.effects import Compute, Done, Effect, Reach, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.links.link import Link
from accord_protocols.links.registry import link_of
from accord_protocols.phases.training import shared
from accord_protocols.phases.training.engines import engine_of, sizes_of
from accord_protocols.phases.training.masking import fixed, heard, masked, masked_sums
from accord_protocols.phases.training.optimisers import rule as rules
from accord_protocols.phases.training.products import Batch, Factors, Product, ProductEngine, Words, expected_shape
from accord_protocols.phases.training.ranges import BEYOND, range_of
from accord_protocols.phases.training.shared import Residuals, Sharing
from accord_protocols.phases.training.sizes import D_BITS, SUM_BITS, X_BITS
from accord_protocols.phases.training.states import Given, Looked, Round, Summed, Trained
from accord_protocols.preparation.whiten import Whitening
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.vectors import Vector, combination, dot, large, product, scores
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks.results.training import Block, Scored
from accord_schemas import parts as agreed
from accord_schemas.address import Address
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Direction, Event, Scores, Shares, Sums

SUMS = Ring(128)
RANGE = "a score left the agreed range"
WIDE = 2.0**200
"""Weights beyond this are no numbers to go on with; squares of smaller ones are finite."""


class Train(Machine):
    """One instance, at everybody."""

    kind = "train"
    version = 4
    says: ClassVar[dict[str, type[Event]]] = {"scores": Scores, "sums": Sums, "loss": Shares, "direction": Direction}
    goes: ClassVar[dict[str, Goes]] = {
        "scores": Goes.STEP,
        "sums": Goes.LEADER,
        "loss": Goes.LABEL,
        "direction": Goes.ALL,
    }

    # ---- who does what

    @property
    def terms(self) -> agreed.Train:
        """What was agreed on the training."""
        assert self.agreement.train is not None
        return self.agreement.train

    @property
    def link(self) -> Link:
        """The agreed family."""
        return link_of(self.terms)

    @property
    def engine(self) -> ProductEngine:
        """The agreed engine."""
        return engine_of(self.agreement)

    @property
    def owners(self) -> tuple[str, ...]:
        """The computing parties: they hold shares of the residual."""
        return self.agreement.keyholders

    @property
    def holds(self) -> bool:
        """Whether this party is one of them."""
        return self.me in self.owners

    def contributors(self) -> tuple[str, ...]:
        """Who sends scores to the computing parties: those who are none."""
        return tuple(p for p in self.agreement.order if p not in self.owners)

    def supplies(self, at: Round) -> Mapping[str, str]:
        """What prepares this round's products and those after it, by owner, if anything does anew."""
        return self.engine.supplies(self.agreement, at.given.announced.columns, at.sizes.slots, at.number)

    def batch(self, at: Round) -> Batch:
        """What products are made of."""
        return Batch(at.sizes, at.block.x, at.given.keyed.of(self.engine.key), at.given.announced.columns)

    # ---- transitions

    @transition(Given, nothing, starts=True)
    def start(self, state: Given, inputs: Inputs, draw: Draw) -> Fired:
        """Set out at w = 0, but for the intercept."""
        block = state.block
        sizes = sizes_of(self.agreement, block.n, state.announced)
        zero = np.zeros(block.columns)
        ridge = np.zeros((0, 0))
        if block.columns:
            ridge = Whitening(block.factor).ridge_matrix(block.penalty * self.link.penalty(state.announced.shift))
        rule = rules.opening(block, sizes, self.agreement) if self.setup.leads else None
        w = self._intercept(block) if self.setup.labelled else zero
        return self._prepared(Round(state, sizes, ridge, 0, self.agreement.digest(), w, zero, zero, rule=rule), draw)

    def _intercept(self, block: Block) -> Vector:
        """The starting point in the whitened basis: the intercept alone, which is the last column."""
        w = np.zeros(block.columns)
        w[-1] = self.link.start(*(loaded(values) for values in (block.y, block.weights, block.offset)))
        return Whitening(block.factor).forth(w)

    def _prepared(self, at: Round, draw: Draw, *effects: Reach) -> Fired:
        """Have prepared what the round's products need, if it is not there already."""
        supplies = self.supplies(at)
        if not supplies:
            return self._look(at, draw, *effects)
        spawns = (Spawn(instance, self.batch(at)) for instance in supplies.values())
        return Fired((*effects, *spawns), self.stocked.keeping(at))

    @transition(Round, lambda self, at: [self.done(instance) for instance in self.supplies(at).values()])
    def stocked(self, state: Round, inputs: Inputs, draw: Draw) -> Fired:
        """It is there."""
        stock = {owner: inputs.ended(object, instance) for owner, instance in self.supplies(state).items()}
        return self._look(replace(state, stock=stock), draw)

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

    def _share(self, at: Round, z: Vector, draw: Draw, *effects: Effect) -> Fired:
        """Scores, shared among the computing parties, or masked for the label holder.

        Whose direction it is answers for where it leads: a score beyond its range is cut off there, and the step not
        taken; beyond any range the training ends.
        """
        if self.setup.labelled and len(at.block.offset):
            z = z + loaded(at.block.offset)
        bounds = range_of(self.terms, at.moves.widenings)
        at = replace(at, reach=bounds.reach(z))
        if at.reach == BEYOND and (not bounds.searched or not at.number):
            raise ProtocolError(RANGE, whose=self.setup.leader)
        if at.reach == BEYOND:
            z = np.clip(np.nan_to_num(z), bounds.low, bounds.high)
        if self.holds:
            return Fired(effects, self.residual.keeping(Looked(at, z)))
        ring, step = at.sizes.ring, f"scores.{at.number}"
        share = ring.from_fixed(z, D_BITS)
        if len(self.owners) == 1:
            owner = self.owners[0]
            hidden = masked(ring, share, self.me, at.given.keyed.kappas, owner, step, at.told)
            sends: Iterable[Effect] = [Send(f"{step}.{owner}", self.owners, Scores(shares=hidden))]
        else:
            first = ring.random(draw("share", at.number), at.sizes.rows)
            parts = zip(self.owners, (first, ring.sub(share, first)), strict=True)
            sends = [Send(f"{step}.{q}", [q], Scores(shares=part)) for q, part in parts]
        if self.me == self.terms.dealer:
            sends = [*sends, Spawn(shared.instance(self.terms, at.number), Sharing(at))]
        return self._multiplied(at, None, *effects, *sends)

    @transition(
        Looked, lambda self, state: [self.at(f"scores.{state.at.number}.{self.me}", p) for p in self.contributors()]
    )
    def residual(self, state: Looked, inputs: Inputs, draw: Draw) -> Fired:
        """Computing party: its share of the scores, and of the residual."""
        at, ring = state.at, state.at.sizes.ring
        share = ring.from_fixed(state.z, D_BITS)
        for sender, event in inputs.events(Scores).items():
            share = ring.add(share, expected_shape(event.shares, (at.sizes.rows, ring.words), sender))
        if len(self.owners) == 1:
            return self._opened(at, share)
        if instance := shared.instance(self.terms, at.number):
            spawn = Spawn(instance, Sharing(at, share))
            return Fired((spawn,), self.linked.keeping(at))
        if self.setup.labelled:
            share = ring.sub(share, ring.from_fixed(loaded(at.block.y), D_BITS))
        return self._multiplied(at, self._refreshed(ring, share, at))

    @transition(Round, lambda self, at: [self.done(shared.instance(self.terms, at.number))])
    def linked(self, state: Round, inputs: Inputs, draw: Draw) -> Fired:
        """Computing party: its share of a residual that took products."""
        found = inputs.ended(Residuals, shared.instance(self.terms, state.number))
        assert found.share is not None, "a computing party has one"
        sends: tuple[Effect, ...] = ()
        if found.loss is not None and self.setup.labelled:
            state = replace(state, seen=rules.Seen(sums=found.loss))
        elif found.loss is not None:
            sends = (Send(f"loss.{state.number}", [self.setup.leader], Shares(values=found.loss)),)
        return self._multiplied(state, self._refreshed(state.sizes.ring, found.share, state), *sends)

    def _opened(self, at: Round, total: Words) -> Fired:
        """The label holder knows the scores, and the residual: in clear, and exactly."""
        block, link = at.block, self.link
        u = np.ldexp(total[:, 0].view(np.int64).astype(np.float64), -D_BITS)
        inside = np.clip(u, -link.range, link.range)
        y, v = loaded(block.y), loaded(block.weights) if len(block.weights) else np.ones(at.sizes.rows)
        residual = v * link.residual(inside, y)
        limit = 2.0**at.sizes.range_bits - 1
        breach = not (np.abs(residual).max(initial=0.0) < limit and np.array_equal(inside, u))
        if breach and (link.quadratic or not at.number):
            raise ProtocolError(RANGE, whose=self.me)
        loss = math.fsum((v * link.loss(inside, y)).tolist()) / max(at.sizes.rows, 1)
        known = rules.optimiser_of(self.agreement).searches and not link.quadratic
        at = replace(at, reach=BEYOND if breach else at.reach, seen=rules.Seen(loss if known else None))
        return self._multiplied(at, at.sizes.ring.from_fixed(np.clip(residual, -limit, limit), D_BITS))

    def _refreshed(self, ring: Ring, share: Words, at: Round) -> Words:
        """Share the residual anew between CP0 and CP1.

        A single other party knows what it added to either share; without this it would learn the products of its
        columns with each computing party's own scores, instead of its gradient alone.
        """
        first, second = self.owners
        kappa = at.given.keyed.kappas[second if self.me == first else first]
        zero = ring.random(Xof(kappa, "refresh", at.number, at.told), len(share))
        return ring.add(share, zero) if self.me == first else ring.sub(share, zero)

    def _multiplied(self, at: Round, share: Words | None, *effects: Effect) -> Fired:
        """Have the own gradient computed: everybody's columns times the residual."""
        factors = Factors(self.batch(at), at.number, share, at.stock)
        return Fired((*effects, Spawn(self._products(at), factors)), self.gradient.keeping(at))

    def _products(self, at: Round) -> str:
        return f"{self.engine.rounds.kind}.{at.number}"

    @transition(Round, lambda self, at: [self.done(self._products(at))])
    def gradient(self, state: Round, inputs: Inputs, draw: Draw) -> Fired:
        """The own gradient's inner products, masked, to the label holder."""
        at, sizes = state, state.sizes
        values = sizes.ring.to_ints(inputs.ended(Product, self._products(at)).total)
        unit = max(sizes.rows, 1) << (X_BITS + D_BITS)
        if max(map(abs, values), default=0) > sizes.rows << (sizes.x_bits + D_BITS + sizes.range_bits):
            # no residual within its range gives this: one of these lied, or was told another direction
            whose = " or ".join(q for q in self.owners if q != self.me)
            raise ProtocolError("a gradient left the agreed range", whose=whose)
        slope = np.array([value / unit for value in values]) + product(at.ridge, at.w + at.trial)
        at = self._taken(at, slope)
        vectors = self._named(at)
        wanted = rules.layout(self.agreement, len(at.pairs), fresh=at.number > 0)
        sums = [dot(vectors[a], vectors[b]) for a, b in wanted]
        if self.setup.leads:
            return Fired(then=self.decide.keeping(Summed(at, sums)))
        step = f"sums.{at.number}"
        try:
            hidden = masked_sums(SUMS, sums, self.me, at.given.keyed.kappas, self.setup.leader, step, at.told)
        except ProtocolError as error:
            error.whose = self.setup.leader  # its directions lead there
            raise
        send = Send(step, [self.setup.leader], Sums(values=hidden, reach=at.reach))
        return Fired((send,), self.follow.keeping(at))

    def _taken(self, at: Round, slope: Vector) -> Round:
        """In the first round the gradient itself; later what the newest direction changed of it."""
        if at.number == 0:
            return replace(at, g=slope, first=slope)
        return replace(at, pairs=(*at.pairs, (at.trial, slope - at.g)))

    def _named(self, at: Round) -> Mapping[str, Vector]:
        factor = at.block.factor
        original = Whitening(factor).gradient if len(factor) else np.copy
        point = at.w + at.trial
        named = {"g": at.g, "Lg": original(at.g), "t": point, "Rt": product(at.ridge, point), "g0": at.first}
        for i, (p, q) in enumerate(at.pairs):
            named |= {f"p{i}": p, f"q{i}": q}
        if at.pairs:
            named["Lq"] = original(at.pairs[-1][1])
        named["Ln"] = named["Lg"] + named["Lq"] if at.number else named["Lg"]
        return named

    def _losing(self, number: int) -> list[Address]:
        """Where the other computing party says its share of what the loss takes."""
        others = (q for q in self.owners if q != self.me)
        return [self.at(f"loss.{number}", q) for q in others] if rules.sums_loss(self.terms) else []

    @transition(
        Summed,
        lambda self, state: [
            *(self.at(f"sums.{state.at.number}", p) for p in self.agreement.others),
            *self._losing(state.at.number),
        ],
    )
    def decide(self, state: Summed, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: add up, decide, and tell everybody."""
        at, own = state.at, state.sums
        total = SUMS.from_ints(fixed(value) for value in own)
        reaches = [at.reach, *(event.reach for event in inputs.events(Sums).values())]
        breach = range_of(self.terms, at.moves.widenings).left(reaches)
        for sender, event in inputs.events(Sums).items():
            total = SUMS.add(total, expected_shape(event.values, (len(own), SUMS.words), sender))
        values = [value / (1 << SUM_BITS) for value in SUMS.to_ints(total)]
        assert at.rule is not None, "the label holder decides"
        seen = replace(at.seen, breach=breach, loss=self._loss(at, inputs))
        rule, direction = rules.decide(at.rule, values, seen)
        send = Send(f"direction.{at.number}", self.agreement.order, direction)
        return Fired((send,), self.follow.keeping(replace(at, rule=rule)))

    def _loss(self, at: Round, inputs: Inputs) -> float | None:
        """What the label holder knows of the loss besides inner products."""
        (address,) = self._losing(at.number) or (None,)
        if address is None or at.seen.sums is None:
            return at.seen.loss
        theirs = expected_shape(inputs.event(Shares, address).values, at.seen.sums.shape, address.sender)
        return shared.loss(self.terms, at, SUMS.to_ints(SUMS.add(at.seen.sums, theirs)))

    @transition(Round, lambda self, at: [self.at(f"direction.{at.number}", self.setup.leader)])
    def follow(self, state: Round, inputs: Inputs, draw: Draw) -> Fired:
        """Step along the last direction, then set out in the next, or end."""
        event = inputs.event(Direction, self.at(f"direction.{state.number}", self.setup.leader))
        pairs, w, g, leader = state.pairs, state.w, state.g, self.setup.leader
        if not rules.agreed(self.agreement, state.number, len(pairs), state.moves, event):
            raise ProtocolError("a direction is not of the agreed form", whose=leader)
        with np.errstate(over="ignore", invalid="ignore"):
            if pairs:
                w, g = w + pairs[-1][0] * event.step, g + pairs[-1][1] * event.step
            basis = [p for p, _ in pairs] + [q for _, q in pairs] + [g]
            trial = np.zeros_like(g) if event.stop else combination(event.coefficients.tolist(), basis)
        if not all(np.abs(vector).max(initial=0.0) < WIDE for vector in (w, g, trial)):
            raise ProtocolError(RANGE, whose=leader)
        at = replace(state, told=heard(state.told, event), w=w)
        losses = at.rule.losses if at.rule else ()
        reached = Reach("round", at.number, losses[-1] if losses else None)
        if event.stop:
            return Fired((reached, Done(self._trained(at, event.stop))))
        kept = rules.retained_pairs(self.agreement, pairs, event)
        moves = rules.after(self.agreement, state.moves, len(pairs), event)
        at = replace(at, g=g, trial=trial, pairs=kept, moves=moves, number=at.number + 1)
        return self._prepared(at, draw, reached)

    def _trained(self, at: Round, stop: str) -> Trained:
        factor, losses = at.block.factor, at.rule.losses if at.rule else ()
        w = Whitening(factor).back(at.w) if len(factor) else at.w
        return Trained(w, at.number, stop, list(losses) or None, at.told)
