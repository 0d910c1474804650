"""Rows as the journal keeps them: what is for this party alone is encrypted."""

from __future__ import annotations

from dataclasses import replace

from accord_agents.journal.rows import Outgoing, Row
from accord_agents.security.storage import StorageCipher
from accord_schemas.canonical import digest


def decrypted_recipe(out: Outgoing, cipher: StorageCipher) -> Outgoing:
    """A frame of the outbox with its recipe in clear.

    Raises:
        TamperError: It was changed.
    """
    return replace(out, recipe=cipher.decrypt(out.recipe, out.key)) if out.recipe else out


def encrypted(row: Row, cipher: StorageCipher) -> Row:
    """A row as the journal keeps it: the own command and job results encrypted."""
    if row.kind not in ("command", "job") or row.payload is None:
        return row
    return Row(row.collaboration, row.kind, row.head, cipher.encrypt(row.payload, row_aad(row)), row.time)


def decrypted(row: Row, cipher: StorageCipher) -> Row:
    """A row of the journal in clear.

    Raises:
        TamperError: It was changed.
    """
    if row.kind not in ("command", "job") or row.payload is None:
        return row
    return Row(row.collaboration, row.kind, row.head, cipher.decrypt(row.payload, row_aad(row)), row.time)


def row_aad(row: Row) -> bytes:
    """What an encrypted row is bound to."""
    return digest(b"accord row", row.collaboration, row.kind, row.head, row.time)
