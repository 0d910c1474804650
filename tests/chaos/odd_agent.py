"""An agent of a run whose broker delivers oddly: ``python -m tests.chaos.odd_agent HOW CONFIG ERRAND``.

``twice``: everything is published twice. ``reordered``: records of different families overtake each other by up to a
second; each family keeps its order, as Kafka's topics do.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from accord_agents import __main__ as entry
from accord_agents.service import service
from accord_broker.factory import connect
from accord_broker.port import Broker, Delivery, Record


class Twice:
    """Publishes everything twice."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    async def publish(self, records: Sequence[Record]) -> None:
        """The records, and then all of them once more."""
        await self._broker.publish([*records, *records])


class Reordered:
    """Holds families back for a while, each in its own order."""

    def __init__(self, broker: Broker, seed: int) -> None:
        self._broker, self._rng = broker, np.random.default_rng(seed)
        self._held: dict[str, list[tuple[float, Delivery]]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    async def close(self) -> None:
        """What was held is read again: it was never committed."""
        self._held.clear()
        await self._broker.close()

    async def receive(self, limit: int, max_bytes: int, timeout: float) -> list[Delivery]:
        """What is due of what has arrived."""
        loop = asyncio.get_running_loop()
        for delivery in await self._broker.receive(limit, max_bytes, min(timeout, 0.02)):
            family = self._held.setdefault(delivery.record.family, [])
            pause = float(self._rng.choice([0.0, 0.0, 0.2, 1.0]))
            family.append((max([loop.time() + pause, *(at for at, _ in family[-1:])]), delivery))
        due: list[Delivery] = []
        for family in self._rng.permutation(sorted(self._held)):
            held = self._held[family]
            while held and held[0][0] <= loop.time() and len(due) < limit:
                due.append(held.pop(0)[1])
        return due


def main() -> int:
    """Run the agent."""
    how = sys.argv.pop(1)
    seed = sum(map(ord, sys.argv[1]))

    def odd(url: str, client: str = "", account: str = "") -> Any:
        broker = connect(url, client, account)
        return Twice(broker) if how == "twice" else Reordered(broker, seed)

    service.connect = odd  # type: ignore[attr-defined]
    return entry.main()


if __name__ == "__main__":
    sys.exit(main())
