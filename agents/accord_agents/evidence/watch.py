"""`accord audit`: an auditor on a broker, from connecting to the last word."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Mapping
from typing import NoReturn

from accord_agents.evidence import wording as words
from accord_agents.evidence.audit import Auditor, Report
from accord_agents.evidence.finding import Finding
from accord_agents.evidence.reader import Reader
from accord_broker.factory import redact, watch
from accord_broker.port import BrokerError, Source
from accord_schemas.errors import UsageError

Tell = Callable[[str], None]
PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between two attempts to connect again, doubling."""


def audit(url: str, pinned: Mapping[str, str] | None, *, following: bool, tell: Tell) -> list[Report]:
    """Read a broker's log and judge it.

    Args:
        url: Of the broker.
        pinned: Fingerprints by party.
        following: Whether to go on until interrupted, telling each finding when it is made.
        tell: Prints a line.

    Raises:
        UsageError: There is no such log, or it keeps no history and is not followed.
        BrokerError: It cannot be read.
    """
    return asyncio.run(_audit(url, pinned, following=following, tell=tell))


async def _audit(url: str, pinned: Mapping[str, str] | None, *, following: bool, tell: Tell) -> list[Report]:
    source = watch(url)
    if not source.history and not following:
        hint = "Use --follow to see what is said from now on."
        raise UsageError(f"The broker {redact(url)} keeps no history to audit.", hint=hint)
    auditor = Auditor(pinned, history=source.history)

    def emit(cid: str, finding: Finding) -> None:
        if following:
            tell(f"{cid[:12]}  {finding}")

    reader = Reader(source, auditor, emit)
    if not following:
        try:
            await source.open()
            await reader.read()
            return auditor.reports()
        finally:
            await source.close()

    def connected() -> None:
        tell(f"{len(auditor.reports())} collaborations so far; following, until Ctrl-C.")

    if not source.history:
        tell("This broker keeps no history: only what is said from now on is seen.")
    task = asyncio.create_task(_follow(source, reader, connected, lambda report: tell(lines(report, pinned)), tell))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return auditor.reports()


async def _follow(
    source: Source, reader: Reader, connected: Callable[[], None], moved: Callable[[Report], None], tell: Tell
) -> NoReturn:
    """One connection after another."""
    pause, before = PAUSE, False
    while True:
        try:
            await source.open()
            await reader.read()
            connected()
            pause, before = PAUSE, True
            await reader.follow(moved)
        except BrokerError as error:
            if not (error.retry and before):
                raise
            tell(f"{error.message} Trying again in {pause:g} s.")
        finally:
            await source.close()
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def verdict(report: Report, pinned: Mapping[str, str] | None) -> str:
    """One word for a collaboration: proven, consistent or tampered."""
    if not report.clean:
        return "tampered"
    return "proven" if pinned is not None and set(pinned) >= set(report.parties) else "consistent"


def lines(report: Report, pinned: Mapping[str, str] | None) -> str:
    """A collaboration for people."""
    title = f"{report.collaboration}  {report.name or 'not proposed here'}: {words.headline(verdict(report, pinned))}"
    sealed = "sealed by a final checkpoint" if report.sealed else "not sealed"
    text = [title, f"  {report.events} events, {sealed}"]
    text += [f"  {party:<12} {key}  {report.states[party]}" for party, key in report.parties.items()]
    return "\n".join([*text, *(f"  - {finding}" for finding in report.findings)])
