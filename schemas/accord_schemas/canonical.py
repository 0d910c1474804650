"""Canonical encodings: the one JSON form, and hashing without ambiguity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any


def canonical_json(value: Any) -> bytes:
    """The one JSON encoding of `value`: sorted keys, no white space, UTF-8 without escapes, no NaN."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def unambiguous_json(data: bytes | str) -> Any:
    """JSON in any form, but with no key twice in one object: readers differ in which of the two they take.

    Raises:
        ValueError: It is not JSON, or says something twice.
        RecursionError: It is nested without end.
    """
    return json.loads(data, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def digest(*parts: bytes | str) -> bytes:
    """SHA-256 over the parts, each prefixed by its length in 8 bytes, so that no two part lists collide."""
    h = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        h.update(len(data).to_bytes(8, "big"))
        h.update(data)
    return h.digest()


def digest_of(parts: Iterable[bytes]) -> bytes:
    """The same of parts that come one by one."""
    h = hashlib.sha256()
    for part in parts:
        h.update(len(part).to_bytes(8, "big"))
        h.update(part)
    return h.digest()


def framed(*parts: bytes | str) -> Iterator[bytes]:
    """What is hashed for parts: before each its length in 8 bytes, big-endian."""
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        yield len(data).to_bytes(8, "big")
        yield data
