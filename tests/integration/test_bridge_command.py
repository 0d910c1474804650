"""`accord bridge` as an operator has it: what it prints, how it ends, what it refuses."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest
from tests.contract.harness import opened, rest
from tests.integration.command import Command, wait_for
from tests.unit.bridge.bus import event

from accord_broker.port import Record

pytestmark = pytest.mark.variants


def fill(url: str, records: list[Record]) -> None:
    async def publish() -> None:
        async with opened(url) as broker:
            await broker.publish(records)

    asyncio.run(publish())


def found(url: str) -> list[Record]:
    async def read() -> list[Record]:
        async with opened(url) as broker:
            await broker.subscribe({})
            return [d.record for d in await rest(broker)]

    return asyncio.run(read())


@pytest.mark.sweep
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_told_to_stop_and_says_what_it_did(accord: Command, how: signal.Signals) -> None:
    a, b = (f"embedded:{accord.folder / name}.db" for name in ("a", "b"))
    fill(a, [event(n) for n in range(1, 6)])
    process = accord.start("bridge", a, b)
    state = accord.folder / "accord-bridge.db"
    wait_for(lambda: (accord.folder / "b.db").exists() and len(found(b)) == 5, 30, "nothing is carried")
    second = accord("bridge", a, b)
    assert second.returncode == 1
    assert f"Another bridge runs with the state {state.name}" in second.stderr
    assert process.poll() is None
    process.send_signal(how)
    assert process.wait(15) == 0
    said = accord.said()
    assert "A > B: 5 control" in said
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    (counts,) = [line for line in lines if line["event"] == "counts" and line["direction"] == "A > B"]
    assert counts["carried"] == {"control": 5}
    assert lines[-1]["event"] == "ended", "the log ends with why"
    accord.nobody_left()


def test_a_log_file_takes_the_json_lines(accord: Command) -> None:
    a, b = (f"embedded:{accord.folder / name}.db" for name in ("a", "b"))
    process = accord.start("bridge", a, b, "--log", "bridge.log", "--state", "mine.db", "--families", "control, keys")
    log = accord.folder / "bridge.log"
    wait_for(lambda: log.exists() and "connected" in log.read_text(), 30, "it does not connect")
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0
    assert accord.said() == "A > B: nothing carried\nB > A: nothing carried\n"
    assert (accord.folder / "mine.db").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["embedded:a.db", "embedded:a.db"], "A and B are both embedded:a.db"),
        (["kafka://h/s?security=ssl", "kafka://h/s"], "A and B are both kafka://h/s"),
        (["embedded:a.db", "carrier-pigeon:b"], "no known scheme"),
        (["embedded:a.db", "mqtt://user:secret@h/s"], "holds credentials"),
        (["embedded:a.db", "embedded:b.db", "--families", "control,result"], "Did you mean 'results'?"),
        (["embedded:a.db", "embedded:b.db", "--families", "quarantine"], "no family 'quarantine' is carried"),
        (["embedded:a.db", "embedded:b.db", "--state", "nowhere/s.db"], "nowhere/s.db cannot be used"),
        (["embedded:a.db", "embedded:b.db", "--log", "nowhere/l"], "nowhere/l cannot be written"),
    ],
)
def test_what_cannot_be_bridged_is_refused(accord: Command, arguments: list[str], words: str) -> None:
    done = accord("bridge", *arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
    assert not Path(accord.folder / "accord-bridge.db").exists()


def test_a_broker_that_cannot_be_used_is_named(accord: Command) -> None:
    done = accord("bridge", "embedded:a.db", "embedded:nowhere/b.db")
    assert done.returncode == 1
    assert "The folder of the log nowhere/b.db does not exist" in done.stderr
