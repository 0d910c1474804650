"""Products of powers: Pippenger's buckets, with signed digits.

Source: Pippenger, "On the evaluation of powers and monomials", SIAM Journal on Computing 9 (1980).
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import mul

import gmpy2
import numpy as np
from gmpy2 import mpz
from numpy.typing import NDArray

from accord_protocols.primitives.paillier.halves import Halves

_MAX_WINDOW = 16


def multi_exponentiation(bases: Halves, exponents: NDArray[np.int64]) -> mpz:
    """``Π bases[i]^exponents[i] mod root²``.

    The heads are multiplied in buckets, the tails summed. Negative digits go to buckets of their own, whose product is
    inverted once at the end.

    Args:
        bases: n units.
        exponents: ``(n,) int64``, every ``|x| < 2^62``.
    """
    window, modulus = _window(exponents), bases.root**2
    positive, negative = mpz(1), mpz(1)
    for digits in reversed(_signed_digits(exponents, window)):
        for _ in range(window):
            positive, negative = positive * positive % modulus, negative * negative % modulus
        half = int(np.abs(digits).max())
        buckets = [mpz(1)] * (2 * half + 1)  # digit d is bucket d: the negative ones count from the end
        for head, digit in zip(bases.heads, digits.tolist(), strict=True):
            if digit:
                buckets[digit] = buckets[digit] * head % modulus
        positive = positive * _weighted(buckets[half:0:-1], modulus) % modulus
        negative = negative * _weighted(buckets[half + 1 :], modulus) % modulus
    tail = sum(map(mul, bases.tails, exponents.tolist()), mpz(0)) % bases.root
    return positive * gmpy2.invert(negative, modulus) * (1 + bases.root * tail) % modulus


def _weighted(buckets: Iterable[mpz], modulus: mpz) -> mpz:
    # the last bucket to the power 1, the one before squared, and so on
    running = total = mpz(1)
    for bucket in buckets:
        running = running * bucket % modulus
        total = total * running % modulus
    return total


def _signed_digits(exponents: NDArray[np.int64], window: int) -> list[NDArray[np.int64]]:
    # base 2^window, digits in (-2^(window-1), 2^(window-1)], the least significant first
    base, rows, rest = 1 << window, [], exponents
    while rest.any():
        digits = rest & (base - 1)
        digits[digits > base // 2] -= base
        rows.append(digits)
        rest = (rest - digits) >> window
    return rows


def _window(exponents: NDArray[np.int64]) -> int:
    bits = int(np.abs(exponents).max(initial=0)).bit_length() + 1
    # a digit takes a multiplication per base; a bucket's magnitude four, of two signs, each twice as long
    return min(range(2, _MAX_WINDOW + 1), key=lambda c: -(-bits // c) * (len(exponents) + (8 << (c - 1))))
