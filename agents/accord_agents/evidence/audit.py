"""The auditor: reads a log alone from its start, and judges every collaboration on it. Writes nothing.

A verdict is about a collaboration: what its parties signed, whole and in order. Whoever may write to a log may add to
it what nobody signed; that is told as notes, and turns no verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from accord_agents.evidence.agreed import Time, times
from accord_agents.evidence.audit_rules import Scope
from accord_agents.evidence.damage import kept, original
from accord_agents.evidence.finding import UNKNOWN, Finding, Note, Place, label
from accord_agents.evidence.known import Known
from accord_agents.evidence.observer import Observer
from accord_agents.evidence.verdict import CONSISTENT, PROVEN, TAMPERED
from accord_broker.port import Record
from accord_schemas.errors import FrameError
from accord_schemas.events import Propose
from accord_schemas.frame import Frame

MOST_EARLY = 50_000
"""Events that wait for a proposal; about 3 KiB each."""
MOST_NOTES = 10_000
"""Records that are told one by one as nobody's word."""
MOST_KEY = 64
"""Letters of a key that are told: an id has 32."""
MOST_DAMAGED = 32
"""Records of which it is tried whether they are damaged copies, a second each at most."""
ELSEWHERE = "*"
"""The collaboration of what is about the log as a whole."""
Emit = Callable[[str, Finding | Note], None]
"""Told (collaboration, finding) as soon as no further event can mend it, and each note."""


@dataclass(frozen=True, slots=True)
class Report:
    """One collaboration as the log shows it."""

    collaboration: str
    name: str
    parties: dict[str, str]
    algorithms: list[str]
    states: dict[str, str]
    witnessed: bool
    events: int
    findings: list[Finding] = field(default_factory=list)
    agreement: str = ""
    agreed: dict[str, Any] = field(default_factory=dict)
    times: list[Time] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing but warnings was found."""
        return all(finding.warning for finding in self.findings)

    def verdict(self, known: Known | None) -> str:
        """One word: proven, consistent or tampered."""
        if not self.clean:
            return TAMPERED
        return PROVEN if known is not None and known.proves(self.parties) else CONSISTENT

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "collaboration": self.collaboration,
            "name": self.name,
            "parties": self.parties,
            "algorithms": self.algorithms,
            "states": self.states,
            "witnessed": self.witnessed,
            "events": self.events,
            "findings": [finding.to_json() for finding in self.findings],
            "agreement": self.agreement,
            "agreed": self.agreed,
            "claimed_times": [time.to_json() for time in self.times],
        }


class Auditor:
    """All collaborations of one log.

    Args:
        known: Identities known by another way.
        history: Whether the log was read from its start; else what is missing is no finding.
        only: The beginning of the ids that are judged; all without it.
    """

    def __init__(self, known: Known | None = None, *, history: bool = True, only: str = "") -> None:
        self._known, self._only = known, only
        self._scope = Scope(None if history else frozenset(), tail=True, carrier="the log")
        self._observers: dict[str, Observer] = {}
        self._early: dict[str, int] = {}
        self._waiting = 0
        self._log: list[Finding] = []
        self._notes: dict[Note, None] = {}
        self._new: list[Note] = []
        self._damaged: dict[tuple[str, bytes], Place] = {}
        self._changed: dict[str, dict[bytes, Finding]] = {}
        self.untold = 0
        """How many notes beyond `MOST_NOTES` there are."""
        self.given_up = False
        """Whether events were forgotten that waited for a proposal: the log must be read again, without `waits`."""
        self.waits = True
        """Whether events wait for a proposal; not while a log is read again, all of whose proposals are known."""

    def take(self, record: Record, place: Place | None = None) -> list[Finding | Note]:
        """Take a record of the log; returns what is now known to be wrong, and what it is a note about."""
        place, self._new = place or Place(record.family, "the log", 0), []
        try:
            frame = Frame.decode(record.frame)
        except FrameError as error:
            if record.key.startswith(self._only):
                what = f"it holds no event: {error.message}"
                self._note(Note("undecodable", record.key[:MOST_KEY], place, what))
                self._suspect(record.key, record.frame, place)
            return [*self._new]
        header = frame.header
        if not header.subject.startswith(self._only):
            return []
        if wrong := _misfiled(record, frame):
            place = replace(place, right=False)
            self._note(Note("misfiled", record.key[:MOST_KEY], place, wrong))
        known = self._observers.get(header.subject)
        if not self.waits and (known is None or known.observed is None) and header.event_class is not Propose:
            return [*self._new]
        observer = self._observer(header.subject)
        found = observer.take(frame, place)
        self._bound(header.subject, observer)
        return [*found, *self._new]

    def replaced(self, source: str) -> list[Finding]:
        """A source of the log is another one than was read before."""
        sentence = f"{source} was cut off or made anew while it was followed: it is read from its first record again"
        finding = Finding("replaced", UNKNOWN, ELSEWHERE, sentence)
        if finding in self._log:
            return []
        self._log.append(finding)
        return [finding]

    def open(self) -> bool:
        """Whether anything is wrong that further events could mend."""
        return any(len(o.conclude(self._scope)[0]) > len(o.found) for o in self._observers.values())

    def reports(self) -> list[Report]:
        """Every collaboration as it stands now."""
        self._restore()
        found = [self._report(cid) for cid, observer in self._observers.items() if self._stands(observer)]
        return [*found, *([Report(ELSEWHERE, "", {}, [], {}, False, 0, [*self._log])] if self._log else [])]

    def report(self, cid: str) -> Report | None:
        """One collaboration as it stands now; None where nothing was said in it."""
        observer = self._observers.get(cid)
        return None if observer is None or not self._stands(observer) else self._report(cid)

    def notes(self) -> list[Note]:
        """Records that decide nothing, in the order in which they were read."""
        unproposed = [note for o in self._observers.values() if not self._stands(o) for note in o.unproposed()]
        return [*self._notes, *unproposed[: max(0, MOST_NOTES - len(self._notes))]]

    def _report(self, cid: str) -> Report:
        observer = self._observers[cid]
        findings, judged = observer.conclude(self._scope)
        changed = self._changed.get(cid, {})
        findings = [*findings, *(f for digest, f in changed.items() if digest not in observer.said)]
        observed = observer.observed
        if observed is None:
            return Report(cid, "", {}, [], {}, False, observer.early, findings)
        return Report(
            cid,
            observed.proposal.agreement.name,
            observed.proposal.fingerprints(),
            observed.proposal.algorithms(),
            {party: line.state for party, line in observed.senders.items()},
            bool(judged.covered),
            sum(len(line.frames) for line in observed.senders.values()),
            findings,
            observed.proposal.digest,
            observed.proposal.agreement.model_dump(mode="json"),
            times(observed),
        )

    def _observer(self, cid: str) -> Observer:
        if cid not in self._observers:
            self._observers[cid] = Observer(cid, self._known, self._unsigned)
        return self._observers[cid]

    def _stands(self, observer: Observer) -> bool:
        """Whether there is such a collaboration; where a log has no history, its proposal may have been before it."""
        return observer.stands() if self._scope.whole is None else observer.observed is not None or observer.early > 0

    def _unsigned(self, note: Note, frame: Frame) -> None:
        self._note(note)
        self._suspect(note.collaboration, frame.encode(), note.place)

    def _note(self, note: Note) -> None:
        if note in self._notes:
            return
        if len(self._notes) < MOST_NOTES:
            self._notes[note] = None
            self._new.append(note)
        else:
            self.untold += 1

    def _suspect(self, cid: str, data: bytes, place: Place) -> None:
        """What may be a damaged copy of what a party said is looked at again once everything was read."""
        if len(self._damaged) < MOST_DAMAGED:
            self._damaged.setdefault((cid, kept(data)), place)

    def _restore(self) -> None:
        """Find the originals of damaged copies; those that nobody said otherwise are missing."""
        if self._scope.whole is not None:
            return
        for (cid, data), place in [*self._damaged.items()]:
            observed = self._observers[cid].observed if cid in self._observers else None
            if observed is None:
                continue
            del self._damaged[cid, data]
            if (frame := original(data, observed)) is not None:
                what = f"{label(frame)}, as {frame.header.source} signed it, is not here: it was changed on {place}"
                self._changed.setdefault(cid, {})[frame.digest] = Finding("changed", UNKNOWN, label(frame), what)

    def _bound(self, cid: str, observer: Observer) -> None:
        """Nobody's signature can be checked before the proposal is there: what waits longest for one is given up."""
        self._waiting += observer.early - self._early.pop(cid, 0)
        if observer.early:
            self._early[cid] = observer.early
        while self._waiting > MOST_EARLY:
            oldest = next(iter(self._early))
            self._waiting -= self._early.pop(oldest)
            del self._observers[oldest]
            self.given_up = True


def _misfiled(record: Record, frame: Frame) -> str:
    """What is wrong about where an event lies; or nothing."""
    header = frame.header
    if header.subject != record.key:
        return f"an event of {header.subject} is filed under {record.key[:MOST_KEY]!r}"
    family = header.event_class.family
    return f"an event of family {family} lies on {record.family}" if family != record.family else ""
