"""A collaboration from agreement to completion: starts each phase when the one before has ended."""

from __future__ import annotations

from typing import ClassVar

from accord_protocols.kernel.machine import (
    Abort,
    Draw,
    Fired,
    Inputs,
    Machine,
    Memory,
    Note,
    Reach,
    Send,
    Spawn,
    transition,
)
from accord_schemas.address import SELF, Address
from accord_schemas.events import Complete, Event

NOBODY = "the parties have no users in common"


class Session(Machine):
    """The root instance."""

    kind = "session"
    says: ClassVar[dict[str, type[Event]]] = {"complete": Complete}

    def decisions(self) -> list[Address]:
        """Where the gate's decisions are said, one per edge."""
        if self.agreement.align.max_overlap is None:
            return []
        return [Address(f"gate.{p}", "decision", self.setup.leader) for p in self.agreement.others]

    @transition(lambda self, memory: [self.at("data", SELF)])
    def agreed(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody has accepted: distribute keys."""
        return Fired({}, (Spawn("keys"),), "keyed")

    @transition(lambda self, memory: [self.done("keys")])
    def keyed(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Keys are there: compare overlaps, unless the gate is off."""
        keys = inputs[self.done("keys")]
        edges = self.agreement.others if self.setup.leads else (self.me,)
        gates = tuple(Spawn(f"gate.{p}", keys) for p in edges) if self.decisions() else ()
        return Fired({"keys": keys}, (Reach("keyed"), *gates), "gated")

    @transition(lambda self, memory: self.decisions())
    def gated(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Every edge has its decision: align, or end."""
        decisions = [inputs[a] for a in self.decisions()]
        gate = {
            "decision": "off" if not decisions else "pass",
            "threshold": self.agreement.align.max_overlap,
            "sampled": any(d.sampled for d in decisions),
            "pairs": {d.party: d.decision for d in decisions},
        }
        alike = [d.party for d in decisions if d.features != "pass"]
        notes = [f"{self.setup.leader} and {p} hold largely the same columns." for p in alike]
        refused = [d.party for d in decisions if "refuse" in (d.decision, d.features)]
        if refused:
            note = Note({"gate": gate | {"decision": "refuse"}, "warnings": notes})
            return Fired({}, (note, Abort("refused", self._reason(refused[0], decisions))))
        effects = (Reach("gated"), Note({"gate": gate, "warnings": notes}), Spawn("align", memory["keys"]))
        return Fired(memory, effects, "aligned")

    def _reason(self, party: str, decisions: list[object]) -> str:
        bound, leader = self.agreement.align.max_overlap, self.setup.leader
        decision = next(d for d in decisions if d.party == party)  # type: ignore[attr-defined]
        if decision.decision == "refuse":  # type: ignore[attr-defined]
            return f"the overlap of {leader} and {party} exceeds the agreed bound of {bound}"
        return f"the columns of {leader} and {party} overlap beyond {self.agreement.align.max_feature_overlap}"

    @transition(lambda self, memory: [self.done("align")])
    def aligned(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """The common rows are known, in a common order: prepare them."""
        rows = inputs[self.done("align")]["rows"]
        note = Note({"intersection_size": len(rows), "rows": rows})
        if not len(rows):
            return Fired({}, (note, Abort("refused", NOBODY)))
        if self.agreement.train is None:
            complete = Complete(model="", rows=len(rows), rounds=0, converged=True)
            return Fired({}, (Reach("aligned"), note, self._complete(complete)), "completed")
        spawn = Spawn("prepare", {"rows": rows, **memory["keys"]})
        return Fired(memory | {"size": len(rows)}, (Reach("aligned"), note, spawn), "prepared")

    @transition(lambda self, memory: [self.done("prepare")])
    def prepared(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody's block is ready: train."""
        block = inputs[self.done("prepare")]
        return Fired(memory, (Reach("prepared"), Spawn("train", block)), "trained")

    @transition(lambda self, memory: [self.done("train")])
    def trained(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """The optimiser has stopped: predict the TEST rows together."""
        model = inputs[self.done("train")]
        effects = (Reach("converged", model["rounds"]), Spawn("evaluate", model))
        return Fired(memory | {"rounds": model["rounds"], "converged": model["converged"]}, effects, "evaluated")

    @transition(lambda self, memory: [self.done("evaluate")])
    def evaluated(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """The own result is whole: say so."""
        digest = inputs[self.done("evaluate")]["digest"]
        size, rounds, converged = memory["size"], memory["rounds"], memory["converged"]
        complete = Complete(model=digest, rows=size, rounds=rounds, converged=converged)
        return Fired({}, (self._complete(complete),), "completed")

    @transition(lambda self, memory: [self.at("complete", p) for p in self.agreement.order])
    def completed(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody has a result."""
        digests = {a.sender: event.model for a, event in sorted(inputs.items()) if event.model}
        return Fired({}, (Note({"model_digest": digests}), Reach("completed")))

    def _complete(self, event: Complete) -> Send:
        return Send("complete", self.agreement.order, event)
