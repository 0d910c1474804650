"""The oblivious PRF between the leader and one server, whatever it is made of, and the server's key-value store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Compute, Done, Fields, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.alignment.ecdh import Ecdh
from accord_protocols.phases.alignment.rsa import Rsa
from accord_protocols.primitives.psi import ristretto, sm2
from accord_protocols.primitives.psi.okvs import Geometry
from accord_protocols.tasks.results.alignment import Stored, Tagged
from accord_protocols.tasks.results.common import Numbers
from accord_schemas.agreement import Agreement
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Blinded, Event, Signed, Store

Key = NDArray[np.uint8]
"""A server's public key as `OprfKey` says it: rows of bytes."""


class Oprf(Protocol):
    """An oblivious PRF in one round trip; a scheme is a class like this one and an entry in `OPRFS`.

    `Blinded` and `Signed` carry one row of bytes per id. Every task that is named here is in the registry of tasks:

    - `make` and `check` a server's key, as ``tasks/keys.py`` says;
    - `blind` (leader): sid and `terms` to numbers ``(ids, width) uint8``, by ids;
    - `evaluate` (server): numbers to numbers, under the secret key;
    - `tag` (server): sid to tags ``(ids, 32) uint8`` of its own ids, under the secret key;
    - `finalise` (leader): sid, `terms` and evaluated numbers to tags, with the key of `blind`.

    Attributes:
        name: As ``align.protocol`` says it, and the server's key event.
        secrets: Keystore entries of the server's key.
    """

    name: str
    secrets: tuple[str, ...]
    make: str
    check: str
    blind: str
    evaluate: str
    tag: str
    finalise: str

    def width(self, key: Key) -> int:
        """Bytes of a blinded or evaluated id, by the server's key."""
        ...

    def id_bytes(self, key_bits: int) -> int:
        """The same, of the keys that are agreed on."""
        ...

    def terms(self, key: Key) -> Fields:
        """What the leader's tasks need to know of the server's key."""
        ...


OPRFS: dict[str, Oprf] = {oprf.name: oprf for oprf in (Rsa(), Ecdh("ecdh", ristretto.POINT), Ecdh("sm2", sm2.POINT))}
"""The schemes that an agreement may name."""


def oprf_of(agreement: Agreement) -> Oprf:
    """The agreed scheme."""
    return OPRFS[agreement.scheme]


@dataclass(frozen=True, slots=True, repr=False)
class Pair:
    """What leader and server begin with: how many ids each announced, the server's key, the secrets with the peers."""

    leader: int
    server: int
    key: Key
    kappas: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class Blinding:
    """The leader's stream key, with which it blinds and unblinds."""

    pair: Pair
    key: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """What the leader ends with: tags of its ids, and the server's store."""

    tags: NDArray[np.uint8]
    store: Stored


class OprfExchange(Machine):
    """``oprf.SERVER``: an oblivious PRF between the leader and one server, and the server's key-value store."""

    kind = "oprf"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"blinded": Blinded, "signed": Signed, "store": Store}
    goes: ClassVar[dict[str, Goes]] = {"blinded": Goes.INSTANCE, "signed": Goes.LEADER, "store": Goes.LEADER}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One for each party but the leader."""
        return qualifier in setup.agreement.others

    @property
    def oprf(self) -> Oprf:
        """The agreed scheme."""
        return oprf_of(self.agreement)

    @property
    def sid(self) -> Fields:
        """Bound into every hash of this exchange."""
        return {"sid": digest(b"accord oprf", self.setup.sid, self.instance)}

    @transition(Pair, nothing, starts=True)
    def start(self, state: Pair, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: blind the ids. Server: tag its own."""
        if not self.setup.leads:
            compute = Compute("tagged", self.oprf.tag, self.sid, secrets=self.oprf.secrets, data=True)
            return Fired((compute,), self.serve.keeping(state))
        key = draw.key("blind")
        compute = Compute("blinded", self.oprf.blind, {**self.sid, **self.oprf.terms(state.key)}, key=key, data=True)
        return Fired((compute,), self.ask.keeping(Blinding(state, key)))

    @transition(Blinding, lambda self, _: [self.job("blinded")])
    def ask(self, state: Blinding, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: send the blinded ids."""
        event = Blinded(numbers=inputs.result(Numbers, self.job("blinded")).numbers)
        return Fired((Send("blinded", [self.qualifier], event),), self.finalise.keeping(state))

    @transition(Pair, lambda self, _: [self.at("blinded", self.setup.leader)])
    def serve(self, state: Pair, inputs: Inputs, draw: Draw) -> Fired:
        """Server: sign what the leader blinded, as many as it announced and no more."""
        blinded = inputs.event(Blinded, self.at("blinded", self.setup.leader))
        if blinded.numbers.shape != (state.leader, self.oprf.width(state.key)):
            raise ProtocolError("blinded ids are not as announced", whose=self.setup.leader)
        fields = {"numbers": blinded.numbers, "peer": self.setup.leader}
        compute = Compute("signed", self.oprf.evaluate, fields, secrets=self.oprf.secrets)
        return Fired((compute,), self.reply.keeping(state))

    @transition(Pair, lambda self, _: [self.job("signed"), self.job("tagged")])
    def reply(self, state: Pair, inputs: Inputs, draw: Draw) -> Fired:
        """Server: send the signatures, and build the store."""
        signed = Signed(numbers=inputs.result(Numbers, self.job("signed")).numbers)
        tags = inputs.result(Tagged, self.job("tagged")).tags
        fields = {"tags": tags, **{f"kappa.{p}": kappa for p, kappa in state.kappas.items()}}
        compute = Compute("stored", "align.store", fields, key=draw.key("store"), data=True)
        return Fired((Send("signed", [self.setup.leader], signed), compute), self.store.keeping(Tagged(tags)))

    @transition(Tagged, lambda self, _: [self.job("stored")])
    def store(self, state: Tagged, inputs: Inputs, draw: Draw) -> Fired:
        """Server: send the store, and end with the tags of its own ids."""
        built = inputs.result(Stored, self.job("stored"))
        event = Store(parameters=built.salt, table=built.table)
        return Fired((Send("store", [self.setup.leader], event), Done(state)))

    @transition(Blinding, lambda self, _: [self.at("signed", self.qualifier), self.at("store", self.qualifier)])
    def finalise(self, state: Blinding, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: unblind and check."""
        signed = inputs.event(Signed, self.at("signed", self.qualifier))
        store = inputs.event(Store, self.at("store", self.qualifier))
        pair = state.pair
        if signed.numbers.shape != (pair.leader, self.oprf.width(pair.key)):
            raise ProtocolError("signed ids are not as announced", whose=self.qualifier)
        if len(store.parameters) != 16 or len(store.table) != Geometry.of(pair.server).rows:
            raise ProtocolError("a key-value store is not of the announced size", whose=self.qualifier)
        fields = {**self.sid, **self.oprf.terms(pair.key), "numbers": signed.numbers, "peer": self.qualifier}
        compute = Compute("tagged", self.oprf.finalise, fields, key=state.key, data=True)
        return Fired((compute,), self.end.keeping(Stored(store.parameters, store.table)))

    @transition(Stored, lambda self, _: [self.job("tagged")])
    def end(self, state: Stored, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: end with the tags of its ids and the server's store."""
        return Fired((Done(Opened(inputs.result(Tagged, self.job("tagged")).tags, state)),))
