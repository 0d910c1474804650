"""Products of two matrices over Z_2^128, one at the key's owner and one elsewhere: shares of ``A·B``.

``Σ A[i,l] x^(i·k·c + k-1-l)`` times ``Σ B[l,j] x^(j·k + l)`` has ``(A·B)[i,j]`` at ``x^(i·k·c + j·k + k-1)``: one
product of polynomials for r·k·c <= 16384 (25 x 25 x 25, or 128 x 128 by a vector), blocks beyond.
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
class Product:
    """The sizes of ``A·B``: `rows` x `inner` by `inner` x `columns`."""

    rows: int
    inner: int
    columns: int

    @property
    def blocks(self) -> int:
        """Rows of the encrypted array."""
        raise NotImplementedError

    @property
    def width(self) -> int:
        """Bytes of an encrypted block."""
        raise NotImplementedError


def encrypt_matrix(secret: SecretKey, product: Product, a: Words, xof: Xof) -> Bytes:
    """The owner's matrix ``(rows, inner, 2) uint64`` as ``(blocks, width) uint8``."""
    raise NotImplementedError


def multiply_matrix(
    public: PublicKey, product: Product, encrypted: Bytes, b: Words, xof: Xof, *, masked: bool = True
) -> tuple[Bytes, Words]:
    """Answer ``A·B - mask``.

    Args:
        public: The key of A's owner.
        product: Sizes.
        encrypted: From `encrypt_matrix`.
        b: ``(inner, columns, 2) uint64``.
        xof: Draws masks, flooding and randomisation.
        masked: Whether the owner is to see a share.

    Returns:
        The message ``(messages, width) uint8`` and the mask ``(rows, columns, 2) uint64``.

    Raises:
        ProtocolError: The encrypted matrix is not of the one form.
    """
    raise NotImplementedError


def open_matrix(secret: SecretKey, product: Product, message: Bytes) -> Words:
    """The owner's share, ``(rows, columns, 2) uint64``.

    Raises:
        ProtocolError: The message is not of the one form.
    """
    raise NotImplementedError
