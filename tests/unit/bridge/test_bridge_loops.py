"""However bridges are placed, and however late an echo comes, what they publish has an end."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.unit.bridge.bus import Bus, Clock, Line, acknowledgement, event, running, still, until

pytestmark = pytest.mark.variants

SAID = [event(n) for n in range(1, 40)] + [acknowledgement(n) for n in range(10)]


def test_two_bridges_side_by_side(tmp_path: Path) -> None:
    async def test() -> None:
        a, b = Bus(), Bus()
        async with AsyncExitStack() as stack:
            for n in (1, 2):
                await stack.enter_async_context(running(tmp_path / f"{n}.db", Line(a), Line(b)))
            a.records += SAID
            await until(lambda: all(r in b.records for r in SAID))
            await still(a, b)
        assert all(a.count(r) <= 2 and b.count(r) <= 2 for r in SAID)

    asyncio.run(test())


@pytest.mark.parametrize("step", [0.0, 5.0])
def test_two_bridges_of_which_each_sees_the_other_first(tmp_path: Path, step: float) -> None:
    """One is late where the records were born, and takes the other's copies for the originals."""

    async def test() -> None:
        a, b = Bus(), Bus()
        async with AsyncExitStack() as stack:
            late = Line(a, held=lambda: len(b.records) < len(SAID))
            for n, line in enumerate((Line(a), late)):
                work = running(tmp_path / f"{n}.db", line, Line(b), Clock(step))
                await stack.enter_async_context(work)
            a.records += SAID
            await until(lambda: all(r in b.records for r in SAID))
            await still(a, b)
        assert all(bus.count(r) <= (2 if step == 0.0 else 25) for bus in (a, b) for r in SAID)

    asyncio.run(test())


@pytest.mark.parametrize(("step", "most"), [(0.0, 2), (0.1, 30), (7.0, 30), (1000.0, 30)])
def test_a_ring_of_three(tmp_path: Path, step: float, most: int) -> None:
    """The last bridge sees everything first where it came round to: without an end it would run for ever."""

    async def test() -> None:
        a, b, c = buses = Bus(), Bus(), Bus()
        clock = Clock(step)
        async with AsyncExitStack() as stack:
            late = Line(a, held=lambda: len(c.records) < len(SAID))
            for n, lines in enumerate(((Line(a), Line(b)), (Line(b), Line(c)), (Line(c), late))):
                await stack.enter_async_context(running(tmp_path / f"{n}.db", *lines, clock))
            a.records += SAID
            await until(lambda: all(r in c.records for r in SAID))
            await still(*buses)
        assert all(r in bus.records for bus in buses for r in SAID)
        assert max(bus.count(r) for bus in buses for r in SAID) <= most
        assert max(a.count(r) for r in SAID) > 1, "nothing came round; the test shows nothing"

    asyncio.run(test())


def test_started_again_nothing_begins_anew(tmp_path: Path) -> None:
    async def test() -> None:
        a, b = Bus(), Bus(history=False)
        a.records += SAID
        for _ in range(4):
            async with running(tmp_path / "state.db", Line(a), Line(b), Clock(100.0)):
                await until(lambda: len(b.records) >= len(SAID))
                await still(a, b)
        assert b.records == SAID
        assert a.records == SAID

    asyncio.run(test())
