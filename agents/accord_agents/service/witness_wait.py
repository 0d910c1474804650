"""Waiting, after a collaboration was completed, until all parties have signed the log up to its end."""

from __future__ import annotations

import time
from collections.abc import Callable

from accord_agents.collaboration.collaboration import Collaboration
from accord_protocols.kernel.lifecycle import COMPLETED

PATIENCE = 60.0
"""Seconds that the agent of a one-shot run stays; a party that left early would make all others wait for ever."""


class WitnessWait:
    """Decides how long a completed collaboration is waited for; every other end waits for nothing.

    Args:
        warn: Told once per collaboration that is given up.
        clock: Monotonic seconds.
    """

    def __init__(self, warn: Callable[[Collaboration, str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._warn, self._clock = warn, clock
        self._since: dict[str, float] = {}
        self._given_up: set[str] = set()

    def waits(self, collaboration: Collaboration, patience: float = PATIENCE) -> bool:
        """Whether the end lacks a checkpoint, of this party or another one, that may come within `patience`."""
        witness, cid = collaboration.witness, collaboration.cid
        if witness is None or witness.refuted or not witness.missing or collaboration.state != COMPLETED:
            self._since.pop(cid, None)
            return False
        if self._clock() - self._since.setdefault(cid, self._clock()) < patience:
            return True
        if cid not in self._given_up:
            self._given_up.add(cid)
            self._warn(collaboration, f"the end of the log was not signed by {', '.join(witness.missing)}")
        return False
