"""The offline phase of one batch of rounds under Paillier: one-time pads, encrypted, times each peer's columns.

``pads.OWNER.BATCH``: the owner ends with its pads and, per peer p, V_p = X_pᵀD + ρ; a peer ends with its offsets ρ. A
peer draws what hides its answers while the owner still encrypts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Compute, Done, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.training.padded import Padded
from accord_protocols.phases.training.products import Batch, Offsets, OwnPads, numbered
from accord_protocols.phases.training.sizes import Sizes
from accord_protocols.primitives.paillier import packing
from accord_protocols.primitives.paillier.keys import PublicKey
from accord_protocols.primitives.ring import Ring
from accord_protocols.tasks.results.common import Numbers
from accord_protocols.tasks.results.training import Decrypted, Masked
from accord_schemas.agreement import Agreement
from accord_schemas.bigints import from_block
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, PaillierKey, Products
from accord_schemas.events import Pads as Encrypted


@dataclass(frozen=True, slots=True, repr=False)
class Drawn:
    """The owner's pads, ``(n, slots, words)``."""

    batch: Batch
    masks: NDArray[np.uint64]


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
        return owner in setup.agreement.keyholders and numbered(batch, setup.agreement)

    @property
    def owner(self) -> str:
        """Whose pads they are."""
        return self.qualifier.partition(".")[0]

    @transition(Batch, nothing, starts=True)
    def start(self, state: Batch, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: draw and encrypt. Peer: draw a mask per column."""
        sizes = state.sizes
        if self.me != self.owner:
            columns = {"key": self._key(state), "columns": np.arange(state.x.shape[1])}
            compute = Compute("masked", "pads.mask", {**columns, **_slots(sizes)}, key=draw.key("mask"))
            return Fired((compute,), self.multiply.keeping(state))
        masks = sizes.ring.random(draw("pads"), sizes.rows, sizes.slots)
        fields = {"masks": masks, "slot_bits": slot_bits(sizes)}
        compute = Compute("encrypted", "pads.encrypt", fields, key=draw.key("encrypt"), secrets=("paillier",))
        return Fired((compute,), self.publish.keeping(Drawn(state, masks)))

    @transition(Drawn, lambda self, _: [self.job("encrypted")])
    def publish(self, state: Drawn, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: the same ciphertexts to all peers."""
        event = Encrypted(numbers=inputs.result(Numbers, self.job("encrypted")).numbers)
        return Fired((Send("pads", self.setup.peers, event),), self.decrypt.keeping(state))

    @transition(Batch, lambda self, _: [self.at("pads", self.owner), self.job("masked")])
    def multiply(self, state: Batch, inputs: Inputs, draw: Draw) -> Fired:
        """Peer: multiply with the own columns."""
        pads = inputs.event(Encrypted, self.at("pads", self.owner))
        hiding = inputs.result(Masked, self.job("masked"))
        if pads.numbers.shape != (state.sizes.rows, self._width(state)):
            raise ProtocolError("encrypted pads are not as agreed", whose=self.owner)
        fields = {
            "key": self._key(state),
            "peer": self.owner,
            "numbers": pads.numbers,
            "x": state.x,
            "masks": hiding.numbers,
            "exponent_bits": state.sizes.x_bits,
        }
        return Fired((Compute("multiplied", "pads.multiply", fields),), self.answer.keeping(Offsets(hiding.offsets)))

    @transition(Offsets, lambda self, _: [self.job("multiplied")])
    def answer(self, state: Offsets, inputs: Inputs, draw: Draw) -> Fired:
        """Peer: one ciphertext a column."""
        event = Products(numbers=inputs.result(Numbers, self.job("multiplied")).numbers)
        return Fired((Send("products", [self.owner], event), Done(state)))

    @transition(Drawn, lambda self, _: [self.at("products", p) for p in self.setup.peers])
    def decrypt(self, state: Drawn, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: decrypt every peer's products."""
        jobs = []
        for peer in self.setup.peers:
            products = inputs.event(Products, self.at("products", peer))
            if products.numbers.shape != (state.batch.columns[peer], self._width(state.batch)):
                raise ProtocolError("encrypted products are not as agreed", whose=peer)
            fields = {"numbers": products.numbers, "peer": peer, **_slots(state.batch.sizes)}
            jobs.append(Compute(f"decrypted.{peer}", "pads.decrypt", fields, secrets=("paillier",)))
        return Fired(tuple(jobs), self.end.keeping(state))

    @transition(Drawn, lambda self, _: [self.job(f"decrypted.{p}") for p in self.setup.peers])
    def end(self, state: Drawn, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: end with pads and products."""
        products = {p: inputs.result(Decrypted, self.job(f"decrypted.{p}")).products for p in self.setup.peers}
        return Fired((Done(OwnPads(state.masks, products)),))

    def _key(self, batch: Batch) -> NDArray[np.uint8]:
        """The owner's modulus."""
        event = batch.keys[self.owner]
        assert isinstance(event, PaillierKey)
        return event.key

    def _width(self, batch: Batch) -> int:
        """Bytes of a ciphertext."""
        return PublicKey(from_block(self._key(batch))[0]).width


class Paillier:
    """See `accord_protocols.phases.training.products.ProductEngine`."""

    name = "paillier"
    key: type[Event] = PaillierKey
    machine: type[Machine] = Pads
    rounds: type[Machine] = Padded

    def holders(self, agreement: Agreement) -> tuple[str, ...]:
        """The computing parties."""
        return agreement.keyholders

    def supplies(self, agreement: Agreement, columns: Mapping[str, int], slots: int, number: int) -> Mapping[str, str]:
        """A batch of each computing party's pads."""
        batch, column = divmod(number, slots)
        return {} if column else {q: f"{Pads.kind}.{q}.{batch}" for q in agreement.keyholders}

    def row_bytes(self, key_bits: int) -> int:
        """A ciphertext: a number below n²."""
        return -(-2 * key_bits // 8)

    def slots(self, key_bits: int, ring: Ring, x_bits: int, rows: int, answers: int) -> int:
        """As many products as one plaintext takes."""
        return packing.slots(key_bits, packing.slot_bits(ring.bits, x_bits, rows), answers)


def slot_bits(sizes: Sizes) -> int:
    """Width of a slot."""
    return packing.slot_bits(sizes.ring.bits, sizes.x_bits, max(sizes.rows, 1))


def _slots(sizes: Sizes) -> dict[str, int]:
    return {"slots": sizes.slots, "slot_bits": slot_bits(sizes), "ring_bits": sizes.ring.bits}
