"""The offline phase of one batch of iterations: one-time pads, encrypted, times each peer's columns.

``pads.OWNER.BATCH``: the owner ends with its pads and, per peer p, V_p = X_pᵀD + ρ; a peer ends with its offsets ρ. It
needs neither labels nor weights. Column t of a batch is used once, by round (batch · slots + t). A peer draws what
hides its answers while the owner still encrypts.
"""

from __future__ import annotations

import re
from typing import ClassVar

import numpy as np

from accord_protocols.kernel.machine import (
    Compute,
    Done,
    Draw,
    Fired,
    Goes,
    Inputs,
    Machine,
    Memory,
    Send,
    Setup,
    nothing,
    transition,
)
from accord_protocols.phases.training.sizes import Sizes
from accord_protocols.primitives.paillier.keys import PublicKey
from accord_schemas.bigints import from_block
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Products
from accord_schemas.events import Pads as Encrypted


class Pads(Machine):
    """One batch of one owner, at everybody."""

    kind = "pads"
    version = 2
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"pads": Encrypted, "products": Products}
    goes: ClassVar[dict[str, Goes]] = {"pads": Goes.ALL, "products": Goes.INSTANCE}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One per computing party and batch; there are no more batches than rounds."""
        owner, _, batch = qualifier.partition(".")
        train = setup.agreement.train
        numbered = re.fullmatch(r"0|[1-9][0-9]{0,5}", batch) is not None
        return train is not None and owner in setup.agreement.computing and numbered and int(batch) <= train.max_rounds

    @property
    def owner(self) -> str:
        """Whose pads they are."""
        return self.qualifier.partition(".")[0]

    @transition(nothing)
    def start(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: draw and encrypt. Peer: draw a mask per column."""
        sizes: Sizes = memory["sizes"]
        if self.me != self.owner:
            fields = {
                "key": memory["paillier"][self.owner],
                "columns": np.arange(memory["x"].shape[1]),
                "slots": sizes.slots,
                "slot_bits": sizes.slot_bits,
                "ring_bits": sizes.ring.bits,
            }
            return Fired(memory, (Compute("masked", "pads.mask", fields, key=draw.key("mask")),), "multiply")
        masks = sizes.ring.random(draw("pads"), sizes.rows, sizes.slots)
        fields = {"masks": masks, "slot_bits": sizes.slot_bits}
        compute = Compute("encrypted", "pads.encrypt", fields, key=draw.key("encrypt"), secrets=("paillier",))
        return Fired(memory | {"masks": masks}, (compute,), "publish")

    @transition(lambda self, memory: [self.job("encrypted")])
    def publish(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: the same ciphertexts to all peers."""
        event = Encrypted(numbers=inputs[self.job("encrypted")]["numbers"])
        return Fired(memory, (Send("pads", self.setup.peers, event),), "decrypt")

    @transition(lambda self, memory: [self.at("pads", self.owner), self.job("masked")])
    def multiply(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Peer: multiply with the own columns."""
        pads: Encrypted = inputs[self.at("pads", self.owner)]
        masks, sizes = inputs[self.job("masked")], memory["sizes"]
        if pads.numbers.shape != (sizes.rows, self._width(memory)):
            raise ProtocolError("encrypted pads are not as agreed", whose=self.owner)
        fields = {
            "key": memory["paillier"][self.owner],
            "peer": self.owner,
            "numbers": pads.numbers,
            "x": memory["x"],
            "masks": masks["numbers"],
            "exponent_bits": sizes.x_bits,
        }
        return Fired({"offsets": masks["offsets"]}, (Compute("multiplied", "pads.multiply", fields),), "answer")

    @transition(lambda self, memory: [self.job("multiplied")])
    def answer(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Peer: one ciphertext a column."""
        send = Send("products", [self.owner], Products(numbers=inputs[self.job("multiplied")]["numbers"]))
        return Fired({}, (send, Done({"offsets": memory["offsets"]})))

    @transition(lambda self, memory: [self.at("products", p) for p in self.setup.peers])
    def decrypt(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: decrypt every peer's products."""
        sizes: Sizes = memory["sizes"]
        jobs = []
        for peer in self.setup.peers:
            products: Products = inputs[self.at("products", peer)]
            if products.numbers.shape != (memory["columns"][peer], self._width(memory)):
                raise ProtocolError("encrypted products are not as agreed", whose=peer)
            fields = {
                "numbers": products.numbers,
                "peer": peer,
                "slots": sizes.slots,
                "slot_bits": sizes.slot_bits,
                "ring_bits": sizes.ring.bits,
            }
            jobs.append(Compute(f"decrypted.{peer}", "pads.decrypt", fields, secrets=("paillier",)))
        return Fired({"masks": memory["masks"]}, tuple(jobs), "end")

    @transition(lambda self, memory: [self.job(f"decrypted.{p}") for p in self.setup.peers])
    def end(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: end with pads and products."""
        products = {p: inputs[self.job(f"decrypted.{p}")]["products"] for p in self.setup.peers}
        return Fired({}, (Done({"masks": memory["masks"], "products": products}),))

    def _width(self, memory: Memory) -> int:
        """Bytes of a ciphertext."""
        return PublicKey(from_block(memory["paillier"][self.owner])[0]).width
