"""The endpoint of one agent: ``/metrics`` for Prometheus, ``/healthz`` and ``/readyz`` for whoever keeps it running."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.outcome import Outcome
from accord_agents.config.metrics import MetricsSettings
from accord_agents.loop.agent import Agent
from accord_agents.observability.memory import Memory
from accord_agents.observability.metrics import Metrics
from accord_agents.observability.server import Answer, Server, text
from accord_agents.observability.view import View
from accord_agents.observability.watched import Watched
from accord_broker.port import Broker
from accord_schemas.errors import why


class Endpoint:
    """Shows an agent. Everything happens in the agent's loop.

    Args:
        settings: Where to listen.
        broker: The agent's; it is to use `Endpoint.broker` in its place.
        keystore: The file of its secrets, open already.
        log: Structured logger.
    """

    def __init__(self, settings: MetricsSettings, broker: Broker, keystore: Path, log: Any) -> None:
        self._keystore, self._log = keystore, log
        self._metrics = Metrics()
        self.broker = Watched(broker, self._metrics)
        pages = {"/metrics": self._show, "/healthz": self._alive, "/readyz": self._readiness}
        self._server = Server(settings.host, settings.port, pages, self._failed)
        self._ended: dict[str, float] = {}
        self._counted: dict[str, int] = {}

    async def start(self, agent: Agent, memory: Memory, jobs: Callable[[], int]) -> None:
        """Listen, and hear from the agent what happens.

        Args:
            agent: Folded, and not yet running.
            memory: Sampled by somebody else.
            jobs: How many jobs run.

        Raises:
            UsageError: The address cannot be had.
        """
        self._agent = agent
        self._metrics.registry.register(View(agent, self.broker, memory, jobs, self._missing, self._ended))
        agent.hooks.committed = self._metrics.committed
        served = agent.hooks.outcome

        def outcome(collaboration: Collaboration, what: Outcome) -> None:
            served(collaboration, what)
            self._outcome(collaboration)

        agent.hooks.outcome = outcome
        self._counted = {cid: len(run.timeline) for cid, run in agent.summaries.items()}  # in an earlier incarnation
        self._log.info("metrics", listen=await self._server.start())

    async def stop(self) -> None:
        """Stop listening."""
        await self._server.stop()

    def _outcome(self, collaboration: Collaboration) -> None:
        cid, summaries = collaboration.cid, self._agent.summaries
        for phase, start, end in summaries[cid].timeline[self._counted.get(cid, 0) :]:
            self._metrics.phase(phase, max(0.0, end - start))
        self._counted[cid] = len(summaries[cid].timeline)
        if collaboration.ended:
            self._ended.setdefault(cid, time.monotonic())
        for known in (self._counted, self._ended):
            for gone in known.keys() - summaries.keys():
                del known[gone]

    # ---- pages

    def _show(self) -> Answer:
        return Answer(200, generate_latest(self._metrics.registry), CONTENT_TYPE_PLAIN_0_0_4)

    @staticmethod
    def _alive() -> Answer:
        return text(200, "alive")  # the loop turns, or nobody would say so

    def _readiness(self) -> Answer:
        missing = self._missing()
        return text(503, f"not ready: {missing}") if missing else text(200, "ready")

    def _missing(self) -> str:
        """Why the agent is not ready; empty when it is."""
        if self._agent.stopping.is_set():
            return "the agent is stopping"
        if not self._keystore.is_file():
            return "the keystore's file is gone"
        if not self.broker.connected:
            return "the broker is not connected; agent.log says why"
        if self._agent.dispatcher.adopting or not self.broker.caught_up:
            return "the log is still being read up to its end"
        return ""

    def _failed(self, error: Exception) -> None:
        self._log.error("metrics", problem=why(error), exc_info=error)
