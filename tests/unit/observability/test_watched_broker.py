"""A watched broker shows a failure at once, whatever the agent is still busy with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from accord_agents.observability.metrics import Metrics
from accord_agents.observability.watched import Watched
from accord_broker.port import BrokerError


class Failing:
    """Stands until it fails in everything."""

    history = True
    fails = False

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        async def call(*_: Any) -> Any:
            if self.fails:
                raise BrokerError("The connection was lost.", retry=True)
            return {"end": {}, "subscribe": frozenset(), "receive": []}.get(name)

        return call


@pytest.mark.parametrize("call", ["receive", "publish"])
def test_a_failure_is_shown_at_once(call: str) -> None:
    async def test() -> None:
        broker: Any = Failing()
        watched = Watched(broker, Metrics())
        await watched.open()
        await watched.subscribe({})
        await watched.receive(1, 1, 0.0)
        assert watched.connected
        broker.fails = True
        with pytest.raises(BrokerError):
            await (watched.publish([]) if call == "publish" else watched.receive(1, 1, 0.0))
        assert not watched.connected
        broker.fails = False
        await watched.close()
        await watched.open()
        await watched.subscribe({})
        assert watched.connected

    asyncio.run(test())
