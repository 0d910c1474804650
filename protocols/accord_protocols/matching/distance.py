"""Squared distances of embeddings: in whole numbers, so that every party comes to the same decision.

An embedding has up to 128 numbers in units of 2^-22 and a norm of at most 2. So a squared distance is at most 16, below
2^48 of its units of 2^-44, and less a threshold it stays in the 49 bits that `primitives.comparison` compares. Rounding
moves a distance of faces by about 10^-7.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_schemas.errors import AccordError
from accord_schemas.matching import HASH_BITS, Match

FRACTION = 22
MAX_NORM = 2.0
Words = NDArray[np.uint64]
Ints = NDArray[np.int64]
_COARSE = 16  # bits of numbers whose sums of products are exact as doubles, in any order
_BLOCK = 1024
_MOST = 4096  # pictures of a gallery whose pairs are looked at


def fixed(values: NDArray[np.float64]) -> Ints:
    """Embeddings ``(n, m)`` in units of 2^-22.

    Raises:
        AccordError: One has a norm above 2, which no embedding has that this program makes.
    """
    found = np.rint(np.ldexp(values, FRACTION)).astype(np.int64)
    if len(found) and int((found * found).sum(axis=1).max()) > int(MAX_NORM**2) << (2 * FRACTION):
        raise AccordError("an embedding is longer than this program's are.")
    return found


def norms(embeddings: Ints) -> Words:
    """Squared norms ``(n,)`` in units of 2^-44."""
    squares: Words = (embeddings * embeddings).sum(axis=1).astype(np.uint64)
    return squares


def limit(terms: Match) -> int:
    """The largest squared distance that still matches, in units of 2^-44.

    A hash's bit is 0 or 1/8 in an embedding, so that h different bits are a squared distance of h/64.
    """
    if terms.kind == "picture":
        return (int(terms.threshold) << (2 * FRACTION)) // HASH_BITS
    numerator, denominator = terms.threshold.as_integer_ratio()
    return (numerator * numerator << (2 * FRACTION)) // (denominator * denominator)


def probe_share(squares: Words, mask: Words) -> Words:
    """The client's share of what is compared, ``(g, c)``: the squared norms ``(c,)`` of its probes, less twice its
    share ``(g, c)`` of the inner products, modulo 2^64."""
    return squares[None] - (mask << np.uint64(1))


def gallery_share(squares: Words, opened: Words, most: int) -> Words:
    """The server's: with the client's it is the squared distance less one more than the limit, negative at a match."""
    return squares[:, None] - (opened << np.uint64(1)) - np.uint64(most + 1)


def squared(a: Ints, b: Ints) -> Ints:
    """Squared distances ``(n, k)`` of all pairs, in units of 2^-44: for who knows both sides."""
    return (norms(a).astype(np.int64)[:, None] - 2 * (a @ b.T)) + norms(b).astype(np.int64)[None]


def near(embeddings: Ints, most: int) -> tuple[int, int]:
    """Of the pairs within a gallery, how many are as near as the limit, and how many were looked at.

    Embeddings are rounded to 16 bits for it; of more than 4,096 pictures the first ones count.
    """
    some = (embeddings[:_MOST] >> (FRACTION - _COARSE)).astype(np.float64)
    squares, bound, found = (some * some).sum(axis=1), most >> (2 * (FRACTION - _COARSE)), 0
    for start in range(0, len(some), _BLOCK):
        block = some[start : start + _BLOCK]
        distances = squares[start : start + _BLOCK, None] - 2 * (block @ some.T) + squares[None]
        found += int((distances <= bound).sum())
    n = len(some)
    return (found - n) // 2, n * (n - 1) // 2
