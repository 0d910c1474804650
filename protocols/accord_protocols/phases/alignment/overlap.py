"""The overlap gate as a phase: every edge's decision, and whether the collaboration goes on."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from accord_protocols.kernel.effects import Abort, Done, Note, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.alignment.gate import Compared
from accord_protocols.phases.keys import Keyed
from accord_protocols.primitives.psi.overlap import dead_band
from accord_schemas.address import Address
from accord_schemas.agreement import Agreement
from accord_schemas.codes import Code
from accord_schemas.events import Event, Gate


def decisions(agreement: Agreement) -> list[Address]:
    """Where the gate's decisions are said, one per edge; nowhere where it is off."""
    if agreement.align.max_overlap is None:
        return []
    return [Address(f"gate.{p}", "decision", agreement.leader) for p in agreement.others]


class Overlap(Machine):
    """``overlap``, at everybody: starts the own edges, ``gate.PARTY``, and judges what was decided for all."""

    kind = "overlap"
    says: ClassVar[dict[str, type[Event]]] = {}

    @transition(Keyed, nothing, starts=True)
    def start(self, state: Keyed, inputs: Inputs, draw: Draw) -> Fired:
        """Compare, unless the gate is off."""
        edges = self.agreement.others if self.setup.leads else (self.me,)
        leader = state.sizes[self.setup.leader]
        spawns = (Spawn(f"gate.{p}", Compared(leader, state.sizes[p], state.names)) for p in edges)
        gates = tuple(spawns) if decisions(self.agreement) else ()
        return Fired(gates, self.judge.keeping(state))

    @transition(Keyed, lambda self, _: decisions(self.agreement))
    def judge(self, state: Keyed, inputs: Inputs, draw: Draw) -> Fired:
        """Every edge has its decision: end, or end all."""
        align = self.agreement.align
        said = [inputs.event(Gate, a) for a in decisions(self.agreement)]
        refused = [d for d in said if "refuse" in (d.decision, d.features)]
        gate = {
            "decision": "off" if not said else "refuse" if refused else "pass",
            "threshold": align.max_overlap,
            "denominator": align.denominator,
            "dead_band": self._dead_band(state),
            "sampled": any(d.sampled for d in said),
            "pairs": {d.party: d.decision for d in said},
        }
        alike = [
            f"{self.setup.leader} and {d.party} hold largely the same columns." for d in said if d.features != "pass"
        ]
        note = Note({"gate": gate, "warnings": alike})
        return Fired((note, Abort("refused", self._reason(refused[0]), code=Code.GATE) if refused else Done()))

    def _dead_band(self, state: Keyed) -> float | None:
        """How close to the bound an overlap is whose decision is chance: by the terms and the announced sizes alone."""
        align, leader = self.agreement.align, state.sizes[self.setup.leader]
        if align.max_overlap is None:
            return None
        bound = Fraction(str(align.max_overlap))
        return float(max(dead_band(bound, (leader, state.sizes[p])) for p in self.agreement.others))

    def _reason(self, refused: Gate) -> str:
        align, pair = self.agreement.align, f"{self.setup.leader} and {refused.party}"
        if refused.decision == "refuse":
            return f"the overlap of {pair} exceeds the agreed bound of {align.max_overlap}"
        return f"the columns of {pair} overlap beyond {align.max_feature_overlap}"
