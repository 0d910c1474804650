"""Tokens from an endpoint, a file, a command: got once, again before they run out; and what is said where none is."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.issuer import Issuer, Signer, issuer

from accord_broker.factory import connect
from accord_broker.kafka import bearer, parse
from accord_broker.kafka.bearer import NoTokenError, Tokens
from accord_schemas.errors import UsageError

SIGNER = Signer()
BASE = "kafka://host/space?security=sasl_ssl&mechanism=OAUTHBEARER"
VARIABLES = ("USER", "PASSWORD", "USER_FILE", "PASSWORD_FILE", "TOKEN_FILE", "TOKEN_COMMAND")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(f"ACCORD_BROKER_{name}", raising=False)


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    monkeypatch.setenv("ACCORD_BROKER_USER", "bank")
    monkeypatch.setenv("ACCORD_BROKER_PASSWORD", "bank-secret")
    with issuer(SIGNER) as made:
        yield made


def provider(url: str) -> Tokens:
    found = parse(url).security_settings()["sasl_oauth_token_provider"]
    assert isinstance(found, Tokens)
    return found


def got(tokens: Tokens, times: int = 1) -> list[str]:
    async def ask() -> list[str]:
        return [await tokens.token() for _ in range(times)]

    return asyncio.run(ask())


def refused(tokens: Tokens) -> NoTokenError:
    with pytest.raises(NoTokenError) as caught:
        got(tokens)
    assert "secret" not in caught.value.message and caught.value.hint
    return caught.value


def test_an_endpoint_is_asked_once_as_long_as_its_token_lasts(login: Issuer) -> None:
    tokens = provider(f"{BASE}&endpoint={login.url}&scope=kafka%20log")
    first = got(tokens, 3)
    assert len({*first}) == 1 and len(login.asked) == 1
    client, secret, form = login.asked[0]
    assert (client, secret) == ("bank", "bank-secret")
    assert form == {"grant_type": ["client_credentials"], "scope": ["kafka log"]}


def test_one_that_has_nearly_run_out_is_got_again(login: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, now = provider(f"{BASE}&endpoint={login.url}"), [1000.0]
    monkeypatch.setattr("accord_broker.kafka.bearer.time.monotonic", lambda: now[0])
    login.seconds = 100
    got(tokens)
    for later, times in ((79.0, 1), (81.0, 2), (160.0, 2), (162.0, 3)):
        now[0] = 1000.0 + later
        got(tokens)
        assert len(login.asked) == times, later


@pytest.mark.parametrize(
    ("answer", "words", "hint"),
    [
        ((401, b'{"error": "invalid_client"}'), "HTTP 401: invalid_client", "client id"),
        ((400, b'{"error": "invalid_scope"}'), "HTTP 400: invalid_scope", "scope="),
        ((400, b'{"error": "<script>bank-secret"}'), r"HTTP 400\)", "URL"),
        ((503, b"<html>"), r"HTTP 503\)", "URL"),
        ((302, b""), r"HTTP 302\)", "URL"),
        ((200, b"[]"), "without an access_token", "URL"),
        ((200, b'{"access_token": "a b"}'), "without an access_token", "URL"),
    ],
)
def test_why_an_endpoint_gives_none(login: Issuer, answer: tuple[int, bytes], words: str, hint: str) -> None:
    login.answer = answer
    said = refused(provider(f"{BASE}&endpoint={login.url}"))
    assert login.url in said.message and hint in said.hint
    with pytest.raises(NoTokenError, match=words):
        raise said
    assert len(login.asked) == 1, "it follows nobody elsewhere with a secret"


def test_an_endpoint_that_cannot_be_reached_is_named(login: Issuer) -> None:
    url = "http://127.0.0.1:1/token"
    said = refused(provider(f"{BASE}&endpoint={url}"))
    assert f"{url} cannot be asked: Connection refused" in said.message


def test_a_file_is_read_each_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "token"
    monkeypatch.setenv("ACCORD_BROKER_TOKEN_FILE", str(file))
    tokens = provider(BASE)
    assert "No such file" in refused(tokens).message
    file.write_text("opaque\n")
    assert got(tokens) == ["opaque"]
    file.write_text(SIGNER.token("bank"))
    assert got(tokens) == [SIGNER.token("bank")]
    file.write_text(SIGNER.token("bank", -10))
    assert "has run out" in refused(tokens).message
    file.write_text("two tokens")
    assert "holds no token" in refused(tokens).message


def test_a_command_is_run_when_its_token_has_nearly_run_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool, made = tmp_path / "get token", tmp_path / "made"
    tool.write_text(f'#!/bin/sh\necho x >> "{made}"\ncat "{tmp_path}/$1"\n')
    tool.chmod(stat.S_IRWXU)
    (tmp_path / "long").write_text(SIGNER.token("bank", 3600))
    (tmp_path / "opaque").write_text("opaque")
    monkeypatch.setenv("ACCORD_BROKER_TOKEN_COMMAND", f"'{tool}' long")
    assert len({*got(provider(BASE), 3)}) == 1 and made.read_text().count("x") == 1
    monkeypatch.setenv("ACCORD_BROKER_TOKEN_COMMAND", f"'{tool}' opaque")
    assert got(provider(BASE), 2) == ["opaque"] * 2 and made.read_text().count("x") == 3
    monkeypatch.setenv("ACCORD_BROKER_TOKEN_COMMAND", f"'{tool}' none")
    assert "exit code 1" in refused(provider(BASE)).message
    monkeypatch.setenv("ACCORD_BROKER_TOKEN_COMMAND", str(tmp_path / "missing"))
    assert "No such file" in refused(provider(BASE)).message


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (BASE, "needs a place where tokens come from"),
        (f"{BASE}&endpoint=https://login.example/token", "needs a client id and a secret"),
        (f"{BASE}&endpoint=http://login.example/token", "in clear"),
        (f"{BASE}&endpoint=login.example", "no token endpoint"),
        (f"{BASE}&scope=kafka", "needs endpoint=URL"),
        ("kafka://host/space?security=sasl_ssl&endpoint=https://login.example", "needs mechanism=OAUTHBEARER"),
    ],
)
def test_what_is_missing_is_said_before_anybody_is_asked(url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse(url).security_settings()


def test_each_of_two_brokers_has_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("A_", ""):
        (tmp_path / f"{name}token").write_text(f"token{name}")
        monkeypatch.setenv(f"ACCORD_BROKER_{name}TOKEN_FILE", str(tmp_path / f"{name}token"))
    for account, text in (("A", "tokenA_"), ("B", "token"), ("", "token")):
        assert got(parse(BASE, account).security_settings()["sasl_oauth_token_provider"]) == [text]


def test_a_token_shows_nowhere(login: Issuer) -> None:
    tokens = provider(f"{BASE}&endpoint={login.url}")
    (text,) = got(tokens)
    assert text not in repr(tokens) + repr(bearer.Token(text, 0.0)) + repr(connect(f"{BASE}&endpoint={login.url}"))
