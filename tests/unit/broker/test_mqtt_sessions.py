"""What only MQTT has: sessions that outlive a connection, acknowledgements, rights, and strangers' messages."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from tests.contract.mosquitto import BINARY, Mosquitto, needs_mosquitto
from tests.support.servers import certificates
from tests.unit.schemas.strategies import frame

from accord_broker.factory import connect
from accord_broker.mqtt import broker, connection, errors, parse
from accord_broker.port import Broker, BrokerError, Delivery, Record, TooLargeError
from accord_schemas.errors import FrameError
from accord_schemas.events import Accept
from accord_schemas.frame import Frame

needs_mosquitto(own=True)
ROOM = 8 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("sessions") / "mosquitto") as mosquitto:
        yield mosquitto


@pytest.fixture
def url(server: Mosquitto) -> str:
    return server.url(f"space-{uuid.uuid4().hex}")


@asynccontextmanager
async def reading(url: str, client: str = "") -> AsyncIterator[Broker]:
    reader = connect(url, client)
    await reader.open()
    try:
        await reader.subscribe({})
        yield reader
    finally:
        await reader.close()


async def take(reader: Broker, count: int) -> list[Delivery]:
    """That many records, unacknowledged."""
    found: list[Delivery] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            found += await reader.receive(count - len(found), ROOM, 1.0)
    return found


def numbers(deliveries: list[Delivery]) -> list[int]:
    return [int(d.record.frame) for d in deliveries]


def record(number: int, family: str = "psi") -> Record:
    return Record(family, "job", str(number).encode())


def test_what_was_not_stored_comes_again(url: str) -> None:
    async def test() -> None:
        async with reading(url, "bank") as reader:
            await reader.publish([record(n) for n in range(6)])
            got = await take(reader, 6)
            await reader.committed(got[:4])
        async with reading(url) as stranger:
            await stranger.publish([record(6)])  # while nobody is there
        async with reading(url, "bank") as reader:
            await reader.committed(got)  # of the last connection: acknowledges nothing on this one
            again = await take(reader, 3)
            assert numbers(again) == [4, 5, 6]
            assert await reader.receive(9, ROOM, 0.1) == []
            assert again[0].position.log != got[0].position.log
        await reader.committed(again)  # harmless when not open

    asyncio.run(test())


def test_a_flood_waits_at_the_server(url: str) -> None:
    async def test() -> None:
        async with reading(url) as reader, reading(url) as writer:
            flood = asyncio.create_task(writer.publish([record(n) for n in range(500)]))
            await flood
            waiting = await take(reader, connection.WINDOW)
            assert await reader.receive(999, ROOM, 0.2) == []
            await reader.committed(waiting)
            found = numbers(waiting)
            while len(found) < 500:
                more = await take(reader, 1)
                await reader.committed(more)
                found += numbers(more)
            assert found == list(range(500))

    asyncio.run(test())


def test_a_server_that_is_set_as_told_complains_of_no_client(tmp_path: Path) -> None:
    async def test(url: str) -> None:
        async with reading(url) as reader:
            await reader.publish([record(n) for n in range(20)])
            await reader.committed(await take(reader, 20))

    with Mosquitto(tmp_path / "mosquitto") as mosquitto:
        asyncio.run(test(mosquitto.url("space")))
        mosquitto.stop()
        assert not [line for line in mosquitto.log.read_text().splitlines() if "Client" in line and "exceeded" in line]


def test_a_killed_server_is_a_reason_to_come_again(tmp_path: Path) -> None:
    async def test(mosquitto: Mosquitto) -> None:
        async with reading(mosquitto.url("space"), "bank") as reader:
            await reader.publish([record(0)])
            await reader.committed(await take(reader, 1))
            waiting = asyncio.create_task(reader.receive(1, ROOM, 30.0))
            await asyncio.sleep(0.05)
            mosquitto.stop(signal.SIGKILL)
            with pytest.raises(BrokerError, match="lost") as caught:
                await waiting
            assert caught.value.retry
            with pytest.raises(BrokerError) as caught:
                await reader.publish([record(1)])
            assert caught.value.retry
            await reader.close()
            with pytest.raises(BrokerError, match=r"127\.0\.0\.1:.*refused") as caught:
                await reader.open()
            assert caught.value.retry
            mosquitto.start()
            await reader.open()
            await reader.subscribe({})
            await reader.publish([record(2)])
            assert numbers(await take(reader, 1)) == [2]

    with Mosquitto(tmp_path / "mosquitto") as mosquitto:
        asyncio.run(test(mosquitto))


def test_a_second_agent_of_that_name_takes_the_session(url: str) -> None:
    """Mosquitto says why from 2.1 on, and a server that does ends the agent."""

    async def test() -> None:
        async with reading(url, "bank") as first, reading(url, "bank"):
            with pytest.raises(BrokerError, match=r"was lost|taken over\. Another agent") as caught:
                await first.receive(1, ROOM, 10.0)
            assert caught.value.retry == ("was lost" in str(caught.value))

    asyncio.run(test())
    told = errors.lost(parse(url), ReasonCode(PacketTypes.DISCONNECT, identifier=errors.TAKEN_OVER))
    assert "Another agent" in str(told)
    assert not told.retry


def test_too_large_a_record_is_refused_before_it_is_sent(url: str) -> None:
    async def test() -> None:
        async with reading(url) as reader:
            with pytest.raises(BrokerError, match="exceeds") as caught:
                await reader.publish([record(0), Record("psi", "job", bytes(connection.LARGEST))])
            assert not caught.value.retry
            assert await reader.receive(1, ROOM, 0.1) == []

    asyncio.run(test())


# ---- rights


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Mosquitto]:
    passwords, rights = tmp_path / "passwords", tmp_path / "rights"
    tool = Path(str(BINARY)).with_name("mosquitto_passwd")
    command = str(tool if tool.exists() else "mosquitto_passwd")
    subprocess.run([command, "-b", "-c", passwords, "bank", "secret"], check=True, capture_output=True)
    rights.write_text("user bank\ntopic readwrite space/control/+\ntopic read space/keys/+\ntopic write space/psi/+\n")
    settings = f"allow_anonymous false\npassword_file {passwords}\nacl_file {rights}\n"
    with Mosquitto(tmp_path / "mosquitto", settings) as mosquitto:
        yield mosquitto


def test_denied_rights_name_topic_and_right(guarded: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_BROKER_USER", "bank")
    monkeypatch.setenv("ACCORD_BROKER_PASSWORD", "secret")
    monkeypatch.setattr(broker, "ECHO", 0.2)

    async def test() -> None:
        async with reading(guarded.url("space")) as reader:
            await reader.publish([record(0, "control")])
            await take(reader, 1)
            with pytest.raises(BrokerError, match=r"'write' on the topic space/keys/job") as caught:
                await reader.publish([record(1, "control"), record(2, "keys")])
            assert not caught.value.retry
            await reader.committed(await take(reader, 1))
        reader = connect(guarded.url("space"))
        for again in (False, True):  # Mosquitto's access control file grants the subscription, and withholds
            await reader.open()
            await reader.subscribe({})
            await reader.publish([record(3, "psi")])
            with pytest.raises(BrokerError, match=r"'read' on the topic space/psi/\+") as caught:
                async with asyncio.timeout(10):
                    while True:
                        await reader.receive(1, ROOM, 0.1)
            assert caught.value.retry != again
            await reader.close()

    asyncio.run(test())


def test_a_wrong_password_is_told(guarded: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_BROKER_USER", "bank")
    monkeypatch.setenv("ACCORD_BROKER_PASSWORD", "hunter2")

    async def test() -> None:
        with pytest.raises(BrokerError, match=r"user and password.*ACCORD_BROKER_PASSWORD") as caught:
            await connect(guarded.url("space")).open()
        assert not caught.value.retry
        assert "hunter2" not in str(caught.value)

    asyncio.run(test())


def test_certificates_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, other = tmp_path / "good", tmp_path / "other"
    for folder in (good, other):
        folder.mkdir()
        certificates(folder)
    tls = f"allow_anonymous true\ncertfile {good}/broker.pem\nkeyfile {good}/broker.pem\n"

    async def test(secure: str) -> None:
        async with reading(f"{secure}?ca={good}/ca.pem") as reader:
            await reader.publish([Record("psi", "job", b"x" * 500_000)])
            assert len((await take(reader, 1))[0].record.frame) == 500_000
        for wrong in (f"?ca={other}/ca.pem", ""):
            with pytest.raises(BrokerError, match=r"certificate .* is not trusted.*ca=PATH") as caught:
                await connect(secure + wrong).open()
            assert not caught.value.retry
        with pytest.raises(BrokerError, match=r"cannot be reached.*mqtts://"):
            await connect(secure.replace("mqtts", "mqtt")).open()

    with Mosquitto(tmp_path / "mosquitto", tls) as mosquitto:
        asyncio.run(test(mosquitto.url("space").replace("mqtt", "mqtts", 1)))


# ---- strangers


def properties(pairs: list[tuple[str, str]], content_type: str) -> Any:
    made: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    made.UserProperty, made.ContentType = pairs, content_type
    return made


def stranger(url: str) -> aiomqtt.Client:
    port = int(url.split(":")[2].split("/")[0])
    return aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5)


def test_any_client_reads_the_events_and_none_can_break_the_reader(url: str) -> None:
    async def test() -> None:
        space, sent = url.rpartition("/")[2], frame(Accept(commitment="0" * 64))
        async with reading(url) as reader, stranger(url) as other:
            await other.subscribe(f"{space}/#", qos=1)
            await reader.publish([Record("control", "job", sent.encode())])
            seen: Any = await anext(aiter(other.messages))
            assert seen.topic.value == f"{space}/control/job"
            assert (seen.payload, seen.properties.ContentType) == (sent.payload, "application/json")
            pairs = seen.properties.UserProperty
            assert dict(pairs)["specversion"] == "1.0"
            topic = f"{space}/control/job"
            await other.publish(topic, seen.payload, 0, properties=properties(pairs, "application/json"))
            await other.publish(topic, seen.payload, 2, properties=properties(pairs[1:], "application/json"))
            await other.publish(topic, b"", 1, retain=True)
            await other.publish(topic, b"hello", 1, properties=properties([*pairs, pairs[0]], "text/plain"))
            await other.publish(f"{space}/quarantine/job", b"unseen", 1)
            await other.publish(f"{space}/control/job/deeper", b"unseen", 1)
            got = [d.record.frame for d in await take(reader, 5)]
            assert got[:2] == [sent.encode()] * 2
            for bad in got[2:]:
                with pytest.raises(FrameError):
                    Frame.decode(bad)
            assert await reader.receive(1, ROOM, 0.1) == []

    asyncio.run(test())


def test_a_flood_that_asks_for_no_acknowledgement_fills_no_memory(url: str) -> None:
    """The protocol's window bounds what is acknowledged; nothing bounds QoS 0 but the reader itself."""

    async def test() -> None:
        topic = f"{url.rpartition('/')[2]}/control/job"
        async with reading(url) as reader, stranger(url) as other:
            for _ in range(10 * connection.WINDOW):
                await other.publish(topic, b"flood", 0)
            await reader.publish([Record("control", "job", b"mine")])
            opened: Any = reader
            await asyncio.sleep(0.3)
            assert len(opened._connection._arrived) <= 2 * connection.WINDOW
            found: list[Delivery] = []
            async with asyncio.timeout(20):
                while all(d.record.frame != b"mine" for d in found):
                    found = await reader.receive(64, ROOM, 1.0)
                    await reader.committed(found)

    asyncio.run(test())


def test_a_packet_that_the_client_library_cannot_read_comes_once(url: str) -> None:
    async def test() -> None:
        topic = f"{url.rpartition('/')[2]}/control/job"
        reader = connect(url, "bank")
        await reader.open()
        await reader.subscribe({})
        async with stranger(url) as other:
            await other.publish(topic, b"", 1, properties=properties([("x", "\ufeff")], "text/plain"))
            with pytest.raises(BrokerError) as caught:
                await reader.receive(1, ROOM, 10.0)
            assert caught.value.retry
            await reader.close()
            await reader.open()
            await reader.subscribe({})
            await reader.publish([record(7)])
            assert numbers(await take(reader, 1)) == [7]
            await reader.close()

    asyncio.run(test())


def test_how_large_a_chunk_may_be_follows_from_the_largest_packet(tmp_path: Path) -> None:
    async def test(url: str) -> None:
        async with reading(url) as broker:
            most = await broker.largest_chunk()
            assert most is not None and 0 < most < 200_000
            await broker.publish([Record("psi", "job", bytes(most))])
            with pytest.raises(TooLargeError, match="max_packet_size"):
                await broker.publish([Record("psi", "job", bytes(200_000))])

    with Mosquitto(tmp_path / "narrow", "allow_anonymous true\nmax_packet_size 200000\n") as narrow:
        asyncio.run(test(narrow.url("space")))
