"""A real Kafka with SASL_SSL, SCRAM-SHA-512 and access control lists: who may do what, and what is said otherwise."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from tests.contract.harness import ROOM, opened, play, take
from tests.support.servers import Kafka, certificates, kafka, needs_kafka, password

from accord_broker.factory import watch
from accord_broker.port import FAMILIES, QUARANTINE, BrokerError, Record

needs_kafka(own=True)
RECORD = Record("psi", "job", b"sealed")


@pytest.fixture(scope="module")
def server() -> Kafka:
    return kafka(secured=True)


@pytest.fixture
def space(server: Kafka, monkeypatch: pytest.MonkeyPatch) -> str:
    become(monkeypatch, "bank")
    return f"space-{uuid.uuid4().hex}"


def become(monkeypatch: pytest.MonkeyPatch, user: str, secret: str | None = None) -> None:
    monkeypatch.setenv("ACCORD_BROKER_USER", user)
    monkeypatch.setenv("ACCORD_BROKER_PASSWORD", secret or password(user))


async def refused(url: str, words: str, *, retry: bool = False) -> None:
    with pytest.raises(BrokerError, match=words) as caught:
        async with opened(url):
            pass
    assert caught.value.retry == retry
    assert "secret" not in str(caught.value)


def test_a_wrong_password_and_an_untrusted_authority_are_told_apart(
    server: Kafka, space: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def test() -> None:
        url = server.url(space)
        certificates(tmp_path)
        await refused(url.replace(str(server.ca), str(tmp_path / "ca.pem")), "certificate of 127.* is not trusted")
        await refused(url.replace("127.0.0.1", "localhost"), "certificate of localhost.* not trusted.*mismatch")
        become(monkeypatch, "bank", "guess-secret")
        await refused(url, r"does not accept this user and password \(SCRAM-SHA-512\)")
        await refused(f"{url}&mechanism=PLAIN", "does not know the mechanism PLAIN")
        await refused(f"kafka://{server.host}/{space}", "security=plaintext", retry=True)

    play(test())


def test_rights_are_needed_and_named(server: Kafka, space: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        url = server.url(space)
        await refused(url, rf"denies the right 'Read' on the topic {space}\.control.*--operation Read")
        await server.allow("bank", f"{space}.*", "Read", "Write")
        await refused(url, rf"denies the right 'Create' on the topic {space}\.control")
        await server.allow("bank", f"{space}.*", "Create", "DescribeConfigs")
        async with opened(url) as broker:
            await broker.publish([RECORD])
            await broker.subscribe({})
            assert [d.record for d in await take(broker, 1)] == [RECORD]

        become(monkeypatch, "stranger")
        await refused(url, rf"denies the right 'Read' on the topic {space}\.")

        become(monkeypatch, "shop")  # one family may only be seen, another only be read
        for family in FAMILIES:
            rights = {"psi": ("Describe",), "keys": ("Read",)}.get(family, ("Read", "Write"))
            await server.allow("shop", f"{space}.{family}", *rights)
        async with opened(url) as broker:
            await broker.publish([Record("control", "job", b"")])
            for family in ("psi", "keys"):
                with pytest.raises(BrokerError, match=rf"denies the right 'Write' on the topic {space}\.{family}"):
                    await broker.publish([Record(family, "job", b"injected")])
            await broker.publish([Record("control", "job", b"")])
            await broker.subscribe({})
            with pytest.raises(BrokerError, match=rf"denies the right 'Read' on the topic {space}\.psi"):
                while True:
                    assert all(d.record.family != "psi" for d in await broker.receive(10, ROOM, 5.0))

    play(test())


def test_nobody_needs_a_right_on_the_quarantine(server: Kafka, space: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the table of rights has it: auditors and bridges have none there, and an agent does without."""

    async def test() -> None:
        url, told = server.url(space), Record(QUARANTINE, "job", b"{}")
        for family in FAMILIES:
            if family != QUARANTINE:
                await server.allow("bank", f"{space}.{family}", "Read", "Write", "Create")
        for _ in range(2):  # the first makes the topics
            async with opened(url) as broker:
                await broker.publish([RECORD])
                await broker.subscribe({})
                assert RECORD in [d.record for d in await take(broker, 1)]
                assert len(await broker.end()) == 1
        source = watch(url)
        await source.open()
        await source.close()
        async with opened(url) as broker:
            with pytest.raises(BrokerError, match=rf"'Write' on the topic {space}\.quarantine"):
                await broker.publish([told])

        become(monkeypatch, "admin")
        async with opened(url) as broker:  # makes the one that is missing
            await broker.publish([told])

    play(test())


def test_who_may_only_read_is_told_at_the_first_record(
    server: Kafka, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        url = server.url(space)
        become(monkeypatch, "admin")
        async with opened(url) as broker:
            await broker.publish([RECORD])
        become(monkeypatch, "bank")
        await server.allow("bank", f"{space}.*", "Read")
        async with opened(url) as broker:
            await broker.subscribe({})
            assert [d.record for d in await take(broker, 1)] == [RECORD]
            for _ in range(2):
                with pytest.raises(BrokerError, match=rf"denies the right 'Write' on the topic {space}\.psi"):
                    await broker.publish([RECORD])

    play(test())


def test_clients_show_a_certificate_where_the_cluster_asks_for_one(tmp_path: Path) -> None:
    server = Kafka(tmp_path / "kafka", mutual=True)
    server.start()

    async def test() -> None:
        url = f"kafka://{server.host}/space?security=ssl&ca={server.ca}"
        shown = f"{url}&cert={server.folder / 'client.pem'}&key={server.folder / 'client.key'}"
        async with opened(shown) as broker:
            await broker.publish([RECORD])
            await broker.subscribe({})
            assert [d.record for d in await take(broker, 1)] == [RECORD]
        await refused(url, "certificate")
        certificates(tmp_path)  # another authority's client
        await refused(f"{url}&cert={tmp_path / 'client.pem'}&key={tmp_path / 'client.key'}", "certificate")

    try:
        play(test())
    finally:
        server.stop()
