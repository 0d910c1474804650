"""Readers are woken by datagrams, and do without."""

import asyncio
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from accord_broker.embedded import EmbeddedBroker
from accord_broker.embedded import broker as module
from accord_broker.embedded.wake import Wake
from accord_broker.port import BrokerError, Record

RECORD = Record("control", "job", b"hello")
ID = "0123456789abcdef" * 2


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    shutil.rmtree(folder)


def sockets(temporary: Path) -> list[str]:
    folder = temporary / f"accord-{os.getuid()}"
    return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []


async def exchange(file: Path) -> list[Record]:
    """One reader waits, then another broker publishes."""
    reader, writer = EmbeddedBroker(file), EmbeddedBroker(file)
    await reader.open()
    await writer.open()
    await reader.subscribe({})
    waiting = asyncio.create_task(reader.receive(10, 1000, 20.0))
    await asyncio.sleep(0.1)
    await writer.publish([RECORD])
    found = await waiting
    await writer.close()
    await reader.close()
    return [d.record for d in found]


def test_a_waiting_reader_is_woken(temporary: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with asyncio.timeout(10):  # without a wake-up it would look again after an hour
            assert await exchange(file) == [RECORD]

    monkeypatch.setattr(module, "POLL", 3600)
    asyncio.run(test())
    assert sockets(temporary) == []


def test_own_records_wake_too(temporary: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        broker = EmbeddedBroker(file)
        await broker.open()
        await broker.subscribe({})
        async with asyncio.timeout(10):
            waiting = asyncio.create_task(broker.receive(10, 1000, 20.0))
            await asyncio.sleep(0.05)
            await broker.publish([RECORD])
            assert len(await waiting) == 1
        await broker.close()

    monkeypatch.setattr(module, "POLL", 3600)
    asyncio.run(test())


@pytest.mark.parametrize("trouble", ["long path", "a file", "open to others", "no folder"])
def test_readers_look_for_themselves_where_sockets_cannot_be(
    temporary: Path, file: Path, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = temporary / f"accord-{os.getuid()}"
    if trouble == "long path":
        long = temporary / ("x" * 90)
        long.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(long))
    elif trouble == "a file":
        folder.write_text("")
    elif trouble == "open to others":
        folder.mkdir()
        folder.chmod(0o777)
    else:
        monkeypatch.setattr(tempfile, "tempdir", str(temporary / "gone"))
    assert asyncio.run(exchange(file)) == [RECORD]
    assert trouble == "a file" or sockets(temporary) == []


def test_sockets_of_dead_processes_are_removed(temporary: Path) -> None:
    async def test() -> None:
        first = Wake(ID, lambda: None)
        first._loop.remove_reader(first._socket)
        first._socket.close()  # as the kernel does for a killed process; the file stays
        assert len(sockets(temporary)) == 1
        stranger = Wake("f" * 32, lambda: None)
        assert sockets(temporary) == [stranger._path.name]
        stranger.close()

    asyncio.run(test())


def test_a_reader_that_does_not_listen_holds_nobody_up(temporary: Path) -> None:
    async def test() -> None:
        rung = asyncio.Event()
        deaf, ringer, other = Wake(ID, lambda: None), Wake(ID, lambda: None), Wake("f" * 32, rung.set)
        await asyncio.sleep(0.01)
        rung.clear()
        for _ in range(3000):
            ringer.ring()
        await asyncio.sleep(0.01)
        assert not rung.is_set()  # another log's
        for wake in (deaf, ringer, other):
            wake.close()
            wake.close()
        ringer.ring()
        assert sockets(temporary) == []

    asyncio.run(test())


def test_calls_out_of_order_say_so(file: Path) -> None:
    async def test() -> None:
        broker = EmbeddedBroker(file)
        with pytest.raises(RuntimeError, match="not open"):
            await broker.publish([RECORD])
        await broker.open()
        with pytest.raises(RuntimeError, match="subscribe"):
            await broker.receive(1, 1, 0)
        await broker.close()

    asyncio.run(test())


def test_a_failed_open_leaves_nothing_behind(tmp_path: Path) -> None:
    async def test() -> None:
        broker = EmbeddedBroker(tmp_path / "missing" / "log.db")
        for _ in range(3):
            with pytest.raises(BrokerError):
                await broker.open()
        await broker.close()
        (tmp_path / "text").write_text("no log\n" * 1000)
        with pytest.raises(BrokerError):
            await EmbeddedBroker(tmp_path / "text").open()
        assert [t for t in threading.enumerate() if t.name.startswith("accord-log")] == []

    before = psutil.Process().num_fds()
    asyncio.run(test())
    assert psutil.Process().num_fds() == before
