"""When an identity's word counts: dates, revocations, and an identity as a verifier knows it."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any

from accord_agents.security.identity import PublicIdentity

NEVER_SET = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
"""A clock that shows less has not been set since its machine started: what it says dates nothing."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def moment(text: str, *, end: bool = False) -> datetime.datetime:
    """A date of RFC 3339, with its zone; a day alone is its beginning in UTC, or its end.

    Raises:
        ValueError: It is none, or does not say of which zone it is.
    """
    if _DAY.fullmatch(text):
        day = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)
        return day + datetime.timedelta(days=1) if end else day
    found = datetime.datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("no zone")
    return found.astimezone(datetime.UTC)


def clock() -> datetime.datetime | None:
    """Now; None where this machine's clock was plainly never set."""
    now = datetime.datetime.now(datetime.UTC)
    return now if now >= NEVER_SET else None


def written(when: datetime.datetime) -> str:
    """A moment as files hold it, in UTC: ``2026-05-12T09:30:00Z``."""
    text = when.astimezone(datetime.UTC).isoformat(timespec="milliseconds" if when.microsecond else "seconds")
    return text.removesuffix("+00:00") + "Z"


@dataclass(frozen=True, slots=True)
class Revocation:
    """That an identity's word counts no more.

    Args:
        reason: For people.
        at: From when on, as the one who revoked it says; None where that was never said.
    """

    reason: str
    at: datetime.datetime | None = None

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"revoked{reason} (since {written(self.at)})" if self.at else f"revoked{reason}"


@dataclass(frozen=True, slots=True)
class KnownIdentity:
    """An identity that a verifier knows by another way than the events, and when it speaks for its party.

    Args:
        fingerprint: Its fingerprint, or what is shown of it.
        public: Its keys, where they are known too.
        since: It enters no collaboration before.
        until: It enters no collaboration after; what it entered before, it finishes.
        revocation: From then on nothing that it signs counts.
    """

    fingerprint: str
    public: PublicIdentity | None = None
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None
    revocation: Revocation | None = None

    @property
    def dated(self) -> bool:
        """Whether it can be said what it signed in time: not of one that was revoked, nobody says when."""
        return self.revocation is None or self.revocation.at is not None

    def merged(self, other: KnownIdentity) -> KnownIdentity:
        """What two entries for one identity say together: the narrower validity, and the earlier revocation."""
        revocations = [r for r in (self.revocation, other.revocation) if r is not None]
        undated = datetime.datetime.max.replace(tzinfo=datetime.UTC)
        return KnownIdentity(
            max(self.fingerprint, other.fingerprint, key=len),
            self.public or other.public,
            max((d for d in (self.since, other.since) if d), default=None),
            min((d for d in (self.until, other.until) if d), default=None),
            min(revocations, key=lambda r: r.at or undated, default=None),
        )


def described(known: KnownIdentity, export: dict[str, str]) -> dict[str, Any]:
    """A known identity as a file for verifiers holds it, with its export; what is not known is absent."""
    found: dict[str, Any] = {"fingerprint": known.fingerprint, "identity": export}
    dates = {"from": known.since, "until": known.until}
    found |= {name: written(when) for name, when in dates.items() if when is not None}
    if known.revocation is not None:
        found["revoked"] = {"reason": known.revocation.reason}
        if known.revocation.at is not None:
            found["revoked"]["at"] = written(known.revocation.at)
    return found
