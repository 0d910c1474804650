"""What stands at the moment somebody looks: read from the agent then, and kept nowhere, so that nothing grows stale."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from importlib.metadata import version
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.loop.agent import Agent
from accord_agents.observability.memory import MIB, Memory
from accord_agents.observability.watched import Watched

Values = Mapping[Any, float]
"""Values by their labels' values, a tuple."""
ENDED_FOR = 600.0
"""Seconds for which a collaboration that has ended is still shown."""
SERIES = 200
"""Collaborations shown one by one, at most; the newest."""


class View(Collector):
    """Shows an agent; to be looked at in the agent's loop.

    Args:
        agent: The agent.
        broker: Its broker.
        memory: Of the agent and its workers.
        jobs: How many jobs run.
        ready: Why the agent is not ready; empty when it is.
        ended: When each collaboration ended, in seconds of the monotonic clock.
    """

    def __init__(
        self,
        agent: Agent,
        broker: Watched,
        memory: Memory,
        jobs: Callable[[], int],
        ready: Callable[[], str],
        ended: dict[str, float],
    ) -> None:
        self._agent, self._broker, self._memory, self._jobs = agent, broker, memory, jobs
        self._ready, self._ended = ready, ended

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges."""
        yield _gauge("accord_agent", "The program.", ["version"], {(version("accord"),): 1})
        yield _plain("accord_ready", "Whether the agent is ready.", not self._ready())
        yield _plain("accord_broker_connected", "Whether the broker is connected.", self._broker.connected)
        yield _plain("accord_jobs_running", "Jobs and reads of data under way.", self._jobs())
        yield _plain("accord_memory_bytes", "Resident memory of the agent and its workers.", self._memory.now)
        yield _plain("accord_memory_peak_bytes", "Its highest value.", self._memory.peak * MIB)
        lag = {(source,): records for source, records in self._broker.lag.items()}
        yield _gauge("accord_lag_records", "Records on the log that are not journaled.", ["source"], lag)
        yield from self._outbox()
        yield from self._collaborations()

    def _outbox(self) -> Iterator[GaugeMetricFamily]:
        """What peers have not confirmed. Those that left after the end of a collaboration are not waited for."""
        events: Counter[tuple[str, ...]] = Counter()
        ages: dict[tuple[str, ...], float] = {}
        now = time.time()
        for collaboration in self._agent.dispatcher.collaborations.values():
            chain, left = collaboration.chain, self._agent.publisher.left(collaboration.cid)
            for peer in collaboration.peers:
                covered = chain.covered.get(peer, 0)
                waiting = 0 if left else chain.sequence - covered
                events[peer,] += waiting
                said = self._agent.journal.said(collaboration.cid, covered) if waiting else ""
                age = max(0.0, now - datetime.fromisoformat(said).timestamp()) if said else 0.0
                ages[peer,] = max(age, ages.get((peer,), 0.0))
        yield _gauge("accord_outbox_events", "Own events that a peer has not confirmed.", ["peer"], events)
        yield _gauge("accord_outbox_age_seconds", "Age of the oldest of them.", ["peer"], ages)

    def _collaborations(self) -> Iterator[GaugeMetricFamily]:
        found = list(self._agent.dispatcher.collaborations.values())
        counts = Counter((c.state or "NEW",) for c in found)
        yield _gauge("accord_collaborations", "Collaborations in memory, by state.", ["state"], counts)
        shown = [c for c in found if self._shows(c)][-SERIES:]
        names = ["collaboration", "state"]
        states = {(c.cid, c.state or "NEW"): 1 for c in shown}
        yield _gauge("accord_collaboration_state", "1 for the state a collaboration is in.", names, states)
        rounds = {(c.cid,): c.round for c in shown}
        yield _gauge("accord_collaboration_round", "Round of training.", ["collaboration"], rounds)

    def _shows(self, collaboration: Collaboration) -> bool:
        if not collaboration.ended:
            return True
        return collaboration.cid in self._ended and time.monotonic() - self._ended[collaboration.cid] < ENDED_FOR


def _gauge(name: str, help_text: str, labels: list[str], values: Values) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, help_text, labels=labels)
    for key, value in values.items():
        gauge.add_metric(key, value)
    return gauge


def _plain(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=value)
