"""The deadline counts the silence of peers, and only while they could have been heard."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from accord_agents.service import Service


class Clock:
    """A loop's time."""

    now = 1000.0

    def time(self) -> float:
        return self.now


def served(said: list[tuple[str, str]]) -> Any:
    limits = SimpleNamespace(deadline_seconds=60)
    waiting = SimpleNamespace(ended=False, agreement=SimpleNamespace(limits=limits), silent=lambda: ["shop"])
    return SimpleNamespace(
        memory=SimpleNamespace(sample=lambda _: None),
        executor=SimpleNamespace(processes=list),
        agent=SimpleNamespace(desk=SimpleNamespace(collaborations={"c": waiting})),
        journal=SimpleNamespace(requests=list),
        errand="of a run",
        _quiet={},
        _ticked=0.0,
        _say=lambda cid, verb, _fields: said.append((cid, verb)),
    )


def test_a_broker_that_was_away_is_no_peer_s_silence(monkeypatch: Any) -> None:
    clock, said = Clock(), list[tuple[str, str]]()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: clock)
    service = served(said)

    def ticking(seconds: int) -> None:
        for _ in range(seconds):
            clock.now += 1
            Service._tick(service)

    ticking(40)
    clock.now += 3600
    ticking(18)
    assert said == [], "not a minute of silence, and an hour in which nobody could be heard"
    ticking(6)
    assert said == [("c", "expired")]
