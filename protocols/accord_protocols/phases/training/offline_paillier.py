"""The offline phase of one batch of iterations: one-time pads, encrypted, times each peer's columns.

``pads.OWNER.BATCH``: the owner ends with its pads and, per peer p, V_p = X_pᵀD + ρ; a peer ends with its offsets ρ. It
needs neither labels nor weights. Column t of a batch is used once, by round (batch · slots + t).
"""

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
from accord_protocols.phases.training.sizes import Terms
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Products
from accord_schemas.events import Pads as Encrypted


class Pads(Machine):
    """One batch of one owner, at everybody."""

    kind = "pads"
    says: ClassVar[dict[str, type[Event]]] = {"pads": Encrypted, "products": Products}

    @property
    def owner(self) -> str:
        """Whose pads they are."""
        return self.qualifier.partition(".")[0]

    @transition(nothing)
    def start(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: draw and encrypt. Peer: wait."""
        if self.me != self.owner:
            return Fired(memory, (), "multiply")
        terms: Terms = memory["terms"]
        masks = terms.ring.random(draw("pads"), terms.rows, terms.slots)
        fields = {"masks": masks, "slot_bits": terms.slot_bits}
        compute = Compute("encrypted", "pads.encrypt", fields, key=draw.key("encrypt"), secrets=("paillier",))
        return Fired(memory | {"masks": masks}, (compute,), "publish")

    @transition(lambda self, memory: [self.job("encrypted")])
    def publish(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: the same ciphertexts to all peers."""
        event = Encrypted(numbers=inputs[self.job("encrypted")]["numbers"])
        return Fired(memory, (Send("pads", self.setup.peers, event),), "decrypt")

    @transition(lambda self, memory: [self.at("pads", self.owner)])
    def multiply(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Peer: multiply with the own columns."""
        pads: Encrypted = inputs[self.at("pads", self.owner)]
        terms, key = memory["terms"], memory["paillier"][self.owner]
        if pads.numbers.shape != (terms.rows, key.shape[1]):
            raise ProtocolError("encrypted pads are not as agreed", whose=self.owner)
        fields = {
            "key": key,
            "peer": self.owner,
            "numbers": pads.numbers,
            "x": memory["x"],
            "slots": terms.slots,
            "slot_bits": terms.slot_bits,
            "exponent_bits": terms.x_bits,
            "ring_bits": terms.ring.bits,
        }
        return Fired({}, (Compute("multiplied", "pads.multiply", fields, key=draw.key("multiply")),), "answer")

    @transition(lambda self, memory: [self.job("multiplied")])
    def answer(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Peer: one ciphertext a column."""
        result = inputs[self.job("multiplied")]
        send = Send("products", [self.owner], Products(numbers=result["numbers"]))
        return Fired({}, (send, Done({"offsets": result["offsets"]})))

    @transition(lambda self, memory: [self.at("products", p) for p in self.setup.peers])
    def decrypt(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: decrypt every peer's products."""
        terms: Terms = memory["terms"]
        jobs = []
        for peer in self.setup.peers:
            products: Products = inputs[self.at("products", peer)]
            if products.numbers.shape != (memory["columns"][peer], memory["paillier"][self.me].shape[1]):
                raise ProtocolError("encrypted products are not as agreed", whose=peer)
            fields = {
                "numbers": products.numbers,
                "peer": peer,
                "slots": terms.slots,
                "slot_bits": terms.slot_bits,
                "ring_bits": terms.ring.bits,
            }
            jobs.append(Compute(f"decrypted.{peer}", "pads.decrypt", fields, secrets=("paillier",)))
        return Fired({"masks": memory["masks"]}, tuple(jobs), "end")

    @transition(lambda self, memory: [self.job(f"decrypted.{p}") for p in self.setup.peers])
    def end(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: end with pads and products."""
        products = {p: inputs[self.job(f"decrypted.{p}")]["products"] for p in self.setup.peers}
        return Fired({}, (Done({"masks": memory["masks"], "products": products}),))
