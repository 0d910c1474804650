"""Peers that have been silent for longer than agreed.

Counted on the own monotonic clock, and only while the log is heard: a peer's claim about the time decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accord_agents.service.service import Service

DEAF = 2.0
"""Seconds without a look that count as an absence: of the broker, or of the machine."""


class Silence:
    """When something happened last in each collaboration of a service, and what follows.

    Args:
        service: Whose.
    """

    def __init__(self, service: Service) -> None:
        self._service, self._looked = service, 0.0
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
        recovery = self._service.agent.recovery
        for cid, collaboration in self._service.agent.desk.collaborations.items():
            quiet = now - self._since.setdefault(cid, now)
            if collaboration.ended or collaboration.agreement is None:
                continue
            unheard = recovery.silent(cid)  # None, unless it is suspended
            silent = collaboration.silent() if unheard is None else unheard  # nobody, while the own work takes long
            if quiet > collaboration.agreement.limits.deadline_seconds and silent:
                self._since[cid] = now
                if unheard is None:
                    self._service.say(cid, "expired", {"missing": silent})
                else:
                    recovery.expire(cid)
