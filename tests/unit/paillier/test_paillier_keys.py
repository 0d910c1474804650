from __future__ import annotations

import hashlib
from dataclasses import replace

import gmpy2
import numpy as np
import pytest

from accord_protocols.primitives.paillier.keys import PrivateKey, PublicKey, generate
from accord_protocols.primitives.permutation import Statement
from accord_protocols.primitives.xof import Xof
from accord_schemas.bigints import from_block, to_block
from accord_schemas.errors import ProtocolError

SID = bytes(range(32))
REASON = "a public key is not of the agreed form"


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
    assert gmpy2.gcd(public.n, (p - 1) * (q - 1)) == 1
    assert key.hs is not None
    # an n-th residue, whose root is no square modulo either prime: the minus in −x²
    assert gmpy2.powmod(key.hs, (p - 1) * (q - 1), public.n_squared) == 1
    assert gmpy2.jacobi(key.hs, p) == gmpy2.jacobi(key.hs, q) == -1


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


def test_a_proof_holds_for_its_key_and_session(key: PrivateKey) -> None:
    proof = key.prove(SID)
    assert proof.shape == (9, 128)
    key.public.verify(proof, SID, 1024)
    other = generate(1024, Xof(bytes(32), "another")).public
    bad = [(other, proof, SID, 1024), (key.public, proof, bytes(32), 1024), (key.public, proof, SID, 2048)]
    for row in range(9):
        wrong = proof.copy()
        wrong[row, -1] ^= 1
        bad.append((key.public, wrong, SID, 1024))
    bad += [(key.public, block, SID, 1024) for block in (proof[:-1], proof[:, :-1], proof[0], proof.astype("<u8"))]
    for public, block, sid, bits in bad:
        with pytest.raises(ProtocolError, match=f"^{REASON}$"):
            public.verify(block, sid, bits)


def test_a_proof_in_another_scheme_is_none(key: PrivateKey) -> None:
    rsa = Statement(b"accord psi rsa proof", SID, key.public.n, key.public.n).prove((key.p, key.q))
    with pytest.raises(ProtocolError):
        key.public.verify(rsa, SID, 1024)


def test_roots_that_are_not_reduced_are_refused() -> None:
    wide = PrivateKey(generate(512, Xof(bytes(32), "p")).p, int(gmpy2.next_prime(1 << 250)), None)
    proof = wide.prove(SID)
    wide.public.verify(proof, SID, wide.public.bits)
    shifted = to_block((root + wide.public.n for root in from_block(proof)), proof.shape[1])
    with pytest.raises(ProtocolError):
        wide.public.verify(shifted, SID, wide.public.bits)


def test_a_modulus_that_shares_a_factor_with_its_order_has_no_proof() -> None:
    """p | q − 1: x -> x^n reaches one unit in p modulo q, so that the randomness of answers would show."""
    p = generate(512, Xof(bytes(32), "p")).p
    q = next(q for k in range(2, 9000, 2) if gmpy2.is_prime(q := k * p + 1))
    statement = Statement(b"accord paillier proof", SID, p * q, p * q)
    with pytest.raises(ZeroDivisionError):
        statement.prove((p, q))
    # the best such an owner can do: roots where there are some; none of nine challenges has one
    reachable = [gmpy2.powmod(challenge, (q - 1) // p, q) == 1 for challenge in statement.challenges()]
    assert not any(reachable)
    square = PrivateKey(p, p, None)  # n = p², the other way to fail
    assert not Statement(b"accord paillier proof", SID, p * p, p * p).holds(np.ones((9, 64), np.uint8))
    assert gmpy2.gcd(square.public.n, p * (p - 1)) == p


@pytest.mark.parametrize("factor", [3, 65521, 65537])
def test_small_factors_are_refused_though_every_root_is_right(factor: int) -> None:
    rest = int(gmpy2.next_prime((1 << 512) // factor - (1 << 480)))
    while gmpy2.gcd(rest * factor, (rest - 1) * (factor - 1)) != 1:
        rest = int(gmpy2.next_prime(rest))
    n = rest * factor
    statement = Statement(b"accord paillier proof", SID, n, n)
    proof = statement.prove((rest, factor))
    pairs = zip(from_block(proof), statement.challenges(), strict=True)
    assert all(gmpy2.powmod(root, n, n) == challenge for root, challenge in pairs)
    with pytest.raises(ProtocolError, match=f"^{REASON}$"):
        PublicKey(n).verify(proof, SID, n.bit_length())


@pytest.mark.parametrize("n", [0, 1, 2, 3, (1 << 1024) - 1])
def test_what_is_no_modulus_is_refused(n: int, key: PrivateKey) -> None:
    for bits in (1024, n.bit_length()):
        with pytest.raises(ProtocolError, match=f"^{REASON}$"):
            PublicKey(n).verify(key.prove(SID), SID, bits)


def test_a_prime_is_no_modulus() -> None:
    n = int(gmpy2.next_prime((1 << 1024) - (1 << 1000)))
    statement = Statement(b"accord paillier proof", SID, n, n)
    roots = to_block([pow(c, int(gmpy2.invert(n, n - 1)), n) for c in statement.challenges()], 128)
    assert statement.holds(roots)
    with pytest.raises(ProtocolError):
        PublicKey(n).verify(roots, SID, 1024)


def test_a_root_that_is_wrong_modulo_one_prime_never_leaves(key: PrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    power, calls = gmpy2.powmod, iter(range(1000))

    def faulty(base: int, exponent: int, modulus: int) -> gmpy2.mpz:
        return power(base, exponent, modulus) ^ (next(calls) == 0)

    monkeypatch.setattr("accord_protocols.primitives.permutation.gmpy2.powmod", faulty)
    with pytest.raises(ArithmeticError, match="computes wrongly"):
        key.prove(SID)


def test_the_proof_is_known(key: PrivateKey) -> None:
    assert (
        hashlib.sha256(key.prove(SID).tobytes()).hexdigest()
        == "0019fc8b2079ee5a7bdd51abf9c9e1cc6b6a53426d075f38f8e5196bef36b478"
    )
