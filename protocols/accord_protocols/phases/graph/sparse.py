"""Products with pads, prepared: one of the two that compute encrypts its pads, and all others multiply by their edges.

``sparse.OWNER``: the owner draws a pad for each vertex and round and sends them encrypted. Every other party multiplies
with its own edges; the other one that computes adds all of these up under encryption, hides the sum, and answers. So
the owner decrypts once, however many parties there are, and ends with V = Σ_p A_p·D + ρ, the other one with ρ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Compute, Done, Fields, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.graph.common import OverGraph
from accord_protocols.primitives.paillier.keys import PublicKey
from accord_protocols.primitives.sharing import RING, Words
from accord_protocols.tasks.results.common import Numbers
from accord_protocols.tasks.results.training import Decrypted, Masked
from accord_schemas.bigints import from_block
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Pads, PaillierKey, Products


@dataclass(frozen=True, slots=True, repr=False)
class Keyholders:
    """What it begins with: the keys of the two that compute."""

    keys: Mapping[str, PaillierKey]


@dataclass(frozen=True, slots=True, repr=False)
class Drawn:
    """The owner's pads, ``(numbers, slots, 2)``."""

    keys: Keyholders
    masks: Words


@dataclass(frozen=True, slots=True, repr=False)
class Hidden:
    """The offsets ρ of who answers, ``(numbers, slots, 2)``."""

    keys: Keyholders
    offsets: Words


@dataclass(frozen=True, slots=True, repr=False)
class OwnPads:
    """What the owner ends with: pads, and the sum of all others' products with them."""

    masks: Words
    products: Words


@dataclass(frozen=True, slots=True, repr=False)
class Offsets:
    """What who answers ends with."""

    offsets: Words


class Sparse(OverGraph, Machine):
    """One owner's pads, at everybody."""

    kind = "sparse"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"pads": Pads, "products": Products}
    goes: ClassVar[dict[str, Goes]] = {"pads": Goes.ALL, "products": Goes.STEP}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One for each party that computes."""
        return qualifier in setup.agreement.keyholders

    @property
    def owner(self) -> str:
        """Whose pads they are."""
        return self.qualifier

    @property
    def adds(self) -> str:
        """Who adds up and answers."""
        return next(p for p in self.agreement.keyholders if p != self.owner)

    @transition(Keyholders, nothing, starts=True)
    def start(self, state: Keyholders, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: draw and encrypt. All others: make what hides their answers."""
        scale = self.scale
        if self.me == self.owner:
            masks = RING.random(draw("pads"), scale.numbers, scale.slots)
            fields = {"masks": masks, "slot_bits": scale.slot_bits}
            compute = Compute("encrypted", "pads.encrypt", fields, key=draw.key("encrypt"), secrets=("paillier",))
            return Fired((compute,), self.publish.keeping(Drawn(state, masks)))
        task = "graph.mask" if self.me == self.adds else "graph.blind"
        fields = {**self._key(state), "rows": np.arange(scale.numbers)}
        return Fired((Compute("hiding", task, fields, key=draw.key("hiding")),), self.multiply.keeping(state))

    @transition(Drawn, lambda self, _: [self.job("encrypted")])
    def publish(self, state: Drawn, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: to all."""
        event = Pads(numbers=inputs.result(Numbers, self.job("encrypted")).numbers)
        return Fired((Send("pads", self.setup.peers, event),), self.decrypt.keeping(state))

    @transition(Keyholders, lambda self, _: [self.at("pads", self.owner), self.job("hiding")])
    def multiply(self, state: Keyholders, inputs: Inputs, draw: Draw) -> Fired:
        """All others: times the own edges."""
        pads = inputs.event(Pads, self.at("pads", self.owner)).numbers
        self._expect(state, pads, "encrypted pads are not as agreed", self.owner)
        offsets = np.zeros((0, self.scale.slots, 2), np.uint64)
        if self.me == self.adds:
            masked = inputs.result(Masked, self.job("hiding"))
            hiding, offsets = masked.numbers, masked.offsets
        else:
            hiding = inputs.result(Numbers, self.job("hiding")).numbers
        rows = {"rows": np.arange(self.scale.numbers), "hiding": hiding}
        fields = {**self._key(state), "numbers": pads, "peer": self.owner, **rows}
        then = self.add if self.me == self.adds else self.help
        compute = Compute("multiplied", "graph.multiply", fields, data=True)
        return Fired((compute,), then.keeping(Hidden(state, offsets)))

    @transition(Hidden, lambda self, _: [self.job("multiplied")])
    def help(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """Who has no shares: to who adds up."""
        event = Products(numbers=inputs.result(Numbers, self.job("multiplied")).numbers)
        return Fired((Send(f"products.{self.adds}", [self.adds], event), Done()))

    @transition(
        Hidden,
        lambda self, _: [self.job("multiplied"), *(self.at(f"products.{self.me}", p) for p in self.helpers)],
    )
    def add(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """The other one that computes: add up."""
        own, parts = inputs.result(Numbers, self.job("multiplied")).numbers, {}
        for party in self.helpers:
            numbers = inputs.event(Products, self.at(f"products.{self.me}", party)).numbers
            self._expect(state.keys, numbers, "encrypted products are not as agreed", party)
            parts[f"part.{party}"] = numbers
        if not parts:
            return self._answered(own, state)
        fields = {**self._key(state.keys), "numbers": own, **parts}
        return Fired((Compute("combined", "graph.combine", fields),), self.answer.keeping(state))

    @transition(Hidden, lambda self, _: [self.job("combined")])
    def answer(self, state: Hidden, inputs: Inputs, draw: Draw) -> Fired:
        """And answer."""
        return self._answered(inputs.result(Numbers, self.job("combined")).numbers, state)

    def _answered(self, numbers: NDArray[np.uint8], state: Hidden) -> Fired:
        send = Send(f"products.{self.owner}", [self.owner], Products(numbers=numbers))
        return Fired((send, Done(Offsets(state.offsets))))

    @transition(Drawn, lambda self, _: [self.at(f"products.{self.me}", self.adds)])
    def decrypt(self, state: Drawn, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: decrypt the sum."""
        numbers = inputs.event(Products, self.at(f"products.{self.me}", self.adds)).numbers
        self._expect(state.keys, numbers, "encrypted products are not as agreed", self.adds)
        slots = {"slots": self.scale.slots, "slot_bits": self.scale.slot_bits, "ring_bits": RING.bits}
        fields = {"numbers": numbers, "peer": self.adds, **slots}
        return Fired((Compute("decrypted", "pads.decrypt", fields, secrets=("paillier",)),), self.end.keeping(state))

    @transition(Drawn, lambda self, _: [self.job("decrypted")])
    def end(self, state: Drawn, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: end with both."""
        return Fired((Done(OwnPads(state.masks, inputs.result(Decrypted, self.job("decrypted")).products)),))

    def _key(self, state: Keyholders) -> Fields:
        return {**self.terms, "key": state.keys[self.owner].key}

    def _expect(self, state: Keyholders, numbers: NDArray[np.uint8], wrong: str, sender: str) -> None:
        width = PublicKey(from_block(state.keys[self.owner].key)[0]).width
        if numbers.shape != (self.scale.numbers, width):
            raise ProtocolError(wrong, whose=sender)
