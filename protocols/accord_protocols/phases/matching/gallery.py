"""The server gives the client its gallery, encrypted, and both prepare oblivious transfers; nothing is compared yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from accord_protocols.kernel.effects import Compute, Done, Fields, Note, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.matching.layout import SEAL, layout_of
from accord_protocols.primitives.onehot.seeds import BITS, GROUPS
from accord_protocols.tasks.results.alignment import Points as Offered
from accord_protocols.tasks.results.boosting import CellsAnswered, CellsLearned
from accord_protocols.tasks.results.matching import Enrolled
from accord_schemas.agreement import Agreement
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, LatticeKey, Transfers
from accord_schemas.events import Gallery as Given
from accord_schemas.matching import Match

UNFIT = "a gallery or its transfers are not of the agreed form"
MANY = 0.01
"""Of the pairs within a gallery: if more of them are as near as the threshold, people are told."""
_LOOSE = (
    "{near:,} of {pairs:,} pairs within the gallery are as near as the threshold, {share:.1%}: a match says little. "
    "Agree on a lower match.threshold."
)


def terms_of(agreement: Agreement) -> Match:
    """The section of the agreement."""
    assert agreement.match is not None, "looking for pictures has its section"
    return agreement.match


def server(agreement: Agreement) -> str:
    """Whose gallery it is: the party that does not lead."""
    return agreement.others[0]


def fields(setup: Setup) -> Fields:
    """What every task is told."""
    return {
        "terms": terms_of(setup.agreement).model_dump_json(exclude_defaults=True),
        "sid": digest(b"accord match transfers", setup.sid),
    }


@dataclass(frozen=True, slots=True, repr=False)
class Sizes:
    """What was announced: pictures of the gallery, probes; and the server's key for products."""

    gallery: int
    probes: int
    key: LatticeKey


@dataclass(frozen=True, slots=True, repr=False)
class Proposing:
    """The server, with the key of what it offered and its gallery."""

    sizes: Sizes
    key: bytes
    enrolled: Enrolled | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Receiving:
    """The client, with what it was given."""

    sizes: Sizes
    given: Given


@dataclass(frozen=True, slots=True, repr=False)
class Ready:
    """What both go on with.

    Args:
        sizes: Of both sides.
        transfers: Of both, fields of the tasks: exchange, seeds, at the server delta.
        given: At the client.
        enrolled: At the server.
    """

    sizes: Sizes
    transfers: Mapping[str, Any] = field(repr=False)
    given: Given | None = None
    enrolled: Enrolled | None = None


class Gallery(Machine):
    """One instance, at both."""

    kind = "gallery"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"gallery": Given, "transfers": Transfers}
    goes: ClassVar[dict[str, Goes]] = {"gallery": Goes.LEADER, "transfers": Goes.STEP}

    @transition(Sizes, nothing, starts=True)
    def start(self, state: Sizes, inputs: Inputs, draw: Draw) -> Fired:
        """Server: encrypt the gallery, and offer transfers. Client: wait."""
        if state.probes > terms_of(self.agreement).max_probes:
            raise ProtocolError("more pictures are looked for than was agreed", whose=self.setup.leader)
        if self.setup.leads:
            return Fired((), self.take.keeping(state))
        key = draw.key("delta")
        enrol = Compute(
            "enrolled", "match.enrol", fields(self.setup), key=draw.key("gallery"), secrets=("lattice",), data=True
        )
        offer = Compute("offered", "onehot.offered", {"sid": fields(self.setup)["sid"]}, key=key)
        return Fired((enrol, offer), self.give.keeping(Proposing(state, key)))

    @transition(Proposing, lambda self, _: [self.job("enrolled"), self.job("offered")])
    def give(self, state: Proposing, inputs: Inputs, draw: Draw) -> Fired:
        """Server: send the gallery, and say how near its own pictures are."""
        made = inputs.result(Enrolled, self.job("enrolled"))
        points = inputs.result(Offered, self.job("offered")).points
        event = Given(numbers=made.numbers, names=made.names, points=points, near=made.near, pairs=made.pairs)
        told = (Send("gallery", [self.setup.leader], event), self._near(event))
        return Fired(told, self.learn.keeping(Proposing(state.sizes, state.key, made)))

    @transition(Sizes, lambda self, _: [self.at("gallery", server(self.agreement))])
    def take(self, state: Sizes, inputs: Inputs, draw: Draw) -> Fired:
        """Client: keep the gallery, and make the keys of the base transfers."""
        terms = terms_of(self.agreement)
        given = inputs.event(Given, self.at("gallery", server(self.agreement)))
        layout = layout_of(state.gallery, terms.kind)
        shapes = (given.numbers.shape, given.names.shape, len(given.points))
        wanted = ((layout.blocks, layout.width), (state.gallery, terms.width + SEAL), BITS)
        if shapes != wanted or given.near > given.pairs:
            raise ProtocolError(UNFIT, whose=server(self.agreement))
        asked = {"sid": fields(self.setup)["sid"], "points": given.points}
        compute = Compute("answered", "onehot.answered", asked, key=draw.key("answer"))
        return Fired((compute, self._near(given)), self.answer.keeping(Receiving(state, given)))

    @transition(Receiving, lambda self, _: [self.job("answered")])
    def answer(self, state: Receiving, inputs: Inputs, draw: Draw) -> Fired:
        """Client: send its half of the base transfers."""
        made = inputs.result(CellsAnswered, self.job("answered"))
        event = Transfers(point=made.point, corrections=made.corrections, proofs=made.proofs)
        transfers = {"exchange": made.exchange, "seeds": made.seeds}
        send = Send(f"transfers.{server(self.agreement)}", [server(self.agreement)], event)
        return Fired((send, Done(Ready(state.sizes, transfers, given=state.given))))

    @transition(Proposing, lambda self, _: [self.at(f"transfers.{self.me}", self.setup.leader)])
    def learn(self, state: Proposing, inputs: Inputs, draw: Draw) -> Fired:
        """Server: learn its half, and see to it that the seeds are consistent."""
        said = inputs.event(Transfers, self.at(f"transfers.{self.me}", self.setup.leader))
        if (len(said.point), len(said.corrections), said.proofs.shape) != (1, 2 * BITS, (GROUPS, 64)):
            raise ProtocolError(UNFIT, whose=self.setup.leader)
        half = {"point": said.point, "corrections": said.corrections, "proofs": said.proofs}
        sid = {"sid": fields(self.setup)["sid"], "peer": self.setup.leader}
        return Fired((Compute("learned", "onehot.learned", sid | half, key=state.key),), self.end.keeping(state))

    @transition(Proposing, lambda self, _: [self.job("learned")])
    def end(self, state: Proposing, inputs: Inputs, draw: Draw) -> Fired:
        """Server: all is there."""
        made = inputs.result(CellsLearned, self.job("learned"))
        transfers = {"exchange": made.exchange, "seeds": made.seeds, "delta": made.delta}
        return Fired((Done(Ready(state.sizes, transfers, enrolled=state.enrolled)),))

    def _near(self, event: Given) -> Note:
        share = event.near / event.pairs if event.pairs else 0.0
        said = _LOOSE.format(near=event.near, pairs=event.pairs, share=share)
        return Note({"near": event.near, "pairs": event.pairs, "warnings": [said] if share > MANY else []})
