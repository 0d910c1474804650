"""The desk: checks what arrives, routes it to its collaboration, and collects what one transaction writes. No IO."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from accord_agents.collaboration import Collaboration, Outcome, channel_key
from accord_agents.compose import EPOCH, Composer, Envelope, Piece, acknowledgement
from accord_agents.fold import refold
from accord_agents.journal import Batch, Outgoing, Row
from accord_agents.security.channel import CHANNELS
from accord_agents.security.identity import Identity, PublicIdentity
from accord_agents.security.public import described, introduced
from accord_agents.security.storage import StorageCipher
from accord_agents.security.trust import Identities
from accord_schemas.address import Address
from accord_schemas.agreement import Agreement, collaboration_id
from accord_schemas.blocks import encode_fields
from accord_schemas.canonical import canonical_json, digest
from accord_schemas.errors import FrameError, TamperError
from accord_schemas.events import Propose
from accord_schemas.frame import Frame
from accord_schemas.suites import Suite

MAX_HELD, MAX_HELD_BYTES = 256, 8 << 20
"""Events of one pinned party for collaborations that were not proposed yet: as many wait, older ones go."""
MAX_AHEAD = 4096
"""How far beyond what was heard of it a sender may number its events."""


class PoisonError(Exception):
    """A row could not be processed: a fault of this program. The collaboration fails; the others live on."""

    def __init__(self, row: Row) -> None:
        super().__init__(f"{row.kind} row of {row.collaboration}")
        self.row = row


@dataclass(slots=True)
class Taken:
    """What the rows of a batch made this party do, besides what the transaction writes."""

    outcomes: list[tuple[Collaboration, Outcome]] = field(default_factory=list)
    proposed: list[Collaboration] = field(default_factory=list)
    repeated: set[str] = field(default_factory=set)
    moved: bool = False


class Desk:
    """One party's desk.

    Args:
        identity: Signs and opens.
        identities: Whose word counts.
        cipher: Encrypts what the journal keeps for this party alone.
        seed: The sealed seed of a collaboration.
        channels: Channel keys known from earlier, by wrap.
    """

    def __init__(
        self,
        identity: Identity,
        identities: Identities,
        cipher: StorageCipher,
        seed: Callable[[str], bytes],
        channels: dict[bytes, bytes] | None = None,
    ) -> None:
        self.me = identity.public.party
        self.identity, self.identities, self.cipher, self.seed = identity, identities, cipher, seed
        self.collaborations: dict[str, Collaboration] = {}
        self.batch, self.taken = Batch(), Taken()
        self._channels = channels or {}
        self._opened: dict[str, set[bytes]] = {}
        self._wraps: dict[tuple[str, tuple[str, ...]], list[bytes]] = {}
        self._held: dict[str, list[bytes]] = {}
        self._foreign: set[str] = set()
        self._own_early: dict[str, list[Frame]] = {}
        self.closed: set[str] = set()
        """Collaborations about which nothing remains to be said; what still comes is a repetition."""
        self.adopting = True
        """Until the log was read to its end after a start, own events that the journal lacks are adopted."""

    def flush(self) -> tuple[Batch, Taken]:
        """What has come together since the last time."""
        batch, self.batch = self.batch, Batch()
        taken, self.taken = self.taken, Taken()
        return batch, taken

    # ---- what arrives

    def deliver(self, family: str, data: bytes, now: str) -> None:
        """A frame from the log; what is no acceptable event goes to quarantine."""
        source = "unknown"
        try:
            frame = Frame.decode(data)
            source = frame.header.source
            self._frame(family, frame, data, now)
        except FrameError as error:
            self.batch.quarantined.append((source, error.message, data))

    def _frame(self, family: str, frame: Frame, data: bytes, now: str) -> None:
        header = frame.header
        if header.subject in self.closed:
            return
        public = self._speaker(header.subject, header.source)
        if public is None:
            raise FrameError("the sender is not pinned")
        public.authenticate(frame)
        if header.event_class.family != family:
            raise FrameError("the event came on another family's topic")
        collaboration = self.collaborations.get(header.subject)
        if collaboration is None:
            if header.event_class is not Propose:
                self._hold(header.source, header.subject, data)
                return
            collaboration = self._proposal(frame)
            if collaboration is None:
                return
            for own in self._own_early.pop(header.subject, []):
                self._apply(Row(collaboration.cid, "own", own.bare(), own.payload, now))
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
                    self.word(cid, "failed", {"reason": f"the identity of {party} was revoked", "whose": party}, now)
                    break

    def _check_terms(self, collaboration: Collaboration, frame: Frame) -> None:
        header, agreement = frame.header, collaboration.agreement
        if agreement is None or header.agreement != collaboration.digest.hex():
            raise FrameError("the event is for another agreement")
        if header.source not in agreement.parties or not set(header.to) <= set(agreement.parties):
            raise FrameError("sender or recipient is no party of the collaboration")
        if header.algorithms != agreement.algorithms:
            raise FrameError("the frame's suite is not that of the agreement's profile")

    def _peer(self, collaboration: Collaboration, frame: Frame, data: bytes, now: str) -> None:
        header, chain = frame.header, collaboration.chain
        self.taken.moved |= chain.told(header.source, header.seen.get(self.me, 0))
        if not header.number:
            return
        if header.number > chain.seen.get(header.source, 0) + MAX_AHEAD:
            raise FrameError("the sequence is far ahead of what was heard")
        known = chain.known(header.source, header.number)
        if known == frame.digest:
            self.taken.repeated.add(collaboration.cid)
        elif known is not None:
            kept = frame.bare() if header.event_class.sealed else data  # whole, and as much as evidence can show
            self.batch.quarantined.append((header.source, f"a second version of event {header.number}", kept))
            self.word(collaboration.cid, "failed", {"reason": "two versions of one event", "whose": header.source}, now)
        else:
            wanted = not (header.event_class.sealed and collaboration.ended)
            readable = wanted and (not header.to or self.me in header.to)
            self._apply(Row(collaboration.cid, "event", frame.bare(), frame.payload if readable else None, now))
        if header.event_class is Propose:
            self._release(now)

    def _own(self, collaboration: Collaboration, frame: Frame, now: str) -> None:
        number = frame.header.number
        if not number:
            return
        known = collaboration.chain.known(self.me, number)
        if known == frame.digest:
            collaboration.chain.read_back(number)
        else:
            raise TamperError(
                f"event {number} of {self.me} on the log is not the one in the journal.",
                hint="Another agent runs with this identity, or an old backup was put back. Keep both journals.",
            )

    def adopt(self, data: bytes, now: str) -> None:
        """An own event on the log that the journal lacks, met before anything is said: never to be said anew."""
        try:
            frame = Frame.decode(data)
        except FrameError:
            return
        header = frame.header
        if header.source != self.me or not header.number or header.subject in self.closed or not self._ours(frame):
            return
        collaboration = self.collaborations.get(header.subject)
        if collaboration is None and header.event_class is Propose:
            collaboration = self._proposal(frame)
        if collaboration is not None and collaboration.chain.known(self.me, header.number) is None:
            self._apply(Row(collaboration.cid, "own", frame.bare(), frame.payload, now))
        elif collaboration is None:
            early = self._own_early.setdefault(header.subject, [])
            if frame.digest not in (own.digest for own in early):  # met again on another connection
                early.append(frame)

    def _ours(self, frame: Frame) -> bool:
        public = self._speaker(frame.header.subject, self.me)
        try:
            (public or self.identity.public).authenticate(frame)
        except FrameError:
            return False
        return True

    def _hold(self, source: str, cid: str, data: bytes) -> None:
        """Keep an event of a collaboration that was not proposed yet, bounded; older ones go."""
        if cid in self._foreign:
            return
        held = self._held.setdefault(source, [])
        held.append(data)
        while len(held) > MAX_HELD or sum(map(len, held)) > MAX_HELD_BYTES:
            held.pop(0)

    def _release(self, now: str) -> None:
        held, self._held = self._held, {}
        for data in [d for frames in held.values() for d in frames]:
            family = Frame.decode(data).header.event_class.family
            self.deliver(family, data, now)

    def _proposal(self, frame: Frame) -> Collaboration | None:
        event = Propose.decode(frame.payload)
        agreement = Agreement.decode(event.agreement)
        if self.me not in agreement.parties:
            self._foreign.add(frame.header.subject)
            return None  # somebody else's business
        if set(frame.header.to) != set(agreement.parties) - {frame.header.source}:
            raise FrameError("a proposal goes to all other parties")
        if frame.header.agreement != agreement.digest().hex() or frame.header.source not in agreement.parties:
            raise FrameError("the proposal is not that of its envelope")
        if frame.header.subject != collaboration_id(agreement.digest(), event.nonce):
            raise FrameError("the proposal does not give this collaboration's id")
        for party, member in agreement.parties.items():
            public = self.identities.get(party)
            if public is None or public.fingerprint != member.identity:
                raise FrameError(f"the proposal names an identity of {party} that is not the pinned one")
            if public.kind != agreement.profile:
                raise FrameError(f"the identity of {party} is not of the profile {agreement.profile}")
        if event.identities:
            introduced(event.identities, {p: m.identity for p, m in agreement.parties.items()}, agreement.profile)
        return self._new(frame.header.subject)

    def _new(self, cid: str) -> Collaboration:
        self.collaborations[cid] = Collaboration(cid, self.me, lambda: self.seed(cid), self._speak, self._unwrap)
        return self.collaborations[cid]

    # ---- the own word and the own jobs

    def propose(self, agreement: Agreement, nonce: str, now: str) -> str:
        """Propose a collaboration; returns its id."""
        cid = collaboration_id(agreement.digest(), nonce)
        if cid not in self.collaborations:
            self._new(cid)
            known = {p.party: described(p) for p in self.identities if p.party in agreement.parties}
            terms = agreement.model_dump(mode="json")
            self.word(cid, "propose", {"agreement": terms, "identities": known, "nonce": nonce}, now)
        return cid

    def word(self, cid: str, verb: str, fields: dict[str, Any], now: str) -> None:
        """The party's own word: propose, accept, refused, cancelled, failed, expired."""
        if not self.collaborations[cid].ended:
            self._private(cid, "word", verb.encode(), fields, now)

    def job(self, cid: str, address: Address, fields: dict[str, Any], now: str) -> None:
        """A job's result."""
        self._private(cid, "job", "\n".join(address).encode(), fields, now)

    def _private(self, cid: str, kind: str, head: bytes, fields: dict[str, Any], now: str) -> None:
        self._apply(Row(cid, kind, head, encode_fields(fields), now))

    def poison(self, row: Row) -> None:
        """Take a row that could not be processed as fatal to its collaboration."""
        if row.kind in ("event", "own"):
            self._apply(Row(row.collaboration, "poison", row.head, row.payload, row.time))
        else:
            fields = {"reason": "an own row could not be processed", "whose": self.me}
            self._private(row.collaboration, "word", b"failed", fields, row.time)

    def acknowledgement(self, cid: str, now: str) -> Frame:
        """A bare acknowledgement of what this party holds."""
        c = self.collaborations[cid]
        return acknowledgement(c.suite, cid, c.digest, self.me, c.chain.seen, now, self.identity.sign)

    def close(self, cid: str) -> None:
        """Forget a collaboration that has ended, once everybody holds all that was said."""
        del self.collaborations[cid]
        self.closed.add(cid)
        self.batch.closed.append(cid)
        self._wraps = {key: wraps for key, wraps in self._wraps.items() if key[0] != cid}
        for wrap in self._opened.pop(cid, ()):
            self._channels.pop(wrap, None)

    # ---- applying

    def _apply(self, row: Row) -> None:
        collaboration = self.collaborations[row.collaboration]
        before = collaboration.state
        try:
            outcome = collaboration.apply(row)
        except TamperError:
            raise
        except Exception as error:  # a fault of this program must not take the other collaborations along
            raise PoisonError(row) from error
        self.batch.rows.append(self.sealed(row))
        self.batch.outgoing += [outgoing(frame) for frame in outcome.frames]
        self.taken.outcomes.append((collaboration, outcome))
        if collaboration.state == "PROPOSED" != before:
            self.taken.proposed.append(collaboration)
        self.batch.statuses[row.collaboration] = (collaboration.state, self.status(collaboration))

    def status(self, collaboration: Collaboration) -> str:
        """What `accord status` and `accord inbox` show."""
        agreement = collaboration.agreement
        body = {
            "name": agreement.name if agreement else "",
            "proposer": collaboration.proposer,
            "parties": list(agreement.order) if agreement else [],
            "round": collaboration.round,
            "reason": collaboration.reason,
            "accepted": collaboration.accepted,
            "agreement": agreement.model_dump(mode="json") if agreement else None,
        }
        return canonical_json(body).decode()

    def sealed(self, row: Row) -> Row:
        """A row as the journal keeps it: the own word and job results encrypted."""
        if row.kind not in ("word", "job") or row.payload is None:
            return row
        body = self.cipher.encrypt(row.payload, place(row))
        return Row(row.collaboration, row.kind, row.head, body, row.time)

    def opened(self, row: Row) -> Row:
        """The inverse of `sealed`."""
        return opened(row, self.cipher)

    def fold(self, cid: str, rows: Iterable[Row], recorded: Iterable[Outgoing]) -> Iterator[tuple[Row, Outcome]]:
        """Fold a collaboration's rows again, comparing every frame with the recorded one; to be read to its end.

        Raises:
            TamperError: This code does not continue this journal, or the journal was changed.
        """
        collaboration = self._new(cid)
        yield from refold(collaboration, map(self.opened, rows), recorded)
        collaboration.voice = self._speak

    # ---- sealing

    def _speak(self, composer: Composer, piece: Piece, envelope: Envelope) -> Frame:
        return composer.frame(piece, envelope, lambda to: self._wrapped(composer, to), self.identity.sign)

    def _wrapped(self, composer: Composer, to: tuple[str, ...]) -> list[bytes]:
        cid, suite = composer.collaboration, composer.suite
        if (cid, to) not in self._wraps:
            key, info = channel_key(suite, self.seed(cid), self.me, to), _info(suite, cid, self.me, to)
            publics, channel = [self._speaker(cid, p) for p in to], CHANNELS[suite.name]
            self._wraps[cid, to] = [channel.wrap(self.identity, p, key, info) for p in publics if p is not None]
        return self._wraps[cid, to]

    def _unwrap(self, frame: Frame, wrap: bytes) -> bytes:
        if wrap not in self._channels:
            header = frame.header
            sender = self._speaker(header.subject, header.source)
            if sender is None:
                raise FrameError("the sender is not pinned")
            suite = header.algorithms
            info = _info(suite, header.subject, header.source, header.to)
            key = CHANNELS[suite.name].unwrap(self.identity, sender, wrap, info)
            self._channels[wrap] = key
            self.batch.channels.append((wrap, header.subject, self.cipher.encrypt(key, wrap)))
        self._opened.setdefault(frame.header.subject, set()).add(wrap)
        return self._channels[wrap]


def outgoing(frame: Frame) -> Outgoing:
    """A frame as the outbox keeps it."""
    header = frame.header
    return Outgoing(header.subject, header.number, header.event_class.family, frame.bare(), frame.payload)


def opened(row: Row, cipher: StorageCipher) -> Row:
    """A row of the journal in clear.

    Raises:
        TamperError: It was changed.
    """
    if row.kind not in ("word", "job") or row.payload is None:
        return row
    return Row(row.collaboration, row.kind, row.head, cipher.decrypt(row.payload, place(row)), row.time)


def place(row: Row) -> bytes:
    """What an encrypted row is bound to."""
    return digest(b"accord row", row.collaboration, row.kind, row.head, row.time)


def _info(suite: Suite, cid: str, sender: str, to: tuple[str, ...]) -> bytes:
    return suite.digest(b"accord channel info", cid, sender, ",".join(to), str(EPOCH))
