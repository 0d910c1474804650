"""All probes with all pictures of the gallery: four round trips, in each of which the client looks something up.

The client multiplies its probes by the encrypted gallery and keeps a share of every distance; the server opens the
other one. From then on the client chooses and the server makes tables, until the client has the keys of the names that
match. The server learns nothing of it, and the client goes on whatever it is sent in the agreed form.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from accord_protocols.kernel.effects import Compute, Done, Fields, Note, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.matching.layout import choices_bytes, extensions
from accord_protocols.phases.matching.gallery import Ready, fields, server
from accord_protocols.primitives.comparison.circuit import LAST, STEPS
from accord_protocols.primitives.onehot.blocks import BLOCK
from accord_protocols.primitives.onehot.cot import CHECK
from accord_protocols.primitives.onehot.ledger import Ledger
from accord_protocols.tasks.results.common import Bytes, Words
from accord_protocols.tasks.results.matching import Asked, Held, Named, Picked, Tabled
from accord_schemas.address import Address
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Ciphertexts, Event, Picks, Tables

_SHOWN = 100
"""Matches that a result has besides the file of them."""
_BAD = "what was said of a comparison is not of the agreed form"


@dataclass(frozen=True, slots=True, repr=False)
class Comparing:
    """Either side, before a step.

    Args:
        ready: What was prepared.
        held: What it looks up or is asked for; before the first step, nothing at the server.
        step: Its number.
        ledger: Of the extensions so far.
    """

    ready: Ready
    held: Bytes | None = None
    step: int = 0
    ledger: Ledger = field(default_factory=Ledger)


@dataclass(frozen=True, slots=True, repr=False)
class Picking:
    """The client within a step: what it will open."""

    at: Comparing
    joined: Words


@dataclass(frozen=True, slots=True, repr=False)
class Compared:
    """How many probes were compared with the gallery."""

    probes: int


class Compare(Machine):
    """One instance, at both."""

    kind = "compare"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"probes": Ciphertexts, "picks": Picks, "tables": Tables}
    goes: ClassVar[dict[str, Goes]] = {"probes": Goes.STEP, "picks": Goes.STEP, "tables": Goes.STEP}

    @property
    def server(self) -> str:
        """Whose gallery it is."""
        return server(self.agreement)

    def _extensions(self, state: Comparing) -> int:
        return extensions(state.ready.sizes.gallery, state.ready.sizes.probes)

    def _said(self, what: str, step: int) -> Address:
        """Where the other side says something of a step."""
        other = self.server if self.setup.leads else self.setup.leader
        return self.at(f"{what}.{step}.{self.me}", other)

    @transition(Ready, nothing, starts=True)
    def start(self, state: Ready, inputs: Inputs, draw: Draw) -> Fired:
        """Client: its probes times the gallery. Server: wait for that."""
        if not self.setup.leads:
            return Fired((), self.open.keeping(Comparing(state)))
        assert state.given is not None
        own = state.sizes.key
        key = {"sid": self.setup.sid, "owner": self.server, "large": own.large, "small": own.small}
        asks = {"terms": fields(self.setup)["terms"], "gallery": state.sizes.gallery, "numbers": state.given.numbers}
        compute = Compute("asked", "match.ask", asks | key, key=draw.key("mask"), data=True)
        return Fired((compute,), self.multiply.keeping(Comparing(state)))

    @transition(Comparing, lambda self, _: [self.job("asked")])
    def multiply(self, state: Comparing, inputs: Inputs, draw: Draw) -> Fired:
        """Client: send the products, and begin to look up."""
        asked = inputs.result(Asked, self.job("asked"))
        send = Send(f"probes.{self.server}", [self.server], Ciphertexts(numbers=asked.numbers))
        held = replace(state, held=asked.held)
        return Fired((send, self._pick(held, draw)), self.pick.keeping(held))

    def _pick(self, state: Comparing, draw: Draw) -> Compute:
        own = {"exchange": state.ready.transfers["exchange"], "seeds": state.ready.transfers["seeds"]}
        inputs = {"sid": fields(self.setup)["sid"], **own, "step": state.step, "held": state.held}
        return Compute(f"picked.{state.step}", "match.picks", inputs, key=draw.key(f"picks.{state.step}"))

    @transition(Comparing, lambda self, state: [self.job(f"picked.{state.step}")])
    def pick(self, state: Comparing, inputs: Inputs, draw: Draw) -> Fired:
        """Client: say what it looks up, under what nobody sees through."""
        made = inputs.result(Picked, self.job(f"picked.{state.step}"))
        event = Picks(nonces=made.nonces, checks=made.checks, choices=made.choices)
        ledger = state.ledger.used(state.ledger.number, _nonces(made.nonces))
        send = Send(f"picks.{state.step}.{self.server}", [self.server], event)
        return Fired((send,), self.read.keeping(Picking(replace(state, ledger=ledger), made.joined)))

    @transition(Picking, lambda self, state: [self._said("tables", state.at.step)])
    def read(self, state: Picking, inputs: Inputs, draw: Draw) -> Fired:
        """Client: open what was looked up."""
        at, sizes = state.at, state.at.ready.sizes
        event = inputs.event(Tables, self._said("tables", at.step))
        wanted = ((self._extensions(at), BLOCK), (sizes.gallery * sizes.probes, STEPS[at.step].told))
        if (event.tweaks.shape, event.tables.shape) != wanted:
            raise ProtocolError(_BAD, whose=self.server)
        given = {"joined": state.joined, "tables": event.tables, "tweaks": event.tweaks}
        more = {"sid": fields(self.setup)["sid"], "step": at.step, "held": at.held}
        return Fired((Compute(f"read.{at.step}", "match.read", more | given),), self.go_on.keeping(at))

    @transition(Comparing, lambda self, state: [self.job(f"read.{state.step}")])
    def go_on(self, state: Comparing, inputs: Inputs, draw: Draw) -> Fired:
        """Client: the next step; after the last one, the names."""
        held = inputs.result(Held, self.job(f"read.{state.step}")).held
        if state.step < LAST:
            then = replace(state, held=held, step=state.step + 1)
            return Fired((self._pick(then, draw),), self.pick.keeping(then))
        assert state.ready.given is not None
        asks = {"terms": fields(self.setup)["terms"], "held": held, "names": state.ready.given.names}
        compute = Compute("named", "match.named", asks | {"count": state.ready.sizes.probes}, data=True)
        return Fired((compute,), self.tell.keeping(state))

    @transition(Comparing, lambda self, _: [self.job("named")])
    def tell(self, state: Comparing, inputs: Inputs, draw: Draw) -> Fired:
        """Client: which of its pictures match, and whom."""
        named = inputs.result(Named, self.job("named"))
        names = [row.tobytes().rstrip(b"\0").decode("utf-8", "replace") for row in loaded(named.names)]
        pairs = [[probe, name] for probe, name in zip(loaded(named.probes).tolist(), names, strict=True)]
        told = {"matches": pairs, "matched": len({probe for probe, _ in pairs})}
        shown = [[image, name] for image, (_, name) in zip(named.images, pairs, strict=True)][:_SHOWN]
        return Fired((Note({**told, "shown": shown, **self._sizes(state)}), self._end(state)))

    # ---- the server

    @transition(Comparing, lambda self, _: [self.at(f"probes.{self.server}", self.setup.leader)])
    def open(self, state: Comparing, inputs: Inputs, draw: Draw) -> Fired:
        """Server: open its share of the products."""
        assert state.ready.enrolled is not None
        numbers = inputs.event(Ciphertexts, self.at(f"probes.{self.server}", self.setup.leader)).numbers
        own, count = fields(self.setup)["terms"], state.ready.sizes.probes
        asks = {"terms": own, "norms": state.ready.enrolled.norms, "numbers": numbers, "count": count}
        asks |= {"peer": self.setup.leader}
        return Fired((Compute("opened", "match.opened", asks, secrets=("lattice",)),), self.hold.keeping(state))

    @transition(Comparing, lambda self, _: [self.job("opened")])
    def hold(self, state: Comparing, inputs: Inputs, draw: Draw) -> Fired:
        """Server: wait for what is looked up."""
        held = inputs.result(Held, self.job("opened")).held
        return Fired((), self.make.keeping(replace(state, held=held)))

    @transition(Comparing, lambda self, state: [self._said("picks", state.step)])
    def make(self, state: Comparing, inputs: Inputs, draw: Draw) -> Fired:
        """Server: the tables of a step, under pads of which the client has one each."""
        said, parts = inputs.event(Picks, self._said("picks", state.step)), self._extensions(state)
        shapes = (said.nonces.shape, said.checks.shape, said.choices.shape)
        if shapes != ((parts, BLOCK), (parts, CHECK), (parts, choices_bytes(state.step))):
            raise ProtocolError(_BAD, whose=self.setup.leader)
        ledger, ready = state.ledger.used(state.ledger.number, _nonces(said.nonces)), state.ready
        assert ready.enrolled is not None
        picked = {"nonces": said.nonces, "checks": said.checks, "choices": said.choices}
        own: Fields = {**ready.transfers, "keys": ready.enrolled.keys, "count": ready.sizes.probes}
        asks = {"sid": fields(self.setup)["sid"], "step": state.step, "held": state.held, "peer": self.setup.leader}
        key = draw.key(f"tables.{state.step}")
        compute = Compute(f"tabled.{state.step}", "match.tables", {**asks, **own, **picked}, key=key)
        return Fired((compute,), self.give.keeping(replace(state, ledger=ledger)))

    @transition(Comparing, lambda self, state: [self.job(f"tabled.{state.step}")])
    def give(self, state: Comparing, inputs: Inputs, draw: Draw) -> Fired:
        """Server: send them."""
        made, leader = inputs.result(Tabled, self.job(f"tabled.{state.step}")), self.setup.leader
        send = Send(f"tables.{state.step}.{leader}", [leader], Tables(tweaks=made.tweaks, tables=made.tables))
        if state.step == LAST:
            return Fired((send, Note(self._sizes(state)), self._end(state)))
        return Fired((send,), self.make.keeping(replace(state, held=made.held, step=state.step + 1)))

    def _sizes(self, state: Comparing) -> Fields:
        return {"gallery": state.ready.sizes.gallery, "probes": state.ready.sizes.probes}

    @staticmethod
    def _end(state: Comparing) -> Done:
        return Done(Compared(state.ready.sizes.probes))


def _nonces(rows: Bytes) -> list[bytes]:
    return [row.tobytes() for row in loaded(rows)]
