"""The keystore at rest."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_agents.security.keystore import RANDOM, STRETCHED, Keystore, durable
from accord_schemas.errors import TamperError, UsageError

PASS = b"correct horse battery staple"
SECRETS = {"identity": b"identity secret " * 4, "c1/seed": b"root seed of c1, 32 bytes long", "c2/seed": b"another"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Keystore.create(tmp_path / "keystore", PASS, cost=RANDOM).put_many(SECRETS)
    return tmp_path / "keystore"


def test_secrets_are_kept(path: Path) -> None:
    store = Keystore.open(path, PASS)
    assert {name: store.get(name) for name in SECRETS} == SECRETS
    assert "c1/seed" in store and "c3/seed" not in store
    store.put("c1/seed", b"new")
    assert Keystore.open(path, PASS).get("c1/seed") == b"new"
    with pytest.raises(KeyError):
        store.get("c3/seed")


def test_what_is_erased_is_gone(path: Path) -> None:
    before = json.loads(path.read_bytes())["entries"]
    store = Keystore.open(path, PASS)
    store.erase("c1/")
    assert "c1/seed" not in store and "c2/seed" in store
    again = Keystore.open(path, PASS)
    assert "c1/seed" not in again and again.get("c2/seed") == SECRETS["c2/seed"]
    assert before["c1/seed"].encode() not in path.read_bytes()


def test_no_secret_in_file_repr_or_message(path: Path) -> None:
    store = Keystore.open(path, PASS)
    with pytest.raises(UsageError) as caught:
        Keystore.open(path, b"a wrong one")
    said = path.read_bytes() + repr(store).encode() + str(caught.value).encode()
    for secret in (PASS, b"a wrong one", *SECRETS.values()):
        assert secret not in said and secret.hex().encode() not in said
    assert "passphrase does not open" in str(caught.value) and caught.value.__suppress_context__


def test_only_the_owner_reads_it(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    Keystore.open(path, PASS).put("more", b"x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_missing_or_standing_in_the_way(path: Path) -> None:
    with pytest.raises(UsageError, match="accord keys init"):
        Keystore.open(path.with_name("none"), PASS)
    with pytest.raises(UsageError, match="exists"):
        Keystore.create(path, PASS)
    assert Keystore.open(path, PASS).get("identity") == SECRETS["identity"]


def test_equal_secrets_do_not_look_equal(path: Path) -> None:
    Keystore.open(path, PASS).put_many({"one": b"same", "two": b"same"})
    entries = json.loads(path.read_bytes())["entries"]
    assert entries["one"][:24] != entries["two"][:24] and entries["one"][24:] != entries["two"][24:]


def test_scrypt_runs_once_per_open(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Keystore.open(path, PASS)
    monkeypatch.delattr(hashlib, "scrypt")
    store.put("more", b"x")
    assert store.get("more") == b"x"


def test_swapped_entries_are_noticed(path: Path) -> None:
    data = json.loads(path.read_bytes())
    entries = data["entries"]
    entries["c1/seed"], entries["c2/seed"] = entries["c2/seed"], entries["c1/seed"]
    path.write_text(json.dumps(data))
    with pytest.raises(TamperError, match="removed or put back"):
        Keystore.open(path, PASS)


NONCE = bytes(12)
SEALED = NONCE + AESGCM(bytes(32)).encrypt(NONCE, SECRETS["identity"], b"identity")


@settings(max_examples=200)
@given(st.integers(0, 8 * len(SEALED) - 1))
def test_every_bit_of_an_entry_counts(bit: int) -> None:
    changed = bytearray(SEALED)
    changed[bit // 8] ^= 1 << bit % 8
    assert Keystore(Path("keystore"), bytes(32), {}, {"identity": SEALED.hex()}).get("identity") == SECRETS["identity"]
    with pytest.raises(TamperError) as caught:
        Keystore(Path("keystore"), bytes(32), {}, {"identity": changed.hex()}).get("identity")
    assert "Put back a copy" in str(caught.value) and caught.value.__suppress_context__


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", "5", "\xff"])
def test_a_damaged_file_is_told_from_a_wrong_passphrase(path: Path, text: str) -> None:
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(TamperError, match="damaged"):
        Keystore.open(path, PASS)


ABSURD = [("n", 1 << 40), ("n", 1), ("r", 1 << 20), ("p", 1 << 20), ("n", "x"), ("salt", "xyz"), ("entries", [])]


@pytest.mark.parametrize(("name", "value"), ABSURD)
def test_absurd_parameters_cost_nothing(path: Path, name: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(json.dumps({**json.loads(path.read_bytes()), name: value}))
    monkeypatch.delattr(hashlib, "scrypt")
    with pytest.raises(TamperError, match="damaged"):
        Keystore.open(path, PASS)


KILLED = """
import os, sys
from pathlib import Path
from accord_agents.security.keystore import Keystore
store = Keystore.open(Path(sys.argv[1]), sys.argv[2].encode())
Path.replace = lambda *_: os._exit(9)
store.put("c1/seed", b"never durable")
"""


def test_killed_between_writing_and_renaming(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), PASS.decode()], check=False)
    assert done.returncode == 9
    store = Keystore.open(path, PASS)
    assert {name: store.get(name) for name in SECRETS} == SECRETS
    store.put("c1/seed", b"new")
    assert Keystore.open(path, PASS).get("c1/seed") == b"new"
    assert sorted(p.name for p in path.parent.iterdir()) == ["keystore"]


def test_data_then_name_are_on_disk_before_put_returns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def replaced(source: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    durable(path, b"body")
    assert steps == ["file", "rename", "folder"] and path.read_bytes() == b"body"


def test_an_entry_cannot_be_removed_or_put_back_alone(path: Path) -> None:
    """Entries were authenticated one by one."""
    earlier = json.loads(path.read_bytes())
    Keystore.open(path, PASS).put("identity", b"another")
    now = json.loads(path.read_bytes())
    without = {name: value for name, value in now["entries"].items() if name != "c1/seed"}
    back = now["entries"] | {"identity": earlier["entries"]["identity"]}
    for entries in (without, back):
        path.write_text(json.dumps(now | {"entries": entries}))
        with pytest.raises(TamperError, match="removed or put back"):
            Keystore.open(path, PASS)
    path.write_text(json.dumps(now | {"count": now["count"] - 1}))
    with pytest.raises(TamperError, match="removed or put back"):
        Keystore.open(path, PASS)
    path.write_text(json.dumps(earlier))  # a whole file of an earlier day is a backup
    assert Keystore.open(path, PASS).get("identity") == SECRETS["identity"]


@pytest.mark.sweep
def test_another_passphrase_and_todays_cost(path: Path) -> None:
    before = json.loads(path.read_bytes())
    Keystore.open(path, PASS).change_passphrase(b"a new one, longer")
    after = json.loads(path.read_bytes())
    assert (before["n"], after["n"]) == (RANDOM, STRETCHED) and before["salt"] != after["salt"]
    assert not set(before["entries"].values()) & set(after["entries"].values())
    with pytest.raises(UsageError, match="passphrase does not open"):
        Keystore.open(path, PASS)
    store = Keystore.open(path, b"a new one, longer")
    assert {name: store.get(name) for name in SECRETS} == SECRETS


def test_what_a_person_chose_is_stretched(tmp_path: Path) -> None:
    Keystore.create(tmp_path / "keystore", PASS)
    assert json.loads((tmp_path / "keystore").read_bytes())["n"] == 1 << 17
