"""The readers beside this file, each held against what really stands on a log; not part of CI.

    python -m examples.readers.job [DIR] [--only go]

Puts the events of a run on a Kafka (DIR/broker.db of an `accord run` on the embedded log; else a small one is played),
has each reader read them, and compares every attribute and the digest of every value. Run it in the folder of the
repository, with the tests' dependencies; it takes Java and Maven, Node and npm, and Go. `ACCORD_TEST_KAFKA=HOST:PORT`
names a Kafka that runs; else one is started.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import shlex
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

from tests.support.servers import OUTSIDE, kafka, plain_url
from tests.support.simulated import SimulatedNetwork
from tests.support.world import agreement, tables

from accord_broker.factory import connect, watch
from accord_broker.port import Position, Record
from accord_schemas.frame import Frame

HERE = Path(__file__).parent
READERS = {
    "javascript": ["npm install -s --ignore-scripts --no-audit --no-fund --no-package-lock", "node read.mjs {} {}"],
    "go": ["go run . {} {}"],
    "java": ["mvn -q -B compile exec:java '-Dexec.args={} {}'"],
}
"""The commands of each, which its README has, too."""
CORE = ("id", "source", "type", "subject", "datacontenttype")
OWN = {"partitionkey", "kafkaoffset", "kafkapartition", "kafkatopic"}
"""Extensions that SDKs add to an event: the record's key (JavaScript), and where it stood (Go)."""


def played() -> list[Record]:
    """A small collaboration's records."""
    with tempfile.TemporaryDirectory() as folder:
        network = SimulatedNetwork(Path(folder), agreement(2, max_rounds=2), tables(2, n=60, columns=2)).run()
        try:
            return [Record(family, Frame.decode(frame).header.subject, frame) for family, frame in network.log]
        finally:
            network.close()


async def recorded(log: Path) -> list[Record]:
    """What an embedded log holds."""
    source, at, found = watch(f"embedded:{log}"), dict[str, Position](), list[Record]()
    await source.open()
    try:
        await source.subscribe(at)
        end = await source.end()
        while not all(name in at and at[name].offset >= last for name, last in end.items()):
            for delivery in await source.receive(256, 1 << 24, 0.5):
                at[delivery.position.source] = delivery.position
                found.append(delivery.record)
    finally:
        await source.close()
    return found


async def publish(url: str, records: list[Record]) -> None:
    """Put them on a Kafka."""
    broker = connect(url)
    await broker.open()
    try:
        await broker.publish(records)
    finally:
        await broker.close()


def wanted(record: Record) -> dict[str, Any]:
    """What a reader is to print about a record."""
    frame = Frame.decode(record.frame)
    attributes = frame.header.attributes()
    signature = base64.urlsafe_b64encode(frame.signature).decode().rstrip("=")
    extensions = {n: v for n, v in attributes.items() if n not in (*CORE, "specversion", "time")}
    data = {"bytes": len(frame.payload), "sha256": hashlib.sha256(frame.payload).hexdigest()}
    return {name: attributes[name] for name in CORE} | {"extensions": extensions | {"signature": signature}} | data


def read(name: str, namespace: str) -> list[dict[str, Any]]:
    """What a reader prints.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    servers = OUTSIDE or kafka().host
    *before, last = READERS[name]
    for command in before:
        subprocess.run(shlex.split(command), cwd=HERE / name, check=True)
    reading = shlex.split(last.format(servers, namespace))
    done = subprocess.run(reading, cwd=HERE / name, check=True, stdout=subprocess.PIPE, text=True)
    lines = (line[line.find("{") :] for line in done.stdout.splitlines() if "{" in line)  # Maven resets colours first
    return [json.loads(line) for line in lines]


def compared(records: list[Record], lines: list[dict[str, Any]]) -> str:
    """The first difference; empty where a reader has read everything as it is."""
    got = [line | {"extensions": {n: v for n, v in line["extensions"].items() if n not in OWN}} for line in lines]
    want, got = (sorted(some, key=lambda e: json.dumps(e, sort_keys=True)) for some in (map(wanted, records), got))
    if len(want) != len(got):
        return f"{len(got)} events of {len(want)}"
    return next((f"{g} instead of {w}" for w, g in zip(want, got, strict=True) if w != g), "")


def main() -> int:
    """Have each read."""
    options = argparse.ArgumentParser(description="Have the readers of other languages read a run.")
    options.add_argument("folder", nargs="?", type=Path, help="of an `accord run` on the embedded log")
    options.add_argument("--only", choices=READERS, help="this reader alone")
    asked = options.parse_args()
    records = asyncio.run(recorded(asked.folder / "broker.db")) if asked.folder else played()
    namespace, wrong = f"readers-{uuid.uuid4().hex}", 0
    asyncio.run(publish(plain_url(namespace), records))
    for name in [asked.only] if asked.only else READERS:
        try:
            problem = compared(records, read(name, namespace))
        except subprocess.CalledProcessError as error:
            problem = f"{error.cmd} ended with {error.returncode}"
        wrong |= bool(problem)
        print(f"{name}: {problem or f'{len(records)} events, each as it was said'}", flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
