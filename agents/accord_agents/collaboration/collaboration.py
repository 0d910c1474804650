"""One collaboration at one party, as a fold of its journal rows. Live work, recovery and replay are this one class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from accord_agents.collaboration.assembler import Assembler, Blobs
from accord_agents.collaboration.channel_key import channel_key
from accord_agents.collaboration.checkpoints import Witness, checkpoint_address
from accord_agents.collaboration.composer import Composer, Envelope, Piece, budget, opened
from accord_agents.collaboration.consent import Consent
from accord_agents.collaboration.ending import End, Ending, commanded, failed, heard
from accord_agents.collaboration.headers import Headers
from accord_agents.collaboration.outcome import Move, Outcome, announced
from accord_agents.collaboration.own_words import OwnWords
from accord_agents.collaboration.sequences import Chain
from accord_agents.journal.rows import Row
from accord_protocols.jobs.base import Job
from accord_protocols.jobs.registry import ROOT, job_of
from accord_protocols.kernel.effects import Abort, Note, Reach
from accord_protocols.kernel.engine import Engine, Said
from accord_protocols.kernel.engine import Job as Work
from accord_protocols.kernel.lifecycle import PROPOSED, TERMINAL, IllegalTransitionError, Table, follow, table
from accord_protocols.kernel.machine import Setup
from accord_protocols.kernel.waiting import Bound
from accord_schemas.address import SELF, Address, Content
from accord_schemas.agreement import Agreement
from accord_schemas.blocks import decode_fields
from accord_schemas.codes import Code
from accord_schemas.errors import FrameError, ProtocolError
from accord_schemas.events import Accept, Cancel, Checkpoint, Event, Expire, Fail, Nonce, Propose, Refuse, State
from accord_schemas.frame import Frame
from accord_schemas.header import watermarks
from accord_schemas.references import decode_kept
from accord_schemas.suites import DEFAULT, SUITES, Suite

MAX_BEFORE = 32 << 20
"""Bytes of contents that may come before all have accepted: consent and public keys, far less of honest parties."""
SESSION = "session"
DATA = Address(SESSION, "data", SELF)
_UNPROPOSED = table(())
"""What can happen before a job is known."""
FrameSource = Callable[[Composer, Piece, Envelope], Frame]
"""Makes a frame live, or takes the recorded one and checks it."""
Unwrap = Callable[[Frame, bytes], bytes]
"""The channel key in a wrap."""


class Collaboration:
    """The fold.

    Args:
        cid: Its id.
        me: This party.
        seed: Returns the root seed; called once this party accepts.
        frame_source: Makes or checks frames.
        unwrap: Opens wraps.
        blobs: Where large numbers are; None keeps all in memory.
    """

    def __init__(
        self,
        cid: str,
        me: str,
        seed: Callable[[], bytes],
        frame_source: FrameSource,
        unwrap: Unwrap,
        blobs: Blobs | None = None,
    ) -> None:
        self._blobs = blobs
        self.cid, self.me, self._seed, self.frame_source, self._unwrap = cid, me, seed, frame_source, unwrap
        self.state, self.reason, self.round, self._before = "", "", 0, 0
        self.ending: Ending | None = None
        self.detail = ""  # more of the reason, for this party's own people
        self._entered = Counter[str]()
        self.agreement: Agreement | None = None
        self.job: Job | None = None
        self.proposer = ""
        self.chain = Chain()
        self.witness: Witness | None = None
        self.withheld = 0
        self.adopted: dict[tuple[Address, str], Frame] = {}
        self.engine: Engine | None = None
        self._composer: Composer | None = None
        self._assembler: Assembler | None = None
        self._headers: Headers | None = None
        self._consent = Consent(cid, ())
        self._early: list[Content] = []
        self.data: dict[str, Any] = {}
        self.words, self._out, self._time, self.mute = OwnWords(), Outcome(), "", False

    @property
    def ended(self) -> bool:
        """Whether a terminal state was reached."""
        return self.state in TERMINAL

    @property
    def _table(self) -> Table:
        return self.job.table if self.job else _UNPROPOSED

    @property
    def peers(self) -> tuple[str, ...]:
        """Everybody else in the agreement."""
        return tuple(p for p in self.agreement.order if p != self.me) if self.agreement else ()

    @property
    def digest(self) -> bytes:
        """The agreement's digest."""
        return self._composer.agreement if self._composer else b""

    @property
    def suite(self) -> Suite:
        """The agreement's algorithms."""
        return self.agreement.algorithms if self.agreement else SUITES[DEFAULT]

    @property
    def accepted(self) -> bool:
        """Whether this party has accepted."""
        return self.me in self._consent

    @property
    def witnessed(self) -> bool:
        """Whether nothing more is to be said of the end: all parties have signed the log up to it."""
        return self.witness is None or not (self.witness.missing or self.witness.refuted)

    @property
    def witnessing(self) -> bool:
        """Whether it has ended and this party may still say checkpoints."""
        witness = self.witness
        return self.ended and not self.mute and witness is not None and bool(witness.missing) and not witness.refuted

    @property
    def untouched(self) -> bool:
        """Whether this party has answered nothing here in this life: neither proposed, accepted nor ended it."""
        return not (self.accepted or self.ended or (self.proposer == self.me and not self.adopted))

    def ended_as(self, code: Code, by: str = "") -> bool:
        """Whether it ended for a reason of this code, and as a party says, where one is named."""
        return self.ending is not None and self.ending.code is code and by in ("", self.ending.by)

    def silent(self) -> list[str]:
        """Whose word is missing: peers that have not consented, or whose events the machines wait for."""
        if self.engine is None:
            return [party for party in self._consent.missing if party != self.me]
        return sorted({address.sender for address in self.engine.missing()})

    def apply(self, row: Row) -> Outcome:
        """Take one row; the outcome is the same whenever and wherever it is taken."""
        self._out = out = Outcome()
        self._time = row.time
        self._take(row)
        self._attest()
        return out

    def _take(self, row: Row) -> None:
        if row.kind == "command":
            self._command(row.head.decode(), decode_fields(row.payload or b""))
        elif row.kind == "job":
            self._job(row)
        else:
            self._out.event = frame = Frame.restore(row.head, row.payload)
            if row.kind == "own":
                self._adopt(frame, whole=row.payload is not None)
            else:
                self._event(frame, keep=row.payload is not None, poisoned=row.kind == "poison")

    # ---- what arrives

    def _job(self, row: Row) -> None:
        address, fields = Address(*row.head.decode().split("\n")), decode_kept(row.payload or b"", self._blobs)
        if self.ended or self.engine is None:
            return
        if fields.get("trigger"):
            self.detail = fields.get("detail", "")
            self._end(commanded(fields["trigger"], fields, self.me), say=True)
        else:
            self._drive(self.engine.local(address, fields), self.me)

    def _adopt(self, frame: Frame, *, whole: bool) -> None:
        self.chain.adopt(frame, whole=whole)
        if not whole:  # nobody can give it; what is said next must not take its number
            return
        self.adopted[frame.header.address, frame.header.chunk] = frame
        if frame.header.event_class is Propose and self.agreement is None:
            self._proposed(Agreement.decode(Propose.decode(frame.payload).agreement), self.me)
        elif self.agreement is not None:
            self._conclude(frame)

    def _conclude(self, frame: Frame) -> None:
        """An event of an earlier incarnation that ends the collaboration is binding, whatever its reason was."""
        header = frame.header
        if issubclass(header.event_class, End) and not header.chunk:
            self.mute = True
            self._content(Content(header.address, header.to, header.event_class.decode(frame.payload)))

    def _event(self, frame: Frame, *, keep: bool, poisoned: bool) -> None:
        header = frame.header
        self.chain.heard(header.source, header.number, frame.digest, bytes.fromhex(header.previoushash))
        self.chain.told(header.source, header.seen.get(self.me, 0))
        if poisoned:
            self.witness = None  # it may have been the one that could not
            what = {"reason": "an event could not be processed", "code": Code.FAULT}
            self._end(commanded("failed", what, self.me), say=True)
        try:
            if self._headers is not None and not self.ended:
                self._headers.check(header, self.chain.seen.get(header.source, 0))
            if not keep or (self.ended and header.event_class is not Checkpoint):
                return
            clear = opened(frame, self.me, self._unwrap)
            if self.engine is None and header.event_class is not Checkpoint:
                self._before += len(clear)
                if self._before > MAX_BEFORE:
                    raise ProtocolError("too much came before everybody had accepted", whose=header.source)
            if self._assembler is not None:
                content = self._assembler.add(header, clear)
            else:
                content = Content(header.address, header.to, header.event_class.decode(clear))
            if content is not None and isinstance(content.event, Checkpoint) and self.witness is not None:
                self.witness.heard(header.number, header.address, content.event)
            elif content is not None:
                self._content(content)
        except (FrameError, ProtocolError) as error:
            self._end(failed(error, header.source, self.me), say=True)
        if broken := self.chain.broken:
            what = {"reason": f"{broken} sent two histories", "whose": broken, "code": Code.SECOND_VERSION}
            self._end(commanded("failed", what, self.me), say=True)

    def _content(self, content: Content) -> None:
        event, sender = content.event, content.address.sender
        match event:
            case Propose() if self.agreement is not None:
                raise ProtocolError("a collaboration was proposed twice", whose=sender)
            case Propose(agreement=terms):
                self._proposed(Agreement.decode(terms), sender)
            case Accept() | Nonce():
                self._consented(event, sender)
            case Refuse() | Cancel() | Fail() | Expire():
                self._end(heard(event, sender))
            case State():
                return
            case _ if self.engine is None:
                self._early.append(content)
            case _:
                self._feed(content)

    def _feed(self, content: Content) -> None:
        assert self.engine is not None
        self._drive(self.engine.content(content), content.address.sender)

    # ---- the own command

    def _command(self, command: str, fields: dict[str, Any]) -> None:
        self.mute |= bool(fields.get("mute"))
        if fields.get("withhold"):  # others may hold other events of these numbers
            self.withheld = self.chain.sequence
        if not self.ended:
            self._speak(command, fields)
        self.mute |= bool(self.withheld)  # what was said up to here is not all known: its checkpoints cannot be signed

    def _speak(self, command: str, fields: dict[str, Any]) -> None:
        match command:
            case "propose":
                self._proposed(Agreement.decode(fields["agreement"]), self.me)
                self._say("propose", Propose(**fields))
            case "accept" if self.accepted:
                return
            case "accept":
                self.data = {name: value for name, value in fields.items() if name != "nonce"}
                accept = Accept(commitment=self._consent.commit(self.me, fields["nonce"]))
                self._say("accept", accept)
                self._consented(accept, self.me)
            case "own" | "stop" if self.engine and (address := self.words.place(self.job, command, fields)):
                self._drive(self.engine.local(address, fields), self.me)
            case "refused" | "cancelled" | "failed" | "expired":
                self.detail = fields.get("detail", "")
                self._end(commanded(command, fields, self.me), say=True)

    def _proposed(self, agreement: Agreement, proposer: str) -> None:
        self.agreement, self.job, self.proposer = agreement, job_of(agreement), proposer
        self._consent = Consent(self.cid, agreement.order)
        if agreement.versions.get("witness"):
            self.witness = Witness(self.me, agreement, self.chain)
        room, self._headers = budget(agreement), Headers(agreement)
        self._assembler = Assembler(room // agreement.limits.chunk_bytes, room, self._blobs)
        self._composer = Composer(self.cid, agreement.digest(), agreement.limits, self._channel, agreement.algorithms)
        self._move("proposed")
        for frame in list(self.adopted.values()):
            self._conclude(frame)

    def _consented(self, event: Accept | Nonce, party: str) -> None:
        self._consent.take(event, party)
        assert self.agreement is not None and self.job is not None
        if self._consent.given and self.state == PROPOSED:
            self._move("agreed")
            own = Nonce(nonce=self._consent.own)
            self._say("nonce", own)
            self._consent.take(own, self.me)
        if self.engine is None and self._consent.opened:
            sid = self._consent.session(self.digest)
            setup = Setup(self.agreement, self.me, self.cid, sid, self.job.plan)
            bound = Bound(bytes=budget(self.agreement))
            self.engine = Engine(setup, self._seed(), self.job.machines, ROOT, bound)
            self._drive(self.engine.begin(), self.me)
            self._drive(self.engine.local(DATA, self.data), self.me)
            early, self._early = self._early, []
            for content in early:
                if not self.ended:
                    self._feed(content)

    # ---- checkpoints

    def _attest(self) -> None:
        if self.witness is None:
            return
        try:
            self._out.witnessed = self.witness.advance(
                self._recall, lambda e: self._say(checkpoint_address(e.phase, self.me).step, e)
            )
        except ProtocolError as error:
            if self.ended:
                self._out.notes.append({"warnings": [error.message]})
            self._end(failed(error, "", self.me), say=True)

    def _recall(self, phase: str) -> Checkpoint | None:
        """BatchEffects as it was said: which events it covers depends on what had arrived by then."""
        frame = self.adopted.get((checkpoint_address(phase, self.me), ""))
        return Checkpoint.decode(frame.payload) if frame else None

    # ---- effects

    def _drive(self, said: Iterator[Said], sender: str) -> None:
        try:
            for item in said:
                match item:
                    case Content():
                        self._publish(item)
                    case Work():
                        self._out.jobs.append(item)
                    case Reach(trigger, number, loss):
                        self._move(trigger, number, loss)
                    case Note(fields):
                        self._out.notes.append(fields)
                    case Abort(trigger, reason, whose, code):
                        self._end(Ending(trigger, reason, whose or self.me, self.me, code), say=True)
                        return
        except ProtocolError as error:
            self._end(failed(error, sender, self.me), say=True)

    def _move(self, trigger: str, number: int = 0, loss: float | None = None) -> None:
        before, self.state = self.state, follow(self._table, self.state, trigger)
        self.round = number or self.round
        if self.witness is not None:
            self.witness.reached(self.state)
        self._out.moves.append(Move(self._time, self.state, self.round, loss, self.reason))
        if self.state not in (before, PROPOSED):
            self._entered[self.state] += 1
            self._say(announced(self.state, self._entered[self.state]), State(state=self.state, round=self.round))

    def _end(self, ending: Ending, *, say: bool = False) -> None:
        if self.ended:
            return
        self.ending, self.reason = ending, ending.told
        try:
            follow(self._table, self.state, ending.trigger)
        except IllegalTransitionError:
            self.reason = f"{ending.whose} said {ending.trigger} in state {self.state}: {ending.reason}"
            self.ending = ending = replace(ending, trigger="failed")
        if say:
            self._say(*ending.event())
        self._move(ending.trigger)
        self.engine, self._early = None, []
        self.forget()

    def forget(self) -> None:
        """Nothing more is taken: leave nothing behind of contents that are not whole."""
        if self._assembler is not None:
            self._assembler.discard()

    def _say(self, step: str, event: Event) -> None:
        self._publish(Content(Address(SESSION, step, self.me), tuple(sorted(self.peers)), event))

    def _publish(self, content: Content) -> None:
        assert self._composer is not None
        if self.mute:
            return
        for piece in self._composer.pieces(content):
            known = self.adopted.get((content.address, piece.chunk))
            if known is not None:
                self._composer.same(piece, known)
                continue
            envelope = Envelope(self.chain.sequence + 1, self.chain.previous, watermarks(self.chain.seen), self._time)
            frame = self.frame_source(self._composer, piece, envelope)
            self.chain.said(frame)
            self._out.frames.append(frame)

    def _channel(self, recipients: tuple[str, ...]) -> bytes:
        return channel_key(self.suite, self._seed(), self.me, recipients)
