"""Correlated oblivious transfers out of the seeds, as many as are needed: t at the holder, q = t ⊕ r·Δ at the sender.

The shape of SoftSpokenOT (Roy, CRYPTO 2022) with 16 seeds a group, 4 bytes for a transfer. Every extension is checked
before the sender says anything that depends on it: without that, a holder who flips bits of its corrections learns bits
of Δ, and with Δ all that the sender ever hides. A sender whose check fails never uses that Δ again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from accord_protocols.primitives.onehot.blocks import BLOCK, Blocks
from accord_protocols.primitives.onehot.seeds import BITS, DEPTH, GROUPS, INCONSISTENT, LEAVES, Bytes, Secret
from accord_protocols.primitives.onehot.transposing import transpose
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError

SPARE = 128
"""Further random choices of an extension: what its check shows of the choices is under these."""
CHECK = BLOCK + 32
"""Bytes of a check: a sum of the choices, and a hash of the sums of all columns."""
Words = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Extension:
    """What the holder says.

    Attributes:
        nonce: 16 bytes that follow from its secret, its history and the choices; never the same twice.
        corrections: ``(GROUPS, width)`` bytes.
        check: ``CHECK`` bytes.
    """

    nonce: bytes
    corrections: Bytes
    check: bytes


def width(count: int) -> int:
    """Bytes of a column of an extension of so many transfers."""
    return -(-(count + SPARE) // 64) * 8


def choose(
    seeds: Bytes, context: bytes, nonce: bytes, choices: NDArray[np.uint8], spare: bytes
) -> tuple[Extension, Blocks]:
    """The holder's side.

    Args:
        seeds: ``(GROUPS, LEAVES, 16)``.
        context: Session, exchange and number of the extension, bound by its check.
        nonce: Of this extension.
        choices: ``(count,)`` bits.
        spare: `SPARE` random bits, as bytes.

    Returns:
        What the sender gets, and t ``(count, 2)``.
    """
    size = width(len(choices))
    packed = np.zeros(size, np.uint8)
    bits = np.packbits(choices, bitorder="little")
    packed[: len(bits)] = bits
    packed[size - SPARE // 8 :] |= np.frombuffer(spare, np.uint8)  # beyond all choices: the width leaves room
    columns, corrections = np.empty((BITS, size // 8), np.uint64), np.empty((GROUPS, size // 8), np.uint64)
    for group, streams in enumerate(_streams(seeds, nonce, size)):
        whole = _folded(streams, columns[DEPTH * group : DEPTH * (group + 1)])
        np.bitwise_xor(whole, packed.view("<u8"), out=corrections[group])
    said = corrections.view(np.uint8)
    key = _key(context, nonce, said)
    total = _Sum(key, size)
    check = total(packed) + _hash(total(column) for column in columns)
    return Extension(nonce, said, check), transpose(columns)[: len(choices)]


def accept(secret: Secret, context: bytes, said: Extension, count: int) -> Blocks:
    """The sender's side: q ``(count, 2)``.

    Raises:
        ProtocolError: Another shape, or the check fails: the holder's corrections are not of one choice each.
    """
    size = width(count)
    if said.corrections.shape != (GROUPS, size) or len(said.check) != CHECK or len(said.nonce) != BLOCK:
        raise ProtocolError(INCONSISTENT)
    columns, corrections = np.empty((BITS, size // 8), np.uint64), np.ascontiguousarray(said.corrections).view("<u8")
    ordered = np.stack([own[_NUMBERS ^ missing] for own, missing in zip(secret.seeds, secret.missing, strict=True)])
    for group, streams in enumerate(_streams(ordered, said.nonce, size)):
        _folded(
            streams, columns[DEPTH * group : DEPTH * (group + 1)]
        )  # the missing one comes first, and counts nowhere
        for bit in range(DEPTH * group, DEPTH * (group + 1)):
            if secret.delta[bit]:
                columns[bit] ^= corrections[group]
    total = _Sum(_key(context, said.nonce, said.corrections), size)
    chosen, found = said.check[:BLOCK], said.check[BLOCK:]
    sums = (total(column) for column in columns)
    expected = (_xor(own, chosen) if bit else own for own, bit in zip(sums, secret.delta.tolist(), strict=True))
    if _hash(expected) != found:
        raise ProtocolError(INCONSISTENT)
    return transpose(columns)[:count]


_NUMBERS = np.arange(LEAVES)


def _folded(streams: Words, columns: Words) -> Words:
    """Sums of the streams whose number has a bit, top bit first, to `columns`; returns the sum of all. `streams` are
    overwritten."""
    for column in columns:
        half = len(streams) // 2
        np.bitwise_xor.reduce(streams[half:], axis=0, out=column)
        streams = np.bitwise_xor(streams[:half], streams[half:], out=streams[:half])
    whole: Words = streams[0]
    return whole


def _streams(seeds: Bytes, nonce: bytes, size: int) -> Iterator[Words]:
    """Of every group the leaves' streams, ``(LEAVES, size / 8)``: AES in counter mode under AES_seed(nonce)."""
    zeros = bytes(size)
    for group in seeds:
        streams = np.empty((LEAVES, size), np.uint8)
        for leaf, seed in enumerate(group):
            key = Cipher(algorithms.AES(seed.tobytes()), modes.ECB()).encryptor().update(nonce)  # noqa: S305 - of one block
            stream = Cipher(algorithms.AES(key), modes.CTR(bytes(BLOCK))).encryptor()
            stream.update_into(zeros, memoryview(streams[leaf]))
        yield streams.view("<u8")


def _key(context: bytes, nonce: bytes, corrections: Bytes) -> bytes:
    return digest(b"accord onehot check", context, nonce, np.ascontiguousarray(corrections).tobytes())[:BLOCK]


class _Sum:
    """A linear universal hash of a column: GMAC, less that of zeros (Patel and others; OpenSSL computes it)."""

    def __init__(self, key: bytes, size: int) -> None:
        self._key = key
        self._zero = self._mac(bytes(size))

    def _mac(self, data: bytes) -> bytes:
        cipher = Cipher(algorithms.AES(self._key), modes.GCM(bytes(12))).encryptor()
        cipher.authenticate_additional_data(data)
        cipher.finalize()
        return cipher.tag

    def __call__(self, column: NDArray[np.generic]) -> bytes:
        return _xor(self._mac(column.tobytes()), self._zero)


def _hash(sums: Iterator[bytes]) -> bytes:
    return hashlib.sha256(b"".join(sums)).digest()


def _xor(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(len(a), "big")
