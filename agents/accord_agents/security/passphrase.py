"""Where the keystore's passphrase comes from; never the command line, never a log."""

from __future__ import annotations

import os
import secrets
import stat
import unicodedata
from pathlib import Path

from accord_agents.security.keystore import durable
from accord_schemas.errors import UsageError

VARIABLE = "ACCORD_PASSPHRASE"
SHORTEST = 12
"""Characters of a passphrase that somebody chooses; older keystores with shorter ones still open."""


def passphrase(file: Path | None) -> bytes:
    """The passphrase: from a file that only its owner can read, else from ACCORD_PASSPHRASE.

    A file that the configuration names wins, so that a variable of the shell, meant for another party, opens nothing
    else; only where there is no such file does the variable stand in. Text counts in Unicode form NFC: keyboards differ
    in how they compose an é.

    Raises:
        UsageError: Neither is there, the file is empty, or others can read it.
    """
    value = os.environ.get(VARIABLE)
    if value and (file is None or not file.exists()):
        return _composed(os.fsencode(value))
    if file is None:
        raise UsageError(
            "no passphrase for the keystore.", hint=f"Set {VARIABLE}, or passphrase_file in the configuration."
        )
    return read_passphrase(file)


def read_passphrase(file: Path) -> bytes:
    """The passphrase in a file that only its owner can read.

    Raises:
        UsageError: The file is missing or empty, or others can read it.
    """
    try:
        mode, content = file.stat().st_mode, file.read_bytes().strip()
    except OSError as error:
        raise UsageError(f"the passphrase file {file} cannot be read: {error.strerror}.") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(f"the passphrase file {file} can be read by others.", hint=f"Run: chmod 600 {file}")
    if not content:
        raise UsageError(f"the passphrase file {file} is empty.")
    return _composed(content)


def _composed(raw: bytes) -> bytes:
    try:
        return unicodedata.normalize("NFC", raw.decode()).encode()
    except UnicodeDecodeError:  # no text in UTF-8: its bytes as they are
        return raw


def chosen(words: bytes) -> bytes:
    """A passphrase that may protect a keystore, in the form in which it counts.

    Raises:
        UsageError: It has fewer than `SHORTEST` characters.
    """
    if len(words.decode(errors="replace")) < SHORTEST:
        hint = "Take some words of a book, or: openssl rand -hex 16"
        raise UsageError(f"the passphrase has fewer than {SHORTEST} characters.", hint=hint)
    return _composed(words)


def forget() -> None:
    """Take the passphrase out of the environment, once it is read: child processes need none."""
    os.environ.pop(VARIABLE, None)


def create_keyfile(path: Path) -> None:
    """A random passphrase in a file of mode 0600; for runs on one machine."""
    durable(path, secrets.token_hex(32).encode())
