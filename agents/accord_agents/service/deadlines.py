"""Peers that have been silent for longer than agreed.

Counted on the own monotonic clock, and only while the log is heard: a peer's claim about the time decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from accord_agents.collaboration.dispatcher import Dispatcher
from accord_agents.loop.recovery import Recovery
from accord_agents.service.acceptance import Say

DEAF = 2.0
"""Seconds without a look that count as an absence: of the broker, or of the machine."""


class Deadlines:
    """When something happened last in each collaboration of a party, and what follows.

    Args:
        dispatcher: The party's.
        recovery: Knows whose answers a suspended collaboration waits for.
        say: Has the dispatcher say an own command.
    """

    def __init__(self, dispatcher: Dispatcher, recovery: Recovery, say: Say) -> None:
        self._dispatcher, self._recovery, self._say, self._looked = dispatcher, recovery, say, 0.0
        self._since: dict[str, float] = {}

    @property
    def since(self) -> Mapping[str, float]:
        """When something happened last, in monotonic seconds, by collaboration."""
        return self._since

    def broken(self, cid: str, now: float) -> None:
        """Something happened."""
        self._since[cid] = now

    def forget(self, cid: str) -> None:
        """A collaboration was closed."""
        self._since.pop(cid, None)

    def tick(self, now: float) -> None:
        """Let what has waited for too long expire."""
        if (deaf := now - self._looked) > DEAF:  # without a broker nobody is heard: that is no peer's silence
            self._since = {cid: at + deaf for cid, at in self._since.items()}
        self._looked = now
        for cid, collaboration in self._dispatcher.collaborations.items():
            quiet = now - self._since.setdefault(cid, now)
            if collaboration.ended or collaboration.agreement is None:
                continue
            asked = self._recovery.silent(cid)  # of a suspended collaboration: who has not answered what we asked
            suspended = asked is not None
            missing = asked if asked is not None else collaboration.silent()  # empty while our own work takes long
            if quiet > collaboration.agreement.limits.deadline_seconds and missing:
                self._since[cid] = now
                if suspended:
                    self._recovery.expire(cid)
                else:
                    self._say(cid, "expired", {"missing": missing})
