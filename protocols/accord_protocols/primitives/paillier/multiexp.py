"""Products of powers: Pippenger's buckets, with signed digits.

Source: Pippenger, "On the evaluation of powers and monomials", SIAM Journal on Computing 9 (1980).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import gmpy2
import numpy as np
from gmpy2 import mpz
from numpy.typing import NDArray

_MAX_WINDOW = 16


def multi_exponentiation(bases: Sequence[mpz], exponents: NDArray[np.int64], modulus: mpz) -> mpz:
    """``Π bases[i]^exponents[i] mod modulus``.

    Negative digits go to buckets of their own, whose product is inverted once at the end: no base is ever inverted.

    Args:
        bases: n numbers coprime to the modulus.
        exponents: ``(n,) int64``, every ``|x| < 2^62``.
        modulus: The modulus.
    """
    window = _window(exponents)
    positive, negative = mpz(1), mpz(1)
    for digits in reversed(_signed_digits(exponents, window)):
        for _ in range(window):
            positive, negative = positive * positive % modulus, negative * negative % modulus
        half = int(np.abs(digits).max())
        buckets = [mpz(1)] * (2 * half + 1)  # digit d is bucket d: the negative ones count from the end
        for base, digit in zip(bases, digits.tolist(), strict=True):
            if digit:
                buckets[digit] = buckets[digit] * base % modulus
        positive = positive * _weighted(buckets[half:0:-1], modulus) % modulus
        negative = negative * _weighted(buckets[half + 1 :], modulus) % modulus
    return positive * gmpy2.invert(negative, modulus) % modulus


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
    # a digit needs a multiplication per base, and four per bucket magnitude: two signs, two products
    return min(range(2, _MAX_WINDOW + 1), key=lambda c: -(-bits // c) * (len(exponents) + (4 << (c - 1))))
