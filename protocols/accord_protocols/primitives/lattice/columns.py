"""Products with a matrix that its owner encrypted once: shares of ``X^T d`` and of ``X·w``.

p owns the key and X, and publishes `encrypt_columns` to a computing party q. For every ring vector q has, it answers
`transposed` or `forward` and keeps the mask; p opens the answer. Opened value and mask add up to the product modulo
2^bits. Everything is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.lattice.keys import PublicKey, SecretKey
from accord_protocols.primitives.xof import Xof

Words = NDArray[np.uint64]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Layout:
    """How a matrix lies in polynomials.

    Args:
        kind: ``sums`` for `transposed`, ``scores`` for `forward`.
        rows: n.
        columns: m.
        bits: Of the ring of results, 64 or 128.
    """

    kind: Literal["sums", "scores"]
    rows: int
    columns: int
    bits: int = 128

    @property
    def blocks(self) -> int:
        """Polynomials, a row of the encrypted array each."""
        raise NotImplementedError

    @property
    def width(self) -> int:
        """Bytes of an encrypted block."""
        raise NotImplementedError


def encrypt_columns(
    secret: SecretKey, layout: Layout, x: NDArray[np.int64] | Words, xof: Xof, blocks: range | None = None
) -> Bytes:
    """What the owner of X publishes once.

    Args:
        secret: The owner's.
        layout: Of X.
        x: ``(n, m) int64``, or ring elements ``(n, m, words) uint64``; may be mapped from a file.
        xof: Draws errors; used for nothing else.
        blocks: Which ones, where a part of the work is done; all by default.

    Returns:
        ``(len(blocks), layout.width) uint8``; parts are joined along their first axis.
    """
    raise NotImplementedError


def expand(public: PublicKey, layout: Layout, blocks: Bytes) -> NDArray[np.uint32]:
    """Received blocks, any number of the layout's, in the form that products need: ``(blocks, 2, primes, N) uint32``.

    Raises:
        ProtocolError: Not of the one form.
    """
    raise NotImplementedError


def transposed(
    public: PublicKey, layout: Layout, columns: NDArray[np.uint32], d: Words, xof: Xof, *, masked: bool = True
) -> tuple[Bytes, Words]:
    """Answer ``X^T d - mask``.

    Args:
        public: The key of X's owner.
        layout: Of kind ``sums``.
        columns: From `expand`, all blocks.
        d: ``(n, words)``, or ``(n, c, words)`` for c vectors at once.
        xof: Draws masks, flooding and randomisation; used for nothing else.
        masked: Whether the owner is to see a share; else it opens the product itself, and the mask is zero.

    Returns:
        The message ``(messages, width) uint8`` and the mask, ``(m, words)`` or ``(m, c, words)``.
    """
    raise NotImplementedError


def forward(
    public: PublicKey, layout: Layout, columns: NDArray[np.uint32], w: Words, xof: Xof, *, masked: bool = True
) -> tuple[Bytes, Words]:
    """Answer ``X·w - mask``: as `transposed`, a layout of kind ``scores``, `w` ``(m, words)`` or ``(m, c, words)``.

    Returns:
        The message and the mask, ``(n, words)`` or ``(n, c, words)``.
    """
    raise NotImplementedError


def open_transposed(secret: SecretKey, layout: Layout, message: Bytes, count: int | None = None) -> Words:
    """The owner's share of ``X^T d``: ``(m, words)``, or ``(m, c, words)`` where `count` says c.

    Raises:
        ProtocolError: The message is not of the one form.
    """
    raise NotImplementedError


def open_forward(secret: SecretKey, layout: Layout, message: Bytes, count: int | None = None) -> Words:
    """The owner's share of ``X·w``: ``(n, words)``, or ``(n, c, words)`` where `count` says c.

    Raises:
        ProtocolError: The message is not of the one form.
    """
    raise NotImplementedError
