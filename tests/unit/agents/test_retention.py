"""An agent whose clock is wrong erases nothing that an agreement keeps, and one whose clock is right does."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.simulated import NOW, SimulatedNetwork
from tests.support.world import agreement, tables

from accord_agents.journal.credible_time import HOUR, SETTLED
from accord_agents.journal.erasure import DAY, erase, instant
from accord_agents.journal.journal import Journal
from accord_agents.journal.rows import stamp
from accord_agents.security.keystore import Keystore
from accord_agents.service.retention import LOOK, Retention
from accord_schemas.canonical import digest

END = instant(NOW) or 0.0
YEAR = 365 * DAY


class Site:
    """The folder of a party whose one collaboration has ended and is closed."""

    def __init__(self, played: Path, folder: Path) -> None:
        self.journal, self.out = Journal(Path(shutil.copy(played, folder))), folder
        self.journal._db.execute("PRAGMA synchronous=OFF")  # thousands of looks, and no power to fail
        (self.cid,) = self.journal.collaborations()
        self.journal.set_meta(f"closed/{self.cid}", NOW.encode())
        secrets = {"storage": digest(b"storage", "shop"), f"{self.cid}/seed": bytes(32)}
        self.keystore = Keystore.create(folder / "keystore", b"word", secrets)
        self.said = list[str]()

    def run(self, clock: float, seconds: float, *, doubt: bool = False, jump: float = 0.0) -> float:
        """An agent's life: its clock at the start and for how long it looks around; returns its clock at the end.

        Half-way the clock is set by `jump`.
        """
        at = 1000.0
        log: Any = SimpleNamespace(info=lambda event, **_: self.said.append(event))
        log.warning = lambda event, **fields: self.said.append(f"{event}: {fields['problem']}")
        put: Callable[[Callable[[str], object]], object] = lambda call: call(NOW)  # noqa: E731
        agent: Any = SimpleNamespace(dispatcher=SimpleNamespace(me="shop", collaborations={}), put=put)
        sealing: Any = None
        retention = Retention(
            agent, self.journal, self.keystore, self.out, sealing, lambda: False, lambda _: None, lambda: doubt, log,
            lambda: clock + at - 1000.0 + jump * (at - 1000.0 > seconds / 2),
        )  # fmt: skip
        while at <= 1000.0 + seconds:
            retention.tick(at, {})
            at += LOOK
        return clock + at - 1000.0 + jump

    @property
    def erased(self) -> bool:
        return self.journal.meta(f"erased/{self.cid}") is not None


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("network")
    SimulatedNetwork(folder, agreement(2, max_rounds=1), tables(2, n=60, columns=2)).run().close()
    return folder / "shop.db"


@pytest.fixture
def site(played: Path, tmp_path: Path) -> Iterator[Site]:
    site = Site(played, tmp_path)
    yield site
    site.journal.close()


def test_nine_seconds_with_a_clock_400_days_ahead(site: Site) -> None:
    now = site.run(END + 60, HOUR)
    site.run(now + 400 * DAY, 9)
    assert not site.erased and f"{site.cid}/seed" in site.keystore
    assert [line.split(":")[0] for line in site.said] == ["kept"], "once, and with what is in doubt"
    assert "not sure yet" in site.said[0]
    site.run(now + 60, HOUR)
    assert not site.erased


def test_a_journal_that_knows_of_no_looks_yet(site: Site) -> None:
    site.run(END + 400 * DAY, 9)
    assert not site.erased


def test_a_machine_that_was_off_for_a_year_erases_after_days_of_running(site: Site) -> None:
    now = site.run(END + 60, HOUR)
    site.run(now + YEAR, SETTLED - HOUR)
    assert not site.erased
    site.run(now + YEAR + SETTLED, 2 * HOUR + 2 * LOOK)
    assert site.erased and f"{site.cid}/seed" not in site.keystore


def test_a_clock_that_is_set_while_the_agent_runs_is_told_of(site: Site) -> None:
    site.run(END + 60, HOUR, jump=400 * DAY)
    assert "clock: the clock of this machine was set by +9600.0 hours" in site.said
    assert not site.erased


def test_a_machine_that_booted_in_1970_and_was_set_right(site: Site) -> None:
    """Its own rows say 1970; from there, 365 days are over."""
    db = site.journal._db
    db.execute("UPDATE journal SET time=? WHERE kind='event'", (stamp(1000.0),))
    site.run(1100.0, HOUR)
    now = site.run(END + 60, SETTLED + 2 * HOUR)
    assert not site.erased
    assert any("cannot have meant" in line for line in site.said)
    now = site.run(now + 300 * DAY, SETTLED + 2 * HOUR)
    assert not site.erased
    site.run(now + 66 * DAY, SETTLED + 2 * HOUR)
    assert site.erased, "and counted from when the clock was sure, it ends"


def test_peers_that_say_the_clock_is_ahead_delay_it(site: Site) -> None:
    now = site.run(END + 60, HOUR)
    now = site.run(now + 400 * DAY, 2 * SETTLED, doubt=True)
    assert not site.erased
    site.run(now, 31 * DAY, doubt=True)
    assert site.erased, "not for ever"


def test_a_copy_of_the_data_that_no_collaboration_came_to_use_goes_with_the_next_erasure(site: Site) -> None:
    """What was called off, or had too many rows, while the data were read."""
    folder = site.out / "snapshots"
    folder.mkdir()
    for name in (f"{'ab' * 32}.table", ".0123.tmp"):
        (folder / name).write_bytes(b"rows")
    erase(site.journal, site.keystore, site.out, site.cid)
    assert not list(folder.iterdir())


def test_what_is_being_written_is_not_closed(site: Site) -> None:
    """Closed, it would not be written again by an agent that died meanwhile."""
    closed, writing = list[str](), {"c1"}
    collaboration: Any = SimpleNamespace(agreement=None, ended_as=lambda *_: False)
    dispatcher = SimpleNamespace(me="shop", collaborations={"c1": collaboration})
    put: Callable[[Callable[[str], object]], object] = lambda call: call(NOW)  # noqa: E731
    agent: Any = SimpleNamespace(dispatcher=dispatcher, put=put, rest=lambda _: True, close=closed.append)
    log: Any = SimpleNamespace(info=lambda *_, **__: None, warning=lambda *_, **__: None)
    waits: Any = SimpleNamespace(waits=lambda *_: False)
    retention = Retention(
        agent, site.journal, site.keystore, site.out, waits, lambda: False, lambda _: None, lambda: False, log,
        lambda: END + 60, lambda cid: cid in writing,
    )  # fmt: skip
    retention.tick(1000.0, {"c1": 0.0})
    assert not closed
    writing.clear()
    retention.tick(1001.0, {"c1": 0.0})
    assert closed == ["c1"]
