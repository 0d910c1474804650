from pathlib import Path

import pytest

from accord_broker.factory import connect
from accord_broker.mqtt import MqttBroker
from accord_broker.mqtt.endpoint import parse
from accord_broker.wire.security import credentials
from accord_schemas.errors import UsageError


def test_urls() -> None:
    assert isinstance(connect("mqtt://host/space", client="a"), MqttBroker)
    place = parse("mqtts://host.example/space-1?ca=a%20b/ca.pem&cert=/c.pem&key=k.pem")
    assert (place.host, place.port, place.namespace, place.tls) == ("host.example", 8883, "space-1", True)
    assert place.files == {"ca": Path("a b/ca.pem"), "cert": Path("/c.pem"), "key": Path("k.pem")}
    assert parse("mqtt://h/s").port == 1883
    assert str(parse("mqtt://[::1]:1999/s")) == "mqtt://[::1]:1999/s"


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("mqtt://host", "namespace"),
        ("mqtt://host/", "namespace"),
        ("mqtt://host/a/b", "namespace"),
        ("mqtt://host/a+", "namespace"),
        ("mqtt:///space", "host"),
        ("mqtt:space", "host"),
        ("mqtt://host:port/space", "port"),
        ("mqtt://[::1/space", "no usable host or port"),
        ("mqtt://host:70000/space", "port"),
        ("mqtts://host/space?cacert=x", "'cacert'.*ca=PATH"),
        ("mqtt://host/space?ca=x", "no TLS"),
        ("mqtts://host/space?cert=x", "cert and key"),
    ],
)
def test_unusable_urls_are_explained(url: str, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        connect(url)


def test_topics_hold_any_key() -> None:
    place = parse("mqtt://h/s")
    for key in ("0a" * 16, "job é", "a/b", "+", "#", "%2F", ""):
        topic = place.topic("psi", key)
        assert topic.count("/") == 2
        assert not {"+", "#", "\0"} & set(topic)
        assert place.parts(topic) == ("psi", key)
    for topic in ("other/psi/k", "s/psi", "s/psi/k/more"):
        with pytest.raises(ValueError, match=r"."):
            place.parts(topic)


def test_credentials_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("USER", "PASSWORD", "USER_FILE", "PASSWORD_FILE"):
        monkeypatch.delenv(f"ACCORD_BROKER_{name}", raising=False)
    assert credentials() == (None, None)
    monkeypatch.setenv("ACCORD_BROKER_USER", "bank")
    monkeypatch.setenv("ACCORD_BROKER_PASSWORD_FILE", str(tmp_path / "password"))
    with pytest.raises(UsageError, match=r"password .*ACCORD_BROKER_PASSWORD_FILE.* cannot be read"):
        credentials()
    (tmp_path / "password").write_text(" hünter2 \n")
    assert credentials() == ("bank", " hünter2 ")


def test_two_brokers_may_have_two_users(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("USER", "bank"), ("PASSWORD", "1"), ("A_USER", "inner"), ("A_PASSWORD", "2")):
        monkeypatch.setenv(f"ACCORD_BROKER_{name}", value)
    assert credentials(parse("mqtt://h/s", "A").account) == ("inner", "2")
    assert credentials(parse("mqtt://h/s", "B").account) == credentials() == ("bank", "1")


def test_tls_files_are_named_when_they_cannot_be_used(tmp_path: Path) -> None:
    bad = tmp_path / "ca.pem"
    with pytest.raises(UsageError, match=r"ca\.pem .*does not exist"):
        parse(f"mqtts://h/s?ca={bad}").tls_context()
    bad.write_text("no certificate")
    with pytest.raises(UsageError, match=r"ca\.pem"):
        parse(f"mqtts://h/s?ca={bad}").tls_context()
    assert parse("mqtt://h/s").tls_context() is None


def test_a_password_in_clear_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACCORD_BROKER_PASSWORD_FILE", raising=False)
    monkeypatch.delenv("ACCORD_BROKER_PASSWORD", raising=False)
    assert not parse("mqtt://edge/s").exposes_password
    monkeypatch.setenv("ACCORD_BROKER_PASSWORD", "hunter2")
    assert parse("mqtt://edge/s").exposes_password
    assert not parse("mqtts://edge/s").exposes_password and not parse("mqtt://127.0.0.1/s").exposes_password
