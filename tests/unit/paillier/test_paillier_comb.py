from __future__ import annotations

import numpy as np
import pytest
from gmpy2 import mpz
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nst

from accord_protocols.primitives.paillier.comb import Comb
from accord_protocols.primitives.paillier.multiexp import multi_exponentiation

MODULUS = mpz((1 << 127) - 1)
exponents = st.one_of(st.integers(-4, 4), st.integers(-(1 << 21), 1 << 21), st.integers(-(1 << 62) + 1, (1 << 62) - 1))


@given(st.integers(1, 300), st.sampled_from([0, 1, 3, 50, 5000]), st.data())
def test_comb_gives_powers(bits: int, uses: int, data: st.DataObject) -> None:
    wanted = [0, 1, (1 << bits) - 1, *data.draw(st.lists(st.integers(0, (1 << bits) - 1), max_size=5))]
    assert Comb(3, int(MODULUS), bits, uses).powers(wanted) == [pow(3, e, int(MODULUS)) for e in wanted]


def test_comb_of_nothing() -> None:
    assert Comb(3, int(MODULUS), 64, 0).powers([]) == []


def test_comb_refuses_exponents_beyond_its_table() -> None:
    with pytest.raises(OverflowError):
        Comb(3, int(MODULUS), 64, 1).powers([1 << 200])


@given(nst.arrays(np.int64, st.integers(0, 40), elements=exponents))
def test_multi_exponentiation_is_the_product_of_powers(powers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    bases = [mpz(2 + 3 * i) for i in range(len(powers))]
    expected = mpz(1)
    for base, power in zip(bases, powers.tolist(), strict=True):
        expected = expected * pow(base, power, MODULUS) % MODULUS
    assert multi_exponentiation(bases, powers, MODULUS) == expected


@pytest.mark.parametrize("value", [0, 1, -1, 1 << 10, (1 << 10) + 1, -(1 << 10), 1 << 21, -(1 << 21), (1 << 21) - 1])
def test_all_equal_exponents(value: int) -> None:
    bases = [mpz(3)] * 3000  # enough for wide windows
    assert multi_exponentiation(bases, np.full(3000, value), MODULUS) == pow(mpz(3), 3000 * value, MODULUS)
