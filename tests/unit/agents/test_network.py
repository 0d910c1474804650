"""Desks and journals of all parties: any order, duplicates, a lossy log, every death, an old backup put back."""

from __future__ import annotations

import itertools
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.real import every
from tests.support.simulated import KilledError, SimulatedNetwork
from tests.support.world import Rows, agreement, tables

from accord_schemas.agreement import Agreement
from accord_schemas.errors import TamperError

pytestmark = pytest.mark.variants

DATA = tables(3, n=120, columns=2)


def terms() -> Agreement:
    return agreement(3, gate=0.95, max_rounds=3)


@contextmanager
def network(folder: Path, data: dict[str, Rows] = DATA, **options: object) -> Iterator[SimulatedNetwork]:
    folder.mkdir(exist_ok=True)
    built = SimulatedNetwork(folder, terms(), data, **options)  # type: ignore[arg-type]
    try:
        yield built
    finally:
        built.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    with network(tmp_path_factory.mktemp("base")) as s:
        assert s.run().ended
        assert {c.state for h in s.members.values() for c in h.dispatcher.collaborations.values()} == {"COMPLETED"}
        models = s.models()
        assert all(model and digests for model, digests in models.values())
        return models


def one_version(s: SimulatedNetwork) -> None:
    """Nothing was said twice, and all have signed the log up to the end that they reached."""
    assert all(len(versions) == 1 for versions in s.said().values())
    assert all(c.witnessed for h in s.members.values() for c in h.dispatcher.collaborations.values())


@pytest.mark.parametrize("order", range(1, 6))
def test_any_order_with_duplicates_gives_the_same_models(tmp_path: Path, order: int, undisturbed: object) -> None:
    with network(tmp_path, order=order) as s:
        s.run()
        assert s.models() == undisturbed
        one_version(s)


def test_a_log_that_loses_a_fifth_of_what_it_acknowledged(tmp_path: Path, undisturbed: object) -> None:
    with network(tmp_path, order=7, lose=0.2) as s:
        s.run(quiet=60)
        assert s.models() == undisturbed
        one_version(s)


def points(folder: Path) -> dict[str, int]:
    counted = dict.fromkeys(DATA, 0)

    def count(party: str, _: str) -> None:
        counted[party] += 1

    with network(folder, point=count) as s:
        s.run()
    return counted


def dies_at(victim: str, number: int) -> Callable[[str, str], None]:
    passed = itertools.count(1)

    def point(party: str, _: str) -> None:
        if party == victim and next(passed) == number:
            raise KilledError

    return point


@pytest.mark.sweep
def test_every_party_may_die_anywhere(tmp_path: Path, undisturbed: object) -> None:
    """Before and after commits and publishes; sampled evenly over the kinds, every party in turn."""
    total = points(tmp_path / "count")
    for party, count in total.items():
        assert count > 60
        for number in range(1, count + 1, every(4) * max(1, count // 14)):
            folder = tmp_path / f"{party}-{number}"
            with network(folder, point=dies_at(party, number)) as s:
                s.run()
                assert s.models() == undisturbed, (party, number)
                one_version(s)


@pytest.mark.sweep
def test_everybody_dies_now_and_then(tmp_path: Path, undisturbed: object) -> None:
    chance = random.Random(5)

    def point(_party: str, _where: str) -> None:
        if chance.random() < 0.03:
            raise KilledError

    with network(tmp_path / "often") as s:
        for member in s.members.values():
            member.point = lambda where, p=member.name: point(p, where)  # type: ignore[misc]
        s.run()
        assert s.models() == undisturbed
        one_version(s)


@pytest.mark.parametrize(("party", "commits"), [("shop", 25), ("bank", 1), ("bank", 20), ("bank", 45), ("bank", 70)])
def test_an_old_journal_put_back_adopts_what_it_said(
    tmp_path: Path, undisturbed: object, party: str, commits: int
) -> None:
    backup = tmp_path / "backup.db"
    with network(tmp_path) as s:
        member, seen = s.members[party], itertools.count(1)

        def copy(where: str) -> None:
            if where == "after commit" and next(seen) == commits:
                with sqlite3.connect(tmp_path / f"{party}.db") as db:
                    db.execute("VACUUM INTO ?", (str(backup),))
                db.close()

        member.point = copy
        s.run()
        member.point = lambda _: None
        before = s.said()
        member.journal.close()
        for path in tmp_path.glob(f"{party}.db*"):
            path.unlink()
        backup.rename(tmp_path / f"{party}.db")
        member.start()
        s.run()
        assert s.models() == undisturbed
        one_version(s)
        assert s.said().keys() == before.keys(), "nothing new was said"


def test_an_unknown_own_event_stops_the_agent(tmp_path: Path) -> None:
    with network(tmp_path) as s:
        s.run()
        shop = s.members["shop"]
        family, last = next((f, d) for f, d in reversed(s.log) if b'"source":"shop"' in d and b'"eventnumber"' in d)
        shop.journal.close()
        for path in tmp_path.glob("shop.db*"):
            path.unlink()
        shop.log = []  # a log that does not hold it yet
        shop.start()
        shop.log = s.log
        first = next(i for i, (_, d) in enumerate(s.log) if b"control.propose" in d)
        shop.deliver(first)
        with pytest.raises(TamperError, match="not the one in the journal"):
            shop.take(lambda: shop.dispatcher.deliver(family, last, "2026-01-01T00:00:00.000Z"))
