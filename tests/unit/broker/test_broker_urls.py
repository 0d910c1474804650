import asyncio
from pathlib import Path

import pytest

from accord_broker.embedded import EmbeddedBroker
from accord_broker.factory import connect, redact
from accord_broker.port import Record
from accord_schemas.errors import UsageError


def test_an_embedded_url_is_a_path_as_it_is() -> None:
    for path in ("log.db", "/srv/accord/log.db", "a b?x=1&user=2#c@d%20.db", "./embedded:x"):
        assert isinstance(connect(f"embedded:{path}"), EmbeddedBroker)
        assert redact(f"embedded:{path}") == f"embedded:{path}"


def test_an_embedded_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    async def opened() -> None:
        broker = connect("embedded:~/log.db")
        await broker.open()
        await broker.close()

    asyncio.run(opened())
    assert (tmp_path / "log.db").is_file()


@pytest.mark.parametrize("url", ["", "log.db", "embeded:log.db", "/srv/log.db", "http://host/x", "kafka", ":x"])
def test_an_unknown_scheme_is_named_with_the_known_one(url: str) -> None:
    with pytest.raises(UsageError, match=r"no known scheme.*embedded:PATH") as caught:
        connect(url)
    assert repr(url) in str(caught.value)


@pytest.mark.parametrize("url", ["embedded:", "embedded:///tmp/x", "embedded://x", "embedded:a\0b"])
def test_an_embedded_url_needs_a_path(url: str) -> None:
    with pytest.raises(UsageError, match="names no file"):
        connect(url)


@pytest.mark.parametrize(
    "url",
    [
        "kafka://bob:hunter2@host:9092/space",
        "kafka://hunter2@host",
        "mqtt://bob:hun/ter2@?hunter2#@host/space",
        "mqtt://host/space?Password=hunter2&ca=x",
        "kafka://host/space?ca=x&sasl_token=hunter2",
        "gopher://bob:hunter2@host",
    ],
)
def test_credentials_are_refused_and_never_shown(url: str) -> None:
    with pytest.raises(UsageError, match=r"holds credentials.*ACCORD_BROKER_PASSWORD") as caught:
        connect(url)
    assert "ter2" not in str(caught.value) + redact(url)
    assert "bob" not in str(caught.value)
    assert redact(redact(url)) == redact(url)


def test_redaction_keeps_the_rest() -> None:
    url = "kafka://a:1,b:2/space?security=ssl&ca=ca.pem&key=key.pem"
    assert redact(url) == url
    assert redact("kafka://me:pw@a:1/space?ca=x") == "kafka://***@a:1/space?ca=x"


def test_a_digest_covers_family_key_and_frame() -> None:
    parts = [("psi", "ab", b"c"), ("psi", "a", b"bc"), ("keys", "ab", b"c"), ("psi", "ab", b"d")]
    records = [Record(*part) for part in parts]
    assert len({r.digest() for r in records}) == len(records)
    assert {len(r.digest()) for r in records} == {32}
    assert "secret" not in repr(Record("psi", "a", b"secret"))
