"""What an owner of a Paillier key reads of a peer's columns: as the answers once were, and as they are.

Once an answer was ``Π C^x · (1 + ρ·n) · h_s^α``, with h_s from the owner and offsets ρ as wide as the slots. Each
attack is run on such an answer first, where it reads every row that it asks for, and then on the answers of today.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count

import gmpy2
import numpy as np
import pytest
from gmpy2 import mpz
from numpy.typing import NDArray

from accord_protocols.primitives.paillier.cipher import decrypt, encrypt_own
from accord_protocols.primitives.paillier.jobs import answer_masks, masked_products
from accord_protocols.primitives.paillier.keys import PrivateKey, PublicKey
from accord_protocols.primitives.paillier.packing import pack, slot_bits, slots
from accord_protocols.primitives.xof import Xof
from accord_schemas.bigints import from_block, to_block

X_BITS, STEP = 23, 24  # rows stand 24 bits apart in what the owner reads
COLUMNS = 3
Answer = Callable[[PublicKey, list[mpz], NDArray[np.int64]], list[mpz]]


def rows(xof: Xof, n: int) -> NDArray[np.int64]:
    values = [xof.below(1 << 22) - (1 << 21) for _ in range(n * COLUMNS)]
    return np.array(values, np.int64).reshape(n, COLUMNS)


def digits(value: int, number: int) -> list[int]:
    """What stands 24 bits apart in a number, signed."""
    out = []
    for _ in range(number):
        digit = ((value + (1 << (STEP - 1))) & ((1 << STEP) - 1)) - (1 << (STEP - 1))
        out.append(int(digit))
        value = (value - digit) >> STEP
    return out


def as_once(hs: int, width: int) -> Answer:
    """The answers of the first version: slots with offsets of their own, and a power of the owner's h_s."""

    def answer(public: PublicKey, C: list[mpz], X: NDArray[np.int64]) -> list[mpz]:
        n, n_squared, xof = mpz(public.n), public.n_squared, Xof(bytes(32), "once")
        out = []
        for column in X.T.tolist():
            product = mpz(1)
            for c, x in zip(C, column, strict=True):
                product = product * gmpy2.powmod(c, x, n_squared) % n_squared
            offsets = [(1 << (width - 2)) + xof.bits(width - 3) for _ in range((public.bits - 2) // width)]
            alpha = xof.bits(public.bits // 2 + X_BITS + 6 + 40)
            fresh = (1 + pack(offsets, width) * n) * gmpy2.powmod(hs, alpha, n_squared)
            out.append(product * fresh % n_squared)
        return out

    return answer


def as_it_is(public: PublicKey, C: list[mpz], X: NDArray[np.int64]) -> list[mpz]:
    """The answers of today, by the code that gives them."""
    width = slot_bits(128, X_BITS, len(X))
    masks, _ = answer_masks(public, X.shape[1], slots(public.bits, width, 100), width, 128, Xof(bytes(32), "now"))
    products = masked_products(public, to_block(map(int, C), public.width), X, masks, X_BITS)
    return [mpz(value) for value in from_block(products)]


def read(columns: Sequence[list[int]], X: NDArray[np.int64]) -> int:
    """Entries that were read right."""
    return sum(got == want for a, column in enumerate(columns) for got, want in zip(column, X[:, a], strict=True))


# ---- other plaintexts than pads: sums beyond the last slot


def test_plaintexts_beyond_the_slots_show_nothing(key: PrivateKey) -> None:
    width = 128 + X_BITS + 5 + 40 + 9 + 2  # of the first version
    above = (key.public.bits - 2) // width * width
    number = (key.public.bits - 2 - above) // STEP
    X = rows(Xof(bytes(32), "rows"), number)
    pads = [1 << (above + STEP * i) for i in range(number)]
    C, n = encrypt_own(key, pads, Xof(bytes(32), "pads")), key.public.n

    def reading(answer: Answer) -> int:
        plaintexts = decrypt(key, answer(key.public, C, X))
        return read([digits((v if v < n // 2 else v - n) >> above, number) for v in plaintexts], X)

    assert key.hs is not None and number >= 4
    assert reading(as_once(key.hs, width)) == number * COLUMNS
    assert reading(as_it_is) == 0


# ---- an h_s of order 3, and pads whose randomness is known: the randomness of answers


class Smooth:
    """A key whose owner takes discrete logarithms: p − 1 has factors below 2^17 alone, and h_s the order 3."""

    def __init__(self, bits: int) -> None:
        xof = Xof(bytes(32), "smooth")
        self.p, self.factors = self._prime(bits // 2, xof)
        q, _ = self._prime(bits // 2, xof)
        self.key = PrivateKey(int(self.p), int(q), None)
        self.n, self.n_squared = mpz(self.key.public.n), self.key.public.n_squared
        root = next(w for g in count(2) if (w := gmpy2.powmod(g, (self.p - 1) // 3 * self.p, self.p**2)) != 1)
        self.hs = (1 + q**2 * ((root - 1) * gmpy2.invert(q**2, self.p**2) % self.p**2)) % self.n_squared
        self.generator = next(g for g in count(7) if self._generates(mpz(g)))

    def _prime(self, bits: int, xof: Xof) -> tuple[mpz, list[mpz]]:
        while True:
            value, factors = mpz(6), [mpz(2), mpz(3)]
            while value.bit_length() < bits - 20:
                factors.append(gmpy2.next_prime((1 << 15) + xof.bits(15)))
                value *= factors[-1]
            low = (3 << (bits - 2)) // value + 1
            for k in range(int(low), int(low) + 20_000):
                last = mpz(k)
                if last % 2 and len(set(factors)) == len(factors) and gmpy2.is_prime(value * last + 1):
                    rest = self._small(last)
                    if rest and not set(rest) & set(factors):
                        return value * last + 1, [*factors, *rest]

    @staticmethod
    def _small(value: mpz) -> list[mpz]:
        out, d = [], mpz(2)
        while d * d <= value:
            if value % d == 0:
                out.append(d)
                value //= d
            else:
                d = gmpy2.next_prime(d)
        out.append(value)
        return out if len(set(out)) == len(out) else []

    def _generates(self, g: mpz) -> bool:
        return all(gmpy2.powmod(g, (self.p - 1) // f, self.p) != 1 for f in self.factors)

    def logarithm(self, power: mpz, base: mpz, order: mpz) -> int:
        """The exponent by Pohlig and Hellman, signed; 0 where there is none."""
        x, modulus = mpz(0), mpz(1)
        for f in self.factors:
            if order % f:
                continue
            small, target = (gmpy2.powmod(v, order // f, self.p) for v in (base, power))
            step = int(gmpy2.isqrt(f)) + 1
            table, current = {}, mpz(1)
            for j in range(step):
                table[current] = j
                current = current * small % self.p
            giant, digit = gmpy2.invert(current, self.p), None
            for i in range(step + 1):
                if target in table:
                    digit = (i * step + table[target]) % f
                    break
                target = target * giant % self.p
            if digit is None:
                return 0
            x += modulus * ((digit - x) * gmpy2.invert(modulus, f) % f)
            modulus *= f
        return int(x - order if x > order // 2 else x)


@pytest.fixture(scope="module")
def smooth() -> Smooth:
    return Smooth(512)


def test_a_base_of_order_three_shows_nothing(smooth: Smooth) -> None:
    n, n_squared, p = smooth.n, smooth.n_squared, smooth.p
    number = (p.bit_length() - 30) // STEP
    X = rows(Xof(bytes(32), "rows"), number)
    xof = Xof(bytes(32), "pads")
    roots = [gmpy2.powmod(smooth.generator, 1 << (STEP * i), n) for i in range(number)]
    C = [(1 + xof.bits(400) * n) * gmpy2.powmod(r, n, n_squared) % n_squared for r in roots]
    base, order = gmpy2.powmod(smooth.generator, 3, p), (p - 1) // 3

    def reading(answer: Answer) -> int:
        columns = []
        for value in answer(smooth.key.public, C, X):
            root = gmpy2.powmod(value % p, gmpy2.invert(n, p - 1), p)  # the plaintext vanishes modulo n
            exponent = smooth.logarithm(gmpy2.powmod(root, 3, p), base, order)  # h_s^α vanishes with the cube
            columns.append(digits(exponent, number))
        return read(columns, X)

    assert gmpy2.powmod(smooth.hs, 3, n_squared) == 1 != smooth.hs
    assert reading(as_once(int(smooth.hs), 206)) == number * COLUMNS
    assert reading(as_it_is) == 0


def test_such_a_key_passes_its_proof_and_gains_nothing(smooth: Smooth) -> None:
    """What makes answers uniform is n alone: no h_s is published, and p may be as smooth as its owner likes."""
    sid = bytes(32)
    smooth.key.public.verify(smooth.key.prove(sid), sid, int(smooth.n).bit_length())


def test_answers_to_any_ciphertexts_are_spread_alike(smooth: Smooth) -> None:
    """Modulo a small factor of p − 1 the owner sees a uniform character of the randomness, whatever X is."""
    n, p = smooth.n, smooth.p
    factor = mpz(3)
    C = [gmpy2.powmod(smooth.generator, n, smooth.n_squared)] * 2
    for X in (np.zeros((2, 300), np.int64), np.full((2, 300), 1 << 21)):
        masks, _ = answer_masks(smooth.key.public, 300, 1, 160, 128, Xof(bytes(32), "spread", int(X[0, 0])))
        seen = masked_products(smooth.key.public, to_block(map(int, C), smooth.key.public.width), X, masks, X_BITS)
        classes = [gmpy2.powmod(value % p, (p - 1) // factor, p) for value in map(mpz, from_block(seen))]
        counts = [classes.count(c) for c in set(classes)]
        assert len(counts) == 3 and sum((c - 100) ** 2 / 100 for c in counts) < 25  # chi-square, two degrees: < 4e-6
