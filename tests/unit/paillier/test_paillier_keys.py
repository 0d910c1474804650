from __future__ import annotations

from dataclasses import replace

import gmpy2
import pytest

from accord_protocols.primitives.paillier.keys import PrivateKey, PublicKey, generate
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError


@pytest.mark.parametrize("bits", [64, 510, 1024, 2048])
def test_generated_keys_have_the_form_of_djn(bits: int) -> None:
    key = generate(bits, Xof(bytes(32), "form", bits))
    p, q, public = key.p, key.q, key.public
    assert gmpy2.is_prime(p)
    assert gmpy2.is_prime(q)
    assert p % 4 == q % 4 == 3
    assert gmpy2.gcd(p - 1, q - 1) == 2
    assert p.bit_length() == q.bit_length() == bits // 2
    assert public.bits == bits
    assert public.hs is not None
    # an n-th residue, whose root is no square modulo either prime: the minus in −x²
    assert gmpy2.powmod(public.hs, (p - 1) * (q - 1), public.n_squared) == 1
    assert gmpy2.jacobi(public.hs, p) == gmpy2.jacobi(public.hs, q) == -1


def test_same_stream_same_key() -> None:
    first, second, third = (generate(256, Xof(bytes(32), label)) for label in ("a", "a", "b"))
    assert first == second != third


@pytest.mark.parametrize("bits", [1025, 14])
def test_odd_and_tiny_sizes_are_refused(bits: int) -> None:
    with pytest.raises(ValueError, match="even"):
        generate(bits, Xof(bytes(32)))


def test_encoding(key: PrivateKey) -> None:
    assert PrivateKey.decode(key.encode()) == key
    bare = replace(key, hs=None)
    assert PrivateKey.decode(bare.encode()) == bare
    assert len(bare.encode()) == len(key.encode())


@pytest.mark.parametrize("data", [b"", b"1234567"])
def test_decoding_refuses_other_lengths(data: bytes) -> None:
    with pytest.raises(ValueError, match="not an encoded"):
        PrivateKey.decode(data)


def test_representation_reveals_nothing(key: PrivateKey) -> None:
    assert repr(key) == str(key) == "PrivateKey()"


def test_a_good_key_passes(key: PrivateKey) -> None:
    key.public.check()
    key.public.check(1024)
    PublicKey(key.public.n, None).check(1024)


def test_bad_keys_share_one_reason(key: PrivateKey) -> None:
    n, hs = key.public.n, key.public.hs
    assert hs is not None
    non_residue = next(x for x in range(2, 100) if gmpy2.jacobi(x, n) == -1)
    bad = [
        *(PublicKey(value, hs) for value in (0, 1, -n, n + 1, n >> 1 | 1, key.p)),
        PublicKey(int(gmpy2.next_prime(1 << 1022)), None),
        PublicKey(3 * int(gmpy2.next_prime(1 << 1021)), None),
        *(PublicKey(n, value) for value in (-hs, 0, 1, n * n - 1, n * n, n * n + hs, key.p, n, non_residue)),
    ]
    reasons = set()
    for public in bad:
        with pytest.raises(ProtocolError) as error:
            public.check(1024)
        reasons.add(str(error.value))
    assert len(reasons) == 1


def test_the_agreed_length_counts(key: PrivateKey) -> None:
    with pytest.raises(ProtocolError):
        key.public.check(2048)
