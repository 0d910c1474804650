"""What a party that may have forgotten what it said does before it says anything: it asks those who heard it.

That is so on every start, since nobody can tell an old journal that was put back from one that is up to date. An open
collaboration is suspended: nothing is folded there but own events, as they are found. It goes on once every
peer has answered and all that anybody holds of us is here, and ends otherwise. Where pads may be in use it waits for
every answer: without those peers it could not go on in any case, as none leaves before all have completed. So it does
after a restore, or where something is known to be missing; else for some seconds only, as peers may have left.

The answers to such questions of others, and what they want published again, come from here too. No IO but the journal.
"""

from __future__ import annotations

import functools
import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.composer import aside
from accord_agents.collaboration.dispatcher import Dispatcher
from accord_agents.collaboration.ending import behind
from accord_agents.journal.journal import Journal
from accord_agents.journal.quarantine import Refused
from accord_agents.journal.rows import stamp
from accord_agents.loop import recovery_answers as resend
from accord_protocols.kernel.lifecycle import AGREED, COMPLETED, PROPOSED
from accord_schemas.codes import Code
from accord_schemas.errors import FrameError
from accord_schemas.events import Asked, Event, Held, Resend
from accord_schemas.frame import Frame
from accord_schemas.suites import Suite

ANSWER_EVERY = 1.0
"""Seconds in which a peer gets one answer of a kind."""
REMEMBERED = 4096
"""Questions that were answered and are not answered again."""
FIRST_PAUSE, LONGEST_PAUSE = 1.5, 60.0
"""Seconds after which a question goes again, doubling."""
WAIT = 5.0
"""Seconds to wait for answers where there is no sign that anything was forgotten."""
AGAIN = 1.5
"""Seconds between two requests for events; more than `ANSWER_EVERY`."""
GIVE_UP = 10.0
"""Seconds after which own events that nobody sends are taken to be lost."""
CLOSES = {True: 20.0, False: 3.0}
"""Seconds that a gap may take to close by itself, on a broker with history and without."""


@dataclass(frozen=True, slots=True)
class Links:
    """What recovery needs of the agent.

    Args:
        publish: Sends frames, once.
        put: Has the loop call something on the dispatcher with the time of its batch.
        reread: Has the log read again from where the journal stands; called from within `put`.
    """

    publish: Callable[[Sequence[Frame]], None]
    put: Callable[[Callable[[str], object]], None]
    reread: Callable[[], None]


@dataclass(slots=True)
class Inquiry:
    """A suspended collaboration.

    Args:
        strict: Whether to wait for all answers.
        nonce: Of the question.
        known: How many own events were known then.
    """

    strict: bool
    nonce: str
    known: int
    claimed: set[str] = field(default_factory=set)
    answers: dict[str, Frame | None] = field(default_factory=dict)
    begun: float | None = None
    pause: float = FIRST_PAUSE
    ask: float = 0.0
    request: float = 0.0
    first: int = 0
    moved: float = 0.0


@dataclass(slots=True)
class Gap:
    """Something of a peer is missing: from when on to ask for it."""

    seen: int
    due: float
    asked: bool = False
    pause: float = AGAIN


class Recovery:
    """One party's questions and answers.

    Args:
        dispatcher: Folded.
        journal: Its journal.
        links: See `Links`.
        history: Whether the broker has one.
    """

    def __init__(self, dispatcher: Dispatcher, journal: Journal, links: Links, *, history: bool) -> None:
        self._dispatcher, self._journal, self._links, self._history = dispatcher, journal, links, history
        mark = journal.meta("restored")
        self.restored, dispatcher.restored = bool(mark), mark is not None
        self._open: dict[str, Inquiry] = {}
        self._answered: dict[tuple[str, str, str], float] = {}
        self._asked: deque[bytes] = deque(maxlen=REMEMBERED)
        self._gaps: dict[tuple[str, str], Gap] = {}
        self._said: dict[tuple[str, str], int] = {}
        self._unproved: set[tuple[str, str]] = set()

    # ---- where there is doubt

    def start(self) -> None:
        """After the fold: what needs to be asked about."""
        for cid, collaboration in self._dispatcher.collaborations.items():
            self.doubt(cid, strict=self.restored or (self._dispatcher.restored and collaboration.untouched))

    def check(self) -> None:
        """After own events were adopted from the log: it lacks some before others that it holds."""
        for cid, collaboration in self._dispatcher.collaborations.items():
            if collaboration.chain.missing(max(collaboration.chain.sequence, self._dispatcher.claimed.get(cid, 0))):
                self.doubt(cid)

    def proposed(self, collaboration: Collaboration) -> None:
        """Something new, unless this party has answered it in an incarnation that it does not remember."""
        if collaboration.adopted or (self._dispatcher.restored and collaboration.untouched):
            self.doubt(collaboration.cid)

    def claimed(self, cid: str, peer: str) -> None:
        """A peer says to hold more than we know; believed until it was asked once and could not prove it."""
        if (cid, peer) not in self._unproved:
            self.doubt(cid)
            if cid in self._open:
                self._open[cid].claimed.add(peer)

    def doubt(self, cid: str, *, strict: bool = True) -> None:
        """Suspend a collaboration until the peers were asked."""
        collaboration = self._dispatcher.collaborations[cid]
        strict |= not collaboration.ended and collaboration.state not in ("", PROPOSED, AGREED)
        if cid in self._dispatcher.suspended or not collaboration.ended or collaboration.witnessing:
            self._dispatcher.suspended.setdefault(cid, [])
            new = Inquiry(strict, os.urandom(32).hex(), collaboration.chain.sequence)
            self._open.setdefault(cid, new).strict |= strict

    def silent(self, cid: str) -> list[str] | None:
        """Whose answer a suspended collaboration waits for; None if it is not suspended."""
        inquiry = self._open.get(cid)
        return (
            None if inquiry is None else sorted(set(self._dispatcher.collaborations[cid].peers) - set(inquiry.answers))
        )

    def expire(self, cid: str) -> None:
        """The agreed time is over and somebody has not answered: end, and say nothing, as nobody knows its number."""
        fields: dict[str, object] = {"missing": self.silent(cid) or [], "mute": True, "withhold": True}
        self._links.put(functools.partial(self._conclude, cid, "expired", fields, None))

    def _follow(self, cid: str) -> None:
        """It has its end, and does without the last checkpoint; or a peer ended it for its own reason, and has left."""
        end = self._dispatcher.over.get(cid)
        if end is None:
            self.expire(cid)
        else:
            fields = end.fields() | {"mute": True, "withhold": True}
            self._links.put(functools.partial(self._conclude, cid, end.trigger, fields, None))

    # ---- what arrives

    def heard(self, frame: Frame, now: float) -> None:
        """A question, or an answer."""
        try:
            event = frame.header.event_class.decode(frame.payload)
        except FrameError as error:
            refused = Refused(frame.header.source, error.message, frame.encode(), error.code)
            self._dispatcher.batch.quarantined.append(refused)
            return
        if isinstance(event, Held):
            self._held(frame, event)
        elif self._may(frame, now):
            self._answer(frame, event)

    def _may(self, frame: Frame, now: float) -> bool:
        header = frame.header
        place = (header.subject, header.source, header.type)
        early = now - self._answered.get(place, -ANSWER_EVERY) < ANSWER_EVERY
        if early or frame.digest in self._asked or not self._known(frame):
            return False  # who asks again asks under another nonce; anybody can publish an old question once more
        self._asked.append(frame.digest)
        self._answered = {p: at for p, at in self._answered.items() if now - at < ANSWER_EVERY} | {place: now}
        return True

    def _known(self, frame: Frame) -> bool:
        """Whether a party of its collaboration has said a frame; the dispatcher has seen to that where it is open."""
        header = frame.header
        if header.subject in self._dispatcher.collaborations:
            return True
        terms = resend.terms(self._journal, header.subject)
        if terms is None or header.source not in terms.parties or header.agreement != terms.digest().hex():
            return False
        public = self._dispatcher.identities.named(header.source, terms.parties[header.source].identity)
        return public is not None and public.signed(frame)

    def _answer(self, frame: Frame, event: Event) -> None:
        header, me = frame.header, self._dispatcher.me
        match event:
            case Asked(nonce=nonce):
                answer = resend.holding(self._journal, header.subject, header.source, me, nonce)
                self._say(header.algorithms, answer, header.subject, header.agreement, (header.source,))
            case Resend(sender=sender, after=after):
                self._links.publish(
                    resend.frames(self._journal, header.subject, sender, after, self._dispatcher.payload)
                )

    def _held(self, frame: Frame, event: Held) -> None:
        header, inquiry = frame.header, self._open.get(frame.header.subject)
        if inquiry is None or event.nonce != inquiry.nonce:
            return
        last = None
        if event.last:
            last = resend.proof(event.last, self._dispatcher.me, header.subject)
            if last is None or not self._dispatcher.signed(last):
                return  # who claims what we never said has not answered
        inquiry.answers[header.source] = last
        self._said[header.subject, header.source] = event.said

    # ---- as time goes by

    def tick(self, now: float) -> None:
        """Ask, go on, or give up.

        Args:
            now: Monotonic seconds.
        """
        for cid, inquiry in list(self._open.items()):
            self._look(cid, inquiry, now)
        self._close_gaps(now)
        if self.restored and not self._dispatcher.suspended:
            self.restored = False
            self._links.put(lambda _: self._journal.set_meta("restored", b""))

    def _look(self, cid: str, inquiry: Inquiry, now: float) -> None:
        collaboration = self._dispatcher.collaborations[cid]
        chain, inquiry.begun = collaboration.chain, now if inquiry.begun is None else inquiry.begun
        silent = self.silent(cid)
        if collaboration.mute:
            self._resume(cid)
            return
        proven = [frame for frame in inquiry.answers.values() if frame is not None]
        last = max(proven, key=lambda frame: frame.header.number, default=None)
        digests = {(frame.header.number, frame.digest) for frame in proven}
        forgot = any(chain.known(self._dispatcher.me, number) != digest for number, digest in digests)
        inquiry.strict |= forgot or chain.sequence > inquiry.known
        if silent and (collaboration.ended or cid in self._dispatcher.over) and now - inquiry.begun > GIVE_UP:
            self._follow(cid)
            return
        if silent and (inquiry.strict or now - inquiry.begun < WAIT):
            if now >= inquiry.ask:
                self._ask(cid, Asked(nonce=inquiry.nonce), silent)
                inquiry.ask, inquiry.pause = now + inquiry.pause, min(2 * inquiry.pause, LONGEST_PAUSE)
            return
        known = {(number, chain.known(self._dispatcher.me, number) or digest) for number, digest in digests}
        first = chain.missing(max(last.header.number if last else 0, chain.sequence))
        if first != inquiry.first:
            inquiry.first, inquiry.moved, inquiry.request = first, now, now
        if known != digests or len(dict(digests)) < len(digests) or (first and now - inquiry.moved > GIVE_UP):
            fields: dict[str, object] = {
                "reason": behind(self._dispatcher.me),
                "code": Code.BEHIND,
                "whose": self._dispatcher.me,
                "withhold": True,
            }
            fields["mute"] = collaboration.ended
            beyond = last if last and last.header.number > chain.sequence else None
            self._links.put(functools.partial(self._conclude, cid, "failed", fields, beyond))
        elif not first:
            proof = {peer: frame.header.number for peer, frame in inquiry.answers.items() if frame}
            self._unproved |= {(cid, peer) for peer in inquiry.claimed if proof.get(peer, 0) <= inquiry.known}
            self._resume(cid)
        elif now >= inquiry.request:
            inquiry.request = now + AGAIN
            self._ask(cid, self._missing(self._dispatcher.me, first - 1), sorted(inquiry.answers))

    def _resume(self, cid: str) -> None:
        def go_on(now: str) -> None:
            if self._open.pop(cid, None) is not None:
                try:
                    self._dispatcher.resume(cid, now)
                finally:  # also where what waited turns out to contradict what was said before
                    self._links.reread()

        self._links.put(go_on)

    def _conclude(self, cid: str, command: str, fields: dict[str, object], last: Frame | None, now: str) -> None:
        if self._open.pop(cid, None) is not None:
            self._dispatcher.conclude(cid, command, fields, last, now)
            self._links.reread()

    def _close_gaps(self, now: float) -> None:
        """Events of peers that were not sent to us again by themselves: from the sender, later from anybody."""
        found: dict[tuple[str, str], Gap] = {}
        self._said = {place: said for place, said in self._said.items() if place[0] in self._dispatcher.collaborations}
        for cid, collaboration in self._dispatcher.collaborations.items():
            over = collaboration.ended and not (collaboration.witnessing and collaboration.state == COMPLETED)
            if over or cid in self._dispatcher.suspended:
                continue
            for peer in collaboration.peers:
                seen = collaboration.chain.seen.get(peer, 0)
                forgotten = seen < self._said.get((cid, peer), 0)
                if forgotten or collaboration.chain.gap(peer):
                    pause = 0.0 if forgotten and not self._history else CLOSES[self._history]
                    gap = found[cid, peer] = self._gaps.get((cid, peer)) or Gap(seen, now + pause)
                    if now >= gap.due:
                        stuck = gap.asked and gap.seen == seen
                        self._ask(cid, self._missing(peer, seen), list(collaboration.peers) if stuck else [peer])
                        pause = min(2 * gap.pause, LONGEST_PAUSE) if stuck else AGAIN
                        found[cid, peer] = Gap(seen, now + pause, True, pause)
        self._gaps = found

    # ---- saying

    @staticmethod
    def _missing(sender: str, after: int) -> Resend:
        return Resend(nonce=os.urandom(32).hex(), sender=sender, after=after)

    def _ask(self, cid: str, event: Event, to: list[str]) -> None:
        collaboration = self._dispatcher.collaborations[cid]
        self._say(collaboration.suite, event, cid, collaboration.digest.hex(), tuple(to))

    def _say(self, suite: Suite, event: Event, cid: str, agreement: str, to: tuple[str, ...]) -> None:
        frame = aside(suite, event, cid, agreement, self._dispatcher.me, stamp(), self._dispatcher.identity.sign, to=to)
        self._links.publish([frame])
