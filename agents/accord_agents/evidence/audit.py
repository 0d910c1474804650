"""The auditor: reads a log alone from its start, and judges every collaboration on it. Writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accord_agents.evidence.finding import UNKNOWN, Finding
from accord_agents.evidence.observer import Observer
from accord_agents.evidence.rules import Scope
from accord_broker.port import Record, Source
from accord_schemas.errors import FrameError
from accord_schemas.frame import Frame

BATCH, BATCH_BYTES = 256, 8 << 20
ROUNDS = 20
"""Looks at a log that grows while it is read, before what is still open counts."""
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
        self._strays: dict[str, dict[Finding, None]] = {}

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
        return found + self._observers[header.subject].take(frame)

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

    def _stray(self, cid: str, kind: str, sentence: str) -> list[Finding]:
        finding, known = Finding(kind, UNKNOWN, cid, sentence), self._strays.setdefault(cid, {})
        if finding in known:
            return []
        known[finding] = None
        return [finding]


async def read(source: Source, auditor: Auditor, emit: Emit) -> None:
    """Read an open source to its end, again while what it holds is incomplete and more comes.

    Several topics have no common end: an event may be there before what it rests on is.
    """
    await source.subscribe({})
    reached: dict[str, int] = {}
    for _ in range(ROUNDS):
        end = await source.end()
        if all(reached.get(s, -1) >= at for s, at in end.items()):
            return
        while any(reached.get(s, -1) < at for s, at in end.items()):
            await _some(source, auditor, emit, reached)
        if not auditor.open():
            return


async def follow(
    source: Source, auditor: Auditor, emit: Emit, stop: asyncio.Event, moved: Callable[[Report], None]
) -> None:
    """Go on reading until told to stop.

    Args:
        moved: Told of a collaboration whose state at any party, or whose seal, has changed.
    """
    shown = {report.collaboration: (report.states, report.sealed) for report in auditor.reports()}
    while not stop.is_set():
        for cid in await _some(source, auditor, emit, {}):
            report = auditor.report(cid)
            if report is not None and shown.get(cid) != (report.states, report.sealed):
                shown[cid] = (report.states, report.sealed)
                moved(report)


async def _some(source: Source, auditor: Auditor, emit: Emit, reached: dict[str, int]) -> list[str]:
    """Take what comes next; returns which collaborations it was about."""
    deliveries = await source.receive(BATCH, BATCH_BYTES, 0.5)
    for delivery in deliveries:
        for finding in auditor.take(delivery.record):
            emit(delivery.record.key, finding)
        reached[delivery.position.source] = delivery.position.offset
    await source.committed(deliveries)
    return sorted({delivery.record.key for delivery in deliveries})
