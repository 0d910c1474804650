"""Kafka's URLs, and the credentials beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord_broker.factory import connect
from accord_broker.kafka import KafkaBroker, parse
from accord_schemas.errors import UsageError


def test_a_url_is_taken_apart() -> None:
    place = parse("kafka://a.example:9093,[::1]:2,c/space?security=sasl_ssl&mechanism=SCRAM-SHA-256&ca=/x/ca.pem")
    assert place.servers == (("a.example", 9093), ("::1", 2), ("c", 9092))
    assert place.addresses() == ["a.example:9093", "[::1]:2", "c:9092"]
    assert (place.namespace, place.security, place.mechanism) == ("space", "sasl_ssl", "SCRAM-SHA-256")
    assert place.files == {"ca": Path("/x/ca.pem")}
    assert place.topic("control") == "space.control"
    assert str(place) == "kafka://a.example:9093,[::1]:2,c:9092/space"
    assert isinstance(connect("kafka://host:9092/space"), KafkaBroker)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("kafka://host:9092", "needs a namespace"),
        ("kafka://host/a/b", "needs a namespace"),
        ("kafka://host/spa ce", "needs a namespace"),
        ("kafka:///space", "no usable host and port"),
        ("kafka://[::1/space", r"no usable host and port in '\[::1'"),
        ("kafka://host:0/space", "no usable host and port"),
        ("kafka://host:70000/space", "no usable host and port"),
        ("kafka://a:1,,b:2/space", "no usable host and port"),
        ("kafka://host/space?securty=ssl", "'securty'; did you mean 'security'"),
        ("kafka://host/space?security=tls", "plaintext, ssl, sasl_ssl"),
        ("kafka://host/space?security=sasl_ssl&mechanism=MD5", "SCRAM-SHA-512, SCRAM-SHA-256, PLAIN"),
        ("kafka://host/space?ca=ca.pem", "has no TLS"),
        ("kafka://host/space?security=ssl&mechanism=PLAIN", "needs security=sasl_ssl"),
        ("kafka://host/space?security=ssl&cert=c.pem", "cert and key together"),
    ],
)
def test_what_is_wrong_with_a_url_is_said(url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        connect(url)


def test_credentials_come_from_the_environment_or_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = parse("kafka://host/space?security=sasl_ssl")
    monkeypatch.delenv("ACCORD_BROKER_PASSWORD", raising=False)
    monkeypatch.setenv("ACCORD_BROKER_USER", "bank")
    with pytest.raises(UsageError, match="ACCORD_BROKER_PASSWORD"):
        place.security_settings()
    monkeypatch.setenv("ACCORD_BROKER_PASSWORD_FILE", str(tmp_path / "password"))
    with pytest.raises(UsageError, match=r"ACCORD_BROKER_PASSWORD_FILE\) cannot be read: No such file"):
        place.security_settings()
    (tmp_path / "password").write_text("hunter2 \n")
    settings = place.security_settings()
    assert (settings["sasl_plain_username"], settings["sasl_plain_password"]) == ("bank", "hunter2 ")
    assert settings["ssl_context"].check_hostname
    assert "hunter2" not in repr(place)
    monkeypatch.setenv("ACCORD_BROKER_B_USER", "edge")
    monkeypatch.setenv("ACCORD_BROKER_B_PASSWORD", "other")
    settings = parse("kafka://host/space?security=sasl_ssl", "B").security_settings()
    assert (settings["sasl_plain_username"], settings["sasl_plain_password"]) == ("edge", "other")


def test_unusable_certificates_are_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for name, words in (("none.pem", "does not exist"), ("ca.pem", "PEM files")):
        with pytest.raises(UsageError, match=rf"{name}.*{words}"):
            parse(f"kafka://host/space?security=ssl&ca={tmp_path / name}").security_settings()
