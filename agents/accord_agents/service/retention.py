"""How long a party keeps what: collaborations are closed when they are at rest, and erased when their time is over.

Closed means out of memory: nothing remains to be said, the journal has everything. What erased means: `erasure`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from accord_agents.journal.erasure import behind, due, erase
from accord_agents.journal.journal import Journal
from accord_agents.loop.agent import Agent
from accord_agents.observability.memory import trimmed
from accord_agents.security.keystore import Keystore
from accord_agents.service.witness_wait import Sealing
from accord_schemas.errors import UsageError

REST = 10.0
"""Seconds after which a collaboration that is at rest is closed."""
LOOK = 3600.0
"""Seconds between looks at what is due to be erased."""


class Retention:
    """Closes and erases what an agent holds.

    Args:
        agent: Forgets what is closed.
        journal: Its journal.
        keystore: Its keys.
        out: Its folder.
        sealing: Says which ends are still waited for.
        busy: Whether a copy of the data was made whose use is not journaled yet.
        forget: Told which collaboration was closed.
        log: Structured logger.
    """

    def __init__(
        self,
        agent: Agent,
        journal: Journal,
        keystore: Keystore,
        out: Path,
        sealing: Sealing,
        busy: Callable[[], bool],
        forget: Callable[[str], None],
        log: Any,
    ) -> None:
        self._agent, self._journal, self._keystore, self._out = agent, journal, keystore, out
        self._sealing, self._busy, self._forget, self._log = sealing, busy, forget, log
        self._look = 0.0

    def tick(self, now: float, quiet: Mapping[str, float]) -> None:
        """Look around.

        Args:
            now: Monotonic seconds.
            quiet: When something happened last, by collaboration.
        """
        agent = self._agent
        for cid, collaboration in agent.desk.collaborations.items():
            terms = collaboration.agreement
            if terms and self._sealing.waits(collaboration, terms.limits.deadline_seconds):
                continue  # closed, it would not hear its last witness
            if now - quiet.get(cid, now) > REST and agent.rest(cid):
                agent.put(functools.partial(self._close, cid))
        if now >= self._look:
            self._look = now + LOOK
            for cid in due(self._journal, datetime.now(UTC), agent.desk.me):
                agent.put(functools.partial(self._erase, cid))

    def by_hand(self, prefix: str) -> str:
        """Erase what is held of a collaboration that was closed, whatever was agreed; says what.

        Raises:
            UsageError: None begins so, or it is not closed, or the data are being read just now.
        """
        if self._busy():
            raise UsageError("a proposal is being accepted just now.", hint="Try again in a moment.")
        return str(erase(self._journal, self._keystore, self._out, prefix))

    def _close(self, cid: str, _now: str) -> None:
        agent = self._agent
        if cid in agent.desk.collaborations and agent.rest(cid):
            if agent.desk.collaborations[cid].reason == behind(agent.desk.me):
                self._look = 0.0  # its pads and keys go now
            agent.close(cid)
            trimmed()
            self._forget(cid)
            self._log.info("closed", collaboration=cid)

    def _erase(self, cid: str, _now: str) -> None:
        if self._busy():
            self._look = 0.0  # soon again
            return
        erased = erase(self._journal, self._keystore, self._out, cid)
        trimmed()
        self._log.info("erased", **asdict(erased))
