"""How long a party keeps what: collaborations are closed when they are at rest, and erased when their time is over.

Closed means out of memory: nothing remains to be said, the journal has everything. What erased means: `erasure`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from accord_agents.journal.erasure import behind, due, erase
from accord_agents.observability.memory import trimmed

if TYPE_CHECKING:
    from accord_agents.service.service import Service

REST = 10.0
"""Seconds after which a collaboration that is at rest is closed."""
LOOK = 3600.0
"""Seconds between looks at what is due to be erased."""


class Keeper:
    """Closes and erases what a serving agent holds, from its loop.

    Args:
        service: The agent and what is around it.
    """

    def __init__(self, service: Service) -> None:
        self._service, self._look = service, 0.0

    def tick(self, now: float, quiet: Mapping[str, float]) -> None:
        """Look around.

        Args:
            now: Monotonic seconds.
            quiet: When something happened last, by collaboration.
        """
        agent, sealing = self._service.agent, self._service.sealing
        for cid, collaboration in agent.desk.collaborations.items():
            terms = collaboration.agreement
            if terms and sealing.waits(collaboration, terms.limits.deadline_seconds):
                continue  # closed, it would not hear its last witness
            if now - quiet.get(cid, now) > REST and agent.rest(cid):
                agent.put(functools.partial(self._close, cid))
        if now >= self._look:
            self._look = now + LOOK
            for cid in due(self._service.journal, datetime.now(UTC), self._service.config.party):
                self._service.agent.put(functools.partial(self._erase, cid))

    def _close(self, cid: str, _now: str) -> None:
        agent = self._service.agent
        if cid in agent.desk.collaborations and agent.rest(cid):
            if agent.desk.collaborations[cid].reason == behind(agent.desk.me):
                self._look = 0.0  # its pads and keys go now
            agent.close(cid)
            trimmed()
            self._service.forget(cid)
            self._service.log.info("closed", collaboration=cid)

    def _erase(self, cid: str, _now: str) -> None:
        service = self._service
        if service.acceptance:
            self._look = 0.0  # soon again
            return
        erased = erase(service.journal, service.keystore, service.config.out, cid)
        trimmed()
        service.log.info("erased", **asdict(erased))
