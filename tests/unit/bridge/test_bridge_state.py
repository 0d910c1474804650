"""What a bridge remembers, and what it must not take for its own."""

from __future__ import annotations

import math
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from accord_broker.bridge.state import KEEP, SPREAD, Sight, State, Verdict
from accord_broker.port import Position
from accord_schemas.errors import AccordError, UsageError

A, B = 0, 1
PLACES = ("kafka://a/x", "mqtt://b/y")


class Time:
    now = 1e9

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bridge.db"


@pytest.fixture
def state(path: Path, clock: Time) -> Iterator[State]:
    made = State(path, PLACES, clock)
    yield made
    made.close()


def sight(number: int, key: str = "job", *, again: bool = False) -> Sight:
    return Sight(number.to_bytes(32, "big"), key, again)


def one(state: State, side: int, number: int) -> Verdict:
    return state.admit(side, [sight(number)])[0]


def carry(state: State, side: int, number: int) -> None:
    assert one(state, side, number) is Verdict.CARRY
    state.settle(side, [sight(number).digest], [])


def test_a_record_is_carried_away_from_its_first_sight_and_never_back(state: State, clock: Time) -> None:
    carry(state, A, 1)
    assert one(state, B, 1) is Verdict.RETURNED
    assert one(state, A, 1) is Verdict.REPEATED
    clock.now += 10 * KEEP
    assert one(state, B, 1) is Verdict.RETURNED


def test_one_batch_carries_a_record_once(state: State) -> None:
    assert state.admit(B, [sight(1), sight(2), sight(1)]) == [Verdict.CARRY, Verdict.CARRY, Verdict.REPEATED]


def test_what_a_crash_left_between_admission_and_settlement_keeps_its_direction(path: Path) -> None:
    state = State(path, PLACES)
    client = state.client
    assert one(state, A, 1) is Verdict.CARRY
    state.close()
    state = State(path, PLACES)
    assert one(state, B, 1) is Verdict.RETURNED
    carry(state, A, 1)
    state.settle(A, [], [Position("log", "id", 7, bytes(32))])
    state.close()
    state = State(path, PLACES)
    assert one(state, A, 1) is Verdict.REPEATED
    assert state.positions(A) == {"log": Position("log", "id", 7, bytes(32))}
    assert state.positions(B) == {}
    assert state.client == client != ""
    state.close()


def test_what_a_sender_says_again_is_carried_again_ever_more_rarely(state: State, clock: Time) -> None:
    carry(state, A, 1)
    first, last, carried = clock.now, clock.now, 0
    for _ in range(20_000):
        clock.now += 1.0
        if one(state, A, 1) is Verdict.CARRY:
            state.settle(A, [sight(1).digest], [])
            assert clock.now - last <= 1 + (clock.now - first) / (SPREAD - 1), "held up for too long"
            last = clock.now
            carried += 1
    assert carried <= SPREAD + math.log(20_000) / math.log(1 + 1 / SPREAD)


def test_a_clock_that_was_set_back_holds_nothing_up(state: State, clock: Time) -> None:
    carry(state, A, 1)
    clock.now -= 1e6
    assert one(state, A, 1) is Verdict.CARRY


def test_what_a_rewound_log_holds_is_carried_only_if_it_never_was(state: State, clock: Time) -> None:
    carry(state, A, 1)
    assert one(state, A, 2) is Verdict.CARRY
    clock.now += 1000.0
    verdicts = state.admit(A, [sight(n, again=True) for n in (1, 2, 3)])
    assert verdicts == [Verdict.REPEATED, Verdict.CARRY, Verdict.CARRY]


def test_only_collaborations_that_say_nothing_new_are_forgotten(state: State, clock: Time, path: Path) -> None:
    for number, key in ((1, "old"), (2, "live")):
        state.admit(A, [sight(number, key)])
        state.settle(A, [sight(number, key).digest], [])
    clock.now += KEEP - 1
    state.admit(A, [sight(3, "live")])
    clock.now += 2
    state.prune()
    assert state.admit(B, [sight(1, "old"), sight(2, "live")]) == [Verdict.CARRY, Verdict.RETURNED]
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM seen").fetchone() == (3,)
    db.close()


def test_the_state_is_private_and_held_by_one(state: State, path: Path) -> None:
    carry(state, A, 1)
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    with pytest.raises(AccordError, match="Another bridge runs") as error:
        State(path, PLACES)
    assert error.value.exit_code == 1


def test_a_state_of_other_brokers_is_refused(path: Path) -> None:
    State(path, PLACES).close()
    with pytest.raises(UsageError, match="between kafka://a/x and mqtt://b/y"):
        State(path, (PLACES[1], PLACES[0]))
    State(path, PLACES).close()


@pytest.mark.parametrize("content", [b"no database, but long enough to be none" * 30, None])
def test_a_file_that_is_something_else_is_left_as_it_is(path: Path, content: bytes | None) -> None:
    if content is None:
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE mine(x)")
        db.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="is no state of a bridge"):
        State(path, PLACES)
    assert path.read_bytes() == before


def test_a_newer_state_and_a_missing_folder_are_refused(path: Path) -> None:
    State(path, PLACES).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=9")
    db.close()
    with pytest.raises(UsageError, match="version 9"):
        State(path, PLACES)
    with pytest.raises(UsageError, match="cannot be used"):
        State(path.parent / "nowhere" / "bridge.db", PLACES)
