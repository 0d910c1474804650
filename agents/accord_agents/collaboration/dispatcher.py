"""Checks what arrives, routes it to its collaboration, and collects what one transaction writes. No IO."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from accord_agents.collaboration.assembler import Blobs
from accord_agents.collaboration.batch_effects import BatchEffects, PoisonError
from accord_agents.collaboration.channel_key import channel_key
from accord_agents.collaboration.channel_keys import Channels
from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.composer import Composer, Envelope, Piece, SecondVersionError, aside, bounded
from accord_agents.collaboration.early_events import EarlyEvents
from accord_agents.collaboration.ending import End, Ending, behind, heard
from accord_agents.collaboration.outcome import Outcome
from accord_agents.collaboration.proposal import proposed
from accord_agents.collaboration.recipe import remade
from accord_agents.collaboration.rehydrate import refold
from accord_agents.collaboration.status import outgoing, row_of, status
from accord_agents.journal.quarantine import Refused
from accord_agents.journal.row_encryption import decrypted, decrypted_recipe, encrypted
from accord_agents.journal.rows import Batch, Outgoing, Row
from accord_agents.security.identity import Identity, PublicIdentity
from accord_agents.security.public import described
from accord_agents.security.storage import StorageCipher
from accord_agents.security.trust import Identities
from accord_protocols.jobs.registry import job_of
from accord_protocols.kernel.lifecycle import PROPOSED
from accord_schemas.address import Address
from accord_schemas.agreement import Agreement, collaboration_id
from accord_schemas.codes import Code
from accord_schemas.errors import FrameError, StorageError, TamperError, UsageError
from accord_schemas.events import Ack, Propose
from accord_schemas.frame import Frame
from accord_schemas.header import watermarks
from accord_schemas.references import encode_kept

MAX_AHEAD = 4096
"""How far beyond what was heard of it a sender may number its events."""


class Dispatcher:
    """One party's dispatcher.

    Args:
        identity: Signs and opens.
        identities: Whose word counts.
        cipher: Encrypts what the journal keeps for this party alone.
        seed: The root seed of a collaboration.
        channels: Channel keys known from earlier, by wrap.
        blobs: Where the large numbers of a collaboration are; None keeps all in memory.
    """

    def __init__(
        self,
        identity: Identity,
        identities: Identities,
        cipher: StorageCipher,
        seed: Callable[[str], bytes],
        channels: dict[bytes, bytes] | None = None,
        blobs: Callable[[str], Blobs] | None = None,
    ) -> None:
        self._blobs = blobs
        self.me = identity.public.party
        self.identity, self.identities, self.cipher, self.seed = identity, identities, cipher, seed
        self.collaborations: dict[str, Collaboration] = {}
        self.batch, self.effects = Batch(), BatchEffects()
        self._channels = Channels(identity, seed, self._speaker, channels or {}, self._learned)
        self._early = EarlyEvents()
        self._foreign: set[str] = set()
        self._own_early: dict[str, list[Frame]] = {}
        self.closed: set[str] = set()
        """Collaborations about which nothing remains to be said; what still comes is a repetition."""
        self.suspended: dict[str, list[tuple[str, bytes, dict[str, Any]]]] = {}
        """Collaborations in which nothing may be said yet, and what waits there: own commands and results of tasks."""
        self.claimed: dict[str, int] = {}
        """How many own events a peer said to hold before any of its events was folded, where we knew fewer."""
        self.over: dict[str, Ending] = {}
        """Suspended collaborations that a peer has ended."""
        self.restored = False
        """Whether the journal was put back once: what is proposed may have been answered before."""
        self.adopting = True
        """Until the log was read to its end after a start, own events that the journal lacks are adopted."""

    def flush(self) -> tuple[Batch, BatchEffects]:
        """What has come together since the last time."""
        batch, self.batch = self.batch, Batch()
        effects, self.effects = self.effects, BatchEffects()
        return batch, effects

    # ---- what arrives

    def deliver(self, family: str, data: bytes, now: str) -> None:
        """A frame from the log; what is no acceptable event goes to quarantine."""
        source = "unknown"
        try:
            frame = Frame.parse(data)
            source = frame.header.source
            self._frame(family, frame, data, now)
        except FrameError as error:
            self.batch.quarantined.append(Refused(source, error.message, data, error.code))

    def _frame(self, family: str, frame: Frame, data: bytes, now: str) -> None:
        header = frame.header
        if self.me in header.to or not header.event_class.encrypted:  # of what is for others, the header is all we need
            frame.check()
        if header.subject in self.closed:
            self._aside(frame)
            return
        public = self._speaker(header.subject, header.source)
        if public is None:
            raise FrameError("the sender is not pinned", code=Code.SENDER)
        public.authenticate(frame)
        if header.event_class.family != family:
            raise FrameError("the event came on another family's topic", code=Code.FAMILY)
        collaboration = self.collaborations.get(header.subject)
        if collaboration is None:
            if header.event_class is not Propose:
                if header.subject not in self._foreign:
                    self._early.hold(header.source, data)
                return
            collaboration = self._proposal(frame)
            if collaboration is None:
                return
            for own in self._own_early.pop(header.subject, []):
                self._apply(row_of(own, "own", now))
            if self.restored:
                self.suspended[collaboration.cid] = []
        else:
            self._check_terms(collaboration, frame)
        if header.source == self.me:
            self._own(collaboration, frame, now)
        else:
            self._peer(collaboration, frame, data, now)

    def _speaker(self, cid: str, party: str) -> PublicIdentity | None:
        """Who speaks for a party: the identity that the agreement names, else the one that is pinned now."""
        collaboration = self.collaborations.get(cid)
        terms = collaboration.agreement if collaboration else None
        if terms is None or party not in terms.parties:
            return self.identities.get(party)
        return self.identities.named(party, terms.parties[party].identity)

    def pinned(self, identities: Identities, now: str) -> None:
        """Other identities count from now on; what is open with one that was revoked ends."""
        self.identities = identities
        for cid, collaboration in self.collaborations.items():
            terms = collaboration.agreement
            for party in terms.parties if terms and not collaboration.ended else ():
                if self._speaker(cid, party) is None:
                    fields = {"reason": f"the identity of {party} was revoked", "whose": party, "code": Code.REVOKED}
                    self.command(cid, "failed", fields, now)
                    break

    def _check_terms(self, collaboration: Collaboration, frame: Frame) -> None:
        header, agreement = frame.header, collaboration.agreement
        if agreement is None or header.agreement != collaboration.digest.hex():
            raise FrameError("the event is for another agreement", code=Code.AGREEMENT)
        if header.source not in agreement.parties or not set(header.to) <= set(agreement.parties):
            raise FrameError("sender or recipient is no party of the collaboration", code=Code.AGREEMENT)
        if header.algorithms != agreement.algorithms:
            raise FrameError("the frame's suite is not that of the agreement's profile")

    def _peer(self, collaboration: Collaboration, frame: Frame, data: bytes, now: str) -> None:
        header, chain = frame.header, collaboration.chain
        self.effects.times[header.source] = max(header.time, self.effects.times.get(header.source, ""))
        self.effects.moved |= chain.told(header.source, header.seen.get(self.me, 0))
        if header.seen.get(self.me, 0) > chain.sequence and not collaboration.ended:
            self.effects.doubted.add((collaboration.cid, header.source))
        if not header.number:
            self._aside(frame)
            return
        if collaboration.cid in self.suspended and collaboration.agreement is not None:
            if issubclass(header.event_class, End) and collaboration.cid not in self.over:
                self.over[collaboration.cid] = heard(header.event_class.decode(frame.payload), header.source)
            return  # it is read again, or asked for, once we know what we have said ourselves
        if header.number > chain.seen.get(header.source, 0) + MAX_AHEAD:
            raise FrameError("the sequence is far ahead of what was heard", code=Code.SEQUENCE)
        known = chain.known(header.source, header.number)
        if known == frame.digest:
            self.effects.repeated.add(collaboration.cid)
        elif known is not None:
            kept = frame.bare() if header.event_class.encrypted else data  # whole, and as much as evidence can show
            reason = f"a second version of event {header.number}"
            self.batch.quarantined.append(Refused(header.source, reason, kept, Code.SECOND_VERSION))
            fields = {"reason": "two versions of one event", "whose": header.source, "code": Code.SECOND_VERSION}
            self.command(collaboration.cid, "failed", fields, now)
        else:
            wanted = not (header.event_class.encrypted and collaboration.ended)
            readable = wanted and (not header.to or self.me in header.to)
            self._apply(row_of(frame, "event", now, whole=readable))
        if header.event_class is Propose:
            self._release(now)

    def _own(self, collaboration: Collaboration, frame: Frame, now: str) -> None:
        number = frame.header.number
        if not number:
            return
        known = collaboration.chain.known(self.me, number)
        if known == frame.digest:
            collaboration.chain.read_back(number)
        elif known is None and collaboration.cid in self.suspended:
            frame.check()
            self._apply(row_of(frame, "own", now))
        else:
            raise TamperError(
                f"event {number} of {self.me} on the log is not the one in the journal.",
                hint="Another agent runs with this identity, or an old backup was put back. Keep both journals.",
            )

    def _aside(self, frame: Frame) -> None:
        header = frame.header
        if not header.number and header.event_class is not Ack and self.me in header.to:
            self.effects.asides.append(frame)

    def adopt(self, data: bytes, now: str) -> None:
        """An own event on the log that the journal lacks, met before anything is said: never to be said anew."""
        try:
            frame = Frame.parse(data)
        except FrameError:
            return
        header = frame.header
        collaboration = self.collaborations.get(header.subject)
        if header.source != self.me and collaboration is not None:
            self._claim(collaboration, frame)
        if header.source != self.me or not header.number or header.subject in self.closed or not self.signed(frame):
            return
        try:
            frame.check()
        except FrameError:
            return
        if collaboration is None and header.event_class is Propose:
            collaboration = self._proposal(frame)
        if collaboration is not None and collaboration.chain.known(self.me, header.number) is None:
            self._apply(row_of(frame, "own", now))
        elif collaboration is None:
            early = self._own_early.setdefault(header.subject, [])
            if frame.digest not in (own.digest for own in early):  # met again on another connection
                early.append(frame)

    def _claim(self, collaboration: Collaboration, frame: Frame) -> None:
        count = frame.header.seen.get(self.me, 0)
        if count > max(collaboration.chain.sequence, self.claimed.get(collaboration.cid, 0)) and self.signed(frame):
            self.claimed[collaboration.cid] = count

    def signed(self, frame: Frame) -> bool:
        """Whether a frame was signed by whom it names."""
        header = frame.header
        own = self.identity.public if header.source == self.me else None
        public = self._speaker(header.subject, header.source) or own
        return public is not None and public.signed(frame)

    def _release(self, now: str) -> None:
        for data in self._early.release():
            self.deliver(Frame.parse(data).header.event_class.family, data, now)

    def _proposal(self, frame: Frame) -> Collaboration | None:
        if not proposed(frame, self.me, self.identities):
            self._foreign.add(frame.header.subject)
            return None
        return self._new(frame.header.subject)

    def _new(self, cid: str) -> Collaboration:
        if cid in self.collaborations:  # folded anew
            self.collaborations[cid].forget()
        blobs = self._blobs(cid) if self._blobs else None
        new = Collaboration(cid, self.me, lambda: self.seed(cid), self._speak, self._channels.unwrap, blobs)
        self.collaborations[cid] = new
        return new

    # ---- the own command and the own jobs

    def propose(self, agreement: Agreement, nonce: str, now: str) -> str:
        """Propose a collaboration; returns its id.

        Raises:
            UsageError: It is not of its job, or would not fit into one event.
        """
        job = job_of(agreement)
        if wrong := job.objection(agreement) or job.untold(agreement):
            raise UsageError(f"the agreement cannot be proposed: {wrong}.")
        cid = collaboration_id(agreement.digest(), nonce)
        if cid not in self.collaborations:
            known = {p.party: described(p) for p in self.identities if p.party in agreement.parties}
            event = Propose(agreement=agreement.terms(), identities=known, nonce=nonce)
            bounded(event.name, event.encode(), agreement.limits)
            self._new(cid)
            self.command(cid, "propose", event.model_dump(), now)
        return cid

    def command(self, cid: str, command: str, fields: dict[str, Any], now: str) -> None:
        """The party's own command: propose, accept, refused, cancelled, failed, expired."""
        if cid in self.collaborations and not self.collaborations[cid].ended:
            self._own_row(cid, "command", command.encode(), fields, now)

    def job(self, cid: str, address: Address, fields: dict[str, Any], now: str) -> None:
        """A job's result; of no interest where its collaboration was closed meanwhile."""
        self._own_row(cid, "job", "\n".join(address).encode(), fields, now)

    def _own_row(self, cid: str, kind: str, head: bytes, fields: dict[str, Any], now: str) -> None:
        if cid in self.suspended:
            self.suspended[cid].append((kind, head, fields))
        elif cid in self.collaborations:
            self._private(cid, kind, head, fields, now)

    def payload(self, head: bytes, payload: bytes, recipe: bytes) -> bytes:
        """The payload of an own frame, of its head: as it is there, or made again by its recipe."""
        if payload or not recipe or self._blobs is None:
            return payload
        header = Frame.restore(head, None).header
        cid, suite = header.subject, header.algorithms
        plain = self.cipher.decrypt(recipe, bytes.fromhex(header.payloadhash))
        return remade(header, plain, lambda to: channel_key(suite, self.seed(cid), self.me, to), self._blobs(cid))

    def resume(self, cid: str, now: str) -> None:
        """Everything that was ever said in a suspended collaboration is known: go on."""
        for kind, head, fields in self.suspended.pop(cid, []):
            self._own_row(cid, kind, head, fields, now)

    def conclude(self, cid: str, command: str, fields: dict[str, Any], last: Frame | None, now: str) -> None:
        """End a suspended collaboration, as `command` does.

        `last` is the last own event that anybody holds, where only its header is known.
        """
        self.suspended.pop(cid, None)
        if last is not None:
            self._apply(row_of(last, "own", now, whole=False))
        self._own_row(cid, "command", command.encode(), fields, now)

    def _private(self, cid: str, kind: str, head: bytes, fields: dict[str, Any], now: str) -> None:
        self._apply(Row(cid, kind, head, encode_kept(fields), now))

    def poison(self, row: Row, code: Code) -> None:
        """Take a row that could not be processed as fatal to its collaboration."""
        if code is Code.BEHIND:
            fields = {"reason": behind(self.me), "whose": self.me, "code": code}
            self._private(row.collaboration, "command", b"failed", fields, row.time)
            if row.kind == "event":
                self._apply(Row(row.collaboration, row.kind, row.head, None, row.time))
        elif row.kind in ("event", "own"):
            self._apply(replace(row, kind="poison"))
        else:
            fields = {"reason": "an own row could not be processed", "whose": self.me, "code": code}
            self._private(row.collaboration, "command", b"failed", fields, row.time)

    def acknowledgement(self, cid: str, now: str) -> Frame:
        """A bare acknowledgement of what this party holds."""
        c = self.collaborations[cid]
        marks = watermarks(c.chain.seen)
        return aside(c.suite, Ack(), cid, c.digest.hex(), self.me, now, self.identity.sign, seen=marks)

    def close(self, cid: str) -> None:
        """Forget a collaboration that has ended, once everybody holds all that was said."""
        self.collaborations.pop(cid).forget()
        self.closed.add(cid)
        self.batch.closed.append(cid)
        self._channels.forget(cid)

    # ---- applying

    def _apply(self, row: Row) -> None:
        collaboration = self.collaborations[row.collaboration]
        before = collaboration.state
        try:
            outcome = collaboration.apply(row)
        except SecondVersionError as error:
            raise PoisonError(row, Code.BEHIND) from error
        except (TamperError, StorageError):
            raise
        except Exception as error:  # a fault of this program must not take the other collaborations along
            raise PoisonError(row) from error
        self.batch.rows.append(encrypted(row, self.cipher))
        self.batch.outgoing += [outgoing(frame, self.cipher) for frame in outcome.frames]
        self.effects.outcomes.append((collaboration, outcome))
        if collaboration.state == PROPOSED != before:
            self.effects.proposed.append(collaboration)
        self.batch.statuses[row.collaboration] = (collaboration.state, status(collaboration, row.time))

    def fold(self, cid: str, rows: Iterable[Row], recorded: Iterable[Outgoing]) -> Iterator[tuple[Row, Outcome]]:
        """Fold a collaboration's rows again, comparing every frame with the recorded one; to be read to its end.

        Raises:
            TamperError: This code does not continue this journal, or the journal was changed.
        """
        collaboration = self._new(cid)
        said = (decrypted_recipe(out, self.cipher) for out in recorded)
        yield from refold(collaboration, (decrypted(row, self.cipher) for row in rows), said)
        collaboration.frame_source = self._speak

    def _speak(self, composer: Composer, piece: Piece, envelope: Envelope) -> Frame:
        return composer.frame(piece, envelope, lambda to: self._channels.wrapped(composer, to), self.identity.sign)

    def _learned(self, wrap: bytes, cid: str, key: bytes) -> None:
        self.batch.channels.append((wrap, cid, self.cipher.encrypt(key, wrap)))
