"""Entity alignment by RSA blind signatures in a star: one party leads, every other party serves.

The leader learns the intersection of all sets and no pairwise one; the others learn the result and the sizes.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from accord_protocols.kernel.machine import (
    Abort,
    Compute,
    Done,
    Draw,
    Effect,
    Fired,
    Goes,
    Inputs,
    Machine,
    Memory,
    Note,
    Send,
    Setup,
    Spawn,
    nothing,
    transition,
)
from accord_protocols.primitives.psi.okvs import Geometry
from accord_schemas.blob import loaded
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Blinded, Event, Signed, Store, Tags

NOBODY = "the parties have no users in common"


class Align(Machine):
    """``align``: joins the exchanges; ends with the own rows of the intersection, in the common order."""

    kind = "align"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"tags": Tags}
    goes: ClassVar[dict[str, Goes]] = {"tags": Goes.STEP}

    @transition(nothing)
    def start(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Start an OPRF per server."""
        exchanges = tuple(Spawn(f"oprf.{p}", memory) for p in self._servers())
        return Fired(
            {"kappas": memory["kappas"], "sizes": memory["sizes"]}, exchanges, "join" if self.setup.leads else "wait"
        )

    @transition(lambda self, memory: [self.done(f"oprf.{p}") for p in self._servers()])
    def join(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: intersect."""
        fields = {f"kappa.{p}": kappa for p, kappa in memory["kappas"].items()}
        for p in self._servers():
            exchange = inputs[self.done(f"oprf.{p}")]
            fields |= {f"tags.{p}": exchange["tags"], f"salt.{p}": exchange["salt"], f"table.{p}": exchange["table"]}
            fields[f"size.{p}"] = memory["sizes"][p]
        compute = Compute("common", "align.intersect", fields, key=draw.key("order"), data=True)
        return Fired({}, (compute,), "announce")

    @transition(lambda self, memory: [self.job("common")])
    def announce(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: tell each server its tags, in one random order."""
        common = inputs[self.job("common")]
        sends = tuple(Send(f"tags.{p}", [p], Tags(tags=common[f"tags.{p}"])) for p in self._servers())
        return Fired({}, (*sends, *self._found(loaded(common["rows"]))))

    @transition(lambda self, memory: [self.at(f"tags.{self.me}", self.setup.leader), self.done(f"oprf.{self.me}")])
    def wait(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Server: find the rows that were announced."""
        announced: Tags = inputs[self.at(f"tags.{self.me}", self.setup.leader)]
        fields = {
            "tags": inputs[self.done(f"oprf.{self.me}")]["tags"],
            "announced": announced.tags,
            "peer": self.setup.leader,
        }
        return Fired({}, (Compute("located", "align.locate", fields),), "located")

    @transition(lambda self, memory: [self.job("located")])
    def located(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Server: end with them."""
        return Fired({}, self._found(loaded(inputs[self.job("located")]["rows"])))

    @staticmethod
    def _found(rows: np.ndarray) -> tuple[Effect, Effect]:
        """The own rows of the intersection, ``(k,) int64``: whoever has none in common has nothing to go on with."""
        note = Note({"intersection_size": len(rows), "rows": rows})
        return note, Done({"rows": rows, "size": len(rows)}) if len(rows) else Abort("refused", NOBODY)

    def _servers(self) -> tuple[str, ...]:
        return self.agreement.others if self.setup.leads else (self.me,)


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
    def sid(self) -> bytes:
        """Bound into every hash of this exchange."""
        return digest(b"accord oprf", self.setup.sid, self.instance)

    @transition(nothing)
    def start(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: blind the ids. Server: tag its own."""
        sizes = {"leader": memory["sizes"][self.setup.leader], "server": memory["sizes"][self.qualifier]}
        modulus = memory["oprf"][self.qualifier]
        if not self.setup.leads:
            compute = Compute("tagged", "align.tag", {"sid": self.sid}, secrets=("rsa",), data=True)
            kappas = {f"kappa.{p}": kappa for p, kappa in memory["kappas"].items()}
            return Fired({"sizes": sizes, "kappas": kappas, "width": modulus.shape[1]}, (compute,), "serve")
        key = draw.key("blind")
        terms = {"sid": self.sid, "modulus": modulus}
        return Fired(
            {"sizes": sizes, "key": key, "terms": terms},
            (Compute("blinded", "align.blind", terms, key=key, data=True),),
            "ask",
        )

    @transition(lambda self, memory: [self.job("blinded")])
    def ask(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: send the blinded ids."""
        event = Blinded(numbers=inputs[self.job("blinded")]["numbers"])
        return Fired(memory, (Send("blinded", [self.qualifier], event),), "finalise")

    @transition(lambda self, memory: [self.at("blinded", self.setup.leader)])
    def serve(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Server: sign what the leader blinded, as many as it announced and no more."""
        blinded: Blinded = inputs[self.at("blinded", self.setup.leader)]
        if blinded.numbers.shape != (memory["sizes"]["leader"], memory["width"]):
            raise ProtocolError("blinded ids are not as announced", whose=self.setup.leader)
        compute = Compute(
            "signed", "align.sign", {"numbers": blinded.numbers, "peer": self.setup.leader}, secrets=("rsa",)
        )
        return Fired(memory, (compute,), "reply")

    @transition(lambda self, memory: [self.job("signed"), self.job("tagged")])
    def reply(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Server: send the signatures, and build the store."""
        signed, tags = Signed(numbers=inputs[self.job("signed")]["numbers"]), inputs[self.job("tagged")]["tags"]
        fields = {"tags": tags, **memory["kappas"]}
        compute = Compute("stored", "align.store", fields, key=draw.key("store"), data=True)
        return Fired({"tags": tags}, (Send("signed", [self.setup.leader], signed), compute), "store")

    @transition(lambda self, memory: [self.job("stored")])
    def store(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Server: send the store."""
        built = inputs[self.job("stored")]
        event = Store(parameters=built["salt"], table=built["table"])
        return Fired({}, (Send("store", [self.setup.leader], event), Done({"tags": memory["tags"]})))

    @transition(lambda self, memory: [self.at("signed", self.qualifier), self.at("store", self.qualifier)])
    def finalise(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: unblind and check."""
        signed: Signed = inputs[self.at("signed", self.qualifier)]
        store: Store = inputs[self.at("store", self.qualifier)]
        sizes, modulus = memory["sizes"], memory["terms"]["modulus"]
        if signed.numbers.shape != (sizes["leader"], modulus.shape[1]):
            raise ProtocolError("signed ids are not as announced", whose=self.qualifier)
        if len(store.parameters) != 16 or len(store.table) != Geometry.of(sizes["server"]).rows:
            raise ProtocolError("a key-value store is not of the announced size", whose=self.qualifier)
        fields = {**memory["terms"], "numbers": signed.numbers, "peer": self.qualifier}
        compute = Compute("tagged", "align.finalise", fields, key=memory["key"], data=True)
        return Fired({"salt": store.parameters, "table": store.table}, (compute,), "end")

    @transition(lambda self, memory: [self.job("tagged")])
    def end(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: end with the tags of its ids and the server's store."""
        return Fired({}, (Done({"tags": inputs[self.job("tagged")]["tags"], **memory}),))
