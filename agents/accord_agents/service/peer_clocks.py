"""Compares the own clock with what peers say: an hour apart, one of the two is wrong, and somebody should be told.

An event that says a later time than the own clock is a sure sign. One that says an earlier time may have waited: of
what comes within some seconds of a connection that works, the newest counts, acknowledgements included.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from accord_agents.journal.credible_time import HOUR
from accord_agents.journal.erasure import instant
from accord_agents.journal.rows import stamp

WINDOW = 5.0
"""Seconds from which the newest event of a peer counts."""
DEAF = 2.0
"""Seconds without a look after which what comes next may have waited."""
WARN_EVERY = 24 * HOUR
REMEDY = (
    "Compare both machines with a time server (timedatectl, chronyc tracking) and set the wrong one right. "
    "Until then what an agreement keeps for some days may be kept for longer."
)


class PeerClocks:
    """How far the clocks of peers are ahead of the own one.

    Args:
        log: Structured logger.
        clock: Seconds since the epoch.
    """

    def __init__(self, log: Any, clock: Callable[[], float] = time.time) -> None:
        self._log, self._clock = log, clock
        self._newest: dict[str, float] = {}
        self._ahead: dict[str, float] = {}
        self._warned: dict[str, float] = {}
        self._looked = self._judged = 0.0

    def heard(self, times: Mapping[str, str]) -> None:
        """Peers said something, by their own clocks at these times."""
        for peer, text in times.items():
            if (at := instant(text)) is not None:
                ahead = at - self._clock()
                self._newest[peer] = max(ahead, self._newest.get(peer, ahead))

    def tick(self, now: float) -> None:
        """Look around; `now` in monotonic seconds."""
        if now - self._looked > DEAF:
            self._newest = {peer: ahead for peer, ahead in self._newest.items() if ahead > HOUR}
            self._judged = now
        self._looked = now
        if now - self._judged < WINDOW:
            return
        self._judged, newest, self._newest = now, self._newest, {}
        self._ahead |= newest
        for peer, ahead in newest.items():
            if abs(ahead) > HOUR and now >= self._warned.get(peer, now):
                self._warned[peer] = now + WARN_EVERY
                self._log.warning("clocks", peer=peer, problem=self._problem(peer, ahead), remedy=REMEDY)

    @property
    def doubt(self) -> bool:
        """Whether every peer that was heard says that the own clock is ahead."""
        return bool(self._ahead) and all(ahead < -HOUR for ahead in self._ahead.values())

    def _problem(self, peer: str, ahead: float) -> str:
        here = self._clock()
        return (
            f"the clocks of this machine and of {peer} are {abs(ahead) / HOUR:.1f} hours apart: here it is "
            f"{stamp(here)}, the newest event of {peer} says {stamp(here + ahead)}. One of the two is wrong."
        )
