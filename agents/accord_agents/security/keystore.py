"""A party's secrets in one file, encrypted at rest: scrypt (RFC 7914) from a passphrase, AES-256-GCM per entry.

An entry's name is bound to its ciphertext, so that entries cannot be swapped, and a MAC covers the list of all entries
with a counter of writings, so that none can be taken away or put back alone. A whole file of an earlier day opens: that
is a backup. Writing is durable before it returns: a new file, fsync, rename, fsync of the folder.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accord_agents.files.durable import written
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import TamperError, UsageError

STRETCHED, RANDOM = 1 << 17, 1 << 14
"""scrypt's n for what a person chose (OWASP's figure: 128 MiB, about half a second), and for 256 random bits."""
_SCRYPT = ("n", "r", "p")
_MOST = {"n": 1 << 17, "r": 8, "p": 4}  # at most 128 MiB and a few seconds, whatever a file asks for
_CHECK = "accord keystore"


class Keystore:
    """Opened by `Keystore.create` or `Keystore.open`."""

    def __init__(self, path: Path, key: bytes, head: dict[str, Any], entries: dict[str, str], count: int = 0) -> None:
        self._path, self._cipher, self._head, self._entries = path, AESGCM(key), head, entries
        self._count, self._list_key = count, hmac.digest(key, b"accord keystore list", "sha256")

    def __repr__(self) -> str:
        return f"Keystore({str(self._path)!r})"

    @property
    def memory(self) -> Path:
        """The folder beside it of what is remembered as long as its keys: rows that were trained on, or scored."""
        return memory(self._path)

    @classmethod
    def create(
        cls, path: Path, passphrase: bytes, secrets: Mapping[str, bytes] | None = None, cost: int = STRETCHED
    ) -> Keystore:
        """A new keystore with its first secrets, written at once: there is never one without them.

        Args:
            path: Where no file stands yet.
            passphrase: Opens it.
            secrets: By name.
            cost: scrypt's n, a power of two.

        Raises:
            UsageError: A file stands there already.
        """
        if path.exists():
            raise UsageError(f"the keystore {path} exists.", hint="Remove it only if its keys are no longer needed.")
        head = _head(cost)
        store = cls(path, _derive(passphrase, head), head, {})
        store.put_many({_CHECK: b"ok", **(secrets or {})})
        return store

    def change_passphrase(self, passphrase: bytes, cost: int = STRETCHED) -> None:
        """Encrypt every entry anew under another passphrase; the file is replaced as a whole."""
        secrets, head = {name: self.get(name) for name in self._entries}, _head(cost)
        fresh = Keystore(self._path, _derive(passphrase, head), head, {}, self._count)
        fresh.put_many(secrets)
        self.__dict__.update(fresh.__dict__)

    @classmethod
    def open(cls, path: Path, passphrase: bytes) -> Keystore:
        """An existing keystore.

        Raises:
            UsageError: No such file, or a wrong passphrase.
            TamperError: The file was damaged.
        """
        try:
            data = json.loads(path.read_bytes())
            head: dict[str, Any] = {
                "salt": bytes.fromhex(data["salt"]).hex(),
                **{name: data[name] for name in _SCRYPT},
            }
            entries = {str(name): bytes.fromhex(value).hex() for name, value in data["entries"].items()}
            count, listed = int(data["count"]), bytes.fromhex(data["listed"])
            if any(type(head[name]) is not int or not 1 <= head[name] <= most for name, most in _MOST.items()):
                raise ValueError
            if head["n"] < 2 or head["n"] & (head["n"] - 1):
                raise ValueError
        except FileNotFoundError:
            raise UsageError(f"there is no keystore {path}.", hint="Make one with: accord keys init") from None
        except OSError as error:
            raise UsageError(f"the keystore {path} cannot be read: {error.strerror}.") from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise TamperError(f"the keystore {path} is damaged.", hint="Put back a copy of it.") from None
        store = cls(path, _derive(passphrase, head), head, entries, count)
        try:
            store.get(_CHECK)
        except (TamperError, KeyError):
            raise UsageError(
                f"the passphrase does not open the keystore {path}.", hint="Check ACCORD_PASSPHRASE or passphrase_file."
            ) from None
        if not hmac.compare_digest(store._listed(entries, count), listed):
            raise TamperError(
                f"entries of the keystore {path} were removed or put back.", hint="Put back a copy of it."
            )
        return store

    def put(self, name: str, secret: bytes) -> None:
        """Keep a secret; durable when this returns."""
        self.put_many({name: secret})

    def put_many(self, secrets: Mapping[str, bytes]) -> None:
        """Keep several secrets at once."""
        entries = dict(self._entries)
        for name, secret in secrets.items():
            nonce = os.urandom(12)
            entries[name] = (nonce + self._cipher.encrypt(nonce, secret, name.encode())).hex()
        self._write(entries)

    def get(self, name: str) -> bytes:
        """A secret.

        Raises:
            KeyError: There is none of that name.
            TamperError: It was damaged.
        """
        encrypted = bytes.fromhex(self._entries[name])
        try:
            return self._cipher.decrypt(encrypted[:12], encrypted[12:], name.encode())
        except (InvalidTag, ValueError):
            raise TamperError(
                f"the entry {name} of the keystore {self._path} was changed.", hint="Put back a copy of it."
            ) from None

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def names(self, prefix: str) -> list[str]:
        """The names of all entries that begin with `prefix`."""
        return sorted(name for name in self._entries if name.startswith(prefix))

    def erase(self, prefix: str) -> int:
        """Forget every entry whose name begins with `prefix`; returns how many there were."""
        left = {name: value for name, value in self._entries.items() if not name.startswith(prefix)}
        count = len(self._entries) - len(left)
        if count:
            self._write(left)
        return count

    def _write(self, entries: dict[str, str]) -> None:
        count = self._count + 1
        listed = self._listed(entries, count).hex()
        body = {**self._head, "entries": entries, "count": count, "listed": listed}
        durable(self._path, json.dumps(body, sort_keys=True).encode())
        self._entries, self._count = entries, count  # a secret is there only once it is on disk

    def _listed(self, entries: Mapping[str, str], count: int) -> bytes:
        body = canonical_json({"head": self._head, "count": count, "entries": dict(entries)})
        return hmac.digest(self._list_key, body, "sha256")


def memory(keystore: Path) -> Path:
    """The folder beside a keystore's file that goes with it; see `Keystore.memory`."""
    return keystore.with_name(f"{keystore.name}.rows")


def durable(path: Path, body: bytes) -> None:
    """`written` of a file that is in memory."""
    written(path, [body])


def _head(cost: int) -> dict[str, Any]:
    return {"salt": os.urandom(16).hex(), "n": cost, "r": 8, "p": 1}


def _derive(passphrase: bytes, head: dict[str, Any]) -> bytes:
    salt, cost = bytes.fromhex(head["salt"]), {name: head[name] for name in _SCRYPT}
    return hashlib.scrypt(passphrase, salt=salt, maxmem=1 << 28, dklen=32, **cost)
