"""How an auditor reads a log: to its end, then on, and over lost connections. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

from accord_agents.evidence.audit import ELSEWHERE, Auditor, Emit, Report
from accord_agents.evidence.finding import Place
from accord_broker.port import Position, Source

BATCH, BATCH_BYTES = 256, 8 << 20
ROUNDS = 20
"""Looks at a log that grows while it is read, before what is still open counts."""


class LogReader:
    """Reads a source into an auditor. After a lost connection, open the source and begin with `read` again.

    Args:
        source: Open whenever something is called here.
        auditor: Takes what is read.
        emit: See `Emit`.
    """

    def __init__(self, source: Source, auditor: Auditor, emit: Emit) -> None:
        self._source, self._auditor, self._emit = source, auditor, emit
        self._positions: dict[str, Position] = {}
        self._shown: dict[str, tuple[dict[str, str], bool]] = {}

    async def read(self) -> None:
        """Read to the end, again while what the log holds is incomplete and more comes.

        Several topics have no common end: an event may be there before what it rests on is. Where more events waited
        for a proposal than are kept, all proposals are known at the end, and a second reading finds what was forgotten.
        """
        await self._read()
        if not (self._auditor.given_up and self._source.history):
            return
        await self._source.close()
        await self._source.open()
        self._positions, self._auditor.waits = {}, False
        await self._read()
        self._auditor.waits, self._auditor.given_up = True, False

    async def _read(self) -> None:
        for gone in sorted(await self._source.subscribe(self._positions)):
            del self._positions[gone]
            for finding in self._auditor.replaced(gone):
                self._emit(ELSEWHERE, finding)
        for _ in range(ROUNDS if self._source.history else 0):
            end = await self._source.end()
            if self._reached(end):
                return
            while not self._reached(end):
                await self._some()
            if not self._auditor.open():
                return

    async def follow(self, moved: Callable[[Report], None]) -> NoReturn:
        """Go on reading until cancelled.

        Args:
            moved: Told of a collaboration whose state at any party, or whose final checkpoint, has changed.
        """
        if not self._shown:
            self._shown = {r.collaboration: (r.states, r.witnessed) for r in self._auditor.reports()}
        while True:
            for cid in await self._some():
                report = self._auditor.report(cid)
                if report is not None and self._shown.get(cid) != (report.states, report.witnessed):
                    self._shown[cid] = (report.states, report.witnessed)
                    moved(report)

    def _reached(self, end: Mapping[str, int]) -> bool:
        return all(s in self._positions and self._positions[s].offset >= at for s, at in end.items())

    async def _some(self) -> list[str]:
        """Take what comes next; returns which collaborations it was about."""
        deliveries = await self._source.receive(BATCH, BATCH_BYTES, 0.5)
        for delivery in deliveries:
            record, at = delivery.record, delivery.position
            for finding in self._auditor.take(record, Place(record.family, at.source, at.offset)):
                self._emit(record.key, finding)
            self._positions[at.source] = at
        await self._source.committed(deliveries)
        return sorted({delivery.record.key for delivery in deliveries})
