"""A secured Kafka: a stranger gets nothing; who runs the cluster reads no payload and injects no event."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.rig import PARTIES, Rig
from tests.contract.harness import ROOM, opened
from tests.integration.command import log_lines
from tests.support.servers import Kafka, kafka, needs_kafka, password

from accord_agents.security.identity import Identity
from accord_broker.port import BrokerError, Delivery, Record
from accord_schemas.events import Cancel
from accord_schemas.frame import Frame

needs_kafka(own=True)


@pytest.fixture
def bank(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kafka]:
    """Agents log in as a user who may use the namespaces that begin with ``joint``."""
    server = kafka(secured=True)
    asyncio.run(server.allow("bank", "joint-*", "Read", "Write", "Create", "DescribeConfigs"))
    become(monkeypatch, "bank")
    before = rig.accord.env
    rig.accord.env = before | {n: os.environ[n] for n in ("ACCORD_BROKER_USER", "ACCORD_BROKER_PASSWORD")}
    yield server
    rig.accord.env = before


def become(monkeypatch: pytest.MonkeyPatch, user: str) -> None:
    monkeypatch.setenv("ACCORD_BROKER_USER", user)
    monkeypatch.setenv("ACCORD_BROKER_PASSWORD", password(user))


def test_strangers_and_operators_change_nothing(rig: Rig, bank: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    url, injected = bank.url(f"joint-{uuid.uuid4().hex}"), list[bytes]()

    def mischief(_: Path) -> None:
        become(monkeypatch, "stranger")
        with pytest.raises(BrokerError, match="denies the right 'Read'"):
            asyncio.run(meddle(url, injected))
        become(monkeypatch, "admin")
        asyncio.run(meddle(url, injected))

    home = rig.play(url, mischief, "KEYED")
    assert len(injected) > 20
    for party in PARTIES:
        refused = [line for line in log_lines(home / party) if line["event"] == "quarantined"]
        assert {
            "the signature is wrong",
            "the frame is cut short or has bytes left over",
            "the event came on another family's topic",
        } <= {line["reason"] for line in refused}
        assert json.loads((home / party / "result.json").read_bytes())["model_digest"] == rig.models


async def meddle(url: str, injected: list[bytes]) -> None:
    """Read all that is there, look into it, and put back whatever might be taken for real."""
    thief = Identity("bank", bytes(range(64)))
    async with opened(url) as broker:
        await broker.subscribe({})
        read: list[Delivery] = []
        while found := await broker.receive(500, ROOM, 0.3):
            read += found
        for delivery in read:
            record, frame = delivery.record, Frame.decode(delivery.record.frame)
            assert b"@example.org" not in record.frame
            if record.family in ("psi", "intermediates", "gradients"):
                assert frame.header.salt and frame.header.datacontenttype == "application/vnd.accord.sealed"
            resigned = dataclasses.replace(frame, signature=thief.sign(b"anything"))
            cancel = Cancel(reason="no").encode()
            header = dataclasses.replace(frame.header, type=Cancel.type)
            forged = dataclasses.replace(frame, header=header, head=header.encode(), payload=cancel)
            flipped = bytearray(record.frame)
            flipped[-1] ^= 1
            elsewhere = "results" if record.family != "results" else "control"
            injected += [resigned.encode(), forged.encode(), bytes(flipped), record.frame[:-3]]
            await broker.publish([Record(record.family, record.key, data) for data in injected[-4:]])
            await broker.publish([record, Record(elsewhere, record.key, record.frame)])
