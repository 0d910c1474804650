"""SASL/OAUTHBEARER against Kafka's own validator: signature, issuer, audience and expiry are its to judge."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.harness import ROOM, last, opened, play, take
from tests.support.issuer import Issuer, Signer, issuer
from tests.support.servers import Kafka, kafka, needs_kafka

from accord_broker.port import BrokerError, Delivery, Position, Record

needs_kafka(own=True)
RECORD = Record("psi", "job", b"sealed")
RIGHTS = ("Read", "Write", "Create", "DescribeConfigs")


@pytest.fixture(scope="module")
def server() -> Kafka:
    return kafka(secured=True)


@pytest.fixture
def login(server: Kafka, monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    monkeypatch.setenv("ACCORD_BROKER_USER", "bank")
    monkeypatch.setenv("ACCORD_BROKER_PASSWORD", "bank-secret")
    with issuer(server.signer) as made:
        yield made


@pytest.fixture
def space(server: Kafka) -> str:
    found = f"space-{uuid.uuid4().hex}"
    play(server.allow("bank", f"{found}.*", *RIGHTS))
    return found


def url(server: Kafka, space: str, login: Issuer | None = None) -> str:
    return f"{server.url(space)}&mechanism=OAUTHBEARER" + (f"&endpoint={login.url}" if login else "")


async def passes(place: str) -> None:
    async with opened(place) as broker:
        await broker.publish([RECORD])
        await broker.subscribe({})
        assert [d.record for d in await take(broker, 1)] == [RECORD]


async def refused(place: str, words: str) -> None:
    with pytest.raises(BrokerError, match=words) as caught:
        async with opened(place):
            pass
    assert "-secret" not in str(caught.value) and "eyJ" not in str(caught.value)


def test_client_credentials_open_the_cluster_once_for_all_connections(server: Kafka, space: str, login: Issuer) -> None:
    play(passes(url(server, space, login)))
    assert len(login.asked) == 1


def test_a_token_of_a_file(server: Kafka, space: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(server.signer.token("bank"))
    monkeypatch.setenv("ACCORD_BROKER_TOKEN_FILE", str(tmp_path / "token"))
    play(passes(url(server, space)))


def test_a_refused_token_is_told_from_an_endpoint_that_gives_none(
    server: Kafka, space: str, login: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        place = url(server, space, login)
        for claims in ({"aud": "other"}, {"iss": "https://evil.example"}, {"exp": 1_000_000_000}):
            login.claims = claims
            await refused(place, rf"127\.0\.0\.1:{server.port} does not accept the token \(OAUTHBEARER\)")
        login.claims, login.signer = {}, Signer()
        await refused(place, "does not accept the token")
        login.signer = server.signer
        monkeypatch.setenv("ACCORD_BROKER_PASSWORD", "guess-secret")
        await refused(place, rf"token endpoint {login.url} gives no token \(HTTP 401: invalid_client\)")
        monkeypatch.setenv("ACCORD_BROKER_USER", "stranger")
        monkeypatch.setenv("ACCORD_BROKER_PASSWORD", "stranger-secret")
        await refused(place, "denies the right 'Read'")

    play(test())


def test_tokens_that_run_out_in_mid_run_are_replaced_and_nothing_is_lost(
    server: Kafka, space: str, login: Issuer
) -> None:
    """The cluster closes every connection whose token has run out (connections.max.reauth.ms)."""
    login.seconds = 3

    async def test() -> None:
        sent, found, after = 0, list[Delivery](), dict[str, Position]()
        while len(login.asked) < 5 or len({d.record.frame for d in found}) < sent:
            with contextlib.suppress(BrokerError):  # what an agent does: open again, and read on where it was
                async with opened(url(server, space, login)) as broker, asyncio.timeout(60):
                    await broker.subscribe(after)
                    while len(login.asked) < 5 or len({d.record.frame for d in found}) < sent:
                        if len(login.asked) < 5:
                            await broker.publish([Record("psi", "job", str(sent).encode())])
                            sent += 1
                        found += await broker.receive(10, ROOM, 0.2)
                        after = last(found)
        told = [int(d.record.frame) for d in found]
        assert set(told) == set(range(sent)) and told == sorted(told)

    play(test())
