"""How long a party keeps what: collaborations are closed when they are at rest, and erased when their time is over.

Closed means out of memory: nothing remains to be said, the journal has everything. What erased means: `erasure`.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from accord_agents.execution.allocator import trimmed
from accord_agents.journal.credible_time import HOUR, SETTLED, Looks
from accord_agents.journal.erasure import due, erase, instant
from accord_agents.journal.journal import Journal
from accord_agents.loop.agent import Agent
from accord_agents.security.keystore import Keystore
from accord_agents.service.witness_wait import WitnessWait
from accord_schemas.codes import Code
from accord_schemas.errors import UsageError

REST = 10.0
"""Seconds after which a collaboration that is at rest is closed."""
LOOK = 600.0
"""Seconds between looks at the clock and at what is due to be erased."""
SET = (
    f"If it was right before, set it right again; nothing is erased by what it says now for {SETTLED / HOUR:.0f} hours."
)
KEPT = "Nothing is lost. Check the clock of this machine; accord erase removes it at once."


class Retention:
    """Closes and erases what an agent holds.

    Args:
        agent: Forgets what is closed.
        journal: Its journal.
        keystore: Its keys.
        out: Its folder.
        witness_wait: Says which ends are still waited for.
        busy: Whether a copy of the data was made whose use is not journaled yet.
        forget: Told which collaboration was closed.
        doubt: Whether peers say that the own clock is ahead.
        log: Structured logger.
        clock: Seconds since the epoch.
        writing: Whether results of a collaboration are being written.
    """

    def __init__(
        self,
        agent: Agent,
        journal: Journal,
        keystore: Keystore,
        out: Path,
        witness_wait: WitnessWait,
        busy: Callable[[], bool],
        forget: Callable[[str], None],
        doubt: Callable[[], bool],
        log: Any,
        clock: Callable[[], float] = time.time,
        writing: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._agent, self._journal, self._keystore, self._out = agent, journal, keystore, out
        self._witness_wait, self._busy, self._forget, self._doubt, self._log = witness_wait, busy, forget, doubt, log
        self._clock, self._writing = clock, writing
        self._look = self._looked = 0.0
        self._kept = set[str]()

    def tick(self, now: float, quiet: Mapping[str, float]) -> None:
        """Look around.

        Args:
            now: Monotonic seconds.
            quiet: When something happened last, by collaboration.
        """
        agent = self._agent
        for cid, collaboration in agent.dispatcher.collaborations.items():
            terms = collaboration.agreement
            if terms and self._witness_wait.waits(collaboration, terms.limits.deadline_seconds):
                continue  # closed, it would not hear its last witness
            if now - quiet.get(cid, now) > REST and agent.rest(cid):
                agent.put(functools.partial(self._close, cid))
        if now >= self._look:
            self._look = now + LOOK
            agent.put(functools.partial(self._review, now))

    def _review(self, at: float, _now: str) -> None:
        """Look at the own clock, and at what is due by it."""
        now = self._clock()
        looks = self._looks(now)
        jump = looks.look(now, at - self._looked if self._looked else 0.0, doubted=self._doubt())
        if self._looked and abs(jump) > HOUR:
            self._log.warning(
                "clock", problem=f"the clock of this machine was set by {jump / HOUR:+.1f} hours", remedy=SET
            )
        self._looked = at
        self._journal.set_meta("looks", looks.encode())
        for cid, decision in due(self._journal, self._agent.dispatcher.me, now, looks.credible):
            if decision.erase:
                self._agent.put(functools.partial(self._erase, cid))
            elif decision.why and cid not in self._kept:
                self._kept.add(cid)
                self._log.warning("kept", collaboration=cid, problem=decision.why, remedy=KEPT)

    def _looks(self, now: float) -> Looks:
        """The looks so far; a journal that has none was last used when its newest row was taken."""
        kept = self._journal.meta("looks")
        newest = instant(self._journal.newest())
        return Looks.decode(kept) if kept else Looks.since(now if newest is None else newest)

    def by_hand(self, prefix: str) -> str:
        """Erase what is held of a collaboration that was closed, whatever was agreed; says what.

        Raises:
            UsageError: None begins so, or it is not closed, or the data are being read just now.
        """
        if self._busy():
            raise UsageError("a proposal is being accepted just now.", hint="Try again in a moment.")
        return str(erase(self._journal, self._keystore, self._out, prefix, memory=True))

    def _close(self, cid: str, _now: str) -> None:
        agent = self._agent
        if self._writing(cid):  # closed, it would not be written again after a death; erased, it has no data left
            return
        if cid in agent.dispatcher.collaborations and agent.rest(cid):
            if agent.dispatcher.collaborations[cid].ended_as(Code.BEHIND, agent.dispatcher.me):
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
