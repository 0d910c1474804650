"""Looks for what people ask the agent: now and then, and often while a collaboration lives that answers requests."""

from __future__ import annotations

import asyncio
import functools

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.journal.journal import Journal
from accord_agents.loop.agent import Agent
from accord_agents.service.requests import Requests

_OFTEN, _RARELY = 0.002, 0.25
"""Seconds between two looks; the agent's own ticks come besides."""


class RequestWatch:
    """Takes requests up from the journal, each until it has an answer.

    Args:
        journal: Where other processes leave them.
        agent: Whose loop serves them.
        requests: Carries them out.
    """

    def __init__(self, journal: Journal, agent: Agent, requests: Requests) -> None:
        self._journal, self._agent, self._requests = journal, agent, requests
        self._taken: set[int] = set()

    async def run(self) -> None:
        """Look again and again."""
        while True:
            asked = any(map(answering, self._agent.dispatcher.collaborations.values()))
            await asyncio.sleep(_OFTEN if asked else _RARELY)
            if asked:
                self.look()

    def look(self) -> None:
        """Take up what is new, or not answered yet."""
        for number, command, body in self._journal.requests():
            if number not in self._taken:
                self._taken.add(number)
                self._agent.put(functools.partial(self._serve, number, command, body))

    def _serve(self, number: int, command: str, body: str, now: str) -> None:
        answer = self._requests.serve(command, body, now)
        if answer is None:  # looked at once more, unless whoever asked has given up by then
            self._taken.discard(number)
        else:
            self._agent.dispatcher.batch.answers.append((number, answer))


def answering(collaboration: Collaboration) -> bool:
    """Whether it lives, and answers requests of this party's people."""
    job, terms = collaboration.job, collaboration.agreement
    asks = job is not None and bool(job.asks) and terms is not None and terms.leader == collaboration.me
    return asks and collaboration.engine is not None
