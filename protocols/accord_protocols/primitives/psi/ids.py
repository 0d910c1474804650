"""User ids: the one form in which they are compared, hashed and committed to."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable

from accord_schemas.canonical import digest
from accord_schemas.errors import UsageError

MAX_ID_BYTES = 1024


def normalise(text: str) -> str:
    """`text` in Unicode form NFKC without surrounding white space; digits stay text, so ``007`` is not ``7``.

    Raises:
        UsageError: Nothing is left, or more than `MAX_ID_BYTES` bytes of UTF-8.
    """
    identifier = unicodedata.normalize("NFKC", text).strip()
    if not identifier:
        raise UsageError("an id is empty.", hint="Give every row an id, or leave the row out.")
    if len(identifier.encode()) > MAX_ID_BYTES:
        raise UsageError(f"the id {identifier[:20]!r}... is longer than {MAX_ID_BYTES} bytes.", hint="Shorten it.")
    return identifier


def is_test(identifier: str, modulus: int, equals: int) -> bool:
    """Whether a normalised id belongs to the TEST rows: the first 8 hex digits of its SHA-256, modulo, are `equals`."""
    return int(hashlib.sha256(identifier.encode()).hexdigest()[:8], 16) % modulus == equals


def commitment(ids: Iterable[str], salt: bytes) -> bytes:
    """A hiding and binding digest (32 bytes) of the *set* of normalised ids; order and repetitions do not matter.

    Args:
        ids: Normalised ids.
        salt: 32 secret bytes; whoever knows them can test guesses.
    """
    return digest(b"accord id set", salt, *sorted({identifier.encode() for identifier in ids}))
