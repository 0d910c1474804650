"""Which figures a party's result has: its journal says so, encrypted, since later programs may have further ones.

A replay holds the figures of its own version against the file. One that the file lacks was taken out of it, unless the
program that wrote the file never had it: that is what is recorded here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from accord_agents.journal.journal import Journal
from accord_agents.security.storage import StorageCipher
from accord_schemas.canonical import digest


def record(journal: Journal, cipher: StorageCipher, collaboration: str, figures: Iterable[str]) -> None:
    """A result was written that has these figures which follow from the journal.

    Raises:
        AccordError: The disk is full or cannot be written.
    """
    names = frozenset(figures)
    if recorded(journal, cipher, collaboration) != names:
        body = json.dumps(sorted(names)).encode()
        journal.set_meta(_name(collaboration), cipher.encrypt(body, _aad(collaboration)))


def recorded(journal: Journal, cipher: StorageCipher, collaboration: str) -> frozenset[str] | None:
    """Those that were written last; None where none were, or by a program that did not record them.

    Raises:
        TamperError: The record was changed.
    """
    body = journal.meta(_name(collaboration))
    return None if body is None else frozenset(json.loads(cipher.decrypt(body, _aad(collaboration))))


def _name(collaboration: str) -> str:
    return f"figures/{collaboration}"


def _aad(collaboration: str) -> bytes:
    return digest(b"accord figures", collaboration)
