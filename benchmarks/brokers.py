"""Events between two processes over each broker: ``python -m benchmarks.brokers [--events 3000] [--mib 100] [--json]``.

An event is made as an agent makes it (usual size of payload, header, Ed25519 signature), journaled durably, published,
received, decoded, its signature verified, and journaled durably with the reader's position; only then has it arrived.
``bare`` is the broker alone: the same records, neither signed nor verified nor journaled. ``ACCORD_TEST_KAFKA`` and
``ACCORD_TEST_MQTT`` (HOST:PORT) name servers to use; without them the benchmark starts its own.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from tests.contract import mosquitto
from tests.support import servers

from accord_agents.collaboration.status import outgoing
from accord_agents.journal.journal import Journal
from accord_agents.journal.rows import Batch, Row, stamp
from accord_agents.loop.outbox import record
from accord_agents.security.identity import Identity, PublicIdentity
from accord_agents.security.storage import StorageCipher
from accord_broker.factory import connect
from accord_broker.port import Broker, Delivery
from accord_schemas.events import Scores
from accord_schemas.frame import Frame
from accord_schemas.header import Header, content_type, event_id

SECRET, JOB = bytes(range(64)), "ab" * 16
CIPHER = StorageCipher(bytes(32))
SMALL, CHUNK = 1024, 512 << 10
PACED = 300
WINDOW = 16


@dataclass(frozen=True, slots=True)
class Figures:
    """What one broker did: seconds for one event, events and MiB per second."""

    broker: str
    p50: float
    p99: float
    events: float
    mib: float


def event(number: int, size: int, sign: Identity) -> Frame:
    """A encrypted-looking event that says when it was made."""
    payload = time.monotonic_ns().to_bytes(8, "big") + bytes(size - 8)
    header = Header(
        type=Scores.type, source="bank", subject=JOB, time=stamp(), agreement="00" * 32,
        payloadhash=hashlib.sha256(payload).hexdigest(), watermarks="", datacontenttype=content_type(Scores),
        id=event_id(JOB, str(number), ""), eventnumber=str(number), previoushash="00" * 32, instance="train",
        step=f"scores.{number}", recipients="shop", salt="00" * 32, epoch="1",
    )  # fmt: skip
    return Frame.make(header, payload, sign.sign)


class Sender:
    """Makes, journals and publishes."""

    def __init__(self, broker: Broker, folder: Path, bare: bool) -> None:
        self._broker, self._bare, self._number = broker, bare, 0
        self._journal, self._identity = Journal(folder / "sender.db"), Identity("bank", SECRET)

    async def say(self, count: int, size: int) -> None:
        """Say so many events at once."""
        frames = []
        for _ in range(count):
            self._number += 1
            frames.append(event(self._number, size, self._identity))
        out = [outgoing(frame, CIPHER) for frame in frames]
        if not self._bare:
            await asyncio.to_thread(self._journal.commit, Batch(outgoing=out))
        await self._broker.publish([record(o) for o in out])


def listen(url: str, folder: Path, bare: bool, counts: list[int], pipe: Connection) -> None:
    """The receiving process: tells, per count of events, each one's latency."""
    asyncio.run(_listen(url, folder, bare, counts, pipe))


async def _listen(url: str, folder: Path, bare: bool, counts: list[int], pipe: Connection) -> None:
    broker, journal = connect(url, uuid.uuid4().hex), Journal(folder / "receiver.db")
    public = Identity("bank", SECRET).public
    await broker.open()
    await broker.subscribe({})
    pipe.send("ready")
    for count in counts:
        latencies: list[float] = []
        while len(latencies) < count:
            deliveries = await broker.receive(64, 8 << 20, 1.0)
            if bare:
                frames = [Frame.decode(d.record.frame) for d in deliveries]
            else:
                frames = await _take(deliveries, journal, public)
            await broker.committed(deliveries)
            now = time.monotonic_ns()
            latencies += [(now - int.from_bytes(frame.payload[:8], "big")) / 1e9 for frame in frames]
        pipe.send(latencies)
    await broker.close()


async def _take(deliveries: list[Delivery], journal: Journal, public: PublicIdentity) -> list[Frame]:
    frames = [Frame.decode(d.record.frame) for d in deliveries]
    for frame in frames:
        public.authenticate(frame)
    rows = [Row(JOB, "event", frame.bare(), frame.payload, stamp()) for frame in frames]
    positions = list({d.position.source: d.position for d in deliveries}.values())
    await asyncio.to_thread(journal.commit, Batch(rows=rows, positions=positions))
    return frames


async def measure(name: str, url: str, events: int, mib: int, *, bare: bool) -> Figures:
    """Play against one broker."""
    chunks = max(1, mib * 1024 * 1024 // CHUNK)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        args = (url, folder, bare, [PACED, events, chunks], theirs)
        process = context.Process(target=listen, args=args, daemon=True)
        process.start()
        assert await asyncio.to_thread(ours.recv) == "ready"
        broker = connect(url, uuid.uuid4().hex)
        await broker.open()
        sender = Sender(broker, folder, bare)
        for _ in range(PACED):
            await sender.say(1, SMALL)
            await asyncio.sleep(0.004)
        paced: list[float] = await asyncio.to_thread(ours.recv)
        rates = []
        for count, size in ((events, SMALL), (chunks, CHUNK)):
            start = time.monotonic()
            for at in range(0, count, WINDOW):
                await sender.say(min(WINDOW, count - at), size)
            await asyncio.to_thread(ours.recv)
            rates.append(count / (time.monotonic() - start))
        await broker.close()
        process.join()
    cuts = statistics.quantiles(paced, n=100)
    return Figures(name, statistics.median(paced), cuts[98], rates[0], rates[1] * CHUNK / (1 << 20))


@contextmanager
def brokers(home: Path) -> Iterator[dict[str, str]]:
    """A URL per broker that can be had here."""
    space = uuid.uuid4().hex
    urls = {"embedded": f"embedded:{home / 'log.db'}"}
    with ExitStack() as stack:
        if servers.OUTSIDE:
            urls["kafka"] = f"kafka://{servers.OUTSIDE}/{space}"
        elif not servers.MISSING:
            kafka = servers.Kafka(home / "kafka")
            kafka.start()
            stack.callback(kafka.stop)
            urls["kafka"] = kafka.url(space)
        if mosquitto.OUTSIDE:
            urls["mqtt"] = f"mqtt://{mosquitto.OUTSIDE}/{space}"
        elif mosquitto.BINARY:
            urls["mqtt"] = stack.enter_context(mosquitto.Mosquitto(home / "mosquitto")).url(space)
        yield urls


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.brokers", description=__doc__)
    parser.add_argument("--events", type=int, default=3000)
    parser.add_argument("--mib", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as home, brokers(Path(home)) as urls:
        for name, url in urls.items():
            for bare in (True, False):
                label, place = (f"{name}, bare", f"{url}-bare") if bare else (name, url)
                rows.append(asyncio.run(measure(label, place, options.events, options.mib, bare=bare)))
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    print(f"{'':18}{'p50':>10}{'p99':>10}{'events/s':>12}{'MiB/s':>9}   signed and journaled against bare")
    for bare_row, row in zip(rows[::2], rows[1::2], strict=True):
        for r in (bare_row, row):
            ratio = (
                "" if r is bare_row else f"   p50 x{r.p50 / bare_row.p50:.1f}, events x{r.events / bare_row.events:.2f}"
            )
            print(f"{r.broker:18}{1e3 * r.p50:7.2f} ms{1e3 * r.p99:7.2f} ms{r.events:12,.0f}{r.mib:9.0f}{ratio}")


if __name__ == "__main__":
    main()
