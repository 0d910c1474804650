"""Training of linear regression: shares of scores, residual under one-time pads, own gradients, the leader's decision.

Every party trains on its whitened block X' = X L^-T. In round t it evaluates the gradient at w + p, where p is the
direction of the last decision; the label holder sees masked sums of inner products and answers with step and next
direction. At `shared` CP0 and CP1 hold the residual in two shares, at `score` the label holder opens the scores and
knows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.machine import (
    Done,
    Draw,
    Fired,
    Goes,
    Inputs,
    Machine,
    Memory,
    Reach,
    Send,
    Spawn,
    nothing,
    transition,
)
from accord_protocols.phases.training.masking import fixed, heard, masked, masked_sums
from accord_protocols.phases.training.optimisers import rule as rules
from accord_protocols.phases.training.optimisers.lbfgs import layout
from accord_protocols.phases.training.sizes import D_BITS, RANGE_BITS, SUM_BITS, X_BITS, Sizes, sizes_of
from accord_protocols.phases.training.vectors import combination, dot, product
from accord_protocols.preparation.whiten import Whitening
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Direction, Event, Residual, Scores, Sums

SUMS = Ring(128)
RANGE = "a score left the agreed range"
WIDE = 2.0**200
"""Weights beyond this are no numbers to go on with; squares of smaller ones are finite."""


class Train(Machine):
    """One instance, at everybody."""

    kind = "train"
    version = 2
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
        return self.agreement.computing

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

    def batch(self, memory: Memory) -> tuple[int, int]:
        """(batch of pads, column in it) of this round."""
        number: int = memory["round"]
        batch, column = divmod(number, memory["sizes"].slots)
        return batch, column

    # ---- transitions

    @transition(nothing)
    def start(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Set out at w = 0."""
        block, announced = memory["block"], memory["announced"]
        sizes = sizes_of(self.setup, block["n"], announced)
        columns = block["x"].shape[1]
        zero = np.zeros(columns)
        state = {
            "round": 0,
            "told": self.agreement.digest(),
            "sizes": sizes,
            "x": block["x"],
            "real": block["x"] / 2.0**X_BITS,
            "ridge": Whitening(block["factor"]).ridge_matrix(block["penalty"]) if columns else np.zeros((0, 0)),
            "w": zero,
            "g": zero,
            "trial": zero,
            "pairs": (),
            "losses": [],
            "rule": rules.opening(block, sizes, self.agreement) if self.setup.leads else None,
        }
        return Fired(memory | state, self._batch(memory | state, 0), "padded")

    def _batch(self, memory: Memory, batch: int) -> tuple[Spawn, ...]:
        shared = {name: memory[name] for name in ("sizes", "x", "paillier")}
        shared["columns"] = memory["announced"]["columns"]
        return tuple(Spawn(f"pads.{q}.{batch}", shared) for q in self.owners)

    @transition(lambda self, memory: [self.done(f"pads.{q}.{self.batch(memory)[0]}") for q in self.owners])
    def padded(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """A batch of pads is ready."""
        batch = self.batch(memory)[0]
        pads = {q: inputs[self.done(f"pads.{q}.{batch}")] for q in self.owners}
        return self._score(memory | {"pads": pads}, draw)

    def _score(self, memory: Memory, draw: Draw) -> Fired:
        """Scores at the trial point, shared among the computing parties, or masked for the label holder.

        Whose direction it is answers for where it leads.
        """
        sizes: Sizes = memory["sizes"]
        z = product(memory["real"], memory["w"] + memory["trial"])
        if not np.abs(z).max(initial=0.0) < 2.0**RANGE_BITS:  # also what is no number
            raise ProtocolError(RANGE, whose=self.setup.leader)
        number = memory["round"]
        if self.holds:
            return Fired(memory | {"z": z}, (), "residual")
        share = sizes.ring.from_fixed(z, D_BITS)
        if len(self.owners) == 1:
            owner, label = self.owners[0], f"scores.{number}"
            hidden = masked(sizes.ring, share, self.me, memory["kappas"], owner, label, memory["told"])
            sends = [Send(f"{label}.{owner}", self.owners, Scores(shares=hidden))]
        else:
            first = sizes.ring.random(draw("share", number), sizes.rows)
            parts = (first, sizes.ring.sub(share, first))
            sends = [
                Send(f"scores.{number}.{q}", [q], Scores(shares=part))
                for q, part in zip(self.owners, parts, strict=True)
            ]
        return Fired(memory, tuple(sends), "gradient")

    @transition(lambda self, memory: [self.at(f"scores.{memory['round']}.{self.me}", p) for p in self.contributors()])
    def residual(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Computing party: its share of the residual, under a pad, to every peer."""
        sizes: Sizes = memory["sizes"]
        ring, number, column = sizes.ring, memory["round"], self.batch(memory)[1]
        share = ring.from_fixed(memory["z"], D_BITS)
        for address, event in sorted(inputs.items()):
            share = ring.add(share, _expected(event.shares, (sizes.rows, ring.words), address.sender))
        if self.setup.labelled:
            share = ring.sub(share, ring.from_fixed(memory["block"]["y"], D_BITS))
        if len(self.owners) == 1:
            self._check_range(ring, share, sizes)
        else:
            share = self._refreshed(ring, share, memory)
        pads = memory["pads"][self.me]
        padded = ring.sub(share, pads["masks"][:, column])
        sends = tuple(
            Send(
                f"residual.{number}.{p}",
                [p],
                Residual(masked=padded, products=np.ascontiguousarray(pads["products"][p][:, column])),
            )
            for p in self.setup.peers
        )
        kept = {name: value for name, value in memory.items() if name != "z"}
        return Fired(kept | {"share": share}, sends, "gradient")

    def _refreshed(self, ring: Ring, share: NDArray[np.uint64], memory: Memory) -> NDArray[np.uint64]:
        """Share the residual anew between CP0 and CP1.

        A single other party knows what it added to either share; without this it would learn the products of its
        columns with each computing party's own scores, instead of its gradient alone.
        """
        first, second = self.owners
        kappa = memory["kappas"][second if self.me == first else first]
        zero = ring.random(Xof(kappa, "refresh", memory["round"], memory["told"]), len(share))
        return ring.add(share, zero) if self.me == first else ring.sub(share, zero)

    def _check_range(self, ring: Ring, residual: NDArray[np.uint64], sizes: Sizes) -> None:
        signed = residual[:, -1].view(np.int64) if ring.words == 1 else None
        if signed is not None and np.abs(signed).max(initial=0) >= 1 << (D_BITS + sizes.range_bits):
            raise ProtocolError(RANGE, whose=self.me)

    @transition(lambda self, memory: [self.at(f"residual.{memory['round']}.{self.me}", q) for q in self.answering()])
    def gradient(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """The own gradient, and its masked inner products to the label holder."""
        sizes: Sizes = memory["sizes"]
        ring, x, column = sizes.ring, memory["x"], self.batch(memory)[1]
        total = ring.matvec(x, memory["share"]) if self.holds else ring.from_int64(np.zeros(x.shape[1], np.int64))
        for address, event in sorted(inputs.items()):
            padded = _expected(event.masked, (sizes.rows, ring.words), address.sender)
            products = _expected(event.products, (x.shape[1], ring.words), address.sender)
            offsets = memory["pads"][address.sender]["offsets"][:, column]
            total = ring.add(total, ring.sub(ring.add(ring.matvec(x, padded), products), offsets))
        point = memory["w"] + memory["trial"]
        unit, values = max(sizes.rows, 1) << (X_BITS + D_BITS), ring.to_ints(total)
        if max(map(abs, values), default=0) > sizes.rows << (sizes.x_bits + D_BITS + sizes.range_bits):
            # no residual within its range gives this: one of these lied, or was told another direction
            raise ProtocolError("a gradient left the agreed range", whose=" or ".join(self.answering()))
        slope = np.array([value / unit for value in values]) + product(memory["ridge"], point)
        memory = {name: value for name, value in memory.items() if name != "share"} | self._taken(memory, slope)
        wanted = layout(len(memory["pairs"]), fresh=memory["round"] > 0)
        vectors = self._named(memory)
        sums = [dot(vectors[a], vectors[b]) for a, b in wanted]
        if self.setup.leads:
            return Fired(memory | {"sums": sums}, (), "decide")
        step = f"sums.{memory['round']}"
        try:
            hidden = masked_sums(SUMS, sums, self.me, memory["kappas"], self.setup.leader, step, memory["told"])
        except ProtocolError as error:
            error.whose = self.setup.leader  # its directions lead there
            raise
        return Fired(memory, (Send(step, [self.setup.leader], Sums(values=hidden)),), "follow")

    def _taken(self, memory: Memory, slope: NDArray[np.float64]) -> dict[str, Any]:
        """In the first round the gradient itself; later the image of the direction under the Hessian."""
        if memory["round"] == 0:
            return {"g": slope}
        return {"pairs": (*memory["pairs"], (memory["trial"], slope - memory["g"]))}

    def _named(self, memory: Memory) -> Mapping[str, NDArray[np.float64]]:
        factor = memory["block"]["factor"]
        original = Whitening(factor).gradient if len(factor) else np.copy
        named = {"g": memory["g"], "Lg": original(memory["g"])}
        for i, (p, q) in enumerate(memory["pairs"]):
            named |= {f"p{i}": p, f"q{i}": q}
        if memory["pairs"]:
            named["Lq"] = original(memory["pairs"][-1][1])
        return named

    @transition(lambda self, memory: [self.at(f"sums.{memory['round']}", p) for p in self.agreement.others])
    def decide(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: add up, decide, and tell everybody."""
        own = memory["sums"]
        total = SUMS.from_ints(fixed(value) for value in own)
        for address, event in sorted(inputs.items()):
            total = SUMS.add(total, _expected(event.values, (len(own), SUMS.words), address.sender))
        values = [value / (1 << SUM_BITS) for value in SUMS.to_ints(total)]
        rule, event = rules.decide(memory["rule"], values)
        return Fired(
            memory | {"rule": rule}, (Send(f"direction.{memory['round']}", self.agreement.order, event),), "follow"
        )

    @transition(lambda self, memory: [self.at(f"direction.{memory['round']}", self.setup.leader)])
    def follow(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Step along the last direction, then set out in the next, or end."""
        event: Direction = inputs[self.at(f"direction.{memory['round']}", self.setup.leader)]
        pairs, w, g, leader = memory["pairs"], memory["w"], memory["g"], self.setup.leader
        if not rules.agreed(self.agreement, memory["round"], len(pairs), event):
            raise ProtocolError("a direction is not of the agreed form", whose=leader)
        with np.errstate(over="ignore", invalid="ignore"):
            if pairs:
                w, g = w + pairs[-1][0] * event.step, g + pairs[-1][1] * event.step
            basis = [p for p, _ in pairs] + [q for _, q in pairs] + [g]
            trial = np.zeros_like(g) if event.stop else combination(event.coefficients.tolist(), basis)
        if not all(np.abs(vector).max(initial=0.0) < WIDE for vector in (w, g, trial)):
            raise ProtocolError(RANGE, whose=leader)
        memory = memory | {"told": heard(memory["told"], event)}
        rule = memory["rule"]
        loss = rule.losses[-1] if rule else None
        reached = Reach("round", memory["round"], loss)
        if event.stop:
            return Fired({}, (reached, self._end(memory, event, w)))
        memory = memory | {
            "w": w,
            "g": g,
            "trial": trial,
            "pairs": rules.retained_pairs(self.agreement, pairs),
            "round": memory["round"] + 1,
        }
        batch, column = self.batch(memory)
        if column == 0:
            return Fired(
                {n: v for n, v in memory.items() if n != "pads"}, (reached, *self._batch(memory, batch)), "padded"
            )
        fired = self._score(memory, draw)
        return Fired(fired.memory, (reached, *fired.effects), fired.then)

    def _end(self, memory: Memory, event: Direction, w: NDArray[np.float64]) -> Done:
        factor, rule = memory["block"]["factor"], memory["rule"]
        return Done(
            {
                "w": Whitening(factor).back(w) if len(factor) else w,
                "rounds": memory["round"],
                "converged": event.stop == "tolerance",
                "stop": event.stop,
                "loss": list(rule.losses) if rule else None,
                "block": memory["block"],
                "announced": memory["announced"],
                "kappas": memory["kappas"],
                "told": memory["told"],
            }
        )


def _expected(array: NDArray[Any], shape: tuple[int, ...], sender: str) -> NDArray[Any]:
    if array.shape != shape:
        raise ProtocolError("an array is not of the agreed shape", whose=sender)
    return array
