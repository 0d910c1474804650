"""Powers by OpenSSL and by gmpy2 are the same, at the edges too."""

from __future__ import annotations

import pytest

from accord_protocols.primitives.paillier import powers
from accord_protocols.primitives.xof import Xof


@pytest.mark.parametrize("bits", [3, 64, 65, 1000, 2048])
def test_both_ways_give_what_python_does(bits: int) -> None:
    xof = Xof(bytes(32), bits)
    modulus = xof.bits(bits) | 1 << bits - 1 | 1
    bases, exponent = (
        [0, 1, modulus - 1, modulus, 5 * modulus + 2, *(xof.bits(bits) for _ in range(3))],
        xof.bits(90) + 1,
    )
    want = [pow(base, exponent, modulus) for base in bases]
    assert powers.by_gmpy2(bases, exponent, modulus) == want == powers.powers(bases, exponent, modulus)
    assert powers.powers([], exponent, modulus) == []


def test_a_library_that_errs_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    powers.libcrypto.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(powers, "openssl", lambda *_: [1, 2, 3, 4])
        assert powers.libcrypto() is None
    powers.libcrypto.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(powers, "libcrypto", lambda: None)
        assert powers.powers([2], 10, 1001) == [23]
