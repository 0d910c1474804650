"""How an own frame's payload is made again: encryption is deterministic, so that a large one need not be kept twice."""

from __future__ import annotations

from collections.abc import Callable

from accord_agents.security.channels.registry import channel_of
from accord_schemas.address import Address
from accord_schemas.blob import Blob, Reader
from accord_schemas.header import Header
from accord_schemas.payload import Part, Payload, raw
from accord_schemas.references import decode_kept, encode_kept
from accord_schemas.suites import Suite

EPOCH = 1


def associated(
    suite: Suite, collaboration: str, agreement: bytes, kind: str, address: Address, to: tuple[str, ...], chunk: str
) -> bytes:
    """What a ciphertext is bound to: the type, not the topic, so that a bridge may rename topics."""
    return suite.digest(b"accord aad", collaboration, kind, *address, ",".join(to), str(EPOCH), chunk, agreement)


def write_recipe(payload: Payload, span: tuple[int, int], wraps: list[bytes]) -> bytes:
    """The recipe of a piece: wraps, the payload's parts with numbers by reference, and which bytes of it these are."""
    parts = enumerate(payload.parts)
    kept = {str(k): part if isinstance(part, Blob) else bytes(raw(part)) for k, part in parts}
    return encode_kept({**kept, "span": list(span), "wraps": b"".join(wraps)})


def wraps_of(recipe: bytes, size: int) -> list[bytes]:
    """The wraps in a recipe, each of so many bytes."""
    joined: bytes = decode_kept(recipe, None)["wraps"]
    return [joined[i : i + size] for i in range(0, len(joined), size)]


def remade(header: Header, recipe: bytes, key: Callable[[tuple[str, ...]], bytes], blobs: Reader) -> bytes:
    """The payload of an own frame.

    Args:
        header: Of the frame.
        recipe: Written when it was made.
        key: The own channel key of a recipient set.
        blobs: Where the numbers are.
    """
    fields = decode_kept(recipe, blobs)
    (start, stop), wraps = fields.pop("span"), fields.pop("wraps")
    parts: list[Part] = [fields[name] for name in sorted(fields, key=int)]
    suite = header.algorithms
    about = (header.subject, bytes.fromhex(header.agreement), header.type, header.address, header.to, header.chunk)
    body = channel_of(suite.name).reseal(
        key(header.to), associated(suite, *about), bytes.fromhex(header.salt), Payload(parts).read(start, stop)
    )
    return bytes(wraps) + body
