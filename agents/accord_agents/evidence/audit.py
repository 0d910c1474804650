"""The auditor: reads a log alone from its start, and judges every collaboration on it. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accord_agents.evidence.audit_rules import Scope
from accord_agents.evidence.finding import UNKNOWN, Finding
from accord_agents.evidence.observer import Observer
from accord_broker.port import Record
from accord_schemas.errors import FrameError
from accord_schemas.frame import Frame

MOST_EARLY = 50_000
"""Events that wait for a proposal; about 3 KiB each."""
MOST_STRAYS = 10_000
"""Records that are told one by one as no event of the collaboration under whose id they stand."""
ELSEWHERE = "*"
"""The collaboration of what is about the log as a whole."""
Emit = Callable[[str, Finding], None]
"""Told (collaboration, finding) as soon as no further event can mend it."""


@dataclass(frozen=True, slots=True)
class Report:
    """One collaboration as the log shows it."""

    collaboration: str
    name: str
    parties: dict[str, str]
    algorithms: list[str]
    states: dict[str, str]
    sealed: bool
    events: int
    findings: list[Finding] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing but warnings was found."""
        return all(finding.warning for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "collaboration": self.collaboration,
            "name": self.name,
            "parties": self.parties,
            "algorithms": self.algorithms,
            "states": self.states,
            "sealed": self.sealed,
            "events": self.events,
            "findings": [finding.to_json() for finding in self.findings],
        }


class Auditor:
    """All collaborations of one log.

    Args:
        pinned: Fingerprints by party, known by another way.
        history: Whether the log was read from its start; else what is missing is no finding.
    """

    def __init__(self, pinned: Mapping[str, str] | None = None, *, history: bool = True) -> None:
        self._pinned = pinned
        self._scope = Scope(None if history else frozenset(), tail=True, carrier="the log")
        self._observers: dict[str, Observer] = {}
        self._early: dict[str, int] = {}
        self._waiting = 0
        self._strays: dict[str, dict[Finding, None]] = {}
        self._stray_count = 0

    def take(self, record: Record) -> list[Finding]:
        """Take a record of the log; returns what is now known to be wrong."""
        try:
            frame = Frame.decode(record.frame)
        except FrameError as error:
            return self._stray(record.key, "undecodable", f"a record on {record.family} is no event: {error.message}")
        header, found = frame.header, list[Finding]()
        if header.subject != record.key:
            found += self._stray(record.key, "misfiled", f"an event of {header.subject} is filed under {record.key}")
        if header.event_class.family != record.family:
            what = f"an event of family {header.event_class.family} stands on {record.family}"
            found += self._stray(header.subject, "misfiled", what)
        if header.subject not in self._observers:
            self._observers[header.subject] = Observer(header.subject, self._pinned)
        observer = self._observers[header.subject]
        return [*found, *observer.take(frame), *self._bound(header.subject, observer)]

    def replaced(self, source: str) -> list[Finding]:
        """A source of the log is another one than was read before."""
        sentence = f"{source} was cut off or made anew while it was followed: it is read from its first record again"
        return self._stray(ELSEWHERE, "replaced", sentence)

    def open(self) -> bool:
        """Whether anything is wrong that further events could mend."""
        return any(len(o.conclude(self._scope)[0]) > len(o.found) for o in self._observers.values())

    def reports(self) -> list[Report]:
        """Every collaboration as it stands now."""
        named = [self._report(cid) for cid in self._observers]
        lost = [cid for cid in self._strays if cid not in self._observers]
        return named + [Report(cid, "", {}, [], {}, False, 0, [*self._strays[cid]]) for cid in lost]

    def report(self, cid: str) -> Report | None:
        """One collaboration as it stands now; None where nothing was said in it."""
        return self._report(cid) if cid in self._observers else None

    def _report(self, cid: str) -> Report:
        observer = self._observers[cid]
        findings, judged = observer.conclude(self._scope)
        findings = [*self._strays.get(cid, {}), *findings]
        account = observer.account
        if account is None:
            return Report(cid, "", {}, [], {}, False, observer.early, findings)
        return Report(
            cid,
            account.terms.agreement.name,
            account.terms.fingerprints(),
            account.terms.algorithms(),
            {party: line.state for party, line in account.lines.items()},
            bool(judged.covered),
            sum(len(line.frames) for line in account.lines.values()),
            findings,
        )

    def _bound(self, cid: str, observer: Observer) -> list[Finding]:
        """Nobody's signature can be checked before the proposal is there: what waits longest for one is given up."""
        self._waiting += observer.early - self._early.pop(cid, 0)
        if observer.early:
            self._early[cid] = observer.early
        if self._waiting <= MOST_EARLY:
            return []
        while self._waiting > MOST_EARLY:
            oldest = next(iter(self._early))
            self._waiting -= self._early.pop(oldest)
            del self._observers[oldest]
        sentence = f"more than {MOST_EARLY} events stand here before any proposal of theirs: not all were judged"
        return self._stray(ELSEWHERE, "flood", sentence)

    def _stray(self, cid: str, kind: str, sentence: str) -> list[Finding]:
        if self._stray_count >= MOST_STRAYS and cid != ELSEWHERE:
            sentence = f"more than {MOST_STRAYS} records are no events where they stand: the rest is not told"
            return self._stray(ELSEWHERE, "flood", sentence)
        finding, known = Finding(kind, UNKNOWN, cid, sentence), self._strays.setdefault(cid, {})
        if finding in known:
            return []
        known[finding] = None
        self._stray_count += 1
        return [finding]
