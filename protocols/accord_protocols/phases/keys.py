"""Key distribution: each party makes its keys, publishes the public halves, and agrees on a key with every peer."""

from __future__ import annotations

from typing import ClassVar

from accord_protocols.kernel.machine import (
    Compute,
    Done,
    Draw,
    Fired,
    Inputs,
    Machine,
    Memory,
    Send,
    nothing,
    transition,
)
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, PublicKeys


class Keys(Machine):
    """One instance, at everybody."""

    kind = "keys"
    says: ClassVar[dict[str, type[Event]]] = {"public": PublicKeys}

    @transition(nothing)
    def make(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Make keys and commit to the id set."""
        wants = {"paillier": self.me in self.agreement.computing, "rsa": not self.setup.leads}
        generate = {"bits": self.agreement.key_bits, "sid": self.setup.sid, **wants}
        effects = (
            Compute("generated", "keys.generate", generate, fresh=True),
            Compute("committed", "ids.commit", key=draw.key("commit"), data=True),
        )
        return Fired({}, effects, "publish")

    @transition(lambda self, memory: [self.job("generated"), self.job("committed")])
    def publish(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Say the public halves."""
        keys, ids = inputs[self.job("generated")], inputs[self.job("committed")]
        event = PublicKeys(
            exchange=keys["exchange"],
            paillier=keys["paillier"],
            rsa=keys["rsa"],
            proof=keys["proof"],
            ids=ids["count"],
            commitment=ids["commitment"],
        )
        return Fired({}, (Send("public", self.agreement.order, event),), "check")

    @transition(lambda self, memory: [self.at("public", p) for p in self.agreement.order])
    def check(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody's keys are there: check them and derive the pairwise ones."""
        events: dict[str, PublicKeys] = {a.sender: event for a, event in inputs.items()}
        fields = {"me": self.me, "bits": self.agreement.key_bits, "sid": self.setup.sid}
        for peer in self.setup.peers:
            event = events[peer]
            self._complete(peer, event)
            fields |= {f"exchange.{peer}": event.exchange, f"paillier.{peer}": event.paillier}
            fields |= {f"rsa.{peer}": event.rsa, f"proof.{peer}": event.proof}
        known = {
            "sizes": {p: e.ids for p, e in events.items()},
            "moduli": {p: e.rsa for p, e in events.items()},
            "paillier": {p: e.paillier for p, e in events.items()},
        }
        return Fired(known, (Compute("paired", "keys.pairs", fields, secrets=("exchange",)),), "agree")

    @transition(lambda self, memory: [self.job("paired")])
    def agree(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """End with all keys: sizes, moduli and Paillier keys by party, kappas by peer."""
        paired = inputs[self.job("paired")]
        return Fired({}, (Done({**memory, "kappas": {p: paired[f"kappa.{p}"] for p in self.setup.peers}}),))

    def _complete(self, peer: str, event: PublicKeys) -> None:
        wants = (peer in self.agreement.computing, peer != self.setup.leader)
        if (len(event.paillier) == 2, len(event.rsa) == 1) != wants or event.ids > self.agreement.limits.max_rows:
            raise ProtocolError("a party's keys are not those of its role", whose=peer)
