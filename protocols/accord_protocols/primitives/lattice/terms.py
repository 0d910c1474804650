"""Sums of products, row by row: shares of ``Σ_j a[i, j]·b[i, j]`` in Z_2^128, a at the key's owner and b elsewhere.

One encryption of a serves any number of b. The numbers are integers: nothing is reduced modulo the ring before the sum
is masked, and it is masked with 40 statistical bits more than it has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.lattice.keys import PublicKey, SecretKey
from accord_protocols.primitives.xof import Xof

Words = NDArray[np.uint64]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Terms:
    """The sizes of such a sum.

    Args:
        rows: n.
        terms: J, of a row.
        bits: Every sum is below 2^bits in absolute value: 46 for a Fourier sigmoid, 256 for products of ring elements.
        outputs: How many sums may be opened in a whole run: 40 bits of statistical security are for all of them.
    """

    rows: int
    terms: int
    bits: int = 46
    outputs: int = 1 << 20

    @property
    def blocks(self) -> int:
        """Rows of the encrypted array."""
        raise NotImplementedError

    @property
    def width(self) -> int:
        """Bytes of an encrypted block."""
        raise NotImplementedError


def encrypt_terms(
    secret: SecretKey, terms: Terms, a: NDArray[np.int64] | Words, xof: Xof, blocks: range | None = None
) -> Bytes:
    """The owner's numbers.

    Args:
        secret: The owner's.
        terms: Sizes.
        a: ``(n, J) int64``, or ``(n, J, 2) uint64``: ring elements, taken as signed integers.
        xof: Draws errors.
        blocks: Which ones, where a part of the work is done; all by default.

    Returns:
        ``(len(blocks), terms.width) uint8``.
    """
    raise NotImplementedError


def multiply_terms(
    public: PublicKey, terms: Terms, encrypted: Bytes, b: NDArray[np.int64] | Words, xof: Xof
) -> tuple[Bytes, Words]:
    """Answer ``Σ_j a·b - mask`` for several b.

    Args:
        public: The key of a's owner.
        terms: Sizes.
        encrypted: From `encrypt_terms`, all blocks.
        b: ``(outputs, n, J) int64``, or ``(outputs, n, J, 2) uint64``.
        xof: Draws masks, flooding and randomisation.

    Returns:
        The message ``(messages, width) uint8`` and the mask ``(outputs, n, 2) uint64``.

    Raises:
        ProtocolError: The encrypted numbers are not of the one form.
    """
    raise NotImplementedError


def open_terms(secret: SecretKey, terms: Terms, message: Bytes) -> Words:
    """The owner's shares, ``(outputs, n, 2) uint64``.

    Raises:
        ProtocolError: The message is not of the one form.
    """
    raise NotImplementedError
