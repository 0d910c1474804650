from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import gmpy2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_protocols.primitives import libcrypto
from accord_protocols.primitives.psi import rsa_raw
from accord_protocols.primitives.psi.rsa_key import PrivateKey
from accord_protocols.primitives.xof import Xof
from accord_schemas.bigints import from_block, to_block

KEYS = [PrivateKey.generate(bits, Xof(bytes(32), "raw", bits)) for bits in (512, 1026, 2048)]
LIBRARY = rsa_raw.libcrypto()
needs_openssl = pytest.mark.skipif(LIBRARY is None, reason="no OpenSSL 3 on this machine")


@pytest.mark.parametrize("key", KEYS)
def test_gmpy2_is_the_plain_power(key: PrivateKey) -> None:
    numbers = [0, 1, 2, key.p, key.n - 1, key.n // 7]
    assert from_block(rsa_raw.by_gmpy2(key, to_block(numbers, key.width))) == [pow(m, key.d, key.n) for m in numbers]


def test_a_half_that_is_wrong_never_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boneh, DeMillo, Lipton: gcd(wrong^e − m, n) is the other prime."""
    key, power = KEYS[0], gmpy2.powmod

    def faulty(base: int, exponent: int, modulus: int) -> gmpy2.mpz:
        result = power(base, exponent, modulus)
        return result ^ 1 if modulus == key.p else result

    monkeypatch.setattr(gmpy2, "powmod", faulty)
    with pytest.raises(ArithmeticError, match="computes wrongly") as caught:
        rsa_raw.by_gmpy2(key, to_block([12345], key.width))
    assert not re.search(r"[0-9]", str(caught.value))


@needs_openssl
@settings(max_examples=30, deadline=None)
@given(st.data())
def test_both_engines_give_equal_bytes(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(KEYS))
    numbers = data.draw(st.lists(st.integers(0, key.n - 1), max_size=4))
    block = to_block(numbers, key.width)
    assert LIBRARY is not None
    result = rsa_raw.openssl(LIBRARY, key, block)
    assert result is not None
    assert np.array_equal(result, rsa_raw.by_gmpy2(key, block))
    assert np.array_equal(result, rsa_raw.private_operation(key, block))


@needs_openssl
def test_a_block_that_is_a_view(key: PrivateKey = KEYS[0]) -> None:
    block = to_block(range(2, 12), key.width)
    assert LIBRARY is not None
    result = rsa_raw.openssl(LIBRARY, key, block[::3])
    assert result is not None
    assert np.array_equal(result, rsa_raw.by_gmpy2(key, block[::3]))


@needs_openssl
def test_threads_share_a_key() -> None:
    key, start = KEYS[2], threading.Barrier(4)
    block = to_block(range(2, 22), key.width)

    def work(_: int) -> bytes:
        start.wait()
        return rsa_raw.private_operation(key, block).tobytes()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(work, range(4))) == {rsa_raw.by_gmpy2(key, block).tobytes()}


@needs_openssl
def test_a_failure_of_openssl_falls_back() -> None:
    key = KEYS[0]
    block = to_block([5, key.n + 1], key.width)  # OpenSSL refuses what is not reduced
    assert LIBRARY is not None
    assert rsa_raw.openssl(LIBRARY, key, block) is None
    assert np.array_equal(rsa_raw.private_operation(key, block), rsa_raw.by_gmpy2(key, block))


@pytest.mark.parametrize("names", [(), ("libcrypto-that-is-not-there.so",), ("libc.so.6",)])
def test_without_openssl_the_bytes_are_equal(names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    block = to_block([2, 3], KEYS[0].width)
    expected = rsa_raw.private_operation(KEYS[0], block)
    monkeypatch.setattr(libcrypto, "LIBRARIES", names)
    rsa_raw.libcrypto.cache_clear()
    try:
        assert rsa_raw.libcrypto() is None
        assert np.array_equal(rsa_raw.private_operation(KEYS[0], block), expected)
    finally:
        rsa_raw.libcrypto.cache_clear()


@needs_openssl
@pytest.mark.parametrize(("module", "doubt"), [(libcrypto, "MAJOR"), (rsa_raw, "_NO_PADDING")])
def test_a_doubtful_library_is_not_used(module: ModuleType, doubt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, doubt, 4)  # another version; a padding it does not know
    rsa_raw.libcrypto.cache_clear()
    try:
        assert rsa_raw.libcrypto() is None
    finally:
        rsa_raw.libcrypto.cache_clear()
