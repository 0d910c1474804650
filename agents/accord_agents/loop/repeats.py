"""Records that come again and again, which a ring of copiers makes of each one (MirrorMaker both ways under one name).

The first copies are taken as they come: senders repeat what somebody still lacks. Beyond those a copy is processed only
so often as a sender's own repeats would need it, ever more rarely; any other costs a look into a table. So a record
that circles for days is checked a few dozen times, and one that could not be used before is not lost for good.
"""

from __future__ import annotations

from dataclasses import dataclass

FREE = 8
"""Copies of a record that are processed whenever they come."""
SOONEST, SPREAD = 0.5, 8
"""Further copies are processed after so many seconds, and after this part of the time since the first one."""
DOZENS, APART = 24, 10.0
"""Copies, and seconds between two of them on average at most, by which a ring is known. Senders end at one a minute."""
QUIET = 600.0
"""Seconds between two warnings."""
MOST = 16384
"""Records remembered; about 4 MiB."""
REMEDY = (
    "If MirrorMaker copies both ways with IdentityReplicationPolicy, stop one direction; to join two brokers use "
    "'accord bridge', which knows what it has carried."
)


@dataclass(slots=True)
class _Seen:
    first: float
    last: float
    count: int = 1


class Repeats:
    """Knows the last records by their digests."""

    def __init__(self) -> None:
        self._seen: dict[bytes, _Seen] = {}
        self._warned = -QUIET

    def due(self, digest: bytes, now: float) -> bool:
        """Whether a record is to be processed.

        Args:
            digest: `Record.digest`.
            now: Seconds, monotonic.
        """
        seen = self._seen.pop(digest, None)
        if seen is None:
            self._seen[digest] = _Seen(now, now)
            if len(self._seen) > MOST:
                del self._seen[next(iter(self._seen))]
            return True
        self._seen[digest] = seen  # the last ones stay
        seen.count += 1
        if seen.count > FREE and now - seen.last < max(SOONEST, (now - seen.first) / SPREAD):
            return False
        seen.last = now
        return True

    def ring(self, digest: bytes, now: float) -> str:
        """What to warn of, if this copy of a record tells of a ring and nobody was warned of late; else nothing."""
        seen = self._seen.get(digest)
        if seen is None or not circles(seen.count, now - seen.first) or now - self._warned < QUIET:
            return ""
        self._warned = now
        return (
            f"One record has come {seen.count} times in {now - seen.first:.0f} s: something copies records in a ring."
        )

    def forget(self) -> None:
        """Process every record again: what could not be used may be of use now."""
        self._seen.clear()


def circles(count: int, seconds: float) -> bool:
    """Whether so many copies in so many seconds are more than senders make."""
    return count >= DOZENS and seconds < count * APART
