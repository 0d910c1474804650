"""How often a peer may take part with this party within a day: gates, alignments and trainings add up.

The count is kept in the keystore, beside the seeds: it is in every backup, and nothing that is agreed removes it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable

from accord_agents.security.keystore import Keystore

DAY = 24 * 3600.0
ENTRY = "runs"
"""In the keystore: by collaboration, when this party accepted it and with whom."""


class Budget:
    """Counts accepted collaborations by peer.

    Args:
        keystore: Where the count is kept.
        most: With one peer within 24 hours; None for no bound.
        clock: Seconds since the epoch.
    """

    def __init__(self, keystore: Keystore, most: int | None, clock: Callable[[], float] = time.time) -> None:
        self._keystore, self._most, self._clock = keystore, most, clock

    def spent(self, cid: str, peers: Iterable[str]) -> str:
        """A peer with which one collaboration more would be too many; empty if there is none."""
        if self._most is None:
            return ""
        runs = [with_whom for known, (_, with_whom) in self._runs().items() if known != cid]
        return next((p for p in sorted(peers) if sum(p in whom for whom in runs) >= self._most), "")

    def left(self, peer: str) -> int | None:
        """With a peer, how many more are allowed now; None for no bound."""
        if self._most is None:
            return None
        return max(0, self._most - sum(peer in whom for _, whom in self._runs().values()))

    def spend(self, cid: str, peers: Iterable[str]) -> None:
        """This party takes part in a collaboration; counted once, durable when this returns."""
        runs = self._runs()
        if self._most is not None and cid not in runs:
            runs[cid] = (self._clock(), sorted(peers))
            self._keystore.put(ENTRY, json.dumps(runs, sort_keys=True).encode())

    def _runs(self) -> dict[str, tuple[float, list[str]]]:
        """Those within a day; a clock that was put back forgets none."""
        kept = json.loads(self._keystore.get(ENTRY)) if ENTRY in self._keystore else {}
        return {cid: (at, peers) for cid, (at, peers) in kept.items() if self._clock() - at < DAY}
