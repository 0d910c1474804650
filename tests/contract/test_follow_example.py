"""The consumer example follows a collaboration on a real Kafka, without keys."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid
from pathlib import Path

from tests.support.servers import OUTSIDE, kafka, needs_kafka, plain_url
from tests.support.simulated import Log, SimulatedNetwork
from tests.support.world import agreement, tables

from accord_broker.factory import connect
from accord_broker.port import Record
from accord_schemas.frame import Frame

needs_kafka()
FOLLOW = Path(__file__).parents[2] / "examples" / "follow.py"
NONSENSE = b"no frame"


def played(folder: Path) -> Log:
    """A small collaboration's records."""
    terms = agreement(2, max_rounds=2)
    network = SimulatedNetwork(folder, terms, tables(2, n=60, columns=2))
    try:
        assert network.run().ended
        return network.log
    finally:
        network.close()


async def publish(url: str, log: Log) -> None:
    broker = connect(url)
    await broker.open()
    try:
        records = [Record(family, Frame.decode(frame).header.subject, frame) for family, frame in log]
        strange = [Record(family, "x", NONSENSE) for family in ("control", "results")]
        await broker.publish([*strange, *records, *records[:5]])  # agents say again what was not heard
    finally:
        await broker.close()


def test_it_follows_from_proposal_to_completion(tmp_path: Path) -> None:
    log, namespace = played(tmp_path), f"space-{uuid.uuid4().hex}"
    asyncio.run(publish(plain_url(namespace), log))
    job = Frame.decode(log[0][1]).header.subject
    servers = OUTSIDE or kafka().host
    done = subprocess.run(
        [sys.executable, str(FOLLOW), servers, namespace, job], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    for words in (
        "bank proposes 'test'",
        "shop accepts",
        "shop is TRAINING",
        "bank is CONVERGED, round 2",
        "shop completes: ",
    ):
        assert done.stdout.count(words) == 1, done.stdout
    for party in ("bank", "shop"):
        assert f"{party} is COMPLETED" in done.stdout


def test_it_says_how_to_call_it() -> None:
    done = subprocess.run([sys.executable, str(FOLLOW)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("usage: ")
