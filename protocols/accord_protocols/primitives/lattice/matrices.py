"""Products of two matrices over Z_2^128, one at the key's owner and one elsewhere: shares of ``A·B``.

``Σ A[i,l] x^(i·k·c + k-1-l)`` times ``Σ B[l,j] x^(j·k + l)`` has ``(A·B)[i,j]`` at ``x^(i·k·c + j·k + k-1)``: one
product of polynomials for r·k·c <= 16384 (25 x 25 x 25, or 128 x 128 by a vector), blocks beyond.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.lattice import cipher
from accord_protocols.primitives.lattice.keys import Bytes, PublicKey, SecretKey
from accord_protocols.primitives.lattice.packing import MALFORMED
from accord_protocols.primitives.lattice.parameters import RING128
from accord_protocols.primitives.lattice.remainders import words
from accord_protocols.primitives.lattice.residues import Integers, scattered, signed, unsigned
from accord_protocols.primitives.lattice.sampling import integers
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

Words = NDArray[np.uint64]
_DEGREE = RING128.degree
_RING = Ring(128)


@dataclass(frozen=True)
class Product:
    """The sizes of ``A·B``: `rows` x `inner` by `inner` x `columns`, each at least 1."""

    rows: int
    inner: int
    columns: int

    @cached_property
    def tile(self) -> tuple[int, int, int]:
        """Sizes of the matrices that are multiplied in one polynomial: the largest side is halved until they fit."""
        sides = [self.rows, self.inner, self.columns]
        while sides[0] * sides[1] * sides[2] > _DEGREE.size:
            largest = sides.index(max(sides))
            sides[largest] = -(-sides[largest] // 2)
        return sides[0], sides[1], sides[2]

    @cached_property
    def tiles(self) -> tuple[int, int, int]:
        """How many there are along each side."""
        sides = (self.rows, self.inner, self.columns)
        r, k, c = (-(-side // part) for side, part in zip(sides, self.tile, strict=True))
        return r, k, c

    @property
    def blocks(self) -> int:
        """Rows of the encrypted array: by tiles of rows, then of the inner side."""
        return self.tiles[0] * self.tiles[1]

    @property
    def width(self) -> int:
        """Bytes of an encrypted block."""
        return cipher.block_width(_DEGREE)

    @property
    def messages(self) -> int:
        """Answers: by tiles of rows, then of columns."""
        return self.tiles[0] * self.tiles[2]

    @property
    def message_width(self) -> int:
        """Bytes of an answer."""
        return cipher.answer_width(_DEGREE, self.tile[0] * self.tile[2])

    @cached_property
    def positions(self) -> NDArray[np.int64]:
        """The coefficients of a tile of the result, row by row."""
        r, k, c = self.tile
        found: NDArray[np.int64] = np.arange(r)[:, None] * k * c + np.arange(c) * k + k - 1
        return found.reshape(-1)


def encrypt_matrix(secret: SecretKey, product: Product, a: Words, xof: Xof) -> Bytes:
    """The owner's matrix ``(rows, inner, 2) uint64`` as ``(blocks, width) uint8``."""
    if a.shape != (product.rows, product.inner, 2):
        raise ValueError("the matrix is not of the agreed sizes")
    (r, k, c), out = product.tile, np.empty((product.blocks, product.width), np.uint8)
    positions = (np.arange(r)[:, None] * k * c + k - 1 - np.arange(k)).reshape(-1)
    for block, row in enumerate(out):
        i, inner = divmod(block, product.tiles[1])
        message = _polynomial(_tile(a, i, inner, r, k), positions, _DEGREE.size)
        row[:] = cipher.encrypt(secret, RING128, message, xof.fork("block", block))
    return out


def multiply_matrix(
    public: PublicKey, product: Product, encrypted: Bytes, b: Words, xof: Xof, *, masked: bool = True
) -> tuple[Bytes, Words]:
    """Answer ``A·B - mask``.

    Args:
        public: The key of A's owner.
        product: Sizes.
        encrypted: From `encrypt_matrix`.
        b: ``(inner, columns, 2) uint64``.
        xof: Draws masks, flooding and randomisation; used for nothing else.
        masked: Whether the owner is to see a share; else it opens the product itself, and the mask is zero.

    Returns:
        The message ``(messages, width) uint8`` and the mask ``(rows, columns, 2) uint64``.

    Raises:
        ProtocolError: The encrypted matrix is not of the one form.
    """
    if b.shape != (product.inner, product.columns, 2):
        raise ValueError("the matrix is not of the agreed sizes")
    if len(encrypted) != product.blocks:
        raise ProtocolError(MALFORMED)
    (r, k, c), (_, inner, across) = product.tile, product.tiles
    positions = (np.arange(k)[:, None] + np.arange(c) * k).reshape(-1)
    messages = np.empty((product.messages, product.message_width), np.uint8)
    mask = np.zeros((product.rows, product.columns, 2), np.uint64)
    factor = np.empty((1, _DEGREE.count, _DEGREE.size), np.uint32)
    for message in range(product.messages):
        i, j = divmod(message, across)
        sums = cipher.Products(public, RING128)
        for at in range(inner):
            number = i * inner + at
            block = cipher.expand(public, _DEGREE, encrypted[number : number + 1])
            cipher.multiplier(_DEGREE, _polynomial(_tile(b, at, j, k, c), positions, k * c), factor[0])
            sums.add(block, factor)
        own = xof.fork("answer", message)
        rows = integers(128, r * c, own) if masked else np.zeros((4, r * c), np.uint32)
        messages[message] = sums.answer(product.positions, unsigned(rows), own)
        added = np.ascontiguousarray(rows.T).view("<u8").astype(np.uint64, copy=False)
        _place(mask, _RING.sub(np.zeros_like(added), added).reshape(r, c, 2), i, j)
    return messages, mask


def open_matrix(secret: SecretKey, product: Product, message: Bytes) -> Words:
    """The owner's share, ``(rows, columns, 2) uint64``.

    Raises:
        ProtocolError: The message is not of the one form.
    """
    if message.ndim != 2 or len(message) != product.messages:
        raise ProtocolError(MALFORMED)
    (r, _, c), out = product.tile, np.empty((product.rows, product.columns, 2), np.uint64)
    primes = _DEGREE.primes[: _DEGREE.kept]
    for number, answer in enumerate(message):
        residues = cipher.phase(secret, RING128, answer, product.positions, r * c)
        shares = words(residues, primes, 128, _DEGREE.dropped).reshape(r, c, 2)
        _place(out, shares, *divmod(number, product.tiles[2]))
    return out


def _tile(matrix: Words, i: int, j: int, height: int, width: int) -> Words:
    """One tile, with zeros beyond the edge."""
    part = matrix[i * height : (i + 1) * height, j * width : (j + 1) * width]
    tile = np.zeros((height, width, 2), np.uint64)
    tile[: part.shape[0], : part.shape[1]] = part
    return tile


def _place(out: Words, tile: Words, i: int, j: int) -> None:
    target = out[i * tile.shape[0] : (i + 1) * tile.shape[0], j * tile.shape[1] : (j + 1) * tile.shape[1]]
    target[:] = tile[: target.shape[0], : target.shape[1]]


def _polynomial(tile: Words, positions: NDArray[np.int64], size: int) -> Integers:
    return scattered(signed(tile.reshape(-1, 2)), positions, size)
