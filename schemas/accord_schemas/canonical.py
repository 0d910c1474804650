"""Canonical encodings: the one JSON form, and hashing without ambiguity."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> bytes:
    """The one JSON encoding of `value`: sorted keys, no white space, UTF-8 without escapes, no NaN."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def digest(*parts: bytes | str) -> bytes:
    """SHA-256 over the parts, each prefixed by its length in 8 bytes, so that no two part lists collide."""
    h = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        h.update(len(data).to_bytes(8, "big"))
        h.update(data)
    return h.digest()
