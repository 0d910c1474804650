from __future__ import annotations

import numpy as np
import pytest
from gmpy2 import mpz
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nst

from accord_protocols.primitives.paillier.comb import Comb
from accord_protocols.primitives.paillier.halves import Halves
from accord_protocols.primitives.paillier.multiexp import multi_exponentiation

ROOT = (1 << 127) - 1
MODULUS = mpz(ROOT) ** 2
BASE = mpz(5**100)
exponents = st.one_of(st.integers(-4, 4), st.integers(-(1 << 21), 1 << 21), st.integers(-(1 << 62) + 1, (1 << 62) - 1))


@given(st.lists(st.integers(1, int(MODULUS) - 1).filter(lambda unit: unit % ROOT), max_size=9))
def test_halves_are_the_units(units: list[int]) -> None:
    halves = Halves.split([mpz(unit) for unit in units], ROOT)
    assert [t * (1 + ROOT * f) % MODULUS for t, f in zip(halves.heads, halves.tails, strict=True)] == units
    assert all(0 < t < ROOT and 0 <= f < ROOT for t, f in zip(halves.heads, halves.tails, strict=True))


@given(st.integers(1, 300), st.sampled_from([0, 1, 3, 50, 5000]), st.data())
def test_comb_gives_powers(bits: int, uses: int, data: st.DataObject) -> None:
    wanted = [0, 1, (1 << bits) - 1, *data.draw(st.lists(st.integers(0, (1 << bits) - 1), max_size=5))]
    assert Comb(BASE, ROOT, bits, uses).powers(wanted) == [pow(BASE, e, MODULUS) for e in wanted]


def test_comb_of_nothing() -> None:
    assert Comb(BASE, ROOT, 64, 0).powers([]) == []


def test_comb_refuses_exponents_beyond_its_table() -> None:
    with pytest.raises(OverflowError):
        Comb(BASE, ROOT, 64, 1).powers([1 << 200])


@given(nst.arrays(np.int64, st.integers(0, 40), elements=exponents))
def test_multi_exponentiation_is_the_product_of_powers(powers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    bases = [BASE ** (i + 2) % MODULUS for i in range(len(powers))]
    expected = mpz(1)
    for base, power in zip(bases, powers.tolist(), strict=True):
        expected = expected * pow(base, power, MODULUS) % MODULUS
    assert multi_exponentiation(Halves.split(bases, ROOT), powers) == expected


@pytest.mark.parametrize("value", [0, 1, -1, 1 << 10, (1 << 10) + 1, -(1 << 10), 1 << 21, -(1 << 21), (1 << 21) - 1])
def test_all_equal_exponents(value: int) -> None:
    bases = Halves.split([BASE] * 3000, ROOT)  # enough for wide windows
    assert multi_exponentiation(bases, np.full(3000, value)) == pow(BASE, 3000 * value, MODULUS)
