"""On whom a collaboration waits, since when, and until when."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from accord_agents.operator import work
from accord_agents.security.validity import moment, written
from accord_protocols.kernel.lifecycle import PROPOSED, TERMINAL


def facts(status: Mapping[str, Any], party: str) -> dict[str, Any]:
    """The fields `waits_for`, `since` and `until` of a status, as far as there are any.

    Args:
        status: As the journal has it; one of an earlier version says neither whom it waits for nor since when.
        party: Whose journal it is.
    """
    waits, since, until = list(status.get("waits_for", ())), status.get("since"), None
    if status["state"] in TERMINAL:
        return {"waits_for": [], "since": since, "until": None}
    if status["state"] == PROPOSED and not status["accepted"] and status["agreement"]:
        waits = sorted({*waits, party})
    if since and status["agreement"] and set(waits) - {party}:  # a deadline is for the silence of others
        seconds = status["agreement"]["limits"]["deadline_seconds"]
        until = written(moment(since) + datetime.timedelta(seconds=seconds))
    return {"waits_for": waits, "since": since, "until": until}


def told(status: Mapping[str, Any], party: str) -> str:
    """The same as a line of its own for people; nothing where it has ended."""
    if status["state"] in TERMINAL:
        return ""
    waits = ["your answer" if name == party else name for name in status["waits_for"]]
    whom = f"waits for {', '.join(waits)}" if waits else "at work"
    if (doing := status.get("work")) and not waits:
        return f"\n  at work: {work.told(doing)}"
    until = f"; expires at {clock(status['until'])} if they stay silent" if status["until"] else ""
    return f"\n  {whom}, {since(status)}{until}"


def since(status: Mapping[str, Any]) -> str:
    """Since when nothing has happened."""
    return f"since {clock(status['since'])}" if status["since"] else "for an unknown time"


def clock(when: str) -> str:
    """A moment as people read it."""
    return moment(when).strftime("%Y-%m-%d %H:%M UTC")
