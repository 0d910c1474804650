"""Uniform bytes out of a message by a hash function: expand_message_xmd of RFC 9380, section 5.3.1."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from accord_schemas.suites import sha256, sm3


@dataclass(frozen=True, slots=True)
class Hash:
    """A hash function that works on blocks.

    Args:
        digest: Bytes to `output` bytes.
        block: Bytes of an input block.
        output: Bytes of a digest.
    """

    digest: Callable[[bytes], bytes]
    block: int
    output: int


def _sha512(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()


SHA256, SHA512, SM3 = Hash(sha256, 64, 32), Hash(_sha512, 128, 64), Hash(sm3, 64, 32)


def expand_message_xmd(used: Hash, message: bytes, dst: bytes, length: int) -> bytes:
    """`length` uniform bytes.

    Args:
        used: The hash function.
        message: What is hashed.
        dst: Domain separation tag, 1 to 255 bytes.
        length: 1 to 255 outputs of the hash function.

    Raises:
        ValueError: `dst` or `length` out of range.
    """
    rounds = -(-length // used.output)
    if not 1 <= len(dst) <= 255 or not 1 <= rounds <= 255:
        raise ValueError("expand_message_xmd: domain separation tag or length out of range")
    dst_prime = dst + bytes([len(dst)])
    first = used.digest(bytes(used.block) + message + length.to_bytes(2, "big") + b"\0" + dst_prime)
    blocks = [used.digest(first + b"\1" + dst_prime)]
    for i in range(2, rounds + 1):
        mixed = bytes(a ^ b for a, b in zip(first, blocks[-1], strict=True))
        blocks.append(used.digest(mixed + bytes([i]) + dst_prime))
    return b"".join(blocks)[:length]
