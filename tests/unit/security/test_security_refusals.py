"""Files and keys that an adversary or an accident made: always one clear error, never a traceback or hours of work."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from accord_agents.security import keystore
from accord_agents.security.identity import Identity, PublicIdentity, imported
from accord_agents.security.keystore import RANDOM, Keystore
from accord_agents.security.passphrase import VARIABLE, passphrase
from accord_agents.security.trust import Identities
from accord_schemas.errors import AccordError, TamperError, UsageError

NESTED = "[" * 100_000
# points of small order: with them any two parties agree on zero (RFC 7748, section 6.1)
SMALL = ["00" * 32, "01" + "00" * 31, "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"]


def made(party: Any, encryption: bytes | None = None) -> dict[str, Any]:
    """An export as its own maker signs it, whatever it says."""
    identity = Identity("mallory", hashlib.sha512(b"mallory").digest())
    public = identity.public
    identity.public = PublicIdentity(party, public.signing, public.encryption if encryption is None else encryption)
    return identity.export()


@pytest.mark.parametrize("point", SMALL)
def test_a_key_of_small_order_is_not_pinned(point: str) -> None:
    with pytest.raises(UsageError, match="no exported identity"):
        imported(made("mallory", bytes.fromhex(point)), "f")


@pytest.mark.parametrize("party", [5, None, ["bank"], "", "../bank", "Bank", "bank,shop", "bank\n", "b" * 33])
def test_a_name_that_no_party_can_have_is_not_pinned(party: Any) -> None:
    with pytest.raises(UsageError, match="no exported identity"):
        imported(made(party), "f")


@pytest.mark.parametrize("name", ["signing", "encryption"])
def test_keys_have_one_spelling(name: str) -> None:
    export = made("mallory")
    assert imported(export, "f").party == "mallory"
    for other in (export[name].upper(), export[name][:2] + " " + export[name][2:]):
        with pytest.raises(UsageError, match="no exported identity"):
            imported({**export, name: other}, "f")


def test_json_without_end(tmp_path: Path) -> None:
    file = tmp_path / "nested"
    file.write_text(NESTED)
    with pytest.raises(UsageError):
        imported(NESTED, "f")
    with pytest.raises(UsageError):
        Identities.load(file)
    with pytest.raises(TamperError):
        Keystore.open(file, b"x")


def test_a_folder_where_a_file_should_be(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        Identities.load(tmp_path)
    with pytest.raises(UsageError, match="cannot be read"):
        Keystore.open(tmp_path, b"x")


COSTS = [("n", 16385), ("n", 1 << 19), ("n", True), ("n", "16384"), ("n", 2.0), ("n", float("inf"))]
COSTS += [("r", 0), ("r", -1), ("r", 9), ("p", 0), ("p", 5)]


@pytest.mark.parametrize(("name", "value"), COSTS)
def test_costs_that_scrypt_cannot_or_should_not_bear(tmp_path: Path, name: str, value: Any) -> None:
    path = tmp_path / "keystore"
    Keystore.create(path, b"x", cost=RANDOM)
    path.write_text(json.dumps({**json.loads(path.read_bytes()), name: value}))
    with pytest.raises(TamperError, match="damaged"):
        Keystore.open(path, b"x")


def test_a_secret_that_is_not_on_disk_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a second try would find it, use it, and lose it with the process: a seed that nobody can replay."""
    store = Keystore.create(tmp_path / "keystore", b"x", cost=RANDOM)
    store.put("old", b"old")

    def full(path: Path, body: bytes) -> None:
        raise AccordError("no space left")

    monkeypatch.setattr(keystore, "durable", full)
    with pytest.raises(AccordError):
        store.put_many({"seed": b"new", "old": b"new"})
    with pytest.raises(AccordError):
        store.erase("old")
    assert "seed" not in store and store.get("old") == b"old"


def test_a_passphrase_is_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "caf\udce9")  # Latin-1 é in an environment read as UTF-8
    assert passphrase(None) == b"caf\xe9"
    monkeypatch.delenv(VARIABLE)
    file = tmp_path / "pass"
    file.write_bytes(b"\xff\xfe secret\n")
    file.chmod(0o600)
    assert passphrase(file) == b"\xff\xfe secret"
