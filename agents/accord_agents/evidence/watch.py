"""`accord audit`: an auditor on a broker, from connecting to the last word."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Any

from accord_agents.evidence.audit import Auditor, Report
from accord_agents.evidence.finding import Finding, Note
from accord_agents.evidence.known import Known
from accord_agents.evidence.reader import LogReader
from accord_agents.evidence.telling import lines
from accord_broker.factory import redact, watch
from accord_broker.port import BrokerError, Source
from accord_broker.reconnect import Connections, Patience
from accord_broker.stray import attended
from accord_broker.tasks import unless
from accord_schemas.errors import UsageError

Tell = Callable[[str], None]
PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between two attempts to connect again, doubling."""


def audit(url: str, known: Known | None, *, following: bool, tell: Tell, log: Any, only: str = "") -> Auditor:
    """Read a broker's log and judge it.

    Args:
        url: Of the broker.
        known: Identities known by another way.
        following: Whether to go on until interrupted, telling each finding when it is made.
        tell: Prints a line.
        log: Structured logger, for what fails where nobody waits for it.
        only: The beginning of a collaboration's id: that one alone is judged.

    Raises:
        UsageError: There is no such log, or it keeps no history and is not followed.
        BrokerError: It cannot be read.
    """
    return asyncio.run(attended(_audit(url, known, following=following, tell=tell, only=only), log))


async def _audit(url: str, known: Known | None, *, following: bool, tell: Tell, only: str) -> Auditor:
    source = watch(url)
    if not source.history and not following:
        hint = "Use --follow to see what is said from now on."
        raise UsageError(f"The broker {redact(url)} keeps no history to audit.", hint=hint)
    auditor = Auditor(known, history=source.history, only=only)

    def emit(cid: str, finding: Finding | Note) -> None:
        if following:
            name = cid[:12] if cid.isprintable() else ascii(cid[:12])  # a stranger's key may hold anything
            tell(f"{name}  {finding}")

    if not following:
        try:
            await source.open()
            await LogReader(source, auditor, emit).read()
        finally:
            await source.close()
        return auditor

    def connected() -> None:
        tell(f"{len(auditor.reports())} collaborations so far; following, until Ctrl-C.")

    def moved(report: Report) -> None:
        tell(lines(report, report.verdict(known)))

    if not source.history:
        tell("This broker keeps no history: only what is said from now on is seen.")
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await _follow(source, LogReader(source, auditor, emit), stopping, connected, moved, tell)
    return auditor


async def _follow(
    source: Source,
    reader: LogReader,
    stopping: asyncio.Event,
    connected: Callable[[], None],
    moved: Callable[[Report], None],
    tell: Tell,
) -> None:
    """One connection after another, until asked to stop."""

    def lost(error: BrokerError, pause: float) -> None:
        tell(f"{error} Trying again in {pause:g} s.")

    connections = Connections(stopping, Patience(PAUSE, LONGEST_PAUSE, 0.0), lost)

    async def reading() -> None:
        await reader.read()
        connections.stood = True
        connected()
        await reader.follow(moved)

    async def session() -> bool:
        await unless(stopping, reading(), None)
        return stopping.is_set()

    await connections.run(source.open, session, source.close)


def chosen(auditor: Auditor, beginning: str) -> list[Report]:
    """Every collaboration on a log, or the one whose id begins so.

    Raises:
        UsageError: None does, or more than one.
    """
    reports = auditor.reports()
    if not beginning:
        return reports
    found = [report for report in reports if report.collaboration.startswith(beginning)]
    if len(found) == 1:
        return found
    if not found:
        hint = "See them all without --collaboration."
        raise UsageError(f"no collaboration on this log begins with {beginning!r}.", hint=hint)
    listed = ", ".join(report.collaboration for report in found[:5])
    raise UsageError(f"{len(found)} collaborations begin with {beginning!r}: {listed}.", hint="Give more of the id.")
