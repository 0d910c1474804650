"""Fields as a party keeps them for itself: as `blocks` encodes them, large numbers by reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accord_schemas.blob import Blob, Reader
from accord_schemas.blocks import decode_fields, encode_fields

_REFERENCES = ""
"""The name of the field that says which others are blobs; no field is called so."""


def encode_kept(fields: Mapping[str, Any]) -> bytes:
    """Encode a flat mapping; values as in `encode_fields`, or blobs."""
    blobs = {name: value for name, value in fields.items() if isinstance(value, Blob)}
    plain = {name: value for name, value in fields.items() if name not in blobs}
    if blobs:
        plain[_REFERENCES] = {name: [b.digest.hex(), b.dtype, list(b.shape)] for name, b in blobs.items()}
    return encode_fields(plain)


def decode_kept(data: bytes, reader: Reader | None) -> dict[str, Any]:
    """The mapping that `encode_kept` wrote.

    Args:
        data: What it wrote.
        reader: Where blobs are.

    Raises:
        FrameError: It is of another form.
    """
    fields = decode_fields(data)
    for name, (digest, dtype, shape) in fields.pop(_REFERENCES, {}).items():
        fields[name] = Blob(bytes.fromhex(digest), dtype, tuple(shape), reader)
    return fields
