"""What an agent holds of notes against its policy: beside its loop, before anything follows from a note."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.support.world import agreement
from tests.unit.agents.test_two_agents import Party, play

from accord_agents.config.policy import Policy
from accord_agents.intake.table import Report, Table
from accord_agents.service.row_watch import RowWatch
from accord_broker.embedded import EmbeddedBroker

IDS = tuple(f"user-{i}" for i in range(200))
ROWS = Table(IDS, ("a",), np.zeros((200, 1)), None, Report(200, 0, 0))
NOTE = {"rows": np.arange(200), "widths": {"bank": 1, "shop": 1}}
OFF = Policy(refuse_reruns=False, max_scores_per_row=None)


class Watched:
    """A `RowWatch` with what it says."""

    def __init__(self, folder: Path, policy: Policy, *, for_good: bool, table: Any = lambda _: ROWS) -> None:
        self.said: list[tuple[str, str, dict[str, Any]]] = []
        keystore: Any = SimpleNamespace(memory=folder / "memory", get=lambda _: bytes(32))
        config: Any = SimpleNamespace(party="shop", policy=policy)
        log = SimpleNamespace(warning=lambda *_, **fields: None)
        self.watch = RowWatch(config, keystore, table, log, lambda *of: self.said.append(of), for_good=for_good)

    async def look(self, cid: str, note: Mapping[str, Any] = NOTE) -> list[str]:
        self.said.clear()
        found: Any = SimpleNamespace(cid=cid, me="shop", agreement=agreement(2))
        await self.watch.look(found, note)
        return [fields["reason"] for _, _, fields in self.said]


def test_rows_are_gone_through_beside_the_loop(tmp_path: Path) -> None:
    goes_on = threading.Event()

    def table(_: Any) -> Table:
        assert goes_on.wait(30), "the loop stands still"
        return ROWS

    async def both() -> None:
        looking = asyncio.create_task(Watched(tmp_path, Policy(), for_good=True, table=table).look("1"))
        await asyncio.sleep(0)
        goes_on.set()
        assert await looking == []

    asyncio.run(both())


@pytest.mark.parametrize(
    ("policy", "for_good", "goes"),
    [
        (OFF, False, False),
        (OFF, True, True),
        (Policy(refuse_reruns=False), False, True),
        (Policy(max_scores_per_row=None), False, True),
    ],
)
def test_no_row_is_looked_at_where_nobody_will_ask(tmp_path: Path, policy: Policy, for_good: bool, goes: bool) -> None:
    """`accord run` switches both rules off, and its folder is for one run; another may be told otherwise."""
    asked: list[Any] = []

    def table(of: Any) -> Table:
        asked.append(of)
        return ROWS

    watched = Watched(tmp_path, policy, for_good=for_good, table=table)
    assert asyncio.run(watched.look("1")) == []
    assert bool(asked) == goes == (tmp_path / "memory").exists()
    few = {"train_rows": policy.min_rows - 1}
    assert asyncio.run(watched.look("2", few)) == ["shop: policy: there are too few TRAIN rows"]


def test_what_was_trained_on_while_nothing_was_refused_is_known_later(tmp_path: Path) -> None:
    assert asyncio.run(Watched(tmp_path, OFF, for_good=True).look("1")) == []
    fewer = NOTE | {"rows": np.arange(190)}
    (reason,) = asyncio.run(Watched(tmp_path, Policy(max_scores_per_row=None), for_good=True).look("2", fewer))
    assert "nearly those of an earlier training" in reason


def test_nothing_follows_from_a_note_before_it_was_looked_at(tmp_path: Path) -> None:
    """The other party goes on meanwhile; what it says waits, and so do the jobs that the note came with."""
    bank, shop = (Party(me, tmp_path, EmbeddedBroker(tmp_path / "log.db")) for me in ("bank", "shop"))
    under_way, looked = [False], [0]

    async def look(_collaboration: Any, _note: Mapping[str, Any]) -> None:
        under_way[0] = True
        await asyncio.sleep(0.05)
        under_way[0], looked[0] = False, looked[0] + 1

    def quiet(call: Any) -> Any:
        def called(*of: Any) -> Any:
            assert not under_way[0]
            return call(*of)

        return called

    hooks, dispatcher = shop.agent.hooks, shop.member.dispatcher
    hooks.noted, hooks.job, hooks.outcome, hooks.tick = look, *map(quiet, (hooks.job, hooks.outcome, hooks.tick))
    dispatcher.deliver = quiet(dispatcher.deliver)  # type: ignore[method-assign]
    play(bank, shop)
    assert looked[0] > 0 and (bank.state(), shop.state()) == ("COMPLETED", "COMPLETED")
