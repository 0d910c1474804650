"""``metrics`` in a party's file: off by default, loopback by default, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord_agents.config.metrics import MetricsSettings
from accord_agents.config.party_file import load
from accord_schemas.errors import UsageError

FILE = "{party: shop, broker: 'embedded:log.db', data: {csv: a.csv, id: id}, keystore: k, identities: i, out: o%s}"


def settings(folder: Path, text: str) -> MetricsSettings | None:
    path = folder / "party.yaml"
    path.write_text(FILE % text)
    return load(path).metrics


def test_off_unless_asked_for(tmp_path: Path) -> None:
    assert settings(tmp_path, "") is None


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("{}", "127.0.0.1", 9400),
        ("{listen: '127.0.0.1:0'}", "127.0.0.1", 0),
        ("{listen: 'localhost:9401'}", "127.0.0.1", 9401),
        ("{listen: '[::1]:9401'}", "::1", 9401),
        ("{listen: '0.0.0.0:9400', expose: true}", "0.0.0.0", 9400),  # noqa: S104
    ],
)
def test_where(tmp_path: Path, text: str, host: str, port: int) -> None:
    found = settings(tmp_path, f", metrics: {text}")
    assert found is not None
    assert (found.host, found.port) == (host, port)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{listen: '0.0.0.0:9400'}", "open to other machines.*expose: true"),
        ("{listen: '10.0.0.1:9400'}", "open to other machines"),
        ("{listen: '[::]:9400'}", "open to other machines"),
        ("{listen: 9400}", r"metrics\.listen"),
        ("{listen: '9400'}", r"metrics\.listen.*no ADDRESS:PORT"),
        ("{listen: '127.0.0.1'}", "no ADDRESS:PORT"),
        ("{listen: '::1:9400'}", "no ADDRESS:PORT"),
        ("{listen: '127.0.0.1:99999'}", "no port 99999"),
        ("{listen: 'example.org:9400', expose: true}", "'example.org' is no address"),
        ("{listen: '127.0.0.300:9400'}", "is no address"),
        ("{colour: red}", r"metrics\.colour"),
        ("9400", "metrics"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        settings(tmp_path, f", metrics: {text}")
    assert "party.yaml" in str(caught.value)
